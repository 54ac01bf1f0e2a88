package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twilio/twilio-go/client"

	"bridged/e2e/fakecarrier"
)

// webhook is an application that has a classic inbound webhook.
type webhook struct {
	*httptest.Server

	t *testing.T
	// answer says how it answers a call of a path.
	answer func(path string, form url.Values) (status int, contentType, body string)

	mu    sync.Mutex
	calls []webhookCall
}

type webhookCall struct {
	method, path, token string
	form                url.Values
}

// newWebhook starts an application that answers with nothing, or as it is told.
// Every call's signature is checked by the official library.
func newWebhook(t *testing.T, answer func(path string, form url.Values) (int, string, string)) *webhook {
	t.Helper()
	h := &webhook{t: t, answer: answer}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	assert.NoError(h.t, r.ParseForm())
	params := map[string]string{}
	for name := range r.PostForm {
		params[name] = r.PostForm.Get(name)
	}
	validator := client.NewRequestValidator(authToken)
	assert.True(h.t, validator.Validate(h.URL+r.URL.RequestURI(), params, r.Header.Get("X-Twilio-Signature")), "the signature")
	h.mu.Lock()
	h.calls = append(h.calls, webhookCall{r.Method, r.URL.Path, r.Header.Get("I-Twilio-Idempotency-Token"), r.Form})
	h.mu.Unlock()
	status, contentType, body := http.StatusOK, "text/xml", "<Response/>"
	if h.answer != nil {
		status, contentType, body = h.answer(r.URL.Path, r.Form)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// heard are the calls so far.
func (h *webhook) heard() []webhookCall {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]webhookCall(nil), h.calls...)
}

// says answers with TwiML.
func says(verbs string) (status int, contentType, body string) {
	return http.StatusOK, "text/xml", `<?xml version="1.0" encoding="UTF-8"?><Response>` + verbs + "</Response>"
}

// numberWebhook is the configuration of our SMS number's webhook.
func numberWebhook(more string, args ...any) string {
	return fmt.Sprintf("[[numbers]]\naddress = %q\n", smsProxy) + fmt.Sprintf(more, args...)
}

// "If the phone number's own webhook is set, it will always fire regardless of
// whether the number is tied to any Conversation" (page 38). What it answers with
// reaches the handset as a delivery like any other.
func TestTheNumbersOwnWebhookAlwaysFiresAndIsObeyed(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, func(string, url.Values) (int, string, string) {
		return says(`<Message>thank you</Message><Message to="` + stranger + `">somebody wrote</Message>`)
	})
	w := newWorld(t, setup{config: numberWebhook("inbound_webhook = %q\n", h.URL+"/sms?x=1")})
	conversation := w.converse()
	const id = "SM00000000000000000000000000000001"
	w.aliceWrites(id, "hello")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 2 }, "the answer goes out")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "and Bob has the message")
	require.Len(t, w.messages(conversation), 1, "the answer is in no conversation")

	calls := h.heard()
	require.Len(t, calls, 1)
	assert.Equal(t, "POST", calls[0].method)
	assert.NotEmpty(t, calls[0].token)
	for name, want := range map[string]string{
		"MessageSid": id, "AccountSid": account, "From": alice, "To": smsProxy, "Body": "hello", "NumMedia": "0", "x": "1",
	} {
		assert.Equal(t, want, calls[0].form.Get(name), name)
	}
	for _, s := range w.twilio.Sent() {
		assert.Equal(t, smsProxy, s.From)
		assert.Equal(t, map[string]string{alice: "thank you", stranger: "somebody wrote"}[s.To], s.Body)
	}

	// The receipt. One that comes before the answer to the send would wait for it.
	eventually(t, func() bool {
		return w.metric(`bridged_deliveries_settled_total{channel="sms-main",result="sent"}`) == "2"
	}, "both are sent")
	var thanks fakecarrier.Sent
	for _, s := range w.twilio.Sent() {
		if s.To == alice {
			thanks = s
		}
	}
	w.accepted(w.twilio.Report(t.Context(), w.URL+"/hooks/sms-main/status", thanks, "delivered", 0))
	eventually(t, func() bool {
		return w.metric(`bridged_status_reports_total{channel="sms-main",fate="advanced"}`) == "1"
	}, "the receipt moves on")
	assert.NotContains(t, w.Log(), "thank you")
}

