package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestThePathInTheLogHoldsNothingPrivate(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/": "/", "/v1": "/v1", "/v1/Conversations": "/v1/Conversations",
		"/v1/Conversations/CH1/Participants/carol": "/v1/Conversations",
		"/bridged/v1/simulator/handsets/+1555":     "/bridged/v1",
	} {
		assert.Equal(t, want, head(path))
	}
}
