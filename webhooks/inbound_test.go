package webhooks_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twilio/twilio-go/client"

	"bridged/conversations"
	"bridged/webhooks"
)

const token = "anauthtoken"

// site is a server with pages, each of which answers in its own way. It checks
// every request's signature by the official library.
type site struct {
	*httptest.Server

	t     *testing.T
	pages map[string]http.HandlerFunc

	mu    sync.Mutex
	asked []asked
}

// asked is a request that came.
type asked struct {
	method, path string
	form         url.Values
	header       http.Header
}

func newSite(t *testing.T, pages map[string]http.HandlerFunc) *site {
	t.Helper()
	s := &site{t: t, pages: pages}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	assert.NoError(s.t, r.ParseForm())
	params := map[string]string{}
	for name := range r.PostForm {
		params[name] = r.PostForm.Get(name)
	}
	validator := client.NewRequestValidator(token)
	assert.True(s.t, validator.Validate(s.URL+r.URL.RequestURI(), params, r.Header.Get("X-Twilio-Signature")), "the signature of %s", r.URL.Path)
	s.mu.Lock()
	s.asked = append(s.asked, asked{r.Method, r.URL.Path, r.Form, r.Header})
	s.mu.Unlock()
	s.pages[r.URL.Path](w, r)
}

// paths are the pages that were asked for, in order.
func (s *site) paths() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.asked {
		list = append(list, a.method+" "+a.path)
	}
	return list
}

func (s *site) last() asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[len(s.asked)-1]
}

// says is a page with a document.
func says(contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, body)
	}
}

// twiml is a page with TwiML.
func twiml(verbs string) http.HandlerFunc {
	return says("text/xml", `<?xml version="1.0" encoding="UTF-8"?><Response>`+verbs+"</Response>")
}

func fails(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func moved(status int, to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, status) }
}

// caller is an Inbound with its log.
func caller() (*webhooks.Inbound, *bytes.Buffer) {
	log := new(bytes.Buffer)
	return webhooks.NewInbound(webhooks.InboundConfig{
		AccountSID: "AC1", AuthToken: func() string { return token }, Timeout: 5 * time.Second,
		Log: slog.New(slog.NewTextHandler(log, nil)),
	}), log
}

var hello = conversations.InboundCall{Message: conversations.Inbound{
	Channel: "sms", ProviderID: "SM00000000000000000000000000000001", From: "+15550000001", To: "+15559990001", Body: "héllo & goodbye",
	Media: []conversations.Media{
		{ProviderID: "only the carrier has it"},
		{URL: "https://user:secret@example.com/1.png", ContentType: "image/png"},
		{URL: "https://example.com/2.png", ContentType: "image/png"},
	},
}}

func TestWhatAWebhookIsTold(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]http.HandlerFunc{"/sms": twiml("")})
			in, _ := caller()
			call := hello
			call.MessagingService = "0123456789abcdef0123456789abcdef"
			answer, err := in.Call(t.Context(), conversations.Listener{URL: s.URL + "/sms?x=1&y=a%2Fb#rc=2", Method: method}, call)
			require.NoError(t, err)
			assert.Equal(t, conversations.CallAnswer{}, answer)
			require.Equal(t, []string{method + " /sms"}, s.paths())
			got := s.last()
			assert.Equal(t, url.Values{
				"x": {"1"}, "y": {"a/b"},
				"MessageSid": {"SM00000000000000000000000000000001"}, "SmsSid": {"SM00000000000000000000000000000001"},
				"SmsMessageSid": {"SM00000000000000000000000000000001"}, "AccountSid": {"AC1"},
				"MessagingServiceSid": {"MG0123456789abcdef0123456789abcdef"},
				"From":                {"+15550000001"}, "To": {"+15559990001"}, "Body": {"héllo & goodbye"},
				"NumMedia": {"1"}, "MediaUrl0": {"https://example.com/2.png"}, "MediaContentType0": {"image/png"},
				"NumSegments": {"1"}, "SmsStatus": {"received"}, "ApiVersion": {"2010-04-01"},
			}, got.form)
			first := got.header.Get("I-Twilio-Idempotency-Token")
			assert.Regexp(t, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", first)
			_, err = in.Call(t.Context(), conversations.Listener{URL: s.URL + "/sms", Method: method}, call)
			require.NoError(t, err)
			assert.Equal(t, first, s.last().header.Get("I-Twilio-Idempotency-Token"), "the same message again")
			_, err = in.Call(t.Context(), conversations.Listener{URL: s.URL + "/sms", Method: method}, hello)
			require.NoError(t, err)
			assert.NotEqual(t, first, s.last().header.Get("I-Twilio-Idempotency-Token"), "another webhook")
			assert.NotContains(t, s.last().form, "MessagingServiceSid")
		})
	}
}

