package bridge_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/store"
)

// forgetAll forgets what can be forgotten now, and returns in how many commits.
func (w *world) forgetAll() (commits int) {
	w.t.Helper()
	for {
		commits++
		next, err := w.ForgetEvents(w.t.Context())
		require.NoError(w.t, err)
		if next.Sub(w.clock.now()) >= time.Second { // there is no more for now
			return commits
		}
	}
}

// forgetsTo forgets until n events are left, and finds that no more can be forgotten.
// Elsewhere on the same PostgreSQL server there may be transactions that hold it up.
func (w *world) forgetsTo(n int) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); w.events() > n; <-time.After(time.Millisecond) {
		require.True(w.t, time.Now().Before(deadline), "%d are left, not %d", w.events(), n)
		w.forgetAll()
	}
	w.forgetAll()
	assert.Equal(w.t, n, w.events())
}

// happened is an event of which only the time matters.
func happened(c conversations.ConversationID, at time.Time) conversations.Event {
	return conversations.Event{
		Type: conversations.MessageAdded, Conversation: c, At: at,
		After: conversations.Resource{Message: &conversations.Message{Conversation: c}},
	}
}

func (w *world) events() int { return w.count("SELECT count(*) FROM events") }

func TestEventsAreForgottenWhenTheirTimeHasCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *bridge.Config) { c.EventRetention = 2 * time.Hour })
	key := w.conversation(alice, carla)
	w.say(key, string(alice), "old")
	old := w.events()
	w.clock.advance(time.Hour)
	w.say(key, string(alice), "new")
	fresh := w.events() - old
	w.forgetsTo(old + fresh)
	w.clock.advance(time.Hour + time.Second)
	w.forgetsTo(fresh)
	w.clock.advance(time.Hour)
	w.forgetsTo(0)
}

// Many are removed in several commits, between which others have the time for theirs.
func TestManyEventsAreForgottenInBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 1200
	require.NoError(t, w.cfg.Commit(t.Context(), func(tx bridge.Tx) error {
		for i := range n {
			if err := tx.Record(happened(conversations.ConversationID(fmt.Sprint(i)), start)); err != nil {
				return err
			}
		}
		return nil
	}))
	w.clock.advance(4*time.Hour - time.Second)
	assert.Equal(t, 1, w.forgetAll())
	assert.Equal(t, n, w.events())
	w.clock.advance(2 * time.Second)
	for deadline := time.Now().Add(30 * time.Second); w.events() == n; {
		require.True(t, time.Now().Before(deadline))
		next, err := w.ForgetEvents(t.Context())
		require.NoError(t, err)
		assert.True(t, next.After(w.clock.now()), "it rests")
	}
	assert.Positive(t, w.events(), "not all at once")
	w.forgetsTo(0)
}

// Who reads slowly, or not at all for some days, finds all events from those days.
func TestWhatHasToBeReadStays(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	w := newWorld(t)
	mayRead, read := make(chan int), make(chan int)
	_, err := w.db.FollowEvents(t.Context(), store.EventReaderConfig{
		Name: "slow", Linger: time.Millisecond, Poll: 10 * time.Millisecond,
		Step: func(ctx context.Context, state string, events []conversations.Event) (store.Step, error) {
			if len(events) == 0 {
				return store.Step{State: state}, nil
			}
			select {
			case n := <-mayRead:
				return store.Step{Through: n, State: state, Apply: func(*store.Tx) error { return nil }}, nil
			case read <- len(events):
				return store.Step{State: state}, nil
			case <-ctx.Done():
				return store.Step{}, ctx.Err()
			}
		},
	})
	require.NoError(t, err)
	record := func() {
		require.NoError(t, w.cfg.Commit(t.Context(), func(tx bridge.Tx) error {
			return tx.Record(happened("c", w.clock.now()))
		}))
	}
	for range 10 { // one a day
		record()
		w.clock.advance(day)
		w.forgetAll()
	}
	w.forgetsTo(7) // the slow reader cannot read those from before
	finds := func(n int) {
		for deadline := time.Now().Add(30 * time.Second); <-read != n; {
			require.True(t, time.Now().Before(deadline), "it does not find %d", n)
		}
	}
	finds(7)
	mayRead <- 3
	finds(4)
	w.forgetsTo(4)
	require.NoError(t, w.db.Close())
}
