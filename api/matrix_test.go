package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/console"
	"bridged/conversations"
	"bridged/media"
	"bridged/twilio"
)

// parameter is a part of a route's pattern.
var parameter = regexp.MustCompile(`\{(\w+)\}`)

// guest is a way in which somebody calls.
type guest struct {
	name string
	// come makes a request theirs.
	come func(r *http.Request)
	// reads says that the request is answered as long as it changes nothing: a page of
	// another origin is sent the answer and cannot read it.
	reads bool
}

// premises are the whole of the API, behind the console's sessions and with a clock.
type premises struct {
	*installation

	t      *testing.T
	office *console.Console
	now    time.Time
}

func newPremises(t *testing.T) *premises {
	t.Helper()
	p := &premises{t: t, now: at(0)}
	var err error
	p.office, err = console.New(console.Config{
		AuthToken: func() string { return token }, PublicURL: public, Now: func() time.Time { return p.now },
		Client: func(r *http.Request) string { return r.RemoteAddr },
	})
	require.NoError(t, err)
	files, err := media.OpenDirectory(media.Config{Path: t.TempDir(), MaxBytes: 1000})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, files.Close()) })
	links, err := media.NewSigner(media.NewKey(), func() time.Time { return p.now })
	require.NoError(t, err)
	over := make(chan struct{})
	close(over) // event streams end at once
	p.installation = newInstallation(t, func(c *api.Config) {
		c.Session, c.Files, c.Links, c.Stopping = p.office.Session, files, links, over
		c.Targets = targets{conversations.WebhookTargetState{Listener: "WH" + digits, Last: &conversations.WebhookCall{}}}
		c.Metrics = func() (api.Metrics, error) { return api.Metrics{}, nil }
		c.Extra = map[string]http.Handler{"/bridged/v1/simulator/": http.NotFoundHandler()}
	})
	return p
}

