package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"bridged/api"
)

// limited is an API that allows two writes a second, and its clock.
func limited(w *world) (h http.Handler, clock *time.Time) {
	now := at(0)
	cfg := config(w)
	cfg.ActionsPerSecond, cfg.Now = 2, func() time.Time { return now }
	return api.New(cfg), &now
}

func TestWritesBeyondTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	h, clock := limited(newWorld())
	const path = "/v1/Conversations/CH" + digits
	write := func() answer { return do(t, h, http.MethodPost, path, "FriendlyName=a") }
	for range 2 {
		assert.Equal(t, 200, write().status)
	}
	a := write()
	assert.Equal(t, 429, a.status)
	assert.Equal(t, "1", a.header.Get("Retry-After"))
	assert.JSONEq(t, `{"code":20429,"message":"Too Many Requests","more_info":"https://www.twilio.com/docs/errors/20429","status":429}`, a.body)

	assert.Equal(t, 200, do(t, h, http.MethodGet, path, "").status, "reading is free")
	assert.Equal(t, 204, do(t, h, http.MethodDelete, path, "").status, "it counts against the service")
	assert.Equal(t, 201, do(t, h, http.MethodPost, "/v1/Conversations", "").status)
	assert.Equal(t, 429, do(t, h, http.MethodPost, "/v1/Conversations", "").status)
	elsewhere := "/v1/Services/IS" + other + "/Conversations"
	assert.Equal(t, 201, do(t, h, http.MethodPost, elsewhere, "").status, "another service")

	*clock = clock.Add(500 * time.Millisecond)
	assert.Equal(t, 200, write().status, "two a second are one in half of it")
	assert.Equal(t, 429, write().status)
}

func TestAConversationHasOneLimitHoweverItIsNamed(t *testing.T) {
	t.Parallel()
	h, _ := limited(newWorld())
	for i, path := range []string{
		"/v1/Conversations/a%2Fb%20c",
		"/v1/Services/" + service + "/Conversations/CH" + digits + "/Messages",
		"/v1/Conversations/CH" + strings.ToUpper(digits) + "/Participants",
		"/v1/Services/" + service + "/Conversations/a%2Fb%20c/Participants/MB" + digits,
		"/v1/Conversations/CH" + digits,
	} {
		a := do(t, h, http.MethodPost, path, "")
		if i < 2 {
			assert.Less(t, a.status, 300, path)
		} else {
			assert.Equal(t, 429, a.status, path)
		}
	}
}

func TestWhatIsUnknownHasNoLimit(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h, _ := limited(w)
	for range 5 {
		assert.Equal(t, 200, do(t, h, http.MethodPost, "/v1/Conversations/unknown", "").status, "for the verb to refuse")
	}
	w.fail = errors.New("disk on fire")
	assert.Equal(t, 500, do(t, h, http.MethodPost, "/v1/Conversations/unknown", "").status)
}
