package bridge_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// The whole life of a message, with what is known of its receipt at each step.
func TestAMessageIsRelayedAndItsReceiptFollowsTheReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice, carla)

	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("in1", alice, "hello")}))
	assert.Equal(t, 1, w.Backlog())
	assert.Empty(t, w.deliveries(), "accepting only stores")

	w.settleInbox()
	assert.Zero(t, w.Backlog())
	sends := w.sends()
	require.Len(t, sends, 1, "the author gets no copy")
	assert.Equal(t, bridge.TopicOutbound("wa"), sends[0].topic)

	claim := w.claim(sends[0], whole)
	require.NotNil(t, claim)
	assert.Equal(t, "hello", claim.Part.Text)
	assert.Equal(t, carla, claim.Delivery.Address)
	assert.Equal(t, waProxy, claim.Delivery.Proxy)
	id := claim.Delivery.ID
	assert.Equal(t, conversations.ProgressSending, w.delivery(id).Progress, "the claim is committed before the send")
	assert.Equal(t, conversations.StatusNone, w.delivery(id).Status)

	w.settle(*claim, bridge.Result{Outcome: conversations.OutcomeAccepted, ProviderID: "out1"})
	d := w.delivery(id)
	assert.Equal(t, conversations.ProgressDone, d.Progress)
	assert.Equal(t, conversations.StatusSent, d.Status)
	assert.Equal(t, "out1", d.ProviderID)

	for _, s := range []conversations.Status{conversations.StatusDelivered, conversations.StatusRead} {
		w.clock.advance(time.Second)
		w.report(conversations.StatusReport{Channel: "wa", ProviderID: "out1", Status: s})
		assert.Equal(t, s, w.delivery(id).Status)
		assert.Equal(t, w.clock.now(), w.delivery(id).Updated)
	}
	w.report(conversations.StatusReport{Channel: "wa", ProviderID: "out1", Status: conversations.StatusDelivered})
	d = w.delivery(id)
	assert.Equal(t, conversations.StatusRead, d.Status, "a late report does not take back what is known")
	assert.Len(t, d.Reports, 3, "every report is kept with the delivery")
	assert.Equal(t, []string{
		"accepted sms 1+0", "routed sms 1", "settled wa sent", "reported wa advanced", "reported wa advanced", "reported wa stale",
	}, w.notes.taken())
	assert.Empty(t, w.tasks(""), "nothing is left to do")
}

func TestEachVerbOfTheWayChangesNothingTheSecondTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice, bob, carla)
	w.receive(inbound("in1", alice, "one two"))

	messages := w.count("SELECT count(*) FROM messages")
	require.NoError(t, w.Route(t.Context(), 0, 1), "the task is given out again after a crash before its Ack")
	require.NoError(t, w.Route(t.Context(), 0, 99), "a message that is not there")
	assert.Equal(t, messages, w.count("SELECT count(*) FROM messages"))
	assert.Zero(t, w.Backlog())

	for _, task := range w.sends() {
		claim := w.claim(task, words)
		require.NotNil(t, claim)
		assert.Nil(t, w.claim(task, words), "a part that is being sent is not given out twice")

		next, err := w.Settle(t.Context(), *claim, w.accepted(), words)
		require.NoError(t, err)
		require.NotNil(t, next, "the second part")
		again, err := w.Settle(t.Context(), *claim, w.accepted(), words)
		require.NoError(t, err)
		assert.Nil(t, again, "the second part is being sent already")

		final := w.accepted()
		_, err = w.Settle(t.Context(), *next, final, words)
		require.NoError(t, err)
		w.report(conversations.StatusReport{Channel: claim.Delivery.Channel, ProviderID: final.ProviderID, Status: conversations.StatusDelivered})
		before := w.delivery(claim.Delivery.ID)
		w.clock.advance(time.Second)
		_, err = w.Settle(t.Context(), *next, final, words)
		require.NoError(t, err)
		assert.Equal(t, before, w.delivery(claim.Delivery.ID))
	}
	events := w.count("SELECT count(*) FROM events")
	for seq := range w.count("SELECT count(*) FROM statuses") + 2 {
		require.NoError(t, w.Advance(t.Context(), 0, int64(seq)))
	}
	assert.Equal(t, events, w.count("SELECT count(*) FROM events"))
}

