package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
	"bridged/sign"
)

// attempt is a request to a hook, as somebody may make it who has seen one that was
// signed.
type attempt struct {
	name   string
	method string // empty: POST
	path   string // with its query; empty: the hook's
	host   string // empty: the daemon's own
	header http.Header
	body   string
	want   int // 0: 403
}

// attack makes attempts, one after the other.
func (w *world) attack(hook string, attempts []attempt) {
	w.t.Helper()
	direct := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer direct.CloseIdleConnections()
	for _, a := range attempts {
		method, path := a.method, a.path
		if method == "" {
			method = http.MethodPost
		}
		if path == "" {
			path = hook
		}
		r, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+path, bytes.NewReader([]byte(a.body)))
		require.NoError(w.t, err, a.name)
		if a.header != nil {
			r.Header = a.header
		}
		r.Host = a.host
		answer, err := direct.Do(r)
		require.NoError(w.t, err, a.name)
		_ = answer.Body.Close()
		want := a.want
		if want == 0 {
			want = http.StatusForbidden
		}
		assert.Equal(w.t, want, answer.StatusCode, a.name)
	}
}

// with is a header: pairs of a name and a value. A name that is there twice is sent
// twice.
func with(pairs ...string) http.Header {
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == "Content-Type" {
			h.Del("Content-Type")
		}
		h[pairs[i]] = append(h[pairs[i]], pairs[i+1])
	}
	return h
}

// What the tests of Twilio's signatures are about: the URL that Twilio was told.
const (
	twilioPublic = "https://relay.example.com"
	twilioHook   = "/hooks/sms-main"
	twilioHeader = "X-Twilio-Signature"
)

// known is a request of Twilio's that somebody knows.
type known struct {
	form        url.Values
	body, right string // right is its signature
}

// signed is the header of the same form, signed by Twilio for another URL.
func (k known) signed(u string) http.Header {
	return with(twilioHeader, sign.Form(carrierKey, u, k.form))
}

// signatures are other signatures of the request.
func (k known) signatures(t *testing.T) []attempt {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(k.right)
	require.NoError(t, err)
	return []attempt{
		{name: "no signature", header: with(), body: k.body},
		{name: "an empty one", header: with(twilioHeader, ""), body: k.body},
		{name: "half of it", header: with(twilioHeader, k.right[:14]), body: k.body},
		{name: "in small letters", header: with(twilioHeader, strings.ToLower(k.right)), body: k.body},
		{name: "in hexadecimal", header: with(twilioHeader, hex.EncodeToString(raw)), body: k.body},
		{name: "under another name", header: with("X-Twilio-Signature-256", k.right), body: k.body},
		{name: "behind a wrong one", header: with(twilioHeader, "AAAA", twilioHeader, k.right), body: k.body},
		{name: "two in one", header: with(twilioHeader, "AAAA, "+k.right), body: k.body},
		{name: "made with the account's token", header: with(twilioHeader, sign.Form(authToken, twilioPublic+twilioHook, k.form)), body: k.body},
		{name: "made with no token", header: with(twilioHeader, sign.Form("", twilioPublic+twilioHook, k.form)), body: k.body},
		{name: "of another channel", header: k.signed(twilioPublic + "/hooks/sms-other"), body: k.body},
		{name: "of the URL for statuses", header: k.signed(twilioPublic + twilioHook + "/status"), body: k.body},
		{name: "used at the URL for statuses", path: twilioHook + "/status", header: with(twilioHeader, k.right), body: k.body},
	}
}

// requests are other requests with the signature.
func (k known) requests() []attempt {
	json := `{"MessageSid":"SM2","From":"` + alice + `","To":"` + smsProxy + `","Body":"forged"}`
	covered, overJSON := sign.JSON(carrierKey, twilioPublic+twilioHook, []byte(json))
	multipart := "--x\r\nContent-Disposition: form-data; name=\"Body\"\r\n\r\nforged\r\n--x--\r\n"
	return []attempt{
		{name: "a query more", path: twilioHook + "?x=1", header: with(twilioHeader, k.right), body: k.body},
		{name: "an empty query more", path: twilioHook + "?", header: with(twilioHeader, k.right), body: k.body},
		{name: "a query in another order", path: twilioHook + "?b=2&a=1", header: k.signed(twilioPublic + twilioHook + "?a=1&b=2"), body: k.body},
		{name: "a parameter in the query", path: twilioHook + "?Body=forged", header: with(twilioHeader, k.right), body: k.body},
		{name: "another text", header: with(twilioHeader, k.right), body: strings.Replace(k.body, "a+b", "forged", 1)},
		{name: "a parameter more", header: with(twilioHeader, k.right), body: k.body + "&MediaUrl0=x"},
		{name: "a parameter less", header: with(twilioHeader, k.right), body: strings.Replace(k.body, "&NumMedia=0", "", 1)},
		{name: "a second text before", header: with(twilioHeader, k.right), body: "Body=forged&" + k.body},
		{name: "names in small letters", header: with(twilioHeader, k.right), body: strings.ToLower(k.body)},
		{name: "a plus sign decoded twice", header: with(twilioHeader, k.right), body: strings.ReplaceAll(k.body, "%2B", "+")},
		{name: "escaped twice", header: with(twilioHeader, k.right), body: strings.ReplaceAll(k.body, "%2B", "%252B")},
		{name: "parted by semicolons", header: with(twilioHeader, k.right), body: strings.ReplaceAll(k.body, "&", ";")},
		{name: "no body", header: with(twilioHeader, k.right)},
		{name: "a multipart body", header: with(twilioHeader, k.right, "Content-Type", "multipart/form-data; boundary=x"), body: multipart},
		{name: "JSON under the form's signature", header: with(twilioHeader, k.right, "Content-Type", "application/json"), body: json},
		{name: "JSON that its URL covers", path: strings.TrimPrefix(covered, twilioPublic), header: with(twilioHeader, overJSON, "Content-Type", "application/json"), body: json},
	}
}

