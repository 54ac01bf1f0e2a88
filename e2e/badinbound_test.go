package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// kept is an unrouted message as operators see it.
type kept struct {
	ID                     int64
	From, To, Body, Reason string
	Others, Notes          []string
	ProviderID             string `json:"provider_id"`
}

// kept returns all unrouted messages.
func (w *world) kept() []kept {
	w.t.Helper()
	var list struct{ Unrouted []kept }
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/unrouted", nil, &list))
	return list.Unrouted
}

// idOf is a carrier's id of a message.
func idOf(n int) string { return fmt.Sprintf("SM%032d", n) }

// "Missing or malformed From/To", a message whose only recipient is not ours, and
// more members than a group may have (issue 5, bad input).
func TestSendersAndReceiversThatMakeNoSense(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.autocreate(url.Values{})
	hook := w.URL + "/hooks/sms-main"
	long := "+1" + strings.Repeat("5", 3000)
	for i, m := range []fakecarrier.Message{{To: smsProxy}, {From: alice}, {From: long, To: smsProxy}, {From: alice, To: long}} {
		m.ID, m.Body = idOf(i), "who?"
		status, err := w.twilio.Post(t.Context(), hook, m)
		require.NoError(t, err)
		assert.Equal(t, http.StatusBadRequest, status, "%.20s > %.20s", m.From, m.To)
	}
	status, err := w.twilio.Post(t.Context(), hook, fakecarrier.Message{ID: "SM" + long, From: alice, To: smsProxy, Body: "who?"})
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, status, "an id that no index can hold")
	status, err = w.cloud.PostRaw(t.Context(), w.URL+"/hooks/wa-main", w.cloudMessage(`{"id":"wamid.1","type":"text","text":{"body":"x"}}`))
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, status, "nobody sent it")

	crowd := url.Values{}
	for i := range 30 {
		crowd.Set(fmt.Sprintf("OtherRecipients%d", i), fmt.Sprintf("+155502100%02d", i))
	}
	for i, m := range []fakecarrier.Message{
		{From: "ACME Bank", To: smsProxy, Body: "your code is 1234"},
		{From: "+", To: smsProxy, Body: "a plus"},
		{From: alice, To: "+15551112222", Body: "not ours"},
		{From: alice, To: "nobody", Body: "no number at all"},
		{From: alice, To: smsProxy, Body: "a crowd", Extra: crowd},
	} {
		m.ID = idOf(100 + i)
		w.accepted(w.twilio.Post(t.Context(), hook, m))
	}
	eventually(t, func() bool { return len(w.kept()) == 5 }, "all are kept")
	reasons := map[string]string{
		"your code is 1234": "no conversation is made for a sender whose address no participant could have",
		"a plus":            "no conversation is made for a sender whose address no participant could have",
		"not ours":          "no channel is configured with the number that the message was sent to",
		"no number at all":  "no channel is configured with the number that the message was sent to",
		"a crowd":           "group message",
	}
	for _, k := range w.kept() {
		assert.Contains(t, k.Reason, reasons[k.Body], k.Body)
		if k.Body == "a crowd" {
			assert.Len(t, k.Others, 30)
		}
	}
	assert.Empty(t, w.conversationsOf(alice), "and none made a conversation")
}

// cloudMessage is a request of Meta's with one message, written as it is given.
func (w *world) cloudMessage(message string) []byte {
	return fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":`+
		`{"messaging_product":"whatsapp","metadata":{"phone_number_id":%q},"messages":[%s]}}]}]}`, phoneID, message)
}

// "Two proxies talking to each other must not ring for ever" (issue 5): our SMS
// number is a participant behind our other one, and the other way round, and the
// carrier brings back whatever the one sends to the other.
func TestTwoProxiesTalkingToEachOtherDoNotRingForEver(t *testing.T) {
	t.Parallel()
	const second = "+15550100002"
	w := newWorld(t, setup{config: fmt.Sprintf("[[channels]]\nname = \"sms-second\"\ntype = \"sms\"\nnumbers = [%q]\ndriver = \"simulator\"\n", second)})
	first := w.converse()
	w.join(first, second, smsProxy)
	other := w.converseOf(smsProxy, second)
	w.join(other, "+15550200077", smsProxy)

	// What one of our numbers sends to the other comes back from the carrier.
	returned := make(chan int, 100)
	w.twilio.Received = func(sent fakecarrier.Sent) {
		status, err := w.twilio.Post(context.Background(), w.URL+"/hooks/sms-main",
			fakecarrier.Message{ID: fakecarrier.NewSID(), From: sent.From, To: sent.To, Body: sent.Body})
		assert.NoError(t, err)
		returned <- status
	}
	w.aliceWrites(idOf(1), "is anybody there?")
	assert.Equal(t, http.StatusOK, <-returned)
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main",
		fakecarrier.Message{ID: idOf(2), From: second, To: smsProxy, Body: "is anybody there?"}))
	eventually(t, func() bool { return len(w.kept()) == 2 }, "both are recorded")
	for _, k := range w.kept() {
		assert.Equal(t, "it was sent by a number of ours, so that it may have come round in a loop", k.Reason)
		assert.Equal(t, "is anybody there?", k.Body)
	}
	eventually(t, func() bool { return w.metric("bridged_backlog") == "0" }, "nothing is under way")
	assert.Len(t, w.twilio.Sent(), 1, "it was relayed once")
	assert.Len(t, w.messages(first), 1)
	assert.Empty(t, w.messages(other))
	assert.Equal(t, "2", w.metric(`bridged_inbound_routed_total{channel="sms-main",result="unrouted"}`))
}