func TestAMessageThatAChannelDeliversTwiceIsTakenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice, carla)

	w.receive(inbound("in1", alice, "hello"), inbound("in1", alice, "hello"))
	w.receive(inbound("in1", alice, "hello"))
	assert.Equal(t, 1, w.count("SELECT count(*) FROM messages"))
	assert.Equal(t, []string{"accepted sms 1+1", "routed sms 1", "accepted sms 0+1"}, w.notes.taken())

	w.receive(inbound("in1", carla, "the id of another channel is another id"))
	assert.Equal(t, 2, w.count("SELECT count(*) FROM messages"))
	assert.Zero(t, w.Backlog())
}

func TestNothingIsAcceptedOfNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.Accept(t.Context(), nil))
	require.NoError(t, w.AcceptStatuses(t.Context(), nil))
	assert.Empty(t, w.tasks(""))
}

func TestWhatNobodyWantsIsUnroutedWithTheReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*conversations.Inbound)
		reason string
	}{
		"a number of nobody":   {func(m *conversations.Inbound) { m.To = "+15551112222" }, "no channel is configured"},
		"a stranger":           {func(m *conversations.Inbound) { m.From = "+15551112222" }, "no live conversation"},
		"another proxy number": {func(m *conversations.Inbound) { m.To = otherProxy }, "no live conversation"},
		"a group":              {func(m *conversations.Inbound) { m.Others = []conversations.Address{bob} }, "group message"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.conversation(alice, carla)
			m := inbound("in1", alice, "hello")
			c.change(&m)
			w.receive(m)
			page, err := w.db.Unrouted(t.Context(), conversations.Page{Size: 10})
			require.NoError(t, err)
			require.Len(t, page.Items, 1)
			assert.Contains(t, page.Items[0].Reason, c.reason)
			assert.Equal(t, "hello", page.Items[0].Body, "the text is kept for who looks into it")
			assert.Zero(t, w.Backlog())
			assert.Zero(t, w.count("SELECT count(*) FROM messages"))
			assert.Contains(t, w.notes.taken(), "routed sms 2")
		})
	}
}

func TestMediaWithoutTextIsAMessageWithoutBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	m := inbound("in1", alice, "")
	m.Media = []conversations.Media{{URL: "https://carrier.example/1", ContentType: "image/png"}}
	w.receive(m, inbound("in2", alice, ""))

	page, err := w.db.Messages(t.Context(), key.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 2)
	assert.Nil(t, page.Items[0].Body)
	require.Len(t, page.Items[0].Media, 1)
	assert.True(t, conversations.ValidID(string(page.Items[0].Media[0].ID)))
	assert.Equal(t, ptr(""), page.Items[1].Body, "an empty text without media is still a text")
	fetches := w.tasks(bridge.TopicFetch)
	require.Len(t, fetches, 1)
	f, err := w.BeginFetch(t.Context(), fetches[0].seq, page.Items[0].Media[0].ID)
	require.NoError(t, err)
	require.NoError(t, w.SettleFetch(t.Context(), fetches[0].seq, *f, bridge.Fetched{ContentType: "image/png", Size: 3, SHA256: "aa"}))
	claim := w.claimOnly(whole)
	assert.Empty(t, claim.Part.Text)
	require.Len(t, claim.Part.Media, 1)
	assert.Equal(t, f.File, claim.Part.Media[0].ID)
	assert.Equal(t, "image/png", claim.Part.Media[0].ContentType)
}

func TestIndicesHaveNoGapsAndMessagesOfAPairKeepTheirOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	var batch []conversations.Inbound
	for i := range 5 {
		batch = append(batch, inbound("in"+strconv.Itoa(i), alice, strconv.Itoa(i)))
	}
	w.receive(batch...)
	page, err := w.db.Messages(t.Context(), key.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 5)
	for i, m := range page.Items {
		assert.Equal(t, int64(i), m.Index)
		assert.Equal(t, strconv.Itoa(i), *m.Body)
	}
	assert.Equal(t, []string{"0", "1", "2", "3", "4"}, w.sendAll(whole))
}
