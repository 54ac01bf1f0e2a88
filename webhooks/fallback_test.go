package webhooks_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/webhooks"
)

func TestTheFallback(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	hang := make(chan struct{})
	s := newSite(t, map[string]http.HandlerFunc{
		"/broken": fails(503),
		"/slow":   func(http.ResponseWriter, *http.Request) { <-hang },
		"/cut":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"/spare":  twiml("<Message>spare</Message>"),
	})
	defer close(hang)
	log := new(bytes.Buffer)
	in := webhooks.NewInbound(webhooks.InboundConfig{
		AuthToken: func() string { return token }, Timeout: 200 * time.Millisecond, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	host := strings.TrimPrefix(s.URL, "http://")
	for broken, code := range map[string]string{
		"http://user:secret@" + host + "/broken": "11200", s.URL + "/slow": "11205", s.URL + "/cut": "11205", gone.URL: "11205",
	} {
		listener := conversations.Listener{URL: broken, Method: http.MethodPost}
		_, err := in.Call(t.Context(), listener, hello)
		require.Error(t, err, broken)
		assert.NotContains(t, err.Error(), "héllo")
		assert.NotContains(t, err.Error(), "secret")
		assert.Contains(t, err.Error(), "the inbound webhook at 127.0.0.1:")

		listener.Fallback = s.URL + "/spare"
		answer, err := in.Call(t.Context(), listener, hello)
		require.NoError(t, err, broken)
		assert.Equal(t, []conversations.Reply{{Body: "spare"}}, answer.Replies)
		assert.Equal(t, code, s.last().form.Get("ErrorCode"), broken)
		assert.Equal(t, strings.Replace(broken, "user:secret@", "", 1), s.last().form.Get("ErrorUrl"))
	}
	assert.Contains(t, log.String(), "its fallback answered")
	assert.NotContains(t, log.String(), "secret")

	_, err := in.Call(t.Context(), conversations.Listener{URL: gone.URL, Method: http.MethodPost, Fallback: s.URL + "/broken"}, hello)
	require.ErrorContains(t, err, "its fallback: the inbound webhook at "+host+": it answered 503")
}

// "The URL that Twilio will request if an error occurs when retrieving or executing
// the TwiML": an answer that cannot be obeyed is an error too.
func TestTheFallbackOfAnAnswerThatCannotBeObeyed(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{
		"/broken":   twiml("<Message>never</Message><Mess"),
		"/type":     says("application/json", "{}"),
		"/much":     says("text/plain", strings.Repeat("x", 64<<10+1)),
		"/circle":   twiml("<Redirect>/circle</Redirect>"),
		"/lost":     twiml("<Message>before</Message><Redirect>/gone</Redirect>"),
		"/astray":   twiml("<Message>before</Message><Redirect>/broken</Redirect>"),
		"/gone":     fails(404),
		"/spare":    twiml("<Message>spare</Message>"),
		"/answered": twiml("<Message>answered</Message>"),
	})
	before, spare := conversations.Reply{Body: "before"}, conversations.Reply{Body: "spare"}
	for name, c := range map[string]struct {
		path, fallback string
		want           []conversations.Reply
		code, place    string
	}{
		"broken":            {"/broken", "/spare", []conversations.Reply{spare}, "12100", "/broken"},
		"another type":      {"/type", "/spare", []conversations.Reply{spare}, "12300", "/type"},
		"too much":          {"/much", "/spare", []conversations.Reply{spare}, "11750", "/much"},
		"too many in a row": {"/circle", "/spare", []conversations.Reply{spare}, "11215", "/circle"},
		"to where is none":  {"/lost", "/spare", []conversations.Reply{before, spare}, "11200", "/gone"},
		"to what is broken": {"/astray", "/spare", []conversations.Reply{before, spare}, "12100", "/broken"},
	} {
		t.Run(name, func(t *testing.T) {
			in, log := caller()
			answer, err := in.Call(t.Context(), conversations.Listener{URL: s.URL + c.path, Method: http.MethodPost, Fallback: s.URL + c.fallback}, hello)
			require.NoError(t, err)
			assert.Equal(t, conversations.CallAnswer{Replies: c.want}, answer)
			assert.Equal(t, c.code, s.last().form.Get("ErrorCode"))
			assert.Equal(t, s.URL+c.place, s.last().form.Get("ErrorUrl"))
			assert.Contains(t, log.String(), "its fallback answered")
		})
	}

	in, _ := caller()
	answer, err := in.Call(t.Context(), conversations.Listener{URL: s.URL + "/astray", Method: http.MethodPost, Fallback: s.URL + "/gone"}, hello)
	require.NoError(t, err, "the webhook was told, and would answer the same")
	assert.Equal(t, []conversations.Reply{before}, answer.Replies)
	assert.Equal(t, 12100, answer.ErrorCode)
	assert.Contains(t, answer.Refused, "no XML: line 1; its fallback: the inbound webhook at ")
	assert.Contains(t, answer.Refused, "it answered 404")

	answer, err = in.Call(t.Context(), conversations.Listener{URL: s.URL + "/gone", Method: http.MethodPost, Fallback: s.URL + "/astray"}, hello)
	require.NoError(t, err)
	assert.Equal(t, []conversations.Reply{before}, answer.Replies)
	assert.Equal(t, 12100, answer.ErrorCode, "of the fallback, which has none")

	answer, err = in.Call(t.Context(), conversations.Listener{URL: s.URL + "/answered", Method: http.MethodPost, Fallback: s.URL + "/spare"}, hello)
	require.NoError(t, err)
	assert.Equal(t, []conversations.Reply{{Body: "answered"}}, answer.Replies)
}
