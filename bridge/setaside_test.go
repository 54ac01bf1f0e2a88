package bridge_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// faulty is the dead letter of a task that keeps failing.
func (w *world) faulty(t task) conversations.DeadLetter {
	return conversations.DeadLetter{
		Topic: t.topic, Key: t.key, Lease: string(proxy), Payload: []byte(t.payload), Reason: "it panicked", Created: w.clock.now(),
	}
}

// waitingTasks are the ways in which the head of a line can wait for a task: to be
// sent, or for its file to be made to fit. Another message waits behind it.
func waitingTasks() map[string]func(g *gallery, key conversations.ConversationKey) task {
	return map[string]func(g *gallery, key conversations.ConversationKey) task{
		"to be sent": func(g *gallery, key conversations.ConversationKey) task {
			g.say(key, "system", "doomed")
			g.say(key, "system", "behind it")
			return g.sends()[0]
		},
		"for its file": func(g *gallery, key conversations.ConversationKey) task {
			_, err := g.post(key, g.named("kept"))
			require.NoError(g.t, err)
			g.say(key, "system", "behind it")
			send := g.sends()[0]
			claim, err := g.Claim(g.t.Context(), send.seq, send.key, conversations.DeliveryID(send.payload), whole)
			require.NoError(g.t, err)
			require.Nil(g.t, claim)
			return g.tasks(bridge.TopicPrepare)[0]
		},
	}
}

// A task of a delivery that is put aside does not hold up those behind it, and the
// receipt tells of it. It can be sent again like any other.
func TestATaskThatIsPutAsideIsItsDeliverysDeadLetter(t *testing.T) {
	t.Parallel()
	for name, waits := range waitingTasks() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, _ := newTailor(t)
			task := waits(g, g.conversation(alice))
			for range 2 {
				require.NoError(t, g.SetAside(t.Context(), task.seq, g.faulty(task)))
			}
			letters := g.letters()
			require.Len(t, letters, 1)
			d := g.deliveries()[0]
			assert.Equal(t, d.ID, letters[0].Delivery)
			assert.Equal(t, "a fault of bridged: it panicked", letters[0].Reason)
			assert.Equal(t, []any{conversations.ProgressDead, conversations.StatusFailed, 30008}, []any{d.Progress, d.Status, d.ErrorCode})
			assert.Contains(t, g.notes.taken(), "settled sms dead")
			assert.Equal(t, []string{"behind it"}, g.sendAll(whole))

			_, err := g.Redrive(t.Context(), letters[0].Seq)
			require.NoError(t, err)
			assert.Len(t, g.sendAll(whole), 1)
			assert.Equal(t, conversations.StatusSent, g.deliveries()[0].Status)
		})
	}
}

// A version of bridged before this one has left a line that waits for a dead letter.
// Discarding that lets the line go on without the delivery, and redriving with it.
func TestALineThatWaitsForADeadLetterGoesOn(t *testing.T) {
	t.Parallel()
	for name, waits := range waitingTasks() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, redriven := range []bool{false, true} {
				g, _ := newTailor(t)
				task := waits(g, g.conversation(alice))
				g.bury(task)
				letter := g.letters()[0].Seq
				if redriven {
					_, err := g.Redrive(t.Context(), letter)
					require.NoError(t, err)
					g.prepare()
					assert.Len(t, g.sendAll(whole), 2)
					continue
				}
				_, err := g.Discard(t.Context(), system, letter, "she has called")
				require.NoError(t, err)
				d := g.deliveries()[0]
				assert.Equal(t, []any{conversations.ProgressDead, conversations.StatusFailed, 30008}, []any{d.Progress, d.Status, d.ErrorCode})
				assert.Empty(t, g.letters(), "it is discarded, and there is no other")
				assert.Equal(t, []string{"behind it"}, g.sendAll(whole))
			}
		})
	}
}

// What was sent in the meantime is neither sent again nor given up.
func TestATaskOfWhatWasSentMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice), "system", "once")
	task := w.sends()[0]
	w.bury(task)
	w.crash() // which finds the line stranded
	assert.Equal(t, []string{"once"}, w.sendAll(whole))
	letter := w.letters()[0]
	_, err := w.Redrive(t.Context(), letter.Seq)
	refusal(t, conversations.Gone, err, "done in the meantime")
	_, err = w.Discard(t.Context(), system, letter.Seq, "it was sent")
	require.NoError(t, err)
	require.NoError(t, w.SetAside(t.Context(), task.seq, w.faulty(task)))
	assert.Equal(t, conversations.StatusSent, w.deliveries()[0].Status)
	assert.Empty(t, w.letters())
}

// A task that no delivery waits for is put aside as it is.
func TestAnotherTaskIsPutAsideAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice)
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("1", alice, "hello")}))
	task := w.tasks(bridge.TopicInbound)[0]
	letter := w.faulty(task)
	require.NoError(t, w.SetAside(t.Context(), task.seq, letter))
	letter.Seq = w.letters()[0].Seq
	assert.Equal(t, []conversations.DeadLetter{letter}, w.letters())
	assert.Empty(t, w.tasks(bridge.TopicInbound))
}
