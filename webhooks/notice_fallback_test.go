package webhooks_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/webhooks"
)

const spare = "https://spare.example.com/hook?of=events"

// places answers calls by where they go; without an answer of its own a place takes
// everything.
type places map[string]func() (int, error)

// fallen is a world whose account has a URL with a password, and a fallback.
func fallen(answers places) *world {
	w := newWorldWith(func(c *webhooks.DispatcherConfig) { c.Fallback = spare })
	w.listeners.configuration.Webhooks.PostURL = "https://user:secret@example.com/account?a=b"
	w.server.answerAt = func(to string) (int, error) {
		if answer := answers[to]; answer != nil {
			return answer()
		}
		return http.StatusOK, nil
	}
	return w
}

func refused() (int, error) { return 0, errors.New("connection refused") }

func answers(status int) func() (int, error) {
	return func() (int, error) { return status, nil }
}

const broken = "https://user:secret@example.com/account?a=b"

// The fallback hears what its listener has not taken, in the same request with the
// reason added, as the classic inbound webhooks have it.
func TestTheFallbackHearsWhatAListenerHasNotTaken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func() (int, error)
		code   string
	}{
		"an answer that is not good": {answers(http.StatusBadGateway), "11200"},
		"no answer":                  {refused, "11205"},
		"an answer that is cut off":  {func() (int, error) { return http.StatusOK, errors.New("unexpected EOF") }, "11205"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fallen(places{broken: c.answer})
			assert.Equal(t, conversations.Telling{Over: true}, w.Tell(t.Context(), w.notice(account), 2))
			require.Len(t, w.server.calls, 2)
			first, second := w.server.calls[0], w.server.calls[1]
			assert.Equal(t, []string{first.method, spare, first.token}, []string{second.method, second.url, second.token})
			assert.False(t, first.form.Has("ErrorCode"))
			assert.Equal(t, url.Values{
				"Body": {"hello"}, "EventType": {"onMessageAdded"}, "RetryCount": {"2"},
				"ErrorCode": {c.code}, "ErrorUrl": {"https://example.com/account?a=b"},
			}, second.form)
		})
	}
}

// What an event tells is not lost to the reason: a delivery has an ErrorCode of its own.
func TestTheFallbackHearsTheErrorCodeOfADelivery(t *testing.T) {
	t.Parallel()
	w := fallen(places{broken: refused})
	n := w.notice(account)
	n.Event, n.Form = conversations.DeliveryUpdated, "ErrorCode=30003&EventType=onDeliveryUpdated"
	assert.True(t, w.Tell(t.Context(), n, 0).Over)
	heard := w.server.callsOf(spare)[0].form
	assert.Equal(t, []string{"30003", "https://example.com/account?a=b"}, []string{heard.Get("ErrorCode"), heard.Get("ErrorUrl")})
}

func TestAListenerThatWorksNeedsNoFallback(t *testing.T) {
	t.Parallel()
	w := fallen(nil)
	assert.True(t, w.Tell(t.Context(), w.notice(account), 0).Over)
	assert.Len(t, w.server.calls, 1)
}

// While a listener's breaker is open its notices go to the fallback at once, and one of
// them finds out whether the listener works again.
func TestTheFallbackStandsInWhileTheBreakerIsOpen(t *testing.T) {
	t.Parallel()
	down := true
	w := fallen(places{broken: func() (int, error) {
		if down {
			return refused()
		}
		return http.StatusOK, nil
	}})
	for range 8 {
		assert.True(t, w.Tell(t.Context(), w.notice(account), 0).Over)
	}
	assert.Len(t, w.server.callsOf(broken), 5, "it is left alone after five")
	assert.Len(t, w.server.callsOf(spare), 8)
	assert.Equal(t, "11205", w.server.callsOf(spare)[7].form.Get("ErrorCode"), "of the last call that failed")

	w.now, down = w.now.Add(time.Second), false
	for range 3 {
		assert.True(t, w.Tell(t.Context(), w.notice(account), 0).Over)
	}
	assert.Len(t, w.server.callsOf(broken), 8)
	assert.Len(t, w.server.callsOf(spare), 8)
}

// Where the fallback fails too, all is as if there were none: the listener is called
// again until it is too late, and the fallback's own breaker opens.
func TestAFallbackThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	w := fallen(places{broken: answers(http.StatusBadGateway), spare: refused})
	assert.Equal(t, conversations.Telling{Failed: true, Wait: time.Second}, w.Tell(t.Context(), w.notice(account), 0))
	for range 4 {
		assert.True(t, w.Tell(t.Context(), w.notice(account), 0).Failed)
	}
	assert.Equal(t, conversations.Telling{Wait: time.Second}, w.Tell(t.Context(), w.notice(account), 0))
	assert.Len(t, w.server.callsOf(broken), 5)
	assert.Len(t, w.server.callsOf(spare), 5, "nobody is called whose breaker is open")

	w.now = w.now.Add(time.Hour + time.Minute)
	late := w.notice(account)
	late.Since = w.now.Add(-time.Hour - 1)
	told := w.Tell(t.Context(), late, 7)
	assert.Equal(t, "tried 8 times for 1h0m0s: the webhook at example.com answered 502", told.GivenUp)
	assert.Len(t, w.server.callsOf(spare), 6, "it is asked before something is given up")
}

// A call of the fallback that our own end cuts off says nothing: the notice is told
// again by the next process.
func TestAFallbackThatIsCutOffIsAskedAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	w := fallen(places{broken: refused, spare: func() (int, error) {
		cancel()
		return refused()
	}})
	assert.Equal(t, conversations.Telling{Wait: time.Second}, w.Tell(ctx, w.notice(account), 0))
}

// A fallback that is the listener's own URL is not called twice.
func TestAListenerIsNotItsOwnFallback(t *testing.T) {
	t.Parallel()
	w := fallen(places{spare: refused})
	w.listeners.configuration.Webhooks.PostURL = spare
	assert.True(t, w.Tell(t.Context(), w.notice(account), 0).Failed)
	assert.Len(t, w.server.calls, 1)
}
