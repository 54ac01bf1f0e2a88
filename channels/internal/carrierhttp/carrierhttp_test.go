package carrierhttp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
)

// roundTrip plays a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func verdictOf(t *testing.T, err error) channels.Verdict {
	t.Helper()
	var e *channels.SendError
	require.ErrorAs(t, err, &e)
	return e.Verdict
}

func post(t *testing.T, transport http.RoundTripper, url string) (Answer, error) {
	t.Helper()
	return Post(t.Context(), &http.Client{Transport: transport}, Request{
		URL: url, Header: http.Header{"X-Test": {"1"}}, Body: []byte("body"),
	})
}

func TestPost(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", r.Method+" "+r.Header.Get("X-Test")+" "+string(body))
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("short and stout"))
	}))
	defer srv.Close()
	a, err := post(t, nil, srv.URL)
	require.NoError(t, err)
	assert.Equal(t, http.StatusTeapot, a.Status)
	assert.Equal(t, "POST 1 body", a.Header.Get("X-Seen"))
	assert.Equal(t, "short and stout", string(a.Body))
}

// TestWhatWasWritten goes through the ways in which a transport can fail.
func TestWhatWasWritten(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	trace := func(r *http.Request) *httptrace.ClientTrace { return httptrace.ContextClientTrace(r.Context()) }
	for name, c := range map[string]struct {
		transport roundTrip
		want      channels.Verdict
	}{
		"nothing": {func(r *http.Request) (*http.Response, error) {
			trace(r).GetConn("")
			return nil, broken
		}, channels.Retry},
		"the headers": {func(r *http.Request) (*http.Response, error) {
			trace(r).GetConn("")
			trace(r).WroteHeaders()
			return nil, broken
		}, channels.Unknown},
		"the body": {func(r *http.Request) (*http.Response, error) {
			trace(r).GetConn("")
			_, _ = io.ReadAll(r.Body)
			return nil, broken
		}, channels.Unknown},
		"nothing that was taken, then a dial that fails": {func(r *http.Request) (*http.Response, error) {
			trace(r).GetConn("")
			trace(r).WroteHeaders()
			trace(r).GetConn("")
			return nil, broken
		}, channels.Retry},
	} {
		_, err := post(t, c.transport, "http://127.0.0.1/AC123")
		require.ErrorIs(t, err, broken, name)
		assert.Equal(t, c.want, verdictOf(t, err), name)
		assert.NotContains(t, errors.Unwrap(err).Error(), "AC123", "the URL may hold an account")
	}
}

func TestDoneBeforeDialling(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Post(ctx, newClient(), Request{URL: "http://127.0.0.1:1/"})
	assert.Equal(t, channels.Retry, verdictOf(t, err))
	_, err = Post(t.Context(), newClient(), Request{URL: "http://%zz/"})
	assert.Equal(t, channels.Retry, verdictOf(t, err))
}

func TestCutOffAnswers(t *testing.T) {
	t.Parallel()
	status := make(chan string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		cutOff(conn, buf, <-status)
	}))
	defer srv.Close()

	status <- "201 Created"
	_, err := post(t, nil, srv.URL)
	assert.Equal(t, channels.Unknown, verdictOf(t, err), "accepted perhaps")

	status <- "503 Service Unavailable"
	a, err := post(t, nil, srv.URL)
	require.NoError(t, err, "refused, whatever the rest says")
	assert.Equal(t, http.StatusServiceUnavailable, a.Status)
}

func cutOff(conn net.Conn, buf *bufio.ReadWriter, status string) {
	_, _ = buf.WriteString("HTTP/1.1 " + status + "\r\nContent-Length: 100\r\n\r\n{\"sid\"")
	_ = buf.Flush()
	_ = conn.Close()
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]channels.Verdict{
		200: channels.Unknown, 302: channels.Retry, 400: channels.Permanent, 401: channels.Retry,
		403: channels.Retry, 404: channels.Permanent, 408: channels.Retry, 429: channels.Throttled,
		500: channels.Retry, 503: channels.Retry,
	} {
		assert.Equal(t, want, Verdict(status), status)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":      0,
		"7":     7 * time.Second,
		"0.5":   500 * time.Millisecond,
		"-1":    0,
		"NaN":   0,
		"1e300": 24 * time.Hour,
		now.Add(time.Minute).Format(http.TimeFormat):  time.Minute,
		now.Add(-time.Minute).Format(http.TimeFormat): 0,
		"soon": 0,
	} {
		a := Answer{Header: http.Header{"Retry-After": {value}}}
		assert.Equal(t, want, a.retryAfter(now), value)
	}
}

func TestRefusalKeepsTheWordsShort(t *testing.T) {
	t.Parallel()
	a := Answer{Header: http.Header{"Retry-After": {"3"}}}
	e := a.Refusal(channels.Throttled, 63018, "130429", strings.Repeat("x", 9000))
	assert.Equal(t, 3*time.Second, e.After)
	assert.Len(t, e.Detail, 500)
	assert.Zero(t, a.Refusal(channels.Retry, 0, "", "").After)
	require.ErrorIs(t, Nonsense(), ErrNonsense)
}

func TestCompleteChecksTheBase(t *testing.T) {
	t.Parallel()
	got, err := API{Base: "http://127.0.0.1:8080/api/"}.Complete("https://usual.example")
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:8080/api", got.Base)
	for _, bad := range []string{"", "127.0.0.1:8080", "ftp://x", "http://", "http://x?y=1", "http://x#y", "http://%"} {
		_, err := API{Base: bad}.Complete("")
		assert.Error(t, err, bad)
	}
}

func TestCompletePutsDefaultsWhereNothingIs(t *testing.T) {
	t.Parallel()
	got, err := API{}.Complete("https://usual.example/v1")
	require.NoError(t, err)
	assert.Equal(t, "https://usual.example/v1", got.Base)
	assert.NotNil(t, got.Client)
	assert.NotNil(t, got.Files)
	client, files := &http.Client{}, &http.Client{}
	got, err = API{Client: client, Files: files}.Complete("https://usual.example/v1")
	require.NoError(t, err)
	assert.Same(t, client, got.Client)
	assert.Same(t, files, got.Files)
}

func TestNewClient(t *testing.T) {
	t.Parallel()
	transport, ok := newClient().Transport.(*http.Transport)
	require.True(t, ok)
	assert.GreaterOrEqual(t, transport.MaxIdleConnsPerHost, 256)
}
