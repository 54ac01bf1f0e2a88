package api_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/api"
)

const (
	friend   = "https://app.example.com"
	stranger = "https://elsewhere.example"
)

func shared(origins ...string) http.Handler {
	cfg := config(newWorld())
	cfg.Origins = origins
	cfg.Extra = map[string]http.Handler{"/bridged/v1/x/": http.NotFoundHandler()}
	return api.New(cfg)
}

func TestAPageOfAnAllowedOriginMayAsk(t *testing.T) {
	t.Parallel()
	h := shared(friend, "http://localhost:3000")
	ask := func(path, origin string) answer {
		return do(t, h, http.MethodOptions, path, "", "Authorization", "", "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type")
	}
	for path, allow := range map[string]string{
		"/v1/Conversations": "GET, HEAD, OPTIONS, POST", "/v1/Conversations/CH" + digits: "DELETE, GET, HEAD, OPTIONS, POST",
		"/bridged/v1/x/y": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
		"/v1/Nothing":     "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
		"/v1//x":          "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
	} {
		a := ask(path, friend)
		assert.Equal(t, 204, a.status, path)
		assert.Empty(t, a.body)
		assert.Equal(t, allow, a.header.Get("Access-Control-Allow-Methods"), path)
		assert.Equal(t, allow, a.header.Get("Allow"), path)
		assert.Equal(t, friend, a.header.Get("Access-Control-Allow-Origin"))
		assert.Contains(t, a.header.Values("Vary"), "Origin")
		for _, name := range []string{"Authorization", "Content-Type", "Idempotency-Key", "I-Twilio-Idempotency-Token", "If-Match", "X-Twilio-Webhook-Enabled"} {
			assert.Contains(t, a.header.Get("Access-Control-Allow-Headers"), name)
		}
		assert.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
	}
	for _, origin := range []string{stranger, "null", "", friend + "/", "http://app.example.com", friend + ".evil.example"} {
		a := ask("/v1/Conversations", origin)
		assert.Equal(t, 401, a.status, origin)
		assert.Empty(t, a.header.Get("Access-Control-Allow-Origin"), origin)
	}
}

func TestAPageOfAnAllowedOriginMayReadAnswersAndErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		allowed []string
		origin  string
		want    string
	}{
		{[]string{friend}, friend, friend},
		{[]string{friend}, stranger, ""},
		{[]string{friend}, "", ""},
		{[]string{"*"}, stranger, "*"},
		{nil, friend, ""},
	} {
		h := shared(tt.allowed...)
		for target, status := range map[string]int{
			"/v1/Conversations": 200, "/v1/Nothing": 404, "/v1/Conversations?PageSize=0": 400, "/bridged/v1/x/y": 404,
		} {
			a := do(t, h, http.MethodGet, target, "", "Origin", tt.origin)
			assert.Equal(t, status, a.status, target)
			assert.Equal(t, tt.want, a.header.Get("Access-Control-Allow-Origin"), target)
			assert.Equal(t, len(tt.allowed) > 0, slices.Contains(a.header.Values("Vary"), "Origin"), "so that no cache mixes origins up")
			assert.Equal(t, tt.want != "", a.header.Get("Access-Control-Expose-Headers") != "")
			assert.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
		}
		a := do(t, h, http.MethodGet, "/v1/Conversations", "", "Origin", tt.origin, "Authorization", "")
		assert.Equal(t, 401, a.status)
		assert.Equal(t, tt.want, a.header.Get("Access-Control-Allow-Origin"), "the page can tell why")
	}
}

func TestOptionsThatNoBrowserAsks(t *testing.T) {
	t.Parallel()
	a := do(t, shared(friend), http.MethodOptions, "/v1/Conversations", "", "Origin", friend)
	assert.Equal(t, 204, a.status)
	assert.Equal(t, "GET, HEAD, OPTIONS, POST", a.header.Get("Allow"))
	assert.Equal(t, friend, a.header.Get("Access-Control-Allow-Origin"))
}