// places are other places that the request is said to be for.
func (k known) places(listening string) []attempt {
	return []attempt{
		{name: "over http", header: k.signed("http://relay.example.com" + twilioHook), body: k.body},
		{name: "another port", header: k.signed("https://relay.example.com:8443" + twilioHook), body: k.body},
		{name: "the host in capitals", header: k.signed("https://RELAY.example.com" + twilioHook), body: k.body},
		{name: "a slash at the end", header: k.signed(twilioPublic + twilioHook + "/"), body: k.body},
		{name: "two slashes", header: k.signed(twilioPublic + "/" + twilioHook), body: k.body},
		{name: "for the address that it listens on", header: k.signed(listening + twilioHook), body: k.body},
		{name: "for the host that the request names", host: "evil.example", header: k.signed("https://evil.example" + twilioHook), body: k.body},
		{name: "for the host that a proxy names", header: with(twilioHeader, sign.Form(carrierKey, "http://evil.example"+twilioHook, k.form),
			"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "http", "Forwarded", "host=evil.example;proto=http"), body: k.body},
		{name: "for the path that a proxy names", header: with(twilioHeader, sign.Form(carrierKey, twilioPublic+"/x", k.form),
			"X-Original-URL", "/x", "X-Rewrite-URL", "/x", "X-Forwarded-Prefix", "/x"), body: k.body},
		{name: "by another method", method: http.MethodPut, header: with(twilioHeader, k.right, "X-HTTP-Method-Override", "POST"), body: k.body, want: 405},
		{name: "a slash more in the path", path: twilioHook + "/", header: k.signed(twilioPublic + twilioHook + "/"), body: k.body, want: 404},
		{name: "an escaped slash", path: "/hooks%2Fsms-main", header: k.signed(twilioPublic + "/hooks%2Fsms-main"), body: k.body, want: 404},
		{name: "two slashes in the path", path: "/" + twilioHook, header: k.signed(twilioPublic + "/" + twilioHook), body: k.body, want: 401},
	}
}

// spellings are the same request, written otherwise.
func (k known) spellings() []attempt {
	return []attempt{
		{name: "as it is", header: with(twilioHeader, k.right), body: k.body, want: 200},
		{name: "the header in small letters", header: with("x-twilio-signature", k.right), body: k.body, want: 200},
		{name: "before a wrong one", header: with(twilioHeader, k.right, twilioHeader, "AAAA"), body: k.body, want: 200},
		{name: "with the port", header: k.signed("https://relay.example.com:443" + twilioHook), body: k.body, want: 200},
		{name: "with a query", path: twilioHook + "?a=1&b=%2f#c", header: k.signed(twilioPublic + twilioHook + "?a=1&b=%2f"), body: k.body, want: 200},
		{name: "spaces as %20", header: with(twilioHeader, k.right), body: strings.ReplaceAll(k.body, "+", "%20"), want: 200},
		{name: "escapes in small letters", header: with(twilioHeader, k.right), body: strings.ReplaceAll(k.body, "%2B", "%2b"), want: 200},
		{name: "letters escaped", header: with(twilioHeader, k.right), body: strings.ReplaceAll(k.body, "NumMedia=0", "%4eumMedia=%30"), want: 200},
		{name: "in another order", header: with(twilioHeader, k.right), body: "NumMedia=0&" + strings.Replace(k.body, "&NumMedia=0", "", 1), want: 200},
		{name: "with a charset", header: with(twilioHeader, k.right, "Content-Type", "application/x-www-form-urlencoded; charset=ISO-8859-1"), body: k.body, want: 200},
		{name: "by any host", host: "evil.example", header: with(twilioHeader, k.right, "X-Forwarded-Host", "evil.example", "X-Forwarded-For", "192.0.2.1"), body: k.body, want: 200},
		// As twilio-go signs a repeated parameter: by its first value, which is the one that is read.
		{name: "a second text behind", header: with(twilioHeader, k.right), body: k.body + "&Body=forged&From=%2B15550666", want: 200},
	}
}

// Whoever knows a request of Twilio's, and all that is public, cannot make another one
// of it that is believed; and what differs in its spelling only is the same message.
func TestTwiliosSignatureIsNotGotAround(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{server: "public_url = \"" + twilioPublic + "/\"\ntrusted_proxies = [\"127.0.0.1\"]"})
	listen := regexp.MustCompile(`listen=(\S+)`).FindStringSubmatch(w.Log())
	require.NotNil(t, listen)
	w.URL = "http://" + listen[1] // which is not where the world finds it
	w.api = helperLibrary(w.URL, account, authToken)
	conversation := w.converse()
	k := known{form: url.Values{"MessageSid": {"SM00000000000000000000000000000001"}, "From": {alice}, "To": {smsProxy}, "Body": {"a b&c"}, "NumMedia": {"0"}}}
	k.body, k.right = k.form.Encode(), sign.Form(carrierKey, twilioPublic+twilioHook, k.form)
	for _, attempts := range [][]attempt{k.signatures(t), k.requests(), k.places(w.URL)} {
		w.attack(twilioHook, attempts)
	}
	assert.Empty(t, w.messages(conversation))
	assert.Equal(t, "0", w.metric(`bridged_inbound_accepted_total{channel="sms-main"}`))
	w.attack(twilioHook, k.spellings())
	eventually(t, func() bool { return len(w.messages(conversation)) == 1 }, "it is one message")
	message := w.messages(conversation)[0]
	assert.Equal(t, []string{"a b&c", alice}, []string{*message.Body, *message.Author})
	assert.Empty(t, w.unrouted())
	assert.Equal(t, "1", w.metric(`bridged_inbound_accepted_total{channel="sms-main"}`))
}

// Meta signs the bytes of the body.
func TestMetasSignatureIsNotGotAround(t *testing.T) {
	t.Parallel()
	const hook, header = "/hooks/wa-main", "X-Hub-Signature-256"
	w := newWorld(t, setup{})
	conversation := w.converse()
	body := `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp",` +
		`"metadata":{"display_phone_number":"15550100009","phone_number_id":"` + phoneID + `"},"contacts":[{"wa_id":"15550300002"}],` +
		`"messages":[{"from":"15550300002","id":"wamid.1","timestamp":"1700000000","type":"text","text":{"body":"hello"}}]}}]}]}`
	right := sign.Hub(cloudKey, []byte(body))
	digits := strings.TrimPrefix(right, "sha256=")
	plain := sha256.Sum256([]byte(cloudKey + body))
	w.attack(hook, []attempt{
		{name: "no signature", header: with(), body: body},
		{name: "an empty one", header: with(header, "sha256="), body: body},
		{name: "without the name of the hash", header: with(header, digits), body: body},
		{name: "of another hash", header: with(header, "sha1="+digits), body: body},
		{name: "the hash's name in capitals", header: with(header, "SHA256="+digits), body: body},
		{name: "half of it", header: with(header, right[:39]), body: body},
		{name: "a digit less", header: with(header, right[:len(right)-1]), body: body},
		{name: "more than it", header: with(header, right+"00"), body: body},
		{name: "in the older header", header: with("X-Hub-Signature", right), body: body},
		{name: "made with the access token", header: with(header, sign.Hub(cloudToken, []byte(body))), body: body},
		{name: "made with no secret", header: with(header, sign.Hub("", []byte(body))), body: body},
		{name: "a hash without a key", header: with(header, "sha256="+hex.EncodeToString(plain[:])), body: body},
		{name: "the same JSON in other bytes", header: with(header, right), body: body + "\n"},
		{name: "another text", header: with(header, right), body: strings.Replace(body, "hello", "forged", 1)},
		{name: "behind a wrong one", header: with(header, "sha256=00", header, right), body: body},
		{name: "the verify token in its place", path: hook + "?hub.mode=subscribe&hub.verify_token=a-verify-token", header: with(), body: body},
		{name: "an empty verify token", method: http.MethodGet, path: hook + "?hub.mode=subscribe&hub.verify_token=&hub.challenge=1"},
		{name: "two verify tokens", method: http.MethodGet, path: hook + "?hub.mode=subscribe&hub.verify_token=x&hub.verify_token=a-verify-token"},
		{name: "in capitals", header: with(header, "sha256="+strings.ToUpper(digits)), body: body, want: 200},
		{name: "played back", header: with(header, right), body: body, want: 200},
	})
	eventually(t, func() bool { return len(w.messages(conversation)) == 1 }, "it is one message")
}

// Telnyx signs the time and the bytes of the body; Bandwidth comes with a password.
func TestTheOtherCarriersSignaturesAreNotGotAround(t *testing.T) {
	t.Parallel()
	eachOther(t, nil, func(t *testing.T, w *world, o *other) {
		conversation := w.withErin()
		switch fake := o.fake.(type) {
		case *fakecarrier.Telnyx:
			w.attackTelnyx(fake)
		case *fakecarrier.Bandwidth:
			w.attackBandwidth()
		}
		eventually(t, func() bool { return len(w.messages(conversation)) == 1 }, "what was played back is one message")
		assert.Empty(t, w.unrouted())
	})
}

func (w *world) attackTelnyx(fake *fakecarrier.Telnyx) {
	w.t.Helper()
	const header, timestamp = "Telnyx-Signature-Ed25519", "Telnyx-Timestamp"
	body := `{"data":{"event_type":"message.received","id":"e","occurred_at":"2025-06-01T10:00:00Z","payload":{"id":"in-1","from":{"phone_number":"` +
		erin + `"},"to":[{"phone_number":"` + otherProxy + `"}],"text":"hello"}}}`
	now := time.Now().Unix()
	at := func(seconds int64, offset string) []string {
		text := offset + strconv.FormatInt(seconds, 10)
		return []string{timestamp, text, header, fake.Sign(text, []byte(body))}
	}
	right := at(now, "")
	urlSafe := strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(right[3])
	w.attack(otherHook, []attempt{
		{name: "no signature", header: with(right[:2]...), body: body},
		{name: "no time", header: with(right[2:]...), body: body},
		{name: "an empty signature", header: with(timestamp, right[1], header, ""), body: body},
		{name: "too old", header: with(at(now-360, "")...), body: body},
		{name: "from the future", header: with(at(now+360, "")...), body: body},
		{name: "in milliseconds", header: with(at(now*1000, "")...), body: body},
		{name: "another time than was signed", header: with(timestamp, strconv.FormatInt(now-1, 10), header, right[3]), body: body},
		{name: "the time written otherwise", header: with(timestamp, "+"+right[1], header, right[3]), body: body},
		{name: "a time of words", header: with(timestamp, "now", header, fake.Sign("now", []byte(body))), body: body},
		{name: "part of the body in the time", header: with(timestamp, right[1]+"|"+body[:1], header, right[3]), body: body[1:]},
		{name: "another text", header: with(right...), body: strings.Replace(body, "hello", "forged", 1)},
		{name: "without padding", header: with(timestamp, right[1], header, urlSafe), body: body},
		{name: "half of it", header: with(timestamp, right[1], header, right[3][:44]), body: body},
		{name: "as it is", header: with(right...), body: body, want: 200},
		{name: "played back", header: with(right...), body: body, want: 200},
	})
}

func (w *world) attackBandwidth() {
	w.t.Helper()
	body := `[{"type":"message-received","time":"2025-06-01T10:00:00Z","message":{"id":"in-1","owner":"` + otherProxy +
		`","time":"2025-06-01T10:00:00Z","from":"` + erin + `","to":["` + otherProxy + `"],"text":"hello"}}]`
	login := func(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }
	w.attack(otherHook, []attempt{
		{name: "no credentials", header: with(), body: body},
		{name: "empty ones", header: with("Authorization", login(":")), body: body},
		{name: "another password", header: with("Authorization", login("hooks:a passwort")), body: body},
		{name: "the beginning of it", header: with("Authorization", login("hooks:a passwor")), body: body},
		{name: "more than it", header: with("Authorization", login("hooks:a password ")), body: body},
		{name: "another user", header: with("Authorization", login("api:a password")), body: body},
		{name: "the API's credentials", header: with("Authorization", login("api:an api key")), body: body},
		{name: "the account's", header: with("Authorization", login(account+":"+authToken)), body: body},
		{name: "as a bearer's", header: with("Authorization", "Bearer a password"), body: body},
		{name: "without encoding", header: with("Authorization", "Basic hooks:a password"), body: body},
		{name: "behind wrong ones", header: with("Authorization", login("a:b"), "Authorization", login("hooks:a password")), body: body},
		{name: "for a proxy", header: with("Proxy-Authorization", login("hooks:a password")), body: body},
		{name: "in the URL", path: otherHook + "?username=hooks&password=a+password", header: with(), body: body},
		{name: "as they are", header: with("Authorization", login("hooks:a password")), body: body, want: 200},
		{name: "played back", header: with("authorization", strings.Replace(login("hooks:a password"), "Basic", "basic", 1)), body: body, want: 200},
	})
}
