package channeltest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
	"bridged/guard"
)

// Fetch declares how a driver that is a channels.MediaFetcher gets at the files
// of inbound messages.
type Fetch struct {
	// Media is a file as the driver's hook tells of it, for a carrier at a base URL.
	Media func(apiBaseURL string) conversations.Media
	// Serve is the carrier: it answers with file where the bytes are asked for, and
	// whatever has to be asked before that itself. Nil: file answers everything.
	Serve func(apiBaseURL string, file http.Handler) http.Handler
	// Authorization is the header that the carrier wants.
	Authorization string
	// Redirects says that the carrier redirects to where the bytes are.
	Redirects bool
}

// TheFile is what the kit's carriers keep.
func TheFile() string { return strings.Repeat("\x89PNG\r\n\x1a\n the bytes of a file", 10_000) }

// fetches checks how the driver fetches files.
func (k Kit) fetches(t *testing.T) {
	_, fetcher := k.adapter(t, nowhere).(channels.MediaFetcher)
	require.Equal(t, k.Fetch != nil, fetcher, "a driver that fetches files says in its kit how")
	if k.Fetch == nil {
		return
	}
	t.Run("the file", func(t *testing.T) { t.Parallel(); k.fetchesTheFile(t) })
	t.Run("answers", func(t *testing.T) { t.Parallel(); k.fetchAnswers(t) })
	t.Run("broken off", func(t *testing.T) { t.Parallel(); k.fetchBreaksOff(t) })
	t.Run("private", func(t *testing.T) { t.Parallel(); k.fetchStaysOutside(t) })
	t.Run("stopped", func(t *testing.T) { t.Parallel(); k.fetchStops(t) })
	if k.Fetch.Redirects {
		t.Run("redirect", func(t *testing.T) { t.Parallel(); k.fetchFollows(t) })
	}
}

// keeper starts a carrier that keeps one file, and returns its base URL.
func (k Kit) keeper(t *testing.T, file http.HandlerFunc) string {
	t.Helper()
	var h http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	h = file
	if base := srv.URL + apiPath; k.Fetch.Serve != nil {
		h = k.Fetch.Serve(base, file)
	}
	return srv.URL + apiPath
}

// fetch asks the driver for the file of a carrier. Trusted are further hosts that
// the driver's client may reach.
func (k Kit) fetch(ctx context.Context, t *testing.T, base string, trusted ...string) (string, error) {
	t.Helper()
	client := guard.NewClient(guard.Config{Trusted: append(trusted, guard.HostOf(base))})
	t.Cleanup(client.CloseIdleConnections)
	a, err := k.New(Env{Name: Name, PublicURL: PublicURL, APIBaseURL: base, HTTPClient: LoopbackClient(), FileClient: client})
	require.NoError(t, err)
	body, err := a.(channels.MediaFetcher).FetchMedia(ctx, k.Fetch.Media(base)) //nolint:forcetypeassert // it was asked
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(body)
	return string(text), errors.Join(err, body.Close())
}

func (k Kit) fetchesTheFile(t *testing.T) {
	var seen string
	base := k.keeper(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Method + " " + r.Header.Get("Authorization")
		_, _ = io.WriteString(w, TheFile())
	})
	got, err := k.fetch(t.Context(), t, base)
	require.NoError(t, err)
	assert.Equal(t, TheFile(), got)
	assert.Equal(t, "GET "+k.Fetch.Authorization, seen)
}

// fetchAnswers checks what the answers of a carrier mean that has no file.
func (k Kit) fetchAnswers(t *testing.T) {
	for _, c := range []struct {
		answer Answer
		want   channels.SendError
	}{
		{Answer{Status: 404, Body: "gone"}, channels.SendError{Verdict: channels.Permanent}},
		{Answer{Status: 410}, channels.SendError{Verdict: channels.Permanent}},
		{Answer{Status: 401}, channels.SendError{Verdict: channels.Retry}},
		{Answer{Status: 403}, channels.SendError{Verdict: channels.Retry}},
		{Answer{Status: 500}, channels.SendError{Verdict: channels.Retry}},
		{Answer{Status: 503}, channels.SendError{Verdict: channels.Retry}},
		{Answer{Status: 429, Header: map[string]string{"Retry-After": "7"}}, channels.SendError{Verdict: channels.Throttled, After: 7e9}},
		{Answer{Status: 200, Header: map[string]string{"Content-Length": "200000000"}}, channels.SendError{Verdict: channels.Permanent}},
	} {
		_, err := k.fetch(t.Context(), t, k.keeper(t, c.answer.write))
		e := sendError(t, err)
		assert.Equal(t, c.want.Verdict.String(), e.Verdict.String(), c.answer.Status)
		assert.Equal(t, c.want.After, e.After, c.answer.Status)
		assert.NotEmpty(t, e.Detail, "the operator sees why")
	}
}

// fetchBreaksOff has a carrier that hangs up, before the file or in its middle.
func (k Kit) fetchBreaksOff(t *testing.T) {
	_, err := k.fetch(t.Context(), t, k.keeper(t, hangUp))
	assert.Equal(t, "retry", sendError(t, err).Verdict.String())
	_, err = k.fetch(t.Context(), t, k.keeper(t, Answer{Status: 200, Body: TheFile()}.cutOff))
	assert.Equal(t, "retry", sendError(t, err).Verdict.String())
}

// fetchStaysOutside has a carrier that redirects to an address of this network.
func (k Kit) fetchStaysOutside(t *testing.T) {
	var reached atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inside.Close)
	_, err := k.fetch(t.Context(), t, k.keeper(t, http.RedirectHandler(inside.URL, http.StatusFound).ServeHTTP))
	_ = sendError(t, err)
	assert.Zero(t, reached.Load())
}

// fetchStops has a carrier that does not go on, until nobody waits any more.
func (k Kit) fetchStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	base := k.keeper(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "the begin")
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done() // the driver hangs up
	})
	_, err := k.fetch(ctx, t, base)
	assert.Equal(t, "retry", sendError(t, err).Verdict.String())
}

// fetchFollows has a carrier that redirects to where the bytes are, which does not
// get to know the credentials.
func (k Kit) fetchFollows(t *testing.T) {
	var told string
	cdn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told = r.Header.Get("Authorization") + r.Header.Get("Referer") + r.Header.Get("Cookie")
		_, _ = io.WriteString(w, TheFile())
	}))
	t.Cleanup(cdn.Close)
	base := k.keeper(t, http.RedirectHandler(cdn.URL+"/bytes?signed=1", http.StatusTemporaryRedirect).ServeHTTP)
	got, err := k.fetch(t.Context(), t, base, guard.HostOf(cdn.URL))
	require.NoError(t, err)
	assert.Equal(t, TheFile(), got)
	assert.Empty(t, told)
}
