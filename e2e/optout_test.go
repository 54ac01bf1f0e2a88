package e2e

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

type optOut struct {
	ID      int64
	Address string
	Proxy   string `json:"proxy_address"`
	Source  string
}

// optOuts are all that there are.
func (w *world) optOuts() []optOut {
	w.t.Helper()
	var list struct {
		OptOuts []optOut `json:"opt_outs"`
	}
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/opt-outs", nil, &list))
	return list.OptOuts
}

// obeyed is how many keywords of Alice's have had their turn.
func (w *world) obeyed() string {
	return w.metric(`bridged_inbound_routed_total{channel="sms-main",result="keyword"}`)
}

// refusedTo waits until the n-th message has failed because Alice opted out.
func (w *world) refusedTo(conversation string, n int) *detail {
	w.t.Helper()
	var d *detail
	eventually(w.t, func() bool { d = w.detailOf(conversation, n); return d != nil && d.Status == "failed" }, "the receipt says so")
	assert.Equal(w.t, 21610, w.receipts(conversation, *w.messages(conversation)[n].Sid)[0].ErrorCode)
	return d
}

// On a channel for SMS the carrier answers a STOP, and bridged obeys it.
func TestStopEndsAllSendsUntilStart(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, nil)
	w := newWorld(t, setup{config: numberWebhook("inbound_webhook = %q\n", h.URL+"/sms")})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", " Stop. ")
	w.bobWrites("wamid.1", "are you there?")
	d := w.refusedTo(conversation, 0)
	assert.Empty(t, d.Attempts, "the carrier is not even asked")
	eventually(t, func() bool { return w.obeyed() == "1" }, "the stop has had its turn")
	assert.Empty(t, w.twilio.Sent())
	assert.Empty(t, w.cloud.Sent(), "Bob does not see it")
	assert.Equal(t, []string{"are you there?"}, w.textsIn(conversation))
	assert.Empty(t, w.deadLetters())
	assert.Empty(t, w.unrouted())
	require.Len(t, w.optOuts(), 1)
	o := w.optOuts()[0]
	assert.Equal(t, optOut{ID: o.ID, Address: alice, Proxy: smsProxy, Source: "message"}, o)
	eventually(t, func() bool { return len(h.heard()) == 1 }, "the number's own webhook hears of it all the same")
	assert.Equal(t, "STOP", h.heard()[0].form.Get("OptOutType"))

	require.NoError(t, w.Stop())
	w.start()
	w.write(conversation, "anybody?")
	w.refusedTo(conversation, 1)
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "Bob gets it")

	w.aliceWrites("SM00000000000000000000000000000002", "START")
	eventually(t, func() bool { return len(w.optOuts()) == 0 }, "she is back")
	w.aliceWrites("SM00000000000000000000000000000001", "STOP") // the carrier repeats the old one
	w.bobWrites("wamid.2", "welcome back")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 1 }, "she gets messages again")
	assert.Equal(t, "welcome back", w.twilio.Sent()[0].Body)
	assert.Equal(t, []string{"anybody?"}, bodies(w.cloud.Sent()), "nor does Bob see the start")
	for _, log := range []string{w.Log()} {
		assert.NotContains(t, log, strings.TrimPrefix(alice, "+"))
	}
}

// What the carrier knows and bridged does not is learned from its refusal.
func TestACarriersRefusalIsAnOptOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{twilioFault: func(fakecarrier.Sent) fakecarrier.Fault {
		return fakecarrier.Fault{Status: 400, Body: `{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}`}
	}})
	conversation := w.converse()
	w.bobWrites("wamid.1", "hello?")
	w.refusedTo(conversation, 0)
	require.Len(t, w.optOuts(), 1)
	assert.Equal(t, "carrier", w.optOuts()[0].Source)
	w.bobWrites("wamid.2", "hello??")
	w.refusedTo(conversation, 1)
	assert.Len(t, w.twilio.Sent(), 1, "the carrier is not asked again")
}

