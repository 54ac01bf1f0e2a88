package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func TestImportsFindResourcesWhereverTheyAre(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	th := insertThread(t, db, "+15550000001")
	update(t, db, func(tx *store.Tx) error {
		c, err := tx.ConversationByID(th.conversation.ID)
		assert.NoError(t, err)
		assert.Equal(t, th.conversation, c)
		home, err := tx.HomeOfParticipant(th.participant.ID)
		assert.NoError(t, err)
		assert.Equal(t, c.ID, home)
		home, err = tx.HomeOfMessage(th.message.ID)
		assert.NoError(t, err)
		assert.Equal(t, c.ID, home)
		at, err := tx.MessageAt(c.ID, th.message.Index)
		assert.NoError(t, err)
		assert.Equal(t, th.message.ID, at)

		_, err = tx.ConversationByID("none")
		assert.True(t, conversations.NotFound.Is(err))
		_, err = tx.HomeOfParticipant("none")
		assert.True(t, conversations.NotFound.Is(err))
		_, err = tx.HomeOfMessage("none")
		assert.True(t, conversations.NotFound.Is(err))
		_, err = tx.MessageAt(c.ID, th.message.Index+1)
		assert.True(t, conversations.NotFound.Is(err))
		return nil
	})
}

func TestRaiseIndexNeverLowers(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	c := newConversation(epoch)
	update(t, db, func(tx *store.Tx) error { return tx.InsertConversation(&c) })
	for _, step := range []struct{ next, want int64 }{{5, 5}, {3, 5}, {5, 5}, {1 << 53, 1 << 53}} {
		update(t, db, func(tx *store.Tx) error { return tx.RaiseIndex(c.ID, step.next) })
		got := view(t, db, func(tx *store.Tx) (conversations.Conversation, error) { return tx.ConversationByID(c.ID) })
		assert.Equal(t, step.want, got.NextIndex)
	}
}