// converseOf makes a conversation of one person outside chat.
func (w *world) converseOf(address, proxy string) string {
	w.t.Helper()
	var made struct{ SID string }
	require.Equal(w.t, http.StatusCreated, w.call(http.MethodPost, "/v1/Conversations", nil, &made))
	w.join(made.SID, address, proxy)
	return made.SID
}

// spoken is what parts say together, without spaces.
func spoken(parts []fakecarrier.Sent) string {
	return strings.ReplaceAll(strings.Join(bodies(parts), ""), " ", "")
}

// What people write reaches the others whole, however long it is (contract, 6).
func TestLongInboundMessagesAreNeitherCutNorLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	long := map[string]string{
		"32 KB":            strings.Repeat("0123456789abcde ", 32<<10/16),
		"more than 32 KB":  strings.Repeat("more than that. ", 40<<10/16),
		"of large letters": strings.Repeat("Ж😀 ", 32<<10/7),
	}
	n, before := 0, 0
	for name, text := range long {
		text = strings.TrimSpace(text)
		w.aliceWrites(idOf(n), text)
		n++
		eventually(t, func() bool { return len(w.messages(conversation)) == n }, "it is kept")
		assert.Equal(t, text, *w.messages(conversation)[n-1].Body, name)
		// Parts are split between words, and the spaces there are not sent.
		want := strings.ReplaceAll(text, " ", "")
		eventually(t, func() bool { return spoken(w.cloud.Sent()[before:]) == want }, "Bob gets all of %s", name)
		before = len(w.cloud.Sent())
	}
	w.bobWrites("wamid.long", strings.TrimSpace(long["more than 32 KB"]))
	eventually(t, func() bool { return len(w.messages(conversation)) == n+1 }, "from WhatsApp")
	assert.Equal(t, strings.TrimSpace(long["more than 32 KB"]), *w.messages(conversation)[n].Body)

	status, err := w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main",
		fakecarrier.Message{ID: idOf(99), From: alice, To: smsProxy, Body: strings.Repeat("x", 4<<20)})
	require.NoError(t, err)
	assert.Equal(t, http.StatusRequestEntityTooLarge, status, "no carrier sends four megabytes of text, and it knows that it was not taken")
}

// "Invalid UTF-8 (replaced, and noted), NUL bytes" (issue 5).
func TestWhatIsNoTextIsReplacedAndNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.strangerWrites(idOf(1), "a\xffb")
	w.strangerWrites(idOf(2), "c\x00d")
	w.strangerWrites(idOf(3), "all is well")
	status, err := w.cloud.PostRaw(t.Context(), w.URL+"/hooks/wa-main",
		w.cloudMessage("{\"id\":\"wamid.1\",\"from\":\"15550209999\",\"type\":\"text\",\"text\":{\"body\":\"e\xff\\u0000\\ud83df\"}}"))
	w.accepted(status, err)
	eventually(t, func() bool { return len(w.kept()) == 4 }, "all are kept")
	const replaced, removed = "what was no UTF-8 was replaced by U+FFFD", "NUL characters were removed"
	notes := map[string][]string{
		"a\uFFFDb": {replaced}, "cd": {removed}, "all is well": {}, "e\uFFFD\uFFFDf": {replaced, removed},
	}
	for _, k := range w.kept() {
		assert.Equal(t, notes[k.Body], k.Notes, "%q", k.Body)
	}
	assert.Equal(t, 4, strings.Count(w.Log(), "message is not kept as it came"), "one line for each note")

	conversation := w.converse()
	w.aliceWrites(idOf(4), "g\x00h\xff")
	eventually(t, func() bool { return len(w.messages(conversation)) == 1 }, "it reaches its conversation")
	assert.Equal(t, "gh\uFFFD", *w.messages(conversation)[0].Body)
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "and Bob")
	assert.Equal(t, 6, strings.Count(w.Log(), "message is not kept as it came"))
}

// "A flood from one sender (a per-sender rate with a recorded overflow, off by
// default)" (issue 5).
func TestAFloodFromOneSenderIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: "[limits]\nsender_rate = 0.001\nsender_burst = 3\n"})
	conversation := w.converse()
	for i := range 10 {
		w.aliceWrites(idOf(i), fmt.Sprint(i))
	}
	w.bobWrites("wamid.1", "and I?")
	eventually(t, func() bool { return len(w.messages(conversation)) == 4 && len(w.kept()) == 7 }, "three of hers and his are in")
	for i, k := range w.kept() {
		assert.Equal(t, fmt.Sprint(i+3), k.Body)
		assert.Equal(t, "it is over the sender's rate (limits.sender_rate)", k.Reason)
	}
	assert.Equal(t, "7", w.metric(`bridged_inbound_over_rate_total{channel="sms-main"}`))
	assert.Equal(t, 1, strings.Count(w.Log(), "a sender is over the rate"))

	again := fmt.Sprintf("/bridged/v1/unrouted/%d", w.kept()[0].ID)
	require.Equal(t, http.StatusAccepted, w.call(http.MethodPost, again, nil, nil))
	eventually(t, func() bool { return len(w.messages(conversation)) == 5 }, "it is taken up again")
	assert.Equal(t, "3", *w.messages(conversation)[4].Body)
	assert.Len(t, w.kept(), 6)
}
