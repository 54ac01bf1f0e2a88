package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAPanicIsLoggedAndCutsTheLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cause  any
		logged bool
	}{
		"a fault of ours":          {"out of range", true},
		"a handler that gives up":  {http.ErrAbortHandler, false},
		"an error that is a fault": {assert.AnError, true},
	} {
		var log strings.Builder
		h := caught{http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(c.cause) }), slog.New(slog.NewTextHandler(&log, nil))}
		r := httptest.NewRequest(http.MethodPost, "/hooks/sms-main", http.NoBody)
		assert.PanicsWithError(t, http.ErrAbortHandler.Error(), func() { h.ServeHTTP(httptest.NewRecorder(), r) }, name)
		assert.Equal(t, c.logged, strings.Contains(log.String(), "handler panicked"), name)
		assert.Equal(t, c.logged, strings.Contains(log.String(), "path=/hooks/sms-main"), name)
	}
}
