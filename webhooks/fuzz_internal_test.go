package webhooks

import (
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"bridged/conversations"
)

// FuzzTwiML reads answers of the webhooks of numbers. Nothing of what comes out is
// longer than the answer, all of it can be kept, and a redirect leads to the web.
func FuzzTwiML(f *testing.F) {
	for _, answer := range []string{
		"", "hello", `<Response/>`, `<Response><Message>a</Message></Response>`, "\uFEFF<?xml version=\"1.0\"?><Response><Redirect>/b</Redirect></Response>",
		`<Response><Message to="+1" from="+2" action="x"><Body>a</Body><Media>https://a.example/b</Media><Media>/c</Media></Message><Dial/></Response>`,
		`<Response><Redirect method="get">//elsewhere.example:99999/%zz</Redirect><Message>never</Message></Response>`,
		`<!DOCTYPE r [<!ENTITY a "b">]><Response>&a;</Response>`, "<Response>\x00</Response>", "<a><b>", `<Response><Redirect>javascript:1</Redirect></Response>`,
		`<Response><Message><Message>a</Message>&#x0;&#xD800;</Message></Response>`,
	} {
		for _, kind := range []string{"text/xml", "text/plain; charset=utf-8", "application/json", "text/html"} {
			f.Add(kind, []byte(answer))
		}
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		p := page{request: request{url: "https://user:password@hooks.example/a?b=c"}, Answer: Answer{Status: 200, ContentType: kind, Body: body}}
		d, failure := p.read()
		if failure != nil {
			require.NotZero(t, failure.code)
			require.NotContains(t, failure.Error(), "password")
		}
		total := 0
		for _, reply := range d.replies {
			total += len(reply.Body) + len(reply.From) + len(reply.To)
			texts := reply.Body + string(reply.From) + string(reply.To) + strings.Join(reply.Media, "")
			require.True(t, utf8.ValidString(texts) && !strings.Contains(texts, "\x00"), "%q", texts)
			for _, file := range reply.Media {
				require.NotContains(t, file, "password", "the carrier fetches it")
			}
		}
		require.LessOrEqual(t, total, 3*len(body), "U+FFFD has three bytes")
		require.LessOrEqual(t, len(d.unsupported), maxIgnored)
		for _, name := range d.unsupported {
			require.True(t, utf8.ValidString(name))
			require.LessOrEqual(t, len(name), maxName)
		}
		if d.redirect != nil {
			require.NoError(t, conversations.CheckURL("Redirect", d.redirect.url))
			require.Contains(t, []string{"GET", "POST"}, d.redirect.method)
		}
	})
}

// FuzzAmendment reads answers of pre-action webhooks: what they want changed is what a
// client could have sent in its place.
func FuzzAmendment(f *testing.F) {
	for _, body := range []string{
		``, ` `, `{}`, `null`, `[]`, `{"body":"a","author":"b","attributes":"{}","friendly_name":"c"}`, `{"body":null}`, `{"body":1}`,
		`{"body":"\u0000","BODY":"x"}`, `{"friendly_name":"\ud800"}`, "{\"body\":\"\xff\"}", `{"body":"a"}{"body":"b"}`,
	} {
		f.Add(byte(0), []byte(body))
		f.Add(byte(1), []byte(body))
	}
	events := []conversations.EventType{conversations.ConversationAdd, conversations.MessageUpdate, conversations.ParticipantAdd}
	f.Fuzz(func(t *testing.T, event byte, body []byte) {
		kind := events[int(event)%len(events)]
		amended, err := amendmentOf(kind, body)
		if err != nil {
			require.Empty(t, amended)
			require.True(t, conversations.InvalidParameter.Is(err) || err == errNoObject) //nolint:errorlint // it is this one
			return
		}
		for name, text := range map[string]*string{
			"friendly_name": amended.FriendlyName, "body": amended.Body, "author": amended.Author, "attributes": amended.Attributes,
		} {
			if text == nil {
				continue
			}
			require.Equal(t, name == "friendly_name", kind == conversations.ConversationAdd)
			require.NotEqual(t, conversations.ParticipantAdd, kind)
			require.True(t, utf8.ValidString(*text) && !strings.Contains(*text, "\x00"), "%s: %q cannot be kept", name, *text)
		}
	})
}

// FuzzOverrides reads the fragments of webhooks' URLs, which bound what a call takes.
func FuzzOverrides(f *testing.F) {
	for _, fragment := range []string{"", "ct=2000&rc=3&rp=ct,5xx", "rt=99&tt=15001&rc=-1&rp=x", "ct=0x10&rc=1e0", "=&;%zz#"} {
		f.Add(fragment)
	}
	f.Fuzz(func(t *testing.T, fragment string) {
		o := overridesOf("https://hooks.example/?ct=1#" + fragment)
		for i, bound := range []time.Duration{o.connect, o.read, o.total} {
			most := []time.Duration{10 * time.Second, 15 * time.Second, 15 * time.Second}[i]
			require.True(t, bound == 0 || bound >= 100*time.Millisecond && bound <= most, bound)
		}
		require.True(t, o.retries >= 0 && o.retries <= mostRetries)
		require.NotEmpty(t, o.policy)
		require.False(t, o.repeats(failedServer, o.retries+1))
		if u, err := url.Parse("https://hooks.example/#" + fragment); err == nil {
			require.NoError(t, conversations.CheckURL("Url", strings.TrimSuffix(u.String(), "#")))
		}
	})
}