func TestWhatAWebhookIsToldOfAPersonOnWhatsApp(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{"/wa": twiml("")})
	in, _ := caller()
	for from, want := range map[conversations.Address]url.Values{
		"whatsapp:+15550000001":            {"ProfileName": {"Zoë & Co"}, "WaId": {"15550000001"}},
		"whatsapp:US.13491208655302741918": {"ProfileName": {"Zoë & Co"}},
		"+15550000001":                     {},
	} {
		call := hello
		call.Message.From, call.Message.To, call.Message.ProfileName = from, "whatsapp:+15559990001", "Zoë & Co"
		_, err := in.Call(t.Context(), conversations.Listener{URL: s.URL + "/wa", Method: http.MethodPost}, call)
		require.NoError(t, err)
		got := url.Values{}
		for _, name := range []string{"ProfileName", "WaId"} {
			if v, ok := s.last().form[name]; ok {
				got[name] = v
			}
		}
		assert.Equal(t, want, got, "%s", from)
		assert.Equal(t, string(from), s.last().form.Get("From"))
	}
}

func TestAnswersOfWebhooks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page    http.HandlerFunc
		want    []conversations.Reply
		code    int
		refused string
		log     string
	}{
		"nothing":            {page: fails(204)},
		"an empty document":  {page: says("text/xml", "<Response/>")},
		"a text":             {page: twiml("<Message> hi </Message>"), want: []conversations.Reply{{Body: "hi"}}},
		"as HTML":            {page: says("text/html; charset=utf-8", "<Response><Message>hi</Message></Response>"), want: []conversations.Reply{{Body: "hi"}}},
		"letters":            {page: twiml("<Message>a &lt;b&gt; &#233; <![CDATA[<&>]]><!-- no --></Message>"), want: []conversations.Reply{{Body: "a <b> é <&>"}}},
		"a byte order mark":  {page: says("text/xml", "\uFEFF<Response><Message>hi</Message></Response>"), want: []conversations.Reply{{Body: "hi"}}},
		"a text with a mark": {page: says("text/plain", "\uFEFFhi"), want: []conversations.Reply{{Body: "hi"}}},
		"nothing but a mark": {page: says("text/plain", "\uFEFF\r\n")},
		"plain text":         {page: says("text/plain", "hi\x00 there\n"), want: []conversations.Reply{{Body: "hi there"}}},
		"text that is bytes": {page: says("text/plain", "h\xffi"), want: []conversations.Reply{{Body: "h\uFFFDi"}}},
		"several in order": {
			page: twiml(`<!-- first --><Message to="+15550000002" from="+15559990002"><Body>one</Body><Media>https://example.com/1.png</Media><Media>/2.png</Media></Message>
				<Message>two</Message>`),
			want: []conversations.Reply{{To: "+15550000002", From: "+15559990002", Body: "one", Media: []string{"https://example.com/1.png", "SITE/2.png"}}, {Body: "two"}},
		},
		"what is not supported": {
			page: twiml(`<Say>no</Say><Message action="/a" method="GET" statusCallback="/s">hi<Emoji/></Message><Hangup/>`),
			want: []conversations.Reply{{Body: "hi"}}, log: "Say, Message action, Message method, Message statusCallback, Message Emoji, Hangup",
		},
		"broken XML":            {page: twiml("<Message>a secret</Mess>"), code: 12100, refused: "line 1"},
		"broken behind a good":  {page: twiml("<Message>never</Message><Message>a secret</Mess>"), code: 12100, refused: "line 1"},
		"many in each other":    {page: twiml(strings.Repeat("<a>", 20000)), code: 12100, refused: "line 1"},
		"another encoding":      {page: says("text/xml", `<?xml version="1.0" encoding="UTF-16"?><Response/>`), code: 12100, refused: "line 1"},
		"cut off":               {page: says("text/xml", "<Response>\n<Message>a secret"), code: 12100, refused: "line 2"},
		"not TwiML":             {page: says("text/xml", "<html>a secret</html>"), code: 12100, refused: "Response"},
		"two documents":         {page: says("text/xml", "<Response/><Response/>"), code: 12100, refused: "one element"},
		"text around it":        {page: says("text/xml", "a secret <Response/>"), code: 12100, refused: "outside"},
		"an entity of its own":  {page: says("text/xml", `<!DOCTYPE r [<!ENTITY a "a secret">]><Response><Message>&a;</Message></Response>`), code: 12100, refused: "document type"},
		"an unknown entity":     {page: twiml("<Message>&nbsp;</Message>"), code: 12100, refused: "no XML"},
		"another type":          {page: says("application/json", `{"a":"secret"}`), code: 12300, refused: "neither"},
		"too much":              {page: says("text/plain", strings.Repeat("x", 64<<10+1)), code: 11750, refused: "65536"},
		"good before the wrong": {page: twiml("<Message>hi</Message><Redirect>file:///etc/passwd</Redirect>"), want: []conversations.Reply{{Body: "hi"}}, code: 12100, refused: "redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]http.HandlerFunc{"/sms": c.page})
			in, log := caller()
			answer, err := in.Call(t.Context(), conversations.Listener{URL: s.URL + "/sms", Method: http.MethodPost}, hello)
			require.NoError(t, err)
			for i, r := range c.want {
				for j, u := range r.Media {
					c.want[i].Media[j] = strings.Replace(u, "SITE", s.URL, 1)
				}
			}
			assert.Equal(t, c.want, answer.Replies)
			assert.Equal(t, c.code, answer.ErrorCode)
			assert.Contains(t, answer.Refused, c.refused)
			assert.Equal(t, c.refused == "", answer.Refused == "")
			assert.Contains(t, log.String(), c.log)
			assert.NotContains(t, log.String()+answer.Refused, "secret")
		})
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{
		"/first":  twiml(`<Message>one</Message><Redirect method="GET">second?a=1</Redirect><Message>never</Message>`),
		"/second": twiml(`<Redirect>/third</Redirect>`),
		"/third":  twiml(`<Message>three</Message>`),
		"/circle": twiml(`<Message>round</Message><Redirect>/circle</Redirect>`),
		"/lost":   twiml(`<Message>never</Message><Redirect>/broken</Redirect>`),
		"/broken": fails(500),
	})
	in, _ := caller()
	listener := conversations.Listener{URL: s.URL + "/first", Method: http.MethodPost}
	answer, err := in.Call(t.Context(), listener, hello)
	require.NoError(t, err)
	assert.Equal(t, []conversations.Reply{{Body: "one"}, {Body: "three"}}, answer.Replies)
	assert.Equal(t, []string{"POST /first", "GET /second", "POST /third"}, s.paths())

	listener.URL = s.URL + "/circle"
	answer, err = in.Call(t.Context(), listener, hello)
	require.NoError(t, err)
	assert.Len(t, answer.Replies, 6)
	assert.Equal(t, 11215, answer.ErrorCode)
	assert.Contains(t, answer.Refused, "more than 5 times")
	assert.Len(t, s.paths(), 3+6)

	listener.URL = s.URL + "/lost"
	answer, err = in.Call(t.Context(), listener, hello)
	require.ErrorContains(t, err, "it answered 500")
	assert.Empty(t, answer.Replies, "all of it is asked for again")
}

