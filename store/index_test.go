package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
)

func TestTheIndexFollowsChanges(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	c, other := l.conversation("needle", ""), l.conversation("haystack", "")
	member := l.participant(c.ID, "needle", "")
	texts := l.messages(c.ID, 0, "needle one", "needle two", "needle three")
	kept := l.messages(other.ID, 0, "needle")
	indexed(t, l.rows)
	require.Len(t, l.found("needle"), 6)

	changed := texts[0]
	changed.Body = ptr("thread")
	update(t, l.db, func(tx *store.Tx) error {
		if err := tx.UpdateMessage(changed); err != nil {
			return err
		}
		if _, err := tx.DeleteMessage(texts[1]); err != nil {
			return err
		}
		if err := tx.DeleteParticipant(member); err != nil {
			return err
		}
		for _, e := range []conversations.Event{
			event(conversations.MessageUpdated, c.ID, conversations.Resource{Message: &changed}),
			event(conversations.MessageRemoved, c.ID, conversations.Resource{Message: &texts[1]}),
			event(conversations.ParticipantRemoved, c.ID, conversations.Resource{Participant: &member}),
		} {
			if err := tx.Record(e); err != nil {
				return err
			}
		}
		return nil
	})
	indexed(t, l.rows)
	assert.Equal(t, []string{string(texts[0].ID)}, l.found("thread"))
	assert.Equal(t, []string{string(kept[0].ID), string(texts[2].ID), string(c.ID)}, l.found("needle"))
	assert.Equal(t, 5, countRows(t, l.rows, "SELECT COUNT(*) FROM search_entries"))

	l.remove(c)
	indexed(t, l.rows)
	assert.Equal(t, []string{string(kept[0].ID)}, l.found("needle"))
	assert.Equal(t, 2, countRows(t, l.rows, "SELECT COUNT(*) FROM search_entries"))
}

func TestALargeConversationLeavesTheIndex(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	c := l.conversation("large", "")
	bodies := make([]string, 1000)
	for i := range bodies {
		bodies[i] = fmt.Sprintf("needle %d", i)
	}
	l.messages(c.ID, 0, bodies...)
	indexed(t, l.rows)
	require.Len(t, l.found("needle"), 1000)
	l.remove(c)
	kept := l.conversation("needle", "")
	assert.NotContains(t, l.found("needle"), string(c.ID))
	indexed(t, l.rows)
	assert.Equal(t, 1, countRows(t, l.rows, "SELECT COUNT(*) FROM search_entries"))
	assert.Equal(t, []string{string(kept.ID)}, l.found("needle"))
}

// Installations have data before they have an index, and are stopped while it is
// filled.
func TestTheIndexIsFilledWithWhatThereWas(t *testing.T) {
	t.Parallel()
	l, at := newUnindexed(t)
	c := l.conversation("needle", "")
	l.participant(c.ID, "needle", "")
	l.user("needle", "")
	bodies := make([]string, 700)
	for i := range bodies {
		bodies[i] = "needle"
	}
	l.messages(c.ID, 0, bodies...)
	starts := 0
	for ; !isFilled(t, l.rows); starts++ {
		require.NoError(t, l.db.KeepIndex(t.Context()))
		before := countRows(t, l.rows, "SELECT COUNT(*) FROM search_entries")
		eventually(t, func() bool {
			return countRows(t, l.rows, "SELECT COUNT(*) FROM search_entries") >= min(before+1, 703)
		}, "the index grows")
		l.messages(c.ID, int64(700+starts), "thread") // while it is filled
		require.NoError(t, l.db.Close())
		l.db = at.Open(t)
	}
	assert.Greater(t, starts, 1, "it was stopped in between")
	require.NoError(t, l.db.KeepIndex(t.Context()))
	indexed(t, l.rows)
	ids := l.found("needle")
	assert.Len(t, ids, 703)
	slices.Sort(ids)
	assert.Len(t, slices.Compact(ids), 703, "each once")
	assert.Len(t, l.found("thread"), starts)
}

// Resources that were imported may all have one date.
func TestManyResourcesOfOneMoment(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	c := l.conversation("", "")
	update(t, l.db, func(tx *store.Tx) error {
		for i := range int64(3000) {
			m := newMessage(c.ID, i)
			m.Body = ptr("needle")
			if err := tx.InsertMessage(m); err != nil {
				return err
			}
			if err := tx.Record(event(conversations.MessageAdded, c.ID, conversations.Resource{Message: &m})); err != nil {
				return err
			}
		}
		return nil
	})
	for _, created := range []time.Time{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		l.now = created
		l.conversation("needle", "")
	}
	indexed(t, l.rows)
	assert.Len(t, l.found("needle"), 3002)
}

// Nobody follows the events here: the index stays as it was.
func TestWhatIsGoneIsNotFoundBeforeTheIndexHasCaughtUp(t *testing.T) {
	t.Parallel()
	l, at := newUnindexed(t)
	require.NoError(t, l.db.KeepIndex(t.Context()))
	c, gone := l.conversation("needle", ""), l.conversation("needle gone", "")
	member := l.participant(c.ID, "needle", "")
	texts := l.messages(c.ID, 0, "needle one", "needle two")
	l.messages(gone.ID, 0, "needle in a conversation")
	indexed(t, l.rows)
	require.NoError(t, l.db.Close())

	l.db = at.Open(t)
	require.Len(t, l.found("needle"), 6)
	changed := texts[0]
	changed.Body = ptr("a secret that was taken out")
	update(t, l.db, func(tx *store.Tx) error {
		if err := tx.UpdateMessage(changed); err != nil {
			return err
		}
		if _, err := tx.DeleteMessage(texts[1]); err != nil {
			return err
		}
		return tx.DeleteParticipant(member)
	})
	l.remove(gone)
	assert.Equal(t, []string{string(c.ID)}, l.found("needle"))
	assert.Equal(t, 6, countRows(t, l.rows, "SELECT COUNT(*) FROM search_entries"), "the index does not know of it yet")
}
