package e2e

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/fakecarrier"
)

// anotherOnSMS is a second person on SMS, beside Alice.
const anotherOnSMS = "+15550200077"

// amounts is a summary as the reference writes it.
func amounts(total float64, sent, delivered, read, failed, undelivered string) map[string]any {
	return map[string]any{
		"total": total, "sent": sent, "delivered": delivered, "read": read, "failed": failed, "undelivered": undelivered,
	}
}

// statusOf reports the status of what Twilio sent.
func (w *world) statusOf(s fakecarrier.Sent, status string, code int) {
	w.t.Helper()
	w.accepted(w.twilio.Report(w.t.Context(), w.URL+"/hooks/sms-main/status", s, status, code))
}

// Page 36, example 1: an agent on chat writes to people outside. The summary says at
// a glance whether they got it, and the receipts say who did not and why. Who is on
// chat disturbs neither.
func TestAnAgentOnChatSeesWhetherThePeopleOutsideGotTheMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	for _, identity := range []string{"agent", "supervisor"} {
		_, err := w.api.CreateConversationParticipant(conversation, &conversations.CreateConversationParticipantParams{Identity: ptr(identity)})
		require.NoError(t, err)
	}
	message := func(text string) string {
		m, err := w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{Author: ptr("agent"), Body: &text})
		require.NoError(t, err)
		eventually(t, func() bool { return w.delivery(conversation, *m.Sid)["sent"] == "all" }, "both carriers have it")
		return *m.Sid
	}
	first := message("your parcel is here")
	w.statusOf(w.twilio.Sent()[0], "delivered", 0)
	w.accepted(w.cloud.Report(t.Context(), w.URL+"/hooks/wa-main", w.cloud.Sent()[0], "read", 0))
	want := amounts(2, "all", "all", "some", "none", "none")
	eventually(t, func() bool { return assert.ObjectsAreEqual(want, w.delivery(conversation, first)) }, "both got it, one has read it")

	second := message("please sign for it")
	w.statusOf(w.twilio.Sent()[1], "undelivered", 30003)
	w.accepted(w.cloud.Report(t.Context(), w.URL+"/hooks/wa-main", w.cloud.Sent()[1], "delivered", 0))
	want = amounts(2, "all", "some", "none", "none", "some")
	eventually(t, func() bool { return assert.ObjectsAreEqual(want, w.delivery(conversation, second)) }, "one did not get it")
	receipts := w.receipts(conversation, second)
	require.Len(t, receipts, 2, "those on chat have none")
	assert.Equal(t, "undelivered", *receipts[0].Status)
	assert.Equal(t, 30003, receipts[0].ErrorCode)
	assert.Regexp(t, "^SM", *receipts[0].ChannelMessageSid)
	assert.Equal(t, "delivered", *receipts[1].Status)
	assert.Regexp(t, "^WA", *receipts[1].ChannelMessageSid)

	// Page 57: whoever reads in WhatsApp has a read horizon that moves by itself.
	participants, err := w.api.ListConversationParticipant(conversation, &conversations.ListConversationParticipantParams{})
	require.NoError(t, err)
	for _, p := range participants {
		if *p.Sid == *receipts[1].ParticipantSid {
			require.NotNil(t, p.LastReadMessageIndex)
			assert.Zero(t, *p.LastReadMessageIndex, "the first message")
			assert.NotNil(t, p.LastReadTimestamp)
		} else {
			assert.Nil(t, p.LastReadMessageIndex)
		}
	}
}

// Page 36, example 2: where is the message between two people on SMS? Its author gets
// no copy, and so has no receipt.
func TestAMessageBetweenTwoPeopleOnSMSIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(t, err)
	_, err = w.api.CreateConversationParticipant(*c.Sid, &conversations.CreateConversationParticipantParams{Identity: ptr("agent")})
	require.NoError(t, err)
	w.join(*c.Sid, alice, smsProxy)
	other := w.join(*c.Sid, anotherOnSMS, smsProxy)

	w.aliceWrites("SM00000000000000000000000000000001", "are you there yet?")
	eventually(t, func() bool { return len(w.messages(*c.Sid)) == 1 }, "it is in the conversation")
	message := *w.messages(*c.Sid)[0].Sid
	for _, step := range []struct{ status, delivered string }{{"sent", "none"}, {"delivered", "all"}} {
		if step.status != "sent" { // acceptance is that
			w.statusOf(w.twilio.Sent()[0], step.status, 0)
		}
		want := amounts(1, "all", step.delivered, "none", "none", "none")
		eventually(t, func() bool { return assert.ObjectsAreEqual(want, w.delivery(*c.Sid, message)) }, "it is %s", step.status)
	}
	receipts := w.receipts(*c.Sid, message)
	require.Len(t, receipts, 1)
	assert.Equal(t, *other.Sid, *receipts[0].ParticipantSid)
	assert.Equal(t, "delivered", *receipts[0].Status)
	assert.Equal(t, w.twilio.Sent()[0].ID, *receipts[0].ChannelMessageSid)
}