func TestAMessagingServicesWebhookHearsOfWhatMatchesNothing(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, nil)
	const pool = "MG0123456789abcdef0123456789abcdef"
	w := newWorld(t, setup{config: fmt.Sprintf("[[messaging_services]]\nsid = %q\nsenders = [%q]\ninbound_webhook = %q\n", pool, smsProxy, h.URL+"/pool")})
	w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "captured")
	w.strangerWrites("SM00000000000000000000000000000002", "hello")
	eventually(t, func() bool { return len(h.heard()) == 1 }, "the stranger's message is told")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "Alice's is in its conversation")
	assert.Equal(t, stranger, h.heard()[0].form.Get("From"))
	assert.Equal(t, pool, h.heard()[0].form.Get("MessagingServiceSid"))
	assert.Empty(t, w.unrouted(), "it is not unrouted")
	assert.Equal(t, "1", w.metric(`bridged_inbound_routed_total{channel="sms-main",result="webhook"}`))
	explained := w.explain()
	assert.Contains(t, explained, "goes to: webhook\n")
	assert.Contains(t, explained, "inbound webhook: the number's messaging service has an inbound webhook\n")

	w.autocreate(url.Values{})
	w.strangerWrites("SM00000000000000000000000000000003", "again")
	eventually(t, func() bool { return len(w.conversationsOf(stranger)) == 1 }, "autocreation comes first")
	assert.Len(t, h.heard(), 1)
}

func TestAWebhookByGETRedirectsAndFallsBack(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, func(path string, form url.Values) (int, string, string) {
		switch {
		case path == "/spare":
			return http.StatusOK, "text/plain", "spare " + form.Get("ErrorCode")
		case path == "/next":
			return says("<Message><Body>next</Body></Message>")
		case form.Get("Body") == "break":
			return http.StatusInternalServerError, "text/plain", "secret"
		}
		return says(`<Redirect method="GET">/next</Redirect>`)
	})
	w := newWorld(t, setup{config: numberWebhook("inbound_webhook = %q\ninbound_webhook_method = \"GET\"\ninbound_fallback_webhook = %q\n", h.URL+"/sms", h.URL+"/spare")})
	w.strangerWrites("SM00000000000000000000000000000001", "hello")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 1 }, "the redirect is followed")
	w.strangerWrites("SM00000000000000000000000000000002", "break")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 2 }, "the fallback answers")
	assert.Equal(t, []string{"next", "spare 11200"}, bodies(w.twilio.Sent()))
	var paths []string
	for _, c := range h.heard() {
		paths = append(paths, c.method+" "+c.path)
	}
	assert.Equal(t, []string{"GET /sms", "GET /next", "GET /sms", "GET /spare"}, paths)
	assert.Equal(t, h.URL+"/sms", h.heard()[3].form.Get("ErrorUrl"))
	assert.Empty(t, w.unrouted())
}

// A webhook that does not answer keeps neither the conversation that has the
// message nor the webhook's other callers waiting.
func TestAWebhookThatHangsDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	h := newWebhook(t, func(_ string, form url.Values) (int, string, string) {
		if form.Get("From") == alice {
			<-hang
		}
		return says("<Message>thank you</Message>")
	})
	w := newWorld(t, setup{config: numberWebhook("inbound_webhook = %q\n", h.URL+"/sms")})
	t.Cleanup(func() { close(hang) }) // before the daemon and the webhook stop, which would wait
	w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "one")
	eventually(t, func() bool { return len(h.heard()) == 1 }, "it is told")
	w.aliceWrites("SM00000000000000000000000000000002", "two")
	w.bobWrites("wamid.1", "three")
	w.strangerWrites("SM00000000000000000000000000000003", "four")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 }, "Bob has both")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 2 }, "Alice has Bob's, and the stranger an answer")
	assert.Equal(t, []string{"one", "two"}, bodies(w.cloud.Sent()))
	assert.ElementsMatch(t, []string{"three", "thank you"}, bodies(w.twilio.Sent()))
	assert.Len(t, h.heard(), 2, "Alice's second message waits for her first")
}