// logIn is the cookie of an operator who logs in to the console.
func (p *premises) logIn() *http.Cookie {
	p.t.Helper()
	r := httptest.NewRequestWithContext(p.t.Context(), http.MethodPost, public+"/console/login", strings.NewReader("token="+strings.ReplaceAll(token, " ", "+")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	p.office.ServeHTTP(rec, r)
	cookies := rec.Result().Cookies()
	require.Len(p.t, cookies, 1, rec.Code)
	return cookies[0]
}

func basic(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header[name] = values }
}

func cookie(c *http.Cookie) func(*http.Request) { return func(r *http.Request) { r.AddCookie(c) } }

func all(each ...func(*http.Request)) func(*http.Request) {
	return func(r *http.Request) {
		for _, f := range each {
			f(r)
		}
	}
}

// friends are those who may call.
func (p *premises) friends() []guest {
	return []guest{
		{name: "the account", come: basic(account, token)},
		{name: "an API key", come: basic(keySID, keySecret)},
		{name: "an operator", come: all(cookie(p.logIn()), header("Sec-Fetch-Site", "same-origin"))},
	}
}

// strangers are those who may not. Some of them know a lot.
func (p *premises) strangers() []guest {
	expired := p.logIn()
	p.now = p.now.Add(25 * time.Hour)
	left := p.logIn()
	r := httptest.NewRequestWithContext(p.t.Context(), http.MethodPost, public+"/console/logout", nil)
	r.AddCookie(left)
	p.office.ServeHTTP(httptest.NewRecorder(), r)
	live := p.logIn()
	forged := *live
	forged.Value = strings.Map(func(c rune) rune { return c ^ 1 }, live.Value[:4]) + live.Value[4:]
	bearer, err := twilio.AccessToken{Key: keySID, Account: account, Identity: "ada", Service: digits, Expires: time.Now().Add(time.Hour)}.Sign(keySecret, time.Now())
	require.NoError(p.t, err)
	encoded := httptest.NewRequestWithContext(p.t.Context(), http.MethodGet, "/", nil)
	encoded.SetBasicAuth(account, token)
	right := encoded.Header.Get("Authorization")
	elsewhere := all(cookie(live), header("Sec-Fetch-Site", "cross-site"))
	return []guest{
		{name: "nobody", come: func(*http.Request) {}},
		{name: "a wrong password", come: basic(account, token+"x")},
		{name: "the beginning of the password", come: basic(account, token[:len(token)-1])},
		{name: "no password", come: basic(account, "")},
		{name: "another account", come: basic("AC"+other, token)},
		{name: "the account in capitals", come: basic(strings.ToUpper(account), token)},
		{name: "no name", come: basic("", token)},
		{name: "an API key with a wrong secret", come: basic(keySID, keySecret+"x")},
		{name: "an API key with the auth token", come: basic(keySID, token)},
		{name: "the account with the secret of a key", come: basic(account, keySecret)},
		{name: "an API key without a secret", come: basic("SKempty", "")},
		{name: "an unknown API key", come: basic("SK"+other, keySecret)},
		{name: "a service", come: basic(service, token)},
		{name: "an Access Token", come: header("Authorization", "Bearer "+bearer)},
		{name: "an Access Token as a password", come: basic("token", bearer)},
		{name: "an Access Token of the account", come: basic(account, bearer)},
		{name: "the auth token as a bearer's", come: header("Authorization", "Bearer "+token)},
		{name: "the right header behind a wrong one", come: header("Authorization", "Basic Og==", right)},
		{name: "credentials in the URL", come: func(r *http.Request) {
			r.URL.RawQuery = "AccountSid=" + account + "&AuthToken=" + token + "&token=" + bearer
		}},
		{name: "another header", come: all(header("Proxy-Authorization", right), header("X-Authorization", right))},
		{name: "a session that is over", come: cookie(expired)},
		{name: "a session that was left", come: cookie(left)},
		{name: "a forged session", come: cookie(&forged)},
		{name: "a session under another name", come: cookie(&http.Cookie{Name: "bridged_session", Value: live.Value})},
		{name: "a session with wrong credentials", come: all(cookie(live), basic(account, "x"))},
		{name: "a session and another site's page", come: elsewhere, reads: true},
		{name: "a session and another origin's page", come: all(cookie(live), header("Origin", "https://elsewhere.example")), reads: true},
	}
}

// Every method of every route, in both forms of the reference's URLs, is refused to
// each stranger and answered to each friend. The list is the router's own.
func TestAuthorizationMatrix(t *testing.T) {
	t.Parallel()
	p := newPremises(t)
	sids := p.furniture(t, service, "matrix")
	strangers := p.strangers() // first: a day passes, and the friends' session is of today
	friends := p.friends()
	try := func(g guest, method, path string) int {
		r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(""))
		g.come(r)
		rec := httptest.NewRecorder()
		p.ServeHTTP(rec, r)
		if rec.Code == http.StatusUnauthorized && method != http.MethodHead {
			var e errorForm
			require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &e), "%s %s", method, path)
			assert.Equal(t, errorForm{20003, "Authenticate", "https://www.twilio.com/docs/errors/20003", 401}, e, "it tells nobody what was wrong")
		}
		return rec.Code
	}
	paths := map[string]string{
		"/v1": "PUT", "/v1/": "GET", "/v1/Nothing": "POST", "/v3/x": "GET", "/bridged/v1": "GET", "/v1//Conversations": "GET",
		"/bridged/v1/nothing": "DELETE", "/bridged/v1/simulator": "GET", "/bridged/v1/simulator/messages": "POST", "/v1/%ff": "GET",
	}
	for pattern, allow := range api.Routes(p.Handler) {
		paths[fill(t, pattern, sids)] = allow + ", PUT"
	}
	assert.Greater(t, len(paths), 90)
	for path, allow := range paths {
		for method := range strings.SplitSeq(allow, ", ") {
			for _, g := range strangers {
				safe := method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
				status := try(g, method, path)
				if g.reads && safe {
					continue
				}
				assert.Equal(t, http.StatusUnauthorized, status, "%s: %s %s", g.name, method, path)
			}
		}
	}
	for path, allow := range paths {
		for method := range strings.SplitSeq(allow, ", ") {
			if method == http.MethodDelete {
				continue // of what the others still look for
			}
			for _, g := range friends {
				status := try(g, method, path)
				assert.NotEqual(t, http.StatusUnauthorized, status, "%s: %s %s", g.name, method, path)
				if status != http.StatusNotImplemented { // a backup of what is no file
					assert.Less(t, status, 500, "%s: %s %s", g.name, method, path)
				}
			}
		}
	}
}

// Each operation of the reference is one of the routes, so the matrix has it.
func TestEveryOperationOfTheReferenceIsARoute(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../e2e/testdata/openapi/twilio_conversations_v1.json")
	require.NoError(t, err)
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(text, &document))
	nameless := func(pattern string) string { return parameter.ReplaceAllString(pattern, "{}") }
	allowed := map[string]string{}
	for pattern, allow := range api.Routes(newPremises(t).Handler) {
		allowed[nameless(pattern)] = allow
	}
	operations := 0
	for path, item := range document.Paths {
		for method := range item {
			if method = strings.ToUpper(method); slices.Contains([]string{"GET", "POST", "DELETE", "PUT", "PATCH"}, method) {
				operations++
				assert.Contains(t, allowed[nameless(path)], method, path)
			}
		}
	}
	assert.Equal(t, 103, operations, "as many as the reference has")
}