// Each status comes 5 ms before the answer to its own send has ended, while the sends
// to others are under way too, and ends on its own delivery.
func TestAStatusFiveMillisecondsBeforeTheAnswerEndsOnItsDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(t, err)
	statuses := map[string]string{alice: "delivered", anotherOnSMS: "undelivered", "+15550200078": "failed"}
	people := make(map[string]string)
	for address := range statuses {
		people[*w.join(*c.Sid, address, smsProxy).Sid] = address
	}
	w.twilio.Received = func(s fakecarrier.Sent) {
		code := 0
		if statuses[s.To] != "delivered" {
			code = 30005
		}
		w.statusOf(s, statuses[s.To], code)
		<-time.After(5 * time.Millisecond) // the answer ends that much later
	}
	message := w.write(*c.Sid, "all of you")
	want := amounts(3, "some", "some", "none", "some", "some")
	eventually(t, func() bool { return assert.ObjectsAreEqual(want, w.delivery(*c.Sid, message)) }, "all three are told of")
	for _, r := range w.receipts(*c.Sid, message) {
		assert.Equal(t, statuses[people[*r.ParticipantSid]], *r.Status)
	}
}

// What a carrier calls a failure is on the receipt by the reference's code, and with
// its own code and words in the delivery, with all attempts and all reports.
func TestACarriersCodesAreTranslatedAndKept(t *testing.T) {
	t.Parallel()
	refused := make(chan struct{}, 1)
	w := newWorld(t, setup{cloudFault: func(fakecarrier.Sent) fakecarrier.Fault {
		select {
		case refused <- struct{}{}: // the first send only
			return fakecarrier.Fault{Status: 500, Body: `{"error":{"code":131016,"message":"Service unavailable"}}`}
		default:
			return fakecarrier.Fault{}
		}
	}})
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(t, err)
	w.join(*c.Sid, bob, whatsappProxy)
	for n, of := range []struct{ carriers, reference int }{
		{131026, 63024}, {131047, 63016}, {470, 63016}, {131051, 63021}, {131053, 63019}, {130472, 63032}, {131049, 63032}, {999999, 63023},
	} {
		message := w.write(*c.Sid, "hello")
		eventually(t, func() bool { return w.delivery(*c.Sid, message)["sent"] == "all" }, "the carrier has it")
		sent := w.cloud.Sent()
		w.accepted(w.cloud.Report(t.Context(), w.URL+"/hooks/wa-main", sent[len(sent)-1], "failed", of.carriers))
		eventually(t, func() bool { return w.delivery(*c.Sid, message)["failed"] == "all" }, "it is told of %d", of.carriers)
		assert.Equal(t, of.reference, w.receipts(*c.Sid, message)[0].ErrorCode, of.carriers)

		d := w.detailOf(*c.Sid, n)
		assert.Equal(t, of.reference, d.ErrorCode)
		said := carriersWords{"failed", of.reference, strconv.Itoa(of.carriers), "a failure"}
		assert.Equal(t, []carriersWords{said}, d.StatusReports)
		assert.Equal(t, said, d.Attempts[len(d.Attempts)-1].carriersWords)
		if n == 0 {
			require.Equal(t, []string{"refused", "accepted"}, d.outcomes())
			assert.Equal(t, carriersWords{"", 63009, "131016", "Service unavailable"}, d.Attempts[0].carriersWords)
		}
	}
}

// A carrier that took a message and says later that the person wants none is heeded
// as if it had said so at once.
func TestALateReportOfAnOptOutIsHeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	message := w.write(conversation, "hello?")
	eventually(t, func() bool { return w.delivery(conversation, message)["sent"] == "all" }, "both carriers have it")
	w.statusOf(w.twilio.Sent()[0], "undelivered", 21610)
	eventually(t, func() bool { return len(w.optOuts()) == 1 }, "it is an opt-out")
	o := w.optOuts()[0]
	assert.Equal(t, optOut{ID: o.ID, Address: alice, Proxy: smsProxy, Source: "carrier"}, o)
	again := w.write(conversation, "hello??")
	eventually(t, func() bool { return w.delivery(conversation, again)["failed"] == "some" }, "the carrier is not asked again")
	assert.Len(t, w.twilio.Sent(), 1)
}
