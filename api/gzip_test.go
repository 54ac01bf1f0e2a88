package api_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
)

// longList is an API whose list of messages is long.
func longList() http.Handler {
	w := newWorld()
	for i := range 40 {
		m := w.messages[0]
		m.Index = int64(i + 1)
		w.messages = append(w.messages, m)
	}
	return api.New(config(w))
}

func unpack(t *testing.T, body string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(body))
	require.NoError(t, err)
	plain, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return string(plain)
}

const crowd = "/v1/Conversations/CH" + digits + "/Messages"

func TestAnswersAreCompressedForThoseWhoAsk(t *testing.T) {
	t.Parallel()
	h := longList()
	plain := do(t, h, http.MethodGet, crowd, "").body
	for accept, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "x-gzip": true, "*": true, "br, gzip;q=0.8": true, "deflate": false,
		"gzip;q=0": false, "gzip; q=0.0, *": false, "*;q=0": false, "identity": false, "gzip;q=0.5, identity;q=0.5": true,
		"gzip;q=0.4, identity;q=0.5": false, "identity;q=0, gzip": true, "gzip;q=x": false, "gzip;q=2": false, "gzip;q=NaN": false,
		"gzip;level=9": true, ",": false,
	} {
		a := do(t, h, http.MethodGet, crowd, "", "Accept-Encoding", accept)
		assert.Equal(t, 200, a.status)
		assert.Contains(t, a.header.Values("Vary"), "Accept-Encoding")
		if !want {
			assert.Empty(t, a.header.Get("Content-Encoding"), accept)
			assert.Equal(t, plain, a.body, accept)
			continue
		}
		assert.Equal(t, "gzip", a.header.Get("Content-Encoding"), accept)
		assert.Equal(t, "application/json;charset=utf-8", a.header.Get("Content-Type"))
		assert.Less(t, len(a.body), len(plain)/2)
		assert.Equal(t, plain, unpack(t, a.body), accept)
	}
}

func TestSmallAndEmptyAnswersAreLeftAlone(t *testing.T) {
	t.Parallel()
	h := longList()
	for _, request := range [][2]string{
		{http.MethodGet, "/v1/Nothing"},
		{http.MethodDelete, "/v1/Conversations/CH" + digits},
		{http.MethodOptions, "/v1/Conversations"},
		{http.MethodGet, "/v1/Conversations/CH" + digits},
	} {
		a := do(t, h, request[0], request[1], "", "Accept-Encoding", "gzip")
		assert.Empty(t, a.header.Get("Content-Encoding"), request)
		assert.Equal(t, do(t, h, request[0], request[1], "").body, a.body)
	}
}

func TestCompressedAnswersOverHTTP(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(longList())
	t.Cleanup(s.Close)
	ask := func(method, accept string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+crowd, nil)
		require.NoError(t, err)
		r.SetBasicAuth(account, token)
		r.Header.Set("Accept-Encoding", accept)
		answer, err := s.Client().Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { _ = answer.Body.Close() })
		return answer
	}
	answer := ask(http.MethodGet, "gzip")
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Contains(t, unpack(t, string(body)), `"messages"`)
	head := ask(http.MethodHead, "gzip")
	assert.Equal(t, 200, head.StatusCode)
	assert.Equal(t, "gzip", head.Header.Get("Content-Encoding"), "as GET has it")
	body, err = io.ReadAll(head.Body)
	require.NoError(t, err)
	assert.Empty(t, body)
}

// extra serves one handler behind the API's own manners.
func extra(h http.HandlerFunc) http.Handler {
	cfg := config(newWorld())
	cfg.Extra = map[string]http.Handler{"/bridged/v1/x": h}
	return api.New(cfg)
}

