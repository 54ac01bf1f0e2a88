package api_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
)

func TestEveryAnswerHasARequestID(t *testing.T) {
	t.Parallel()
	h := api.New(config(newWorld()))
	seen := map[string]bool{}
	for _, request := range [][3]string{
		{http.MethodGet, "/v1/Conversations"},
		{http.MethodPost, "/v1/Conversations"},
		{http.MethodGet, "/v1/Nothing"},
		{http.MethodPut, "/v1/Conversations"},
		{http.MethodOptions, "/v1/Conversations"},
		{http.MethodGet, "/"},
		{http.MethodGet, "/v1/Conversations", "Authorization"},
		{http.MethodGet, "/v1/Conversations", "Twilio-Request-Id"},
	} {
		a := do(t, h, request[0], request[1], "", request[2], "RQ"+digits)
		id := a.header.Get("Twilio-Request-Id")
		assert.Regexp(t, "^RQ[0-9a-f]{32}$", id, request)
		assert.NotEqual(t, "RQ"+digits, id)
		assert.False(t, seen[id])
		seen[id] = true
	}
}

func TestTheLogNamesTheRequestThatFailed(t *testing.T) {
	t.Parallel()
	for _, wrapped := range []bool{false, true} {
		w := newWorld()
		w.fail = errors.New("disk on fire")
		var log bytes.Buffer
		handler := slog.Handler(slog.NewTextHandler(&log, nil))
		cfg := config(w)
		if wrapped { // by the program, which logs more than the API does
			handler = api.LogHandler(handler)
		}
		cfg.Log = slog.New(handler).With("a", "b").WithGroup("g")
		h := api.Identified(api.New(cfg))
		a := do(t, h, http.MethodGet, "/v1/Conversations", "")
		require.Equal(t, 500, a.status)
		id := "request_id=" + a.header.Get("Twilio-Request-Id")
		assert.Equal(t, 1, strings.Count(log.String(), id), log.String())

		w.fail, w.panics = nil, true
		log.Reset()
		a = do(t, h, http.MethodPost, "/v1/Conversations", "")
		require.Equal(t, 500, a.status)
		assert.Regexp(t, regexp.QuoteMeta("request_id="+a.header.Get("Twilio-Request-Id")), log.String())
	}
}
