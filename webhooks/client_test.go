package webhooks_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/guard"
	"bridged/webhooks"
)

// told is a form with what could be misread or leak.
func told() url.Values {
	return url.Values{"EventType": {"onMessageAdded"}, "Body": {"héllo & =+? goodbye"}, "Attributes": {`{"a":"b"}`}, "UniqueName": {""}}
}

func newClient(c *http.Client) *webhooks.Client {
	return webhooks.NewClient(webhooks.ClientConfig{AuthToken: func() string { return token }, HTTPClient: c})
}

func TestTell(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]http.HandlerFunc{
				"/ok": says("application/json", `{"body":"x"}`), "/refuses": fails(403), "/fails": fails(500),
				"/here": moved(307, "/ok"), "/away": moved(307, "http://example.com/"),
			})
			for path, want := range map[string]webhooks.Answer{
				"/ok":      {Status: 200, ContentType: "application/json", Body: []byte(`{"body":"x"}`)},
				"/here":    {Status: 200, ContentType: "application/json", Body: []byte(`{"body":"x"}`)},
				"/refuses": {Status: 403, Body: []byte{}},
				"/fails":   {Status: 500, Body: []byte{}},
			} {
				answer, err := newClient(nil).Tell(t.Context(), method, s.URL+path+"?x=1&y=a%2Fb#rc=0", told(), "a token")
				require.NoError(t, err, path)
				assert.Equal(t, want, answer, path)
				assert.Equal(t, want.Status == 200, answer.Good())
			}
			answer, err := newClient(nil).Tell(t.Context(), method, s.URL+"/away", told(), "a token")
			require.NoError(t, err)
			assert.Equal(t, 307, answer.Status, "another host is not told")

			_, err = newClient(nil).Tell(t.Context(), method, s.URL+"/ok?x=1&y=a%2Fb", told(), "a token")
			require.NoError(t, err)
			want := told()
			want.Set("x", "1")
			want.Set("y", "a/b")
			assert.Equal(t, want, s.last().form)
			assert.Equal(t, "a token", s.last().header.Get("I-Twilio-Idempotency-Token"))
			if method == http.MethodPost {
				assert.Equal(t, "application/x-www-form-urlencoded", s.last().header.Get("Content-Type"))
			}
			assert.Empty(t, s.last().header.Get("Referer"))
		})
	}
}

func TestTellBoundsTheAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{
		"/most": says("text/plain", strings.Repeat("x", 64<<10)),
		"/more": says("text/plain", strings.Repeat("x", 64<<10+1)),
		"/cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	})
	most, err := newClient(nil).Tell(t.Context(), http.MethodPost, s.URL+"/most", told(), "t")
	require.NoError(t, err)
	assert.False(t, most.TooLong)
	more, err := newClient(nil).Tell(t.Context(), http.MethodPost, s.URL+"/more", told(), "t")
	require.NoError(t, err)
	assert.True(t, more.TooLong)
	assert.Equal(t, most.Body, more.Body)
	cut, err := newClient(nil).Tell(t.Context(), http.MethodPost, s.URL+"/cut", told(), "t")
	require.Error(t, err)
	assert.Equal(t, 200, cut.Status)
}

func TestAnErrorOfTellNamesTheHostOnly(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, target := range []string{gone.URL + "/secret?secret#secret", strings.Replace(gone.URL, "http://", "http://secret:secret@", 1), "http://example.com:99999/secret"} {
		_, err := newClient(nil).Tell(t.Context(), http.MethodGet, target, url.Values{"Body": {"secret"}}, "secret")
		require.ErrorContains(t, err, "the webhook at ")
		assert.NotContains(t, err.Error(), "secret")
	}
}

