package console

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzNext looks for a link that leads out of the console after the login.
func FuzzNext(f *testing.F) {
	for _, next := range []string{
		"/console/inbox", "/console/../v1", "//elsewhere.example/console/", "https://elsewhere.example/console/", "/\\elsewhere.example", "/console/\r\nLocation: /x",
		"/console/%2e%2e/%2e%2e/x", "/console//elsewhere.example", "javascript:/console/", "/console/?a=b#c", "\t//a", "/console/..//elsewhere.example",
	} {
		f.Add(next)
	}
	base := &url.URL{Scheme: "https", Host: "bridged.example", Path: Prefix + "login"}
	f.Fuzz(func(t *testing.T, next string) {
		to := within(next)
		require.False(t, strings.ContainsAny(to, "\\\r\n\t"), "%q", to)
		target, err := base.Parse(to)
		require.NoError(t, err, "%q", to)
		require.Equal(t, base.Host, target.Host, "%q", to)
		require.Equal(t, "https", target.Scheme)
		require.True(t, strings.HasPrefix(target.Path+"/", Prefix), "%q", to)
		require.Equal(t, to, within(to))
	})
}

// FuzzSession looks for a cookie that logs in though nobody was given it, and for a
// one-time link that works though it was not made.
func FuzzSession(f *testing.F) {
	now := time.Unix(1700000000, 0)
	secret := rand.Text()
	s := newSessions(func() string { return secret }, false, func() time.Time { return now })
	none := newSessions(func() string { return "" }, false, func() time.Time { return now })
	rec := httptest.NewRecorder()
	s.begin(rec)
	given := rec.Result().Cookies()[0].Value
	raw, err := base64.RawURLEncoding.DecodeString(given)
	require.NoError(f, err)
	var link once
	link.make(now)
	f.Add(given)
	f.Add(given + "=")
	f.Add(strings.Repeat("A", len(given)))
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Cookie", s.cookieName()+"="+value)
		found, ok := s.read(r)
		require.False(t, link.use(value, now))
		_, known := none.read(r)
		require.False(t, known, "without an auth token nobody is logged in")
		if !ok {
			return
		}
		said, err := r.Cookie(s.cookieName())
		require.NoError(t, err)
		again, err := base64.RawURLEncoding.DecodeString(said.Value)
		require.NoError(t, err)
		require.Equal(t, raw, again, "there is one session")
		require.Equal(t, now.Unix(), found.began.Unix())
	})
}