// A webhook's credentials are for its own server: a redirect takes them along, a
// file's URL, which the carrier is given, does not.
func TestCredentialsOfAWebhook(t *testing.T) {
	t.Parallel()
	var users []string
	basic := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			user, password, _ := r.BasicAuth()
			users = append(users, user+":"+password)
			next(w, r)
		}
	}
	s := newSite(t, map[string]http.HandlerFunc{
		"/sms":  basic(twiml(`<Redirect>/next</Redirect>`)),
		"/next": basic(twiml(`<Message><Media>/1.png</Media></Message>`)),
	})
	in, _ := caller()
	listener := conversations.Listener{URL: strings.Replace(s.URL, "http://", "http://user:secret@", 1) + "/sms", Method: http.MethodPost}
	answer, err := in.Call(t.Context(), listener, hello)
	require.NoError(t, err)
	assert.Equal(t, []string{"user:secret", "user:secret"}, users)
	assert.Equal(t, []conversations.Reply{{Media: []string{s.URL + "/1.png"}}}, answer.Replies)
}

func TestRedirectsOfHTTP(t *testing.T) {
	t.Parallel()
	other := newSite(t, map[string]http.HandlerFunc{"/sms": twiml("<Message>other</Message>")})
	s := newSite(t, map[string]http.HandlerFunc{
		"/kept":   moved(http.StatusTemporaryRedirect, "/here"),
		"/turned": moved(http.StatusFound, "/here?x=1"),
		"/here":   twiml("<Message>here</Message>"),
		"/circle": moved(http.StatusFound, "/circle"),
		"/away":   moved(http.StatusTemporaryRedirect, other.URL+"/sms"),
	})
	in, _ := caller()
	for _, path := range []string{"/kept", "/turned"} {
		answer, err := in.Call(t.Context(), conversations.Listener{URL: s.URL + path, Method: http.MethodPost}, hello)
		require.NoError(t, err)
		assert.Equal(t, []conversations.Reply{{Body: "here"}}, answer.Replies)
	}
	assert.Equal(t, []string{"POST /kept", "POST /here", "POST /turned", "GET /here"}, s.paths())
	for _, path := range []string{"/circle", "/away"} {
		_, err := in.Call(t.Context(), conversations.Listener{URL: s.URL + path, Method: http.MethodPost}, hello)
		require.ErrorContains(t, err, "it answered 30")
	}
	assert.Empty(t, other.paths(), "another host is not told")
}

func TestSegments(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{"/sms": fails(204)})
	in, _ := caller()
	for text, want := range map[string]string{
		"":                                     "1",
		strings.Repeat("a", 160):               "1",
		strings.Repeat("a", 161):               "2",
		strings.Repeat("a", 307):               "3",
		strings.Repeat("€", 80):                "1",
		strings.Repeat("€", 81):                "2",
		strings.Repeat("ж", 70):                "1",
		strings.Repeat("ж", 71):                "2",
		strings.Repeat("a", 69) + "\U0001F600": "2",
	} {
		call := hello
		call.Message.Body = text
		_, err := in.Call(t.Context(), conversations.Listener{URL: s.URL + "/sms", Method: http.MethodPost}, call)
		require.NoError(t, err)
		assert.Equal(t, want, s.last().form.Get("NumSegments"), "%d letters", len(text))
	}
	call := hello
	call.Message.From, call.Message.To, call.Message.Body = "whatsapp:+15550000001", "whatsapp:+15559990001", strings.Repeat("a", 500)
	_, err := in.Call(t.Context(), conversations.Listener{URL: s.URL + "/sms", Method: http.MethodPost}, call)
	require.NoError(t, err)
	assert.Equal(t, "1", s.last().form.Get("NumSegments"))
}