func TestWhatIsNotCompressed(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("0123456789"), 1000)
	for name, tt := range map[string]struct {
		kind, coding string
		status       int
		want         string
	}{
		"text":              {"text/plain", "", 200, "gzip"},
		"nothing said":      {"", "", 200, "gzip"},
		"an error":          {"application/problem+json", "", 500, "gzip"},
		"an image":          {"image/png", "", 200, ""},
		"a drawing":         {"image/svg+xml", "", 200, "gzip"},
		"a broken type":     {"/", "", 200, ""},
		"compressed before": {"text/plain", "br", 200, "br"},
		"a part":            {"text/plain", "", 206, ""},
	} {
		h := extra(func(w http.ResponseWriter, _ *http.Request) {
			if tt.kind != "" {
				w.Header().Set("Content-Type", tt.kind)
			}
			if tt.coding != "" {
				w.Header().Set("Content-Encoding", tt.coding)
			}
			w.Header().Set("Content-Length", "10000")
			w.Header().Set("ETag", `"tag"`)
			w.WriteHeader(tt.status)
			_, _ = w.Write(long[:10])
			_, _ = w.Write(long[10:])
		})
		a := do(t, h, http.MethodGet, "/bridged/v1/x", "", "Accept-Encoding", "gzip")
		assert.Equal(t, tt.status, a.status, name)
		assert.Equal(t, tt.want, a.header.Get("Content-Encoding"), name)
		if tt.want == "gzip" {
			assert.Equal(t, string(long), unpack(t, a.body), name)
			assert.Empty(t, a.header.Get("Content-Length"), name)
			assert.Equal(t, `"tag-gzip"`, a.header.Get("ETag"), "other bytes")
			assert.NotContains(t, a.header.Get("Content-Type"), "gzip", name)
		} else {
			assert.Equal(t, string(long), a.body, name)
			assert.Equal(t, `"tag"`, a.header.Get("ETag"), name)
		}
	}
}

// What a handler flushes arrives while it goes on.
func TestStreamsStayStreams(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	s := httptest.NewServer(extra(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		w.Header().Set("Content-Type", "text/plain")
		_ = control.Flush() // the header alone
		for _, line := range []string{"one\n", "two\n"} {
			_, _ = io.WriteString(w, line)
			_ = control.Flush()
			select {
			case <-read:
			case <-r.Context().Done():
			}
		}
	}))
	t.Cleanup(s.Close)
	for _, accept := range []string{"gzip", "identity"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/bridged/v1/x", nil)
		require.NoError(t, err)
		r.SetBasicAuth(account, token)
		r.Header.Set("Accept-Encoding", accept)
		answer, err := (&http.Client{Timeout: time.Minute}).Do(r)
		require.NoError(t, err)
		var from io.Reader = answer.Body
		if accept == "gzip" {
			require.Equal(t, "gzip", answer.Header.Get("Content-Encoding"))
			from, err = gzip.NewReader(answer.Body)
			require.NoError(t, err)
		}
		for _, want := range []string{"one\n", "two\n"} {
			line := make([]byte, 4)
			_, err := io.ReadFull(from, line)
			require.NoError(t, err)
			assert.Equal(t, want, string(line))
			read <- struct{}{}
		}
		rest, err := io.ReadAll(from)
		require.NoError(t, err)
		assert.Empty(t, rest)
		require.NoError(t, answer.Body.Close())
	}
}

// A handler may take the connection over, as websockets do.
func TestAConnectionCanBeTakenOver(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(extra(func(w http.ResponseWriter, _ *http.Request) {
		connection, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello")
		_ = buffered.Flush()
		_ = connection.Close()
	}))
	t.Cleanup(s.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/bridged/v1/x", nil)
	require.NoError(t, err)
	r.SetBasicAuth(account, token)
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "x")
	answer, err := s.Client().Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, answer.StatusCode)
	said, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(said))
	require.NoError(t, answer.Body.Close())
}

func TestCompressedBodiesAreRefused(t *testing.T) {
	t.Parallel()
	h := longList()
	a := do(t, h, http.MethodPost, "/v1/Conversations", "FriendlyName=a", "Content-Encoding", "gzip")
	assert.Equal(t, 415, a.status)
	assert.Equal(t, "identity", a.header.Get("Accept-Encoding"))
	assert.EqualValues(t, 20001, a.json(t)["code"])
	assert.Equal(t, 201, do(t, h, http.MethodPost, "/v1/Conversations", "FriendlyName=a", "Content-Encoding", "Identity").status)
}
