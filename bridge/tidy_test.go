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

// Nothing that was given up goes by itself, however old, unless somebody said that
// nobody wants it, and that a month ago. An unrouted message stays too.
func TestOnlyDiscardedLettersGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.receive(inbound("1", alice, "anybody?"))
	for n := range 3 {
		w.bury(task{topic: bridge.TopicPurge, key: "k", payload: fmt.Sprint(n)})
	}
	letters := w.letters()
	_, err := w.Discard(t.Context(), system, letters[0].Seq, "early")
	require.NoError(t, err)
	w.clock.advance(time.Hour)
	_, err = w.Discard(t.Context(), system, letters[1].Seq, "late")
	require.NoError(t, err)
	w.clock.advance(30*day - time.Minute)
	require.NoError(t, w.Tidy(t.Context()))
	assert.Equal(t, []string{"late"}, w.texts("SELECT discard_reason FROM dead_letters WHERE discarded > 0"))
	w.clock.advance(400 * day)
	require.NoError(t, w.Tidy(t.Context()))
	assert.Equal(t, 1, w.count("SELECT count(*) FROM dead_letters"))
	assert.Equal(t, letters[2:], w.letters())
	unrouted, err := w.db.Unrouted(t.Context(), conversations.Page{Size: 10})
	require.NoError(t, err)
	assert.Len(t, unrouted.Items, 1)
}

// What the webhooks of a removed conversation take to hear of its end is kept for eight
// days from its removal.
func TestWhatIsKeptOfRemovedConversationsGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.DeleteConversation(t.Context(), system, service, w.conversation(alice)))
	kept := func() int {
		require.NoError(t, w.Tidy(t.Context()))
		return w.count("SELECT count(*) FROM departed_conversations")
	}
	w.clock.advance(8 * day)
	assert.Equal(t, 1, kept())
	w.clock.advance(time.Microsecond)
	assert.Equal(t, 0, kept())
}

// However much has gathered, no commit removes more than a batch.
func TestWhatGoesGoesInBatches(t *testing.T) {
	t.Parallel()
	var commits int
	w := newWorld(t, func(c *bridge.Config) {
		commit := c.Commit
		c.Commit = func(ctx context.Context, f func(bridge.Tx) error) error {
			commits++
			return commit(ctx, f)
		}
	})
	const many = 1200
	require.NoError(t, w.db.Update(t.Context(), func(tx *store.Tx) error {
		for n := range many {
			r := conversations.StatusRecord{Received: start, StatusReport: conversations.StatusReport{Channel: "wa", ProviderID: fmt.Sprint(n)}}
			if err := tx.InsertStatus(&r); err != nil {
				return err
			}
			if err := tx.KeepAnswer(fmt.Sprint(n), conversations.Answer{At: start}); err != nil {
				return err
			}
			if err := tx.InsertDeadLetter(conversations.DeadLetter{Topic: "t", Created: start}); err != nil {
				return err
			}
			if err := tx.DiscardDeadLetter(conversations.DeadLetter{Seq: int64(n + 1), Discarded: start}); err != nil {
				return err
			}
		}
		return nil
	}))
	w.clock.advance(31 * day)
	w.notes.taken()
	commits = 0
	require.NoError(t, w.Tidy(t.Context()))
	assert.Equal(t, 3*3+1, commits, "three for each kind, and one for removed conversations, of which there are none")
	for _, table := range []string{"statuses", "answers", "dead_letters"} {
		assert.Zero(t, w.count("SELECT count(*) FROM "+table), table)
	}
	assert.Len(t, w.notes.taken(), many, "each report that was dropped is told of")
}
