package console_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/console"
)

// place is a console with a clock and a token that tests change.
type place struct {
	*console.Console
	t *testing.T

	mu     sync.Mutex
	now    time.Time
	token  string
	client string
}

func newPlace(t *testing.T, publicURL string) *place {
	t.Helper()
	p := &place{t: t, now: time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC), token: "the auth token", client: "192.0.2.1"}
	p.Console = p.restarted(publicURL)
	return p
}

// restarted is the console after a restart of the program.
func (p *place) restarted(publicURL string) *console.Console {
	p.t.Helper()
	get := func(of *string) string {
		p.mu.Lock()
		defer p.mu.Unlock()
		return *of
	}
	c, err := console.New(console.Config{
		AuthToken: func() string { return get(&p.token) },
		PublicURL: publicURL,
		Client:    func(*http.Request) string { return get(&p.client) },
		Now: func() time.Time {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.now
		},
	})
	require.NoError(p.t, err)
	return c
}

func (p *place) pass(d time.Duration) { p.now = p.now.Add(d) }

func (p *place) do(r *http.Request) *http.Response {
	p.t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result()
}

func request(method, path, body string, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(method, "http://bridged.example"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func (p *place) get(path string, cookies ...*http.Cookie) *http.Response {
	p.t.Helper()
	return p.do(request(http.MethodGet, path, "", cookies...))
}

func (p *place) logIn(token string) *http.Response {
	p.t.Helper()
	return p.do(request(http.MethodPost, "/console/login", url.Values{"token": {token}, "next": {"/console/inbox/CH1"}}.Encode()))
}

// session logs in and returns the cookie.
func (p *place) session() *http.Cookie {
	p.t.Helper()
	answer := p.logIn(p.token)
	require.Equal(p.t, http.StatusSeeOther, answer.StatusCode)
	require.Len(p.t, answer.Cookies(), 1)
	return answer.Cookies()[0]
}

func text(t *testing.T, answer *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(b)
}

func (p *place) valid(c *http.Cookie) bool {
	return p.Session(request(http.MethodGet, "/v1/Conversations", "", c))
}

func TestAVisitorGetsTheLoginPage(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "http://bridged.example")
	for _, path := range []string{"/console/", "/console/inbox", "/console/inbox/CH1?a=b"} {
		answer := p.get(path)
		assert.Equal(t, http.StatusOK, answer.StatusCode, path)
		page := text(t, answer)
		assert.Contains(t, page, `name="token"`, path)
		assert.Contains(t, page, `name="next" value="`+path+`"`)
		assert.NotRegexp(t, `(?i)<script(?:[^>]*)>[^<]|<style| style=| on[a-z]+=`, page, "nothing is inline")
		policy := answer.Header.Get("Content-Security-Policy")
		for _, rule := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			assert.Contains(t, policy, rule)
		}
		assert.NotContains(t, policy, "unsafe")
		assert.Equal(t, []string{"nosniff", "same-origin", "no-store"},
			[]string{answer.Header.Get("X-Content-Type-Options"), answer.Header.Get("Referrer-Policy"), answer.Header.Get("Cache-Control")})
	}
	assert.Equal(t, http.StatusNotFound, p.get("/console/nowhere").StatusCode)
	assert.Equal(t, http.StatusUnauthorized, p.get("/console/session").StatusCode)
}

func TestTheAuthTokenLogsIn(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "http://bridged.example")
	for token, says := range map[string]string{
		"wrong": "not the auth token", "": "Enter the auth token", "the auth toke": "not the auth token", "the auth token2": "not the auth token",
	} {
		answer := p.logIn(token)
		assert.Equal(t, http.StatusForbidden, answer.StatusCode)
		assert.Contains(t, text(t, answer), says)
		assert.Empty(t, answer.Cookies())
	}
	answer := p.logIn(" the auth token\n") // as it is pasted
	assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
	assert.Equal(t, "/console/inbox/CH1", answer.Header.Get("Location"))
	c := answer.Cookies()[0]
	assert.True(t, c.HttpOnly)
	assert.False(t, c.Secure)
	assert.Equal(t, http.SameSiteStrictMode, c.SameSite)
	assert.True(t, p.valid(c))
	page := text(t, p.get("/console/inbox", c))
	assert.Contains(t, page, `aria-current="page"`)
	assert.Contains(t, page, `data-page="inbox"`)
	assert.Equal(t, "/console/inbox", p.get("/console/", c).Header.Get("Location"))
	assert.Equal(t, http.StatusNoContent, p.get("/console/session", c).StatusCode)

	p.token = ""
	assert.False(t, p.valid(c))
	assert.Equal(t, http.StatusForbidden, p.logIn("").StatusCode, "a token that is not configured is nobody's")
}

