package webhooks

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestOverridesOf(t *testing.T) {
	t.Parallel()
	usual := []string{"ct"}
	for fragment, want := range map[string]overrides{
		"":                           {policy: usual},
		"#":                          {policy: usual},
		"#top":                       {policy: usual},
		"#rc=2":                      {policy: usual, retries: 2},
		"#rc=0&rp=5xx":               {policy: []string{"5xx"}},
		"#rp=5xx&rc=0":               {policy: []string{"5xx"}},
		"#rp=4xx,rt":                 {policy: []string{"4xx", "rt"}, retries: 1},
		"#rp=all&rc=5":               {policy: []string{"all"}, retries: 5},
		"#rp=none":                   {policy: usual},
		"#rp=5xx,none":               {policy: usual},
		"#rc=6":                      {policy: usual},
		"#rc=-1":                     {policy: usual},
		"#rc=x":                      {policy: usual},
		"#ct=100&rt=15000&tt=300":    {policy: usual, connect: 100 * time.Millisecond, read: 15 * time.Second, total: 300 * time.Millisecond},
		"#ct=10001&rt=99&tt=15001":   {policy: usual},
		"#ct=2s&rt=&tt":              {policy: usual},
		"#e=dublin&sni=y&ct=10000":   {policy: usual, connect: 10 * time.Second},
		"#ct=99999999999999999999":   {policy: usual},
		"#rc=3&rp=ct,rt,4xx,5xx&x=1": {policy: []string{"ct", "rt", "4xx", "5xx"}, retries: 3},
	} {
		assert.Equal(t, want, overridesOf("https://example.com/hook?rc=4"+fragment), fragment)
	}
}

func TestWhatIsRepeated(t *testing.T) {
	t.Parallel()
	for fragment, want := range map[string][]string{
		"":                 nil,
		"#rc=2":            {"ct"},
		"#rc=2&rp=rt":      {"rt"},
		"#rc=2&rp=4xx,5xx": {"4xx", "5xx"},
		"#rc=2&rp=all":     {"4xx", "5xx", "ct", "rt"},
	} {
		o := overridesOf(fragment)
		var repeated []string
		for _, failure := range []string{"", "4xx", "5xx", "ct", "rt"} {
			if o.repeats(failure, 2) {
				repeated = append(repeated, failure)
			}
			assert.False(t, o.repeats(failure, 3), "the first call and two more")
		}
		assert.Equal(t, want, repeated, fragment)
	}
}

// Whatever a fragment says, nothing of it is sent or signed, and what it asks for is
// within the bounds.
func TestAnyFragment(t *testing.T) {
	t.Parallel()
	c := newCaller(nil, func() string { return "12345" }, time.Second)
	rapid.Check(t, func(t *rapid.T) {
		pair := rapid.Custom(func(t *rapid.T) string {
			name := rapid.SampledFrom([]string{"ct", "rt", "tt", "rc", "rp", "e", ""}).Draw(t, "name")
			value := rapid.OneOf(
				rapid.Custom(func(t *rapid.T) string { return fmt.Sprint(rapid.IntRange(-1, 20_000).Draw(t, "number")) }),
				rapid.SampledFrom([]string{"0", "1", "5", "all", "4xx,5xx", "ct,x"}),
				rapid.String(),
			).Draw(t, "value")
			return name + "=" + value
		})
		fragment := strings.Join(rapid.SliceOf(pair).Draw(t, "pairs"), "&")
		o := overridesOf("https://example.com/hook#" + fragment)
		for _, d := range []time.Duration{o.connect, o.read, o.total} {
			assert.True(t, d == 0 || d >= 100*time.Millisecond && d <= 15*time.Second, d)
		}
		assert.True(t, o.retries >= 0 && o.retries <= 5)
		for _, failure := range o.policy {
			assert.True(t, slices.Contains([]string{"ct", "rt", "4xx", "5xx", "all"}, failure), failure)
		}
		method := rapid.SampledFrom([]string{http.MethodGet, http.MethodPost}).Draw(t, "method")
		build := func(target string) *http.Request {
			req, err := c.build(t.Context(), request{method: method, url: target, form: url.Values{"A": {"1"}}, token: "t"})
			require.NoError(t, err)
			return req
		}
		plain, marked := build("https://example.com/hook?x=1"), build("https://example.com/hook?x=1#"+fragment)
		assert.Equal(t, plain.URL.String(), marked.URL.String())
		assert.Equal(t, plain.Header, marked.Header)
	})
}

// The vector was made with twilio-node 6.2.0 and accepted by twilio-go 1.31.0.
func TestTheSignatureIsOfTheURLWithoutFragmentAndUser(t *testing.T) {
	t.Parallel()
	c := newCaller(nil, func() string { return "12345" }, time.Second)
	form := url.Values{"EventType": {"onMessageAdded"}, "Body": {"hé"}, "Attributes": {"{}"}, "ConversationSid": {"CH1"}}
	for _, target := range []string{
		"https://example.com/hook?x=1", "https://example.com/hook?x=1#rc=2&ct=200", "https://user:password@example.com/hook?x=1#",
	} {
		req, err := c.build(t.Context(), request{method: http.MethodPost, url: target, form: form})
		require.NoError(t, err)
		assert.Equal(t, "Vz1OgKCAGukwqa02omzF86XKiZU=", req.Header.Get(signatureHeader), target)
	}
}