// A person on WhatsApp is told of by name, and answered there. What a fallback
// answers counts where the webhook answered with what cannot be obeyed.
func TestAWebhookOnWhatsAppWhoseTwiMLIsBrokenFallsBack(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, func(path string, form url.Values) (int, string, string) {
		if path == "/spare" {
			return says("<Message>hello " + form.Get("ProfileName") + ", " + form.Get("ErrorCode") + "</Message>")
		}
		return says("<Message>a secret</Mess>")
	})
	w := newWorld(t, setup{config: fmt.Sprintf("[[numbers]]\naddress = %q\ninbound_webhook = %q\ninbound_fallback_webhook = %q\n", whatsappProxy, h.URL+"/wa", h.URL+"/spare")})
	w.bobWrites("wamid.1", "hi")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "he is answered")
	assert.Equal(t, []string{"hello A person, 12100"}, bodies(w.cloud.Sent()))
	require.Len(t, h.heard(), 2)
	for _, c := range h.heard() {
		assert.Equal(t, bob, c.form.Get("From"))
		assert.Equal(t, whatsappProxy, c.form.Get("To"))
		assert.Equal(t, strings.TrimPrefix(bob, "whatsapp:+"), c.form.Get("WaId"))
		assert.Regexp(t, "^WA[0-9a-f]{32}$", c.form.Get("MessageSid"))
	}
	assert.Empty(t, w.deadLetters())
	assert.NotContains(t, w.Log(), "a secret")
}

func TestAnAnswerThatIsNoTwiMLIsRecorded(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, func(string, url.Values) (int, string, string) { return says("<Message>a secret</Mess>") })
	w := newWorld(t, setup{config: numberWebhook("inbound_webhook = %q\n", h.URL+"/sms")})
	w.strangerWrites("SM00000000000000000000000000000001", "hello")
	eventually(t, func() bool { return len(w.deadLetters()) == 1 }, "the operator is shown it")
	letter := w.deadLetters()[0]
	assert.Equal(t, "calls", letter.Topic)
	assert.Equal(t, 12100, *letter.ErrorCode)
	assert.Contains(t, letter.Reason, "127.0.0.1")
	assert.NotContains(t, letter.Reason+letter.Payload+w.Log(), "a secret")
	assert.Len(t, h.heard(), 1, "a broken answer is no reason to ask again")
	assert.Empty(t, w.twilio.Sent())
}

// A webhook that is down hears of everything when it is up again, in order, also
// where the daemon was killed meanwhile.
func TestAWebhookThatWasDownHearsOfEverything(t *testing.T) {
	t.Parallel()
	var up sync.Map
	h := newWebhook(t, func(_ string, form url.Values) (int, string, string) {
		if _, ok := up.Load("up"); !ok {
			return http.StatusServiceUnavailable, "text/plain", ""
		}
		return says("<Message>got " + form.Get("Body") + "</Message>")
	})
	w := newWorld(t, setup{withoutRetry: true, config: "[retry]\nfirst = \"20ms\"\nmax = \"100ms\"\nattempts = 1000\n" +
		numberWebhook("inbound_webhook = %q\n", h.URL+"/sms")})
	for i := range 3 {
		w.strangerWrites(fmt.Sprintf("SM%032d", i), fmt.Sprint(i))
	}
	eventually(t, func() bool { return len(h.heard()) > 2 }, "it is tried again")
	require.NoError(t, w.Kill())
	w.start()
	up.Store("up", true)
	eventually(t, func() bool { return len(w.twilio.Sent()) == 3 }, "it hears of all")
	assert.Equal(t, []string{"got 0", "got 1", "got 2"}, bodies(w.twilio.Sent()))
	tokens := map[string]bool{}
	for _, c := range h.heard() {
		tokens[c.token] = true
	}
	assert.Len(t, tokens, 3, "each message has one token, however often it was told")
	assert.Empty(t, w.deadLetters())
}

// A message that a webhook answered with is tried again, and in the end a dead
// letter that leads to its delivery.
func TestAnAnswerThatTheCarrierRefusesIsADeadLetter(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, func(string, url.Values) (int, string, string) { return http.StatusOK, "text/plain", "thank you" })
	w := newWorld(t, setup{
		config:      numberWebhook("inbound_webhook = %q\n", h.URL+"/sms"),
		twilioFault: func(fakecarrier.Sent) fakecarrier.Fault { return fakecarrier.Fault{Status: 500, Body: "oops"} },
	})
	w.strangerWrites("SM00000000000000000000000000000001", "hello")
	eventually(t, func() bool { return len(w.deadLetters()) == 1 }, "it is given up")
	assert.Len(t, w.twilio.Sent(), 4, "after retry.attempts")
	letter := w.deadLetters()[0]
	require.NotNil(t, letter.DeliverySID)
	var shown map[string]any
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/deliveries/"+*letter.DeliverySID, nil, &shown))
	for _, name := range []string{"conversation_sid", "message_sid", "participant_sid"} {
		assert.Contains(t, shown, name)
		assert.Nil(t, shown[name], name)
	}
	assert.Equal(t, "failed", shown["status"])
	assert.Equal(t, stranger, shown["address"])
	assert.Equal(t, smsProxy, shown["proxy_address"])
	assert.Len(t, shown["attempts"], 4)
}
