package channeltest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
)

// hooks feeds the recorded payloads in, and what is wrong with them.
func (k Kit) hooks(t *testing.T) {
	receiver, ok := k.adapter(t, nowhere).(channels.HookReceiver)
	require.Equal(t, k.Sign != nil, ok, "a channels.HookReceiver declares how its carrier signs")
	if !ok {
		return
	}
	for _, h := range k.Hooks {
		t.Run(h.File, func(t *testing.T) {
			t.Parallel()
			body := payload(t, h.File)
			want := channels.Received{
				Messages: h.Messages, Statuses: h.Statuses,
				ContentType: k.ReplyType, Reply: []byte(k.Reply),
			}
			if k.Reply == "" {
				want.Reply = nil
			}
			got, err := receiver.ReceiveHook(k.request(body, h.Status))
			require.NoError(t, err)
			assert.Equal(t, want, got)
			sound(t, got)

			again, err := receiver.ReceiveHook(k.request(body, h.Status))
			require.NoError(t, err)
			assert.Equal(t, got, again, "a repeat is recognisable: it has the same ids")

			k.refusesStrangers(t, receiver, body, h.Status)
		})
	}
	for _, body := range append(k.Malformed, "\x00\xff", strings.Repeat("{", 1<<21)) {
		_, err := receiver.ReceiveHook(k.request([]byte(body), false))
		require.ErrorIs(t, err, channels.ErrMalformed, "%.40q", body)
		if len(body) > 10 {
			assert.NotContains(t, err.Error(), body[:10], "an error is logged and quotes no body")
		}
	}
}

// request is a signed request with a body.
func (k Kit) request(body []byte, status bool) channels.HookRequest {
	r := channels.HookRequest{
		Method: http.MethodPost,
		URL:    PublicURL + "/hooks/" + Name,
		Header: http.Header{},
		Body:   body,
	}
	if status {
		r.URL += "/status"
	}
	k.Sign(&r)
	return r
}

// refusesStrangers changes the request in every way that makes its signature
// wrong. A password stays right whatever it comes with.
func (k Kit) refusesStrangers(t *testing.T, receiver channels.HookReceiver, body []byte, status bool) {
	t.Helper()
	for name, change := range map[string]func(*channels.HookRequest){
		"no signature":      func(r *channels.HookRequest) { r.Header.Del(k.Header) },
		"an empty one":      func(r *channels.HookRequest) { r.Header.Set(k.Header, "") },
		"nonsense":          func(r *channels.HookRequest) { r.Header.Set(k.Header, "sha256=\xff&%") },
		"a truncated one":   func(r *channels.HookRequest) { r.Header.Set(k.Header, r.Header.Get(k.Header)[:12]) },
		"another body":      func(r *channels.HookRequest) { r.Body = append([]byte("a=b&"), r.Body...) },
		"one that was sent": func(r *channels.HookRequest) { r.Header = k.request([]byte("x"), status).Header },
	} {
		if k.Password && (name == "another body" || name == "one that was sent") {
			continue
		}
		r := k.request(body, status)
		require.NotEmpty(t, r.Header.Get(k.Header))
		change(&r)
		got, err := receiver.ReceiveHook(r)
		require.ErrorIs(t, err, channels.ErrSignature, name)
		assert.Empty(t, got, name)
	}
}

// sound checks what holds for everything that a driver hands over.
func sound(tb testing.TB, got channels.Received) {
	tb.Helper()
	texts := make([]string, 0)
	for _, m := range got.Messages {
		assert.Equal(tb, Name, m.Channel)
		assert.NotEmpty(tb, m.ProviderID)
		assert.NotEmpty(tb, m.From)
		assert.NotEmpty(tb, m.To)
		texts = append(texts, m.ProviderID, string(m.From), string(m.To), m.Body)
		for _, o := range m.Others {
			assert.NotEmpty(tb, o)
			texts = append(texts, string(o))
		}
		texts = append(texts, named(tb, m.From, m.Names)...)
		texts = append(texts, m.ReplyTo, m.Attributes)
		if m.Attributes != "" {
			var object map[string]any
			require.NoError(tb, json.Unmarshal([]byte(m.Attributes), &object), "attributes are a JSON object")
			assert.NotContains(tb, fmt.Sprint(object), "\x00", "not every database stores NUL")
			assert.NotEmpty(tb, object["type"])
		}
		for _, f := range m.Media {
			assert.NotEmpty(tb, f.URL+f.ProviderID, "where else are the bytes?")
			texts = append(texts, f.URL, f.ProviderID, f.ContentType, f.Filename)
		}
	}
	for _, s := range got.Statuses {
		assert.Equal(tb, Name, s.Channel)
		assert.NotEmpty(tb, s.ProviderID)
		assert.NotEmpty(tb, s.Status)
		texts = append(texts, named(tb, s.Address, s.Names)...)
		texts = append(texts, s.ProviderID, string(s.Address), string(s.Proxy), s.CarrierCode, s.Detail)
	}
	for _, s := range texts {
		assert.True(tb, utf8.ValidString(s), "%q is not UTF-8", s)
		assert.NotContains(tb, s, "\x00", "not every database stores NUL")
	}
}

// named checks the other names of somebody: each is told once, on the same channel
// type. It returns them as texts.
func named(tb testing.TB, address conversations.Address, names []conversations.Address) (texts []string) {
	tb.Helper()
	known := map[conversations.Address]bool{address: true, "": true}
	for _, n := range names {
		assert.False(tb, known[n], "%q is empty or told before", n)
		assert.Equal(tb, address.Type(), n.Type())
		known[n] = true
		texts = append(texts, string(n))
	}
	return texts
}

// payload reads a recorded payload.
func payload(tb testing.TB, file string) []byte {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(file)))
	require.NoError(tb, err)
	if strings.HasSuffix(file, ".form") {
		return []byte(strings.Join(strings.Fields(string(body)), "&"))
	}
	return body
}
