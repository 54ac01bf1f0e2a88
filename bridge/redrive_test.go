package bridge_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/store"
)

// giveUp has the only delivery that can go refused until it is a dead letter.
func (w *world) giveUp(out *bridge.Outlet) {
	w.t.Helper()
	for range bridge.DefaultRetry().Attempts {
		w.settle(w.claimOnly(out), refused)
		w.clock.advance(bridge.DefaultRetry().Max)
		_, err := w.Resume(w.t.Context())
		require.NoError(w.t, err)
	}
}

func TestManyAreRedrivenInTheirOrderWithTheirAttemptsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice)
	w.say(key, "system", "first")
	w.giveUp(whole)
	w.say(key, "system", "second")
	w.giveUp(whole)
	w.say(key, "system", "third")
	claim := w.claimOnly(whole) // is under way
	require.Len(t, w.letters(), 2)
	assert.Equal(t, "sms", w.letters()[0].Channel)

	none, err := w.RedriveMany(t.Context(), conversations.DeadLetterFilter{Channel: "wa"}, 0, 10)
	require.NoError(t, err)
	assert.Equal(t, bridge.Redriven{}, none)
	first, err := w.RedriveMany(t.Context(), conversations.DeadLetterFilter{Channel: "sms"}, 0, 1)
	require.NoError(t, err)
	require.Len(t, first.Taken, 1)
	assert.Equal(t, first.Taken[0].Seq, first.Last, "there may be more")
	rest, err := w.RedriveMany(t.Context(), conversations.DeadLetterFilter{Topic: "outbound"}, first.Last, 10)
	require.NoError(t, err)
	assert.Len(t, rest.Taken, 1)
	assert.Zero(t, rest.Last)
	assert.Empty(t, w.letters())

	w.settle(claim, w.accepted())
	assert.Equal(t, []string{"first", "second"}, w.sendAll(whole), "once, in their order")
	d := w.deliveries()[0]
	assert.Len(t, d.Attempts, bridge.DefaultRetry().Attempts+1, "what was tried before is kept")
	assert.Equal(t, conversations.OutcomeRefused, d.Attempts[0].Outcome)
	assert.Equal(t, conversations.StatusSent, d.Status)
	assert.Zero(t, d.ErrorCode)
}

func TestWhatCannotBeRedrivenDoesNotKeepTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(bob)
	p := w.join(key, alice, proxy)
	w.say(key, "system", "hello")
	for range 2 * bridge.DefaultRetry().Attempts {
		w.settle(*w.claim(w.sends()[0], whole), refused)
		w.clock.advance(bridge.DefaultRetry().Max)
		_, err := w.Resume(t.Context())
		require.NoError(t, err)
	}
	require.Len(t, w.letters(), 2)
	require.NoError(t, w.RemoveParticipant(t.Context(), system, service, key, conversations.ParticipantKey{ID: p.ID}))
	got, err := w.RedriveMany(t.Context(), conversations.DeadLetterFilter{}, 0, 10)
	require.NoError(t, err)
	assert.Len(t, got.Taken, 1)
	require.Len(t, got.Refused, 1)
	assert.Contains(t, got.Refused[0].Reason, "has left")
	assert.Equal(t, []string{"hello"}, w.sendAll(whole))
	assert.Equal(t, []conversations.DeadLetter{got.Refused[0].Letter}, w.letters(), "it stays")
}

func TestALinkIsMadeAnewWhereTheCarrierHasNothing(t *testing.T) {
	t.Parallel()
	g, f := newTailor(t)
	key := g.conversation(alice)
	_, err := g.post(key, g.named("linked"))
	require.NoError(t, err)
	g.giveUp(whole)
	before := g.deliveries()[0].Files[0].Link
	require.NotEmpty(t, before)
	g.clock.advance(48 * time.Hour) // it has ended
	_, err = g.Redrive(t.Context(), g.letters()[0].Seq)
	require.NoError(t, err)
	g.sendAll(whole)
	assert.NotEqual(t, before, g.deliveries()[0].Files[0].Link)
	assert.Equal(t, 2, f.asked)
}

func TestAMessageThatGoesOnGoesOnAsItBegan(t *testing.T) {
	t.Parallel()
	g, f := newTailor(t)
	key := g.conversation(alice)
	_, err := g.post(key, g.named("kept"), g.named("kept"), g.named("kept"))
	require.NoError(t, err)
	next, err := g.Settle(t.Context(), g.claimOnly(words), g.accepted(), words)
	require.NoError(t, err)
	g.settle(*next, bridge.Result{Outcome: conversations.OutcomeRefused, Retry: true})
	for len(g.letters()) == 0 {
		g.clock.advance(bridge.DefaultRetry().Max)
		_, err := g.Resume(t.Context())
		require.NoError(t, err)
		g.settle(g.claimOnly(words), refused)
	}
	_, err = g.Redrive(t.Context(), g.letters()[0].Seq)
	require.NoError(t, err)
	assert.Equal(t, "[kept]", shown(g.claimOnly(words).Part), "the second part only")
	assert.Equal(t, 1, f.asked)
}

func TestAFileIsFetchedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.receive(photo("in1", alice, "", "a.png"))
	w.arrives(w.fetches()[0], gone)
	d := w.deliveries()[0]
	assert.Equal(t, []any{conversations.StatusFailed, 63019}, []any{d.Status, d.ErrorCode})
	letter := w.letters()[0]
	assert.Equal(t, "sms", letter.Channel)

	for range 2 { // and again, for it fails once more
		_, err := w.Redrive(t.Context(), w.letters()[0].Seq)
		require.NoError(t, err)
		assert.Empty(t, w.letters())
		assert.Equal(t, conversations.MediaFetching, w.messages(key)[0].Media[0].State)
		assert.Empty(t, w.sends(), "there is nothing to send yet")
		w.arrives(w.fetches()[0], gone)
		require.Len(t, w.letters(), 1)
	}
	_, err := w.Redrive(t.Context(), letter.Seq)
	refusal(t, conversations.NotFound, err, "that one is gone")

	w.say(key, string(alice), "what came since")
	_, err = w.Redrive(t.Context(), w.letters()[0].Seq)
	require.NoError(t, err)
	f := w.arrives(w.fetches()[0], here)
	assert.Equal(t, "https://carrier.example/a.png", f.Source.URL)
	assert.Zero(t, f.Attempts, "a new round")
	assert.Equal(t, conversations.MediaKept, w.messages(key)[0].Media[0].State)
	updates := w.texts("SELECT after FROM events WHERE type = 'onMessageUpdated' ORDER BY seq")
	assert.Len(t, updates, 4)
	w.sendAll(whole)
	d = w.delivery(d.ID)
	assert.Equal(t, []any{conversations.StatusSent, 0, 1, ""}, []any{d.Status, d.ErrorCode, len(d.Attempts), d.Reason}, "what had nothing to deliver goes")
	assert.Empty(t, w.letters())
}

func TestAFileWhoseMessageIsGoneIsNotFetched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.receive(photo("in1", alice, "look", "a.png"))
	w.arrives(w.fetches()[0], gone)
	w.receive(photo("in2", alice, "look", "b.png"))
	w.arrives(w.fetches()[0], gone)
	letters := w.letters()
	require.Len(t, letters, 2)
	require.NoError(t, w.DeleteMessage(t.Context(), system, service, key, w.messages(key)[0].ID))
	assert.Equal(t, letters[1:], w.letters(), "where the file was is forgotten")
	_, err := w.Redrive(t.Context(), letters[0].Seq)
	refusal(t, conversations.NotFound, err, "the message is gone")
	require.NoError(t, w.DeleteConversation(t.Context(), system, service, key))
	assert.Empty(t, w.letters())
	assert.Empty(t, w.fetches())
}

func TestAWebhookIsCalledAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, own)
	w.receive(inbound("in1", alice, "hello"))
	task := w.calls()[0]
	call, _ := w.open(task)
	for range 2 { // the second time changes nothing
		require.NoError(t, w.CloseCall(t.Context(), task.seq, *call, conversations.CallAnswer{Refused: "broken", ErrorCode: 12100}))
	}
	require.Len(t, w.letters(), 1)
	_, err := w.Redrive(t.Context(), w.letters()[0].Seq)
	require.NoError(t, err)
	require.Len(t, w.calls(), 1)
	assert.Equal(t, task.key, w.calls()[0].key)
	again, _ := w.open(w.calls()[0])
	assert.Equal(t, call.Message, again.Message)
	w.answer(w.calls()[0], conversations.CallAnswer{Replies: []conversations.Reply{{Body: "thank you"}}})
	assert.Equal(t, []string{"thank", "you"}, w.sendAll(words))
	assert.Empty(t, w.letters())

	w.receive(inbound("in2", alice, "hello?"))
	w.answer(w.calls()[0], conversations.CallAnswer{Refused: "broken", ErrorCode: 12100})
	w.cfg.Webhooks = nil
	w.crash()
	_, err = w.Redrive(t.Context(), w.letters()[0].Seq)
	refusal(t, conversations.Conflict, err, "there is no webhook")
	assert.Len(t, w.letters(), 1)
}

// bury makes a dead letter of a task, as its queue does.
func (w *world) bury(t task) {
	w.t.Helper()
	require.NoError(w.t, w.db.Update(w.t.Context(), func(tx *store.Tx) error {
		if err := tx.Finish(t.seq); err != nil {
			return err
		}
		return tx.InsertDeadLetter(conversations.DeadLetter{
			Topic: t.topic, Key: t.key, Lease: string(proxy), Payload: []byte(t.payload), Reason: "a fault of ours", Created: w.clock.now(),
		})
	}))
}

func TestATaskGoesBackToItsQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, own)
	key := w.conversation(alice, carla)
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("in1", alice, "hello")}))
	task := w.tasks(bridge.TopicInbound)[0]
	w.bury(task)
	assert.Empty(t, w.tasks(bridge.TopicInbound))
	_, err := w.Redrive(t.Context(), w.letters()[0].Seq)
	require.NoError(t, err)
	again := w.tasks(bridge.TopicInbound)
	require.Len(t, again, 1)
	assert.Equal(t, []string{task.key, task.payload}, []string{again[0].key, again[0].payload})
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM outbox WHERE queue = 'inbound' AND lease = $1", string(proxy)))
	w.settleInbox()
	assert.Len(t, w.messages(key), 1)

	for _, task := range append(w.calls(), w.sends()...) {
		w.bury(task)
		letters := w.letters()
		_, err := w.Redrive(t.Context(), letters[len(letters)-1].Seq)
		require.NoError(t, err, task.topic)
	}
	assert.Len(t, w.calls(), 1)
	assert.Equal(t, []string{"hello"}, w.sendAll(whole))
}

func TestATaskAboutNothingIsNotDoneAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := w.CreateConversation(t.Context(), system, service, bridge.ConversationFields{})
	require.NoError(t, err)
	populate := fmt.Sprintf(`{"Service":%q,"Conversation":%q}`, service, c.ID)
	for _, task := range []task{
		{topic: bridge.TopicInbound, payload: "77"},
		{topic: bridge.TopicStatuses, payload: "77"},
		{topic: bridge.TopicCalls, payload: "77"},
		{topic: bridge.TopicFetch, payload: "f"},
		{topic: bridge.TopicPrepare, payload: "d"},
		{topic: bridge.TopicOutbound("sms"), payload: "d"},
		{topic: bridge.TopicPopulate, payload: populate},
		{topic: bridge.TopicCalls},
		{topic: bridge.TopicFetch},
	} {
		w.bury(task)
		letters := w.letters()
		letter := letters[len(letters)-1]
		_, err := w.Redrive(t.Context(), letter.Seq)
		refusal(t, conversations.Gone, err, task.topic)
		_, err = w.Discard(t.Context(), system, letter.Seq, "it is about nothing")
		require.NoError(t, err)
	}
	assert.Empty(t, w.letters())
	assert.Zero(t, w.count("SELECT COUNT(*) FROM outbox"))
	w.bury(task{topic: bridge.TopicPurge, key: "k", payload: "a"})
	_, err = w.Redrive(t.Context(), w.letters()[0].Seq)
	require.NoError(t, err)
	assert.Len(t, w.tasks(bridge.TopicPurge), 1)
}

func TestADiscardIsKeptWithItsReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.receive(photo("in1", alice, "look", "a.png"))
	w.arrives(w.fetches()[0], gone)
	letter := w.letters()[0].Seq
	for _, reason := range []string{"", "  ", strings.Repeat("x", 1001)} {
		_, err := w.Discard(t.Context(), system, letter, reason)
		refusal(t, conversations.InvalidParameter, err, reason)
	}
	_, err := w.Discard(t.Context(), system, letter+1, "why not")
	refusal(t, conversations.NotFound, err, "there is none")
	got, err := w.Discard(t.Context(), system, letter, " she has sent it by post ")
	require.NoError(t, err)
	assert.Equal(t, []any{w.clock.now(), "tester", "she has sent it by post"}, []any{got.Discarded, got.DiscardedBy, got.DiscardReason})
	w.clock.advance(time.Hour)
	again, err := w.Discard(t.Context(), system, letter, "another")
	require.NoError(t, err)
	assert.Equal(t, got.DiscardReason, again.DiscardReason, "once")

	assert.Empty(t, w.letters())
	_, err = w.Redrive(t.Context(), letter)
	refusal(t, conversations.Gone, err, "it was discarded")
	kept, err := w.db.DeadLetters(t.Context(), conversations.DeadLetterFilter{Discarded: true}, conversations.Page{Size: 9})
	require.NoError(t, err)
	require.Len(t, kept.Items, 1)
	assert.Empty(t, kept.Items[0].Source, "where the file is, is forgotten")
	assert.Len(t, w.messages(key), 1)
}

func TestTwoOperatorsRedriveOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice), "system", "hello")
	w.giveUp(whole)
	letter := w.letters()[0].Seq
	results := make(chan error)
	for i := range 6 {
		go func() {
			if i%2 == 0 {
				_, err := w.Redrive(context.Background(), letter)
				results <- err
				return
			}
			r, err := w.RedriveMany(context.Background(), conversations.DeadLetterFilter{Channel: "sms"}, 0, 10)
			if err == nil && len(r.Taken) == 0 {
				err = conversations.Refuse(conversations.NotFound, "none")
			}
			results <- err
		}()
	}
	taken := 0
	for range 6 {
		if err := <-results; err == nil {
			taken++
		} else {
			refusal(t, conversations.NotFound, err, "another was faster")
		}
	}
	assert.Equal(t, 1, taken)
	assert.Len(t, w.sends(), 1)
	assert.Equal(t, []string{"hello"}, w.sendAll(whole))
}