// Where bridged answers, it does so once, also where the carrier delivers a message
// twice.
func TestWhereBridgedAnswersAStopItDoesSoOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: `
[opt_out]
stop = ["basta"]
stop_reply = "As you wish."
[[channels]]
name = "sms-other"
type = "sms"
driver = "simulator"
numbers = ["+15550100002"]
opt_out = "bridged"
`})
	conversation := w.emptyRoom()
	w.join(conversation, alice, "+15550100002")
	w.join(conversation, bob, whatsappProxy)
	write := func(text string) {
		body := `{"from":"` + alice + `","to":["+15550100002"],"body":"` + text + `"}`
		answer := w.requestWith(http.MethodPost, "/bridged/v1/simulator/messages", "application/json", strings.NewReader(body), nil)
		require.NoError(t, answer.Body.Close())
		require.Less(t, answer.StatusCode, 300)
	}
	write("Basta!!")
	write("BASTA")
	write("stop") // which is no keyword here
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "the last one is relayed")
	assert.Equal(t, []string{"stop"}, bodies(w.cloud.Sent()))
	w.bobWrites("wamid.1", "what?")
	w.refusedTo(conversation, 1)
	assert.Equal(t, []string{"As you wish."}, w.onHandset(alice))

	require.Len(t, w.optOuts(), 1)
	path := "/bridged/v1/opt-outs/" + strconv.FormatInt(w.optOuts()[0].ID, 10)
	assert.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, path, nil, nil), "the operator lifts it")
	assert.Equal(t, http.StatusNotFound, w.call(http.MethodDelete, path, nil, nil))
	w.bobWrites("wamid.2", "sorry")
	eventually(t, func() bool { return len(w.onHandset(alice)) == 2 }, "she gets messages again")
	form := url.Values{"Address": {alice}, "ProxyAddress": {"+15550100002"}}
	assert.Equal(t, http.StatusCreated, w.call(http.MethodPost, "/bridged/v1/opt-outs", form, nil))
	w.bobWrites("wamid.3", "hello")
	w.refusedTo(conversation, 3)
	assert.Equal(t, http.StatusBadRequest, w.call(http.MethodPost, "/bridged/v1/opt-outs", url.Values{"Address": {alice}, "ProxyAddress": {"x"}}, nil))
}

// onHandset are the texts that a simulated handset got, oldest first.
func (w *world) onHandset(address string) (texts []string) {
	w.t.Helper()
	var list struct {
		Messages []struct{ Direction, Body string }
	}
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/simulator/handsets/"+url.PathEscape(address)+"/messages", nil, &list))
	for _, m := range list.Messages {
		if m.Direction == "received" {
			texts = append(texts, m.Body)
		}
	}
	return texts
}

// A STOP on WhatsApp is a word, unless the configuration says otherwise.
func TestAStopOnWhatsAppIsText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.converse()
	w.bobWrites("wamid.1", "STOP")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 1 }, "it is relayed")
	assert.Empty(t, w.optOuts())
}

// Three people behind one number are told apart, and nobody's number is told.
func TestReadersAreToldWhoSpeaks(t *testing.T) {
	t.Parallel()
	const carol = "+15550200009"
	w := newWorld(t, setup{config: "[relay]\nprefix = true\n"})
	conversation := w.converse()
	w.join(conversation, carol, smsProxy)
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main", fakecarrier.Message{ID: "SM00000000000000000000000000000001", From: carol, To: smsProxy, Body: "hello"}))
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 && len(w.twilio.Sent()) == 1 }, "the two others get it")
	w.bobWrites("wamid.1", "hi")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 3 }, "and then Bob's")
	w.aliceWrites("SM00000000000000000000000000000002", "hey")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 4 && len(w.cloud.Sent()) == 2 }, "and Alice's")
	var got []string
	for _, s := range append(w.twilio.Sent(), w.cloud.Sent()...) {
		got = append(got, s.To+" "+s.Body)
		for _, person := range []string{alice, bob, carol} {
			if number := strings.TrimPrefix(strings.TrimPrefix(person, "whatsapp:"), "+"); !strings.Contains(s.To, number) {
				assert.NotContains(t, s.Raw, number, "nobody else's number is in it")
			}
		}
	}
	number := strings.TrimPrefix(bob, "whatsapp:+")
	assert.ElementsMatch(t, []string{
		alice + " [Participant 1] hello", number + " [Participant 1] hello", alice + " [Participant 2] hi", carol + " [Participant 2] hi",
		carol + " [Participant 3] hey", number + " [Participant 3] hey",
	}, got)
	assert.Equal(t, []string{"hello", "hi", "hey"}, w.textsIn(conversation), "the conversation has the texts alone")
}