func TestOverHTTPSTheCookieIsSecure(t *testing.T) {
	t.Parallel()
	c := newPlace(t, "https://bridged.example").session()
	assert.True(t, c.Secure)
	assert.Equal(t, "__Host-bridged_session", c.Name)
	assert.Equal(t, []string{"/", ""}, []string{c.Path, c.Domain})
}

func TestALoginLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	for _, next := range []string{
		"https://evil.example/", "//evil.example/console/", "/\\evil.example", "javascript:alert(1)", "/v1/Conversations",
		"/console/../v1", "/console/\r\nX: y", "", "/consolex", "%",
	} {
		p := newPlace(t, "http://bridged.example")
		answer := p.do(request(http.MethodPost, "/console/login", url.Values{"token": {p.token}, "next": {next}}.Encode()))
		assert.Equal(t, "/console/", answer.Header.Get("Location"), "%q", next)
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "http://bridged.example")
	c := p.session()
	assert.True(t, p.restarted("http://bridged.example").Session(request(http.MethodGet, "/v1/x", "", c)), "a restart logs nobody out")

	p.pass(23 * time.Hour)
	assert.True(t, p.valid(c))
	renewed := p.get("/console/session", c).Cookies()
	require.Len(t, renewed, 1, "who is there stays logged in")
	assert.Empty(t, p.get("/console/session", renewed[0]).Cookies(), "and is not written to each time")
	p.pass(2 * time.Hour)
	assert.False(t, p.valid(c), "nobody came with this one for a day")
	assert.True(t, p.valid(renewed[0]))

	for range 7 {
		if again := p.get("/console/session", renewed[0]).Cookies(); len(again) == 1 {
			renewed = again
		}
		p.pass(20 * time.Hour)
		assert.True(t, p.valid(renewed[0]))
	}
	p.pass(4 * time.Hour)
	assert.False(t, p.valid(renewed[0]), "a week at the most")

	c = p.session()
	answer := p.do(request(http.MethodPost, "/console/logout", "", c))
	assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
	assert.Negative(t, answer.Cookies()[0].MaxAge)
	assert.False(t, p.valid(c), "a copy of the cookie is worth nothing")

	c = p.session()
	p.token = "another"
	assert.False(t, p.valid(c), "a new token logs everybody out")
}

func TestForgedCookiesAreWorthNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "http://bridged.example")
	c := p.session()
	for i := range c.Value {
		forged := *c
		other := byte('A')
		if c.Value[i] == other {
			other = 'B'
		}
		forged.Value = c.Value[:i] + string(other) + c.Value[i+1:]
		// The last character has bits that mean nothing.
		require.False(t, p.valid(&forged) && i < len(c.Value)-1, "character %d", i)
	}
	for _, value := range []string{"", "x", strings.Repeat("A", len(c.Value)), c.Value + "AAAA", c.Value[:40]} {
		assert.False(t, p.valid(&http.Cookie{Name: c.Name, Value: value}), value)
	}
	assert.False(t, p.Session(request(http.MethodGet, "/v1/x", "")))
}

func TestPagesOfOtherOriginsAreRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "https://public.example")
	c := p.session()
	try := func(method, header, value string) bool {
		r := request(method, "/v1/Conversations", "", c)
		r.Header.Set(header, value)
		return p.Session(r)
	}
	assert.False(t, try(http.MethodPost, "Sec-Fetch-Site", "cross-site"))
	assert.False(t, try(http.MethodDelete, "Sec-Fetch-Site", "same-site"))
	assert.False(t, try(http.MethodPost, "Origin", "https://evil.example"))
	assert.True(t, try(http.MethodPost, "Origin", "https://public.example"), "behind a proxy that names another host")
	assert.True(t, try(http.MethodPost, "Sec-Fetch-Site", "same-origin"))
	assert.True(t, try(http.MethodGet, "Sec-Fetch-Site", "none"))

	for _, path := range []string{"/console/login", "/console/logout"} {
		r := request(http.MethodPost, path, "token=the+auth+token", c)
		r.Header.Set("Origin", "https://evil.example")
		assert.Equal(t, http.StatusForbidden, p.do(r).StatusCode)
	}
	assert.True(t, p.valid(c), "it is still logged in")
}

func TestAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "http://bridged.example")
	for range 5 {
		require.Equal(t, http.StatusForbidden, p.logIn("wrong").StatusCode)
	}
	answer := p.logIn(p.token)
	assert.Equal(t, http.StatusTooManyRequests, answer.StatusCode, "even the right one")
	assert.Equal(t, "10", answer.Header.Get("Retry-After"))
	assert.Contains(t, text(t, answer), "Try again in 10 seconds")

	p.client = "192.0.2.2"
	assert.Equal(t, http.StatusForbidden, p.logIn("wrong").StatusCode, "others are not kept out")
	p.client = "192.0.2.1"
	p.pass(10 * time.Second)
	assert.Equal(t, http.StatusSeeOther, p.logIn(p.token).StatusCode)
	assert.Equal(t, http.StatusForbidden, p.logIn("wrong").StatusCode, "the right one clears the account")

	for i, client := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5", "2001:db8::6"} {
		p.client = client
		assert.Equal(t, i < 5, p.logIn("wrong").StatusCode == http.StatusForbidden, "one network is one client")
	}
}

func TestTheOneTimeLinkLogsInOnce(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "http://bridged.example")
	stale := p.OneTimeURL()
	link := p.OneTimeURL()
	path := func(link string) string { return strings.TrimPrefix(link, "http://bridged.example") }
	assert.Regexp(t, `^/console/login\?once=\w{52}$`, path(link))
	assert.Contains(t, text(t, p.get(path(stale))), "used before, or has expired")
	assert.Contains(t, text(t, p.get("/console/login?once=x")), "used before, or has expired")
	assert.Empty(t, p.do(request(http.MethodHead, path(link), "")).Cookies(), "a preview does not use it up")

	answer := p.get(path(link))
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	require.Len(t, answer.Cookies(), 1)
	assert.True(t, p.valid(answer.Cookies()[0]))
	assert.Contains(t, text(t, answer), `content="0; url=/console/inbox"`)
	assert.Empty(t, p.get(path(link)).Cookies(), "once")

	late := p.OneTimeURL()
	p.pass(24 * time.Hour)
	assert.Empty(t, p.get(path(late)).Cookies(), "for a day")
}

func TestStaticFilesAreKeptByTheirVersion(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "http://bridged.example")
	page := text(t, p.get("/console/"))
	path := regexp.MustCompile(`/console/static/[0-9a-f]{16}/css/base\.css`).FindString(page)
	require.NotEmpty(t, path)
	plain := p.get(path)
	assert.Equal(t, "text/css; charset=utf-8", plain.Header.Get("Content-Type"))
	assert.Contains(t, plain.Header.Get("Cache-Control"), "immutable")
	want := text(t, plain)

	r := request(http.MethodGet, path, "")
	r.Header.Set("Accept-Encoding", "gzip, br")
	packed := p.do(r)
	assert.Equal(t, "gzip", packed.Header.Get("Content-Encoding"))
	unpacked, err := gzip.NewReader(packed.Body)
	require.NoError(t, err)
	got, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	assert.Equal(t, want, string(got))

	r = request(http.MethodGet, path, "")
	r.Header.Set("If-None-Match", plain.Header.Get("ETag"))
	assert.Equal(t, http.StatusNotModified, p.do(r).StatusCode)
	old := p.get("/console/static/0000000000000000/css/base.css")
	assert.Equal(t, []any{http.StatusOK, "no-cache"}, []any{old.StatusCode, old.Header.Get("Cache-Control")}, "for a page that is open")
	for _, none := range []string{"css/none.css", "js/README.md", "../templates/login.html", ""} {
		assert.NotEqual(t, http.StatusOK, p.get("/console/static/0/"+none).StatusCode, none)
	}
}
