package channeltest

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
)

// sends hands the messages over and looks at the requests.
func (k Kit) sends(t *testing.T) {
	require.NotEmpty(t, k.Sends)
	for _, s := range k.Sends {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			c := newCarrier(t, k.Accepted.write)
			sent, err := k.adapter(t, c.url).Send(t.Context(), s.Out)
			require.NoError(t, err)
			assert.Equal(t, channels.Sent{ProviderID: k.AcceptedID}, sent)
			require.Len(t, c.requests(), 1)
			s.check(t, c.requests()[0])
		})
	}
	_, takesFiles := k.adapter(t, PublicURL).(channels.MediaCarrier)
	assert.Equal(t, takesFiles, slices.ContainsFunc(k.Sends, func(s Send) bool { return len(s.Out.Media) > 0 }),
		"whoever takes files shows how they go out, and nobody else")
}

// check compares a request with what was expected.
func (s Send) check(t *testing.T, got seen) {
	t.Helper()
	assert.Equal(t, http.MethodPost, got.method)
	assert.Equal(t, apiPath+s.Path, got.path)
	for name, value := range s.Header {
		assert.Equal(t, value, got.header.Get(name), name)
	}
	if s.Form == nil {
		assert.Equal(t, "application/json", got.header.Get("Content-Type"))
		assert.JSONEq(t, s.JSON, string(got.body))
		return
	}
	assert.Equal(t, "application/x-www-form-urlencoded", got.header.Get("Content-Type"))
	form, err := url.ParseQuery(string(got.body))
	require.NoError(t, err)
	assert.Equal(t, s.Form, form)
}

// failures checks the driver's own table, and what every carrier's HTTP means.
func (k Kit) failures(t *testing.T) {
	general := []Failure{
		{"429 that says how long", Answer{429, map[string]string{"Retry-After": "7"}, ""}, channels.SendError{Verdict: channels.Throttled, After: 7 * time.Second}},
		{"429", Answer{429, nil, "slow down"}, channels.SendError{Verdict: channels.Throttled}},
		{"500", Answer{500, nil, "{}"}, channels.SendError{Verdict: channels.Retry}},
		{"502 of a proxy", Answer{502, nil, "<html>Bad Gateway</html>"}, channels.SendError{Verdict: channels.Retry}},
		{"503", Answer{503, nil, ""}, channels.SendError{Verdict: channels.Retry}},
		{"401", Answer{401, nil, ""}, channels.SendError{Verdict: channels.Retry}},
		{"403", Answer{403, nil, ""}, channels.SendError{Verdict: channels.Retry}},
		{"400 without a code", Answer{400, nil, "no"}, channels.SendError{Verdict: channels.Permanent}},
		{"a redirect", Answer{307, map[string]string{"Location": apiPath + "/elsewhere"}, ""}, channels.SendError{Verdict: channels.Retry}},
	}
	for _, f := range general {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			e := k.fail(t, f.Answer)
			assert.Equal(t, f.Want.Verdict.String(), e.Verdict.String())
			assert.Equal(t, f.Want.After, e.After)
			assert.Empty(t, e.CarrierCode)
			if e.Verdict == channels.Permanent {
				assert.NotZero(t, e.Code, "a receipt that failed for good has a code")
			}
		})
	}
	for _, f := range k.Failures {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			e := k.fail(t, f.Answer)
			assert.Equal(t, f.Want.Verdict.String(), e.Verdict.String())
			e.Cause, e.Verdict = nil, f.Want.Verdict
			assert.Equal(t, f.Want, *e)
			assert.LessOrEqual(t, len(e.Detail), 500)
			if e.Detail != "" {
				assert.NotContains(t, e.Error(), e.Detail, "errors are logged and leave the carrier's words out")
			}
		})
	}
}

// fail sends to a carrier that answers so.
func (k Kit) fail(t *testing.T, a Answer) *channels.SendError {
	t.Helper()
	c := newCarrier(t, a.write)
	_, err := k.adapter(t, c.url).Send(t.Context(), k.Sends[0].Out)
	assert.Len(t, c.requests(), 1, "one attempt, one request")
	return sendError(t, err)
}

// faults checks what a message is worth when the connection fails: before the
// carrier can have it, it is tried again; after that nobody knows.
func (k Kit) faults(t *testing.T) {
	for name, reply := range map[string]http.HandlerFunc{
		"hangs up":              hangUp,
		"hangs up in an answer": k.Accepted.cutOff,
		"an empty answer":       Answer{Status: k.Accepted.Status}.write,
		"no JSON":               Answer{Status: k.Accepted.Status, Body: "<html>"}.write,
		"null":                  Answer{Status: k.Accepted.Status, Body: "null"}.write,
		"an empty object":       Answer{Status: k.Accepted.Status, Body: "{}"}.write,
		"an array":              Answer{Status: k.Accepted.Status, Body: "[1]"}.write,
		"half of the JSON":      Answer{Status: k.Accepted.Status, Body: k.Accepted.Body[:len(k.Accepted.Body)/2]}.write,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCarrier(t, reply)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := k.adapter(t, c.url).Send(ctx, k.Sends[0].Out)
			assert.Equal(t, "unknown", sendError(t, err).Verdict.String())
			assert.Len(t, c.requests(), 1, "never sent twice")
		})
	}
	t.Run("no answer in time", func(t *testing.T) { t.Parallel(); k.hangs(t) })
	t.Run("not reached", func(t *testing.T) { t.Parallel(); k.notReached(t) })
}

// hangs has a carrier that takes the message and does not answer. The deadline
// passes when the message has arrived, and not a moment earlier or later.
func (k Kit) hangs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := newCarrier(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done() // the driver hangs up
	})
	_, err := k.adapter(t, c.url).Send(ctx, k.Sends[0].Out)
	e := sendError(t, err)
	assert.Equal(t, "unknown", e.Verdict.String())
	assert.ErrorIs(t, e, context.Canceled)
}

// notReached tries the ways in which nothing leaves this machine.
func (k Kit) notReached(t *testing.T) {
	out := k.Sends[0].Out

	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	refused := "http://" + listener.Addr().String() + apiPath
	require.NoError(t, listener.Close())
	_, err = k.adapter(t, refused).Send(t.Context(), out)
	assert.Equal(t, "retry", sendError(t, err).Verdict.String(), "connection refused")

	_, err = k.adapter(t, "http://carrier.invalid"+apiPath).Send(t.Context(), out)
	assert.Equal(t, "retry", sendError(t, err).Verdict.String(), "no such host")
	require.ErrorIs(t, err, ErrNotLoopback)

	c := newCarrier(t, k.Accepted.write)
	late, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = k.adapter(t, c.url).Send(late, out)
	assert.Equal(t, "retry", sendError(t, err).Verdict.String(), "the deadline was over before")
	assert.Empty(t, c.requests())
}

func sendError(t *testing.T, err error) *channels.SendError {
	t.Helper()
	var e *channels.SendError
	require.ErrorAs(t, err, &e)
	return e
}