func TestTellObeysTheGuard(t *testing.T) {
	t.Parallel()
	inside := newSite(t, map[string]http.HandlerFunc{"/": says("text/plain", "")})
	_, err := newClient(guard.NewClient(guard.Config{})).Tell(t.Context(), http.MethodPost, inside.URL+"/", told(), "t")
	require.ErrorIs(t, err, guard.ErrPrivate)

	// A host that one may call leads to the same host only, whatever the guard lets.
	outside := newSite(t, map[string]http.HandlerFunc{"/": moved(307, inside.URL+"/")})
	trusting := guard.NewClient(guard.Config{Trusted: []string{guard.HostOf(outside.URL)}})
	answer, err := newClient(trusting).Tell(t.Context(), http.MethodPost, outside.URL+"/", told(), "t")
	require.NoError(t, err)
	assert.Equal(t, 307, answer.Status)
	assert.Empty(t, inside.paths())
}

func TestTellVerifiesCertificates(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(secure.Close)
	_, err := newClient(nil).Tell(t.Context(), http.MethodPost, secure.URL, told(), "t")
	require.ErrorContains(t, err, "certificate")
	_, err = newClient(secure.Client()).Tell(t.Context(), http.MethodPost, secure.URL, told(), "t")
	require.NoError(t, err)
}

// What is repeated within a call has the same token, and ends when it is good.
func TestTellRepeatsAsTheURLSays(t *testing.T) {
	t.Parallel()
	for fragment, want := range map[string]int{
		"": 1, "#rc=3": 1, "#rc=2&rp=5xx": 3, "#rc=5&rp=5xx": 4, "#rc=2&rp=4xx": 1, "#rc=1&rp=all": 2, "#rp=5xx": 2,
	} {
		var calls atomic.Int32
		s := newSite(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, _ *http.Request) {
			if calls.Add(1) < 4 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}})
		answer, err := newClient(nil).Tell(t.Context(), http.MethodPost, s.URL+"/"+fragment, told(), "a token")
		require.NoError(t, err)
		assert.Equal(t, want == 4, answer.Good(), fragment)
		assert.Len(t, s.paths(), want, fragment)
		for _, a := range s.asked {
			assert.Equal(t, "a token", a.header.Get("I-Twilio-Idempotency-Token"))
			assert.Equal(t, told(), a.form)
		}
	}
}

func TestTellWaitsAsLongAsTheURLSays(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	s := newSite(t, map[string]http.HandlerFunc{
		"/silent": func(http.ResponseWriter, *http.Request) { <-hang },
		"/stalls": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("x"))
			_ = http.NewResponseController(w).Flush()
			<-hang
		},
	})
	t.Cleanup(func() { close(hang) })
	unreachable := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}}
	const reached, silent = "was not reached in the time that its URL allows", "answered nothing in the time that its URL allows"
	for name, c := range map[string]struct {
		client *http.Client
		target string
		want   string
		calls  int
	}{
		"to be reached":    {unreachable, "/silent#ct=100", reached, 0},
		"and once more":    {unreachable, "/silent#ct=100&rc=1", reached, 0},
		"for the answer":   {nil, "/silent#rt=100", silent, 1},
		"again":            {nil, "/silent#rt=100&rc=2&rp=rt", silent, 3},
		"not for that":     {nil, "/silent#rt=100&rc=2", silent, 1},
		"between parts":    {nil, "/stalls#rt=100", silent, 1},
		"for everything":   {nil, "/silent#tt=100&rc=5&rp=all", "deadline exceeded", 1},
		"for all of these": {nil, "/silent#tt=1200&rt=700&rc=5&rp=all", "deadline exceeded", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			client := &http.Client{Transport: counting{&calls, http.DefaultTransport}}
			if c.client != nil {
				client = c.client
			}
			began := time.Now()
			_, err := newClient(client).Tell(t.Context(), http.MethodPost, s.URL+c.target, told(), "t")
			require.ErrorContains(t, err, c.want)
			assert.Less(t, time.Since(began), 5*time.Second, "its own bound is longer")
			assert.EqualValues(t, c.calls, calls.Load())
		})
	}
}

// counting counts requests.
type counting struct {
	calls *atomic.Int32
	http.RoundTripper
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.calls.Add(1)
	return c.RoundTripper.RoundTrip(r)
}
