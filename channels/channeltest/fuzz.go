package channeltest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
)

// Fuzz feeds the driver with signed bodies that nobody has thought of, starting
// from the recorded ones, at both of its URLs. It must not panic, and what it makes of
// them must be sound. The same body without its signature is refused.
func Fuzz(f *testing.F, k Kit) {
	f.Helper()
	for _, h := range k.Hooks {
		f.Add(payload(f, h.File), h.Status)
	}
	for _, body := range k.Malformed {
		f.Add([]byte(body), false)
	}
	receiver, ok := k.adapter(f, nowhere).(channels.HookReceiver)
	require.True(f, ok)
	f.Fuzz(func(t *testing.T, body []byte, status bool) {
		r := k.request(body, status)
		got, err := receiver.ReceiveHook(r)
		if err != nil {
			require.Empty(t, got)
			require.ErrorIs(t, err, channels.ErrMalformed)
			if len(body) > 20 {
				require.NotContains(t, err.Error(), string(body), "an error is logged and quotes no body")
			}
		} else {
			sound(t, got)
			again, err := receiver.ReceiveHook(r)
			require.NoError(t, err)
			require.Equal(t, got, again, "a repeat is recognisable")
		}
		r.Header.Del(k.Header)
		got, err = receiver.ReceiveHook(r)
		require.ErrorIs(t, err, channels.ErrSignature)
		require.Empty(t, got)
	})
}

// FuzzAnswers has the carrier answer sends, and the fetching of files, with whatever
// comes to mind. What the driver makes of an answer is one of the few things that
// the relay can act upon, and nothing of it is longer than what is kept.
func FuzzAnswers(f *testing.F, k Kit) {
	f.Helper()
	f.Add(k.Accepted.Status, "", []byte(k.Accepted.Body))
	for _, failure := range k.Failures {
		f.Add(failure.Answer.Status, failure.Answer.Header["Retry-After"], []byte(failure.Answer.Body))
	}
	for _, after := range []string{"7", "-1", "0.5", "1e9", "Fri, 31 Dec 1999 23:59:59 GMT"} {
		f.Add(http.StatusTooManyRequests, after, []byte("{}"))
	}
	f.Fuzz(func(t *testing.T, status int, after string, body []byte) {
		if status < 200 || status > 599 {
			return // it is no answer, or not the last one
		}
		c := &answering{status: status, body: body, header: http.Header{"Retry-After": {after}, "Content-Type": {"application/json"}}}
		client := &http.Client{Transport: c}
		a, err := k.New(Env{Name: Name, PublicURL: PublicURL, APIBaseURL: nowhere, HTTPClient: client, FileClient: client})
		require.NoError(t, err)
		sent, err := a.Send(t.Context(), k.Sends[0].Out)
		require.Equal(t, 1, c.asked, "one send, one request")
		isSoundAnswer(t, status, body, sent, err)
		if fetcher, ok := a.(channels.MediaFetcher); ok && k.Fetch != nil {
			c.asked = 0
			fetchSoundly(t, fetcher, k.Fetch.Media(nowhere), body)
			require.LessOrEqual(t, c.asked, 12, "it comes to an end")
		}
	})
}

// isSoundAnswer checks what a driver says of an answer to a send.
func isSoundAnswer(t *testing.T, status int, body []byte, sent channels.Sent, err error) {
	t.Helper()
	if err == nil {
		require.Less(t, status, 300, "only a success is one")
		require.NotEmpty(t, sent.ProviderID)
		require.True(t, utf8.ValidString(sent.ProviderID) && !strings.Contains(sent.ProviderID, "\x00"), "%q", sent.ProviderID)
		return
	}
	var e *channels.SendError
	require.ErrorAs(t, err, &e)
	require.Empty(t, sent)
	if status < 300 {
		require.Equal(t, channels.Unknown.String(), e.Verdict.String(), "the carrier may have taken it")
	} else {
		require.NotEqual(t, channels.Unknown.String(), e.Verdict.String(), "it was refused")
	}
	isSoundError(t, e, body)
	if e.Verdict == channels.Permanent {
		require.NotZero(t, e.Code, "a receipt that failed for good has a code")
	}
}

func isSoundError(t *testing.T, e *channels.SendError, body []byte) {
	t.Helper()
	require.GreaterOrEqual(t, e.Code, 0)
	require.GreaterOrEqual(t, e.After, time.Duration(0))
	require.LessOrEqual(t, e.After, 24*time.Hour)
	for _, s := range []string{e.CarrierCode, e.Detail} {
		require.LessOrEqual(t, len(s), 500)
		require.True(t, utf8.ValidString(s) && !strings.Contains(s, "\x00"), "%q", s)
	}
	if len(body) > 20 {
		require.NotContains(t, e.Error(), string(body), "errors are logged and leave the carrier's words out")
	}
}

// fetchSoundly fetches a file and reads it to its end.
func fetchSoundly(t *testing.T, fetcher channels.MediaFetcher, m conversations.Media, body []byte) {
	t.Helper()
	file, err := fetcher.FetchMedia(t.Context(), m)
	if err == nil {
		defer func() { assert.NoError(t, file.Close()) }()
		_, err = io.Copy(io.Discard, file)
		require.NoError(t, err)
		return
	}
	var e *channels.SendError
	require.ErrorAs(t, err, &e)
	isSoundError(t, e, body)
}

// answering is a transport that answers every request in the same way, without any
// network.
type answering struct {
	status int
	header http.Header
	body   []byte
	asked  int
}

// RoundTrip implements http.RoundTripper.
func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked++
	if r.Body != nil {
		_, err := io.Copy(io.Discard, r.Body)
		if err = errors.Join(err, r.Body.Close()); err != nil {
			return nil, err
		}
	}
	if err := context.Cause(r.Context()); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header.Clone(),
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r,
	}, nil
}
