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
	assert.Equal(t, th.conversation, view(t, db, func(tx *store.Tx) (conversations.Conversation, error) {
		return tx.ConversationByID(th.conversation.ID)
	}))
	assert.Equal(t, th.conversation.ID, view(t, db, func(tx *store.Tx) (conversations.ConversationID, error) {
		return tx.HomeOfParticipant(th.participant.ID)
	}))
	assert.Equal(t, th.conversation.ID, view(t, db, func(tx *store.Tx) (conversations.ConversationID, error) {
		return tx.HomeOfMessage(th.message.ID)
	}))
	assert.Equal(t, th.message.ID, view(t, db, func(tx *store.Tx) (conversations.MessageID, error) {
		return tx.MessageAt(th.conversation.ID, th.message.Index)
	}))

	for _, look := range []func(*store.Tx) error{
		func(tx *store.Tx) error { _, err := tx.ConversationByID("none"); return err },
		func(tx *store.Tx) error { _, err := tx.HomeOfParticipant("none"); return err },
		func(tx *store.Tx) error { _, err := tx.HomeOfMessage("none"); return err },
		func(tx *store.Tx) error {
			_, err := tx.MessageAt(th.conversation.ID, th.message.Index+1)
			return err
		},
	} {
		requireNotFound(t, db.Update(t.Context(), look))
	}
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
