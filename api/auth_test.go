package api_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
)

func TestWhoMayCall(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	for _, tt := range []struct {
		name, user, password string
		ok                   bool
	}{
		{"account", account, token, true},
		{"API key", keySID, keySecret, true},
		{"wrong token", account, token + "x", false},
		{"another's secret", account, keySecret, false},
		{"key with the token", keySID, token, false},
		{"unknown account", "AC" + other, token, false},
		{"account in capitals", "AC0123456789ABCDEF0123456789ABCDEF", token, false},
		{"key without a secret", "SKempty", "", false},
		{"nothing in both", "", "", false},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/Conversations", nil)
		r.SetBasicAuth(tt.user, tt.password)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if tt.ok {
			assert.Equal(t, 201, rec.Code, tt.name)
			assert.Equal(t, tt.user, w.caller.By)
			continue
		}
		assert.Equal(t, 401, rec.Code, tt.name)
		assert.Equal(t, `Basic realm="Twilio API"`, rec.Header().Get("WWW-Authenticate"))
		assert.JSONEq(t, `{"code":20003,"message":"Authenticate","more_info":"https://www.twilio.com/docs/errors/20003","status":401}`,
			rec.Body.String())
	}
}

func TestAuthenticationComesFirst(t *testing.T) {
	t.Parallel()
	cfg := config(newWorld())
	cfg.Extra = map[string]http.Handler{"/bridged/v1/simulator/": http.NotFoundHandler()}
	h := api.New(cfg)
	for _, path := range []string{
		"/v1", "/v1/", "/v1/nothing", "/v1//Conversations", "/v1/Conversations", "/v1/Conversations/../x", "/v1/Services/IS1/Conversations",
		"/bridged/v1", "/bridged/v1/deliveries/DY" + digits, "/bridged/v1/simulator", "/bridged/v1/simulator/messages", "/v1/%ff",
	} {
		for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodOptions} {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), method, path, nil))
			assert.Equal(t, 401, rec.Code, "%s %s", method, path)
		}
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/elsewhere", nil))
	assert.Equal(t, 404, rec.Code, "what is not the API's is nobody's")
}

func TestSecretsCanChange(t *testing.T) {
	t.Parallel()
	cfg, now := config(newWorld()), "before"
	cfg.Account = api.Credentials{SID: account, AuthToken: func() string { return now }}
	h := api.New(cfg)
	require.Equal(t, 401, do(t, h, http.MethodGet, "/v1/Conversations", "").status)
	now = token
	require.Equal(t, 200, do(t, h, http.MethodGet, "/v1/Conversations", "").status)
	now = ""
	require.Equal(t, 401, do(t, h, http.MethodGet, "/v1/Conversations", "").status)
}

func TestExtraHandlersAreBehindTheSameDoor(t *testing.T) {
	t.Parallel()
	cfg := config(newWorld())
	cfg.Extra = map[string]http.Handler{"/bridged/v1/simulator/": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.URL.Path))
	})}
	var routes []string
	cfg.Observe = observe(&routes)
	h := api.New(cfg)
	a := do(t, h, http.MethodPut, "/bridged/v1/simulator/handsets/+1", "")
	assert.Equal(t, 200, a.status)
	assert.Equal(t, "/bridged/v1/simulator/handsets/+1", a.body)
	assert.Equal(t, 404, do(t, h, http.MethodGet, "/bridged/v1/simulator", "").status, "no redirect")
	assert.Equal(t, []string{"/bridged/v1/simulator/ 200", "/bridged/v1/simulator 404"}, routes)
}

// The console's session stands in for credentials, but not for wrong ones.
func TestASessionMayCall(t *testing.T) {
	t.Parallel()
	w := newWorld()
	cfg := config(w)
	cfg.Session = func(r *http.Request) bool {
		c, err := r.Cookie("session")
		return err == nil && c.Value == "good"
	}
	h := api.New(cfg)
	try := func(session, password string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/Conversations", nil)
		if session != "" {
			r.AddCookie(&http.Cookie{Name: "session", Value: session})
		}
		if password != "" {
			r.SetBasicAuth(account, password)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}
	assert.Equal(t, http.StatusCreated, try("good", "").Code)
	assert.Equal(t, account, w.caller.By)
	assert.Equal(t, http.StatusCreated, try("bad", token).Code)
	assert.Equal(t, http.StatusUnauthorized, try("good", "wrong").Code)
	over := try("bad", "")
	assert.Equal(t, http.StatusUnauthorized, over.Code)
	assert.Empty(t, over.Header().Get("WWW-Authenticate"), "the browser must not ask for a password")
	assert.NotEmpty(t, try("", "").Header().Get("WWW-Authenticate"))
}
