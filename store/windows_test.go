package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func TestAWindowIsNeverShortened(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	open := func(key string, at time.Time) conversations.Window {
		w := conversations.Window{
			MatchKey: key, Address: number, Proxy: "whatsapp:+15559990003",
			LastInbound: at, OpenUntil: at.Add(time.Hour), Updated: at,
		}
		update(t, db, func(tx *store.Tx) error { return tx.OpenWindow(w) })
		return view(t, db, func(tx *store.Tx) (conversations.Window, error) { return tx.FindWindow(key) })
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.FindWindow("k"); return err })
	require.True(t, conversations.NotFound.Is(err))
	first := open("k", epoch)
	assert.Equal(t, []time.Time{epoch, epoch.Add(time.Hour)}, []time.Time{first.LastInbound, first.OpenUntil})
	later := open("k", epoch.Add(time.Minute))
	assert.Equal(t, []time.Time{epoch.Add(time.Minute), epoch.Add(time.Hour + time.Minute)}, []time.Time{later.LastInbound, later.OpenUntil})
	assert.Equal(t, first.Seq, later.Seq)
	again := open("k", epoch)
	assert.Equal(t, []time.Time{later.LastInbound, later.OpenUntil, epoch}, []time.Time{again.LastInbound, again.OpenUntil, again.Updated})
}

func TestWindowsAreListedByTheirConversation(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	th := insertThread(t, db, number)
	update(t, db, func(tx *store.Tx) error {
		for _, key := range []string{"a", th.pairKey(), "b"} {
			if err := tx.OpenWindow(conversations.Window{MatchKey: key, LastInbound: epoch, OpenUntil: epoch, Updated: epoch}); err != nil {
				return err
			}
		}
		return nil
	})
	list := func(of conversations.ConversationID, p conversations.Page) conversations.Listing[conversations.Window] {
		found, err := db.Windows(t.Context(), of, p)
		require.NoError(t, err)
		return found
	}
	all := list("", conversations.Page{Size: 2})
	require.Len(t, all.Items, 2)
	assert.Equal(t, th.conversation.ID, all.Items[1].Conversation)
	assert.Empty(t, all.Items[0].Conversation)
	rest := list("", conversations.Page{Size: 2, After: all.Next})
	require.Len(t, rest.Items, 1)
	assert.Equal(t, "b", rest.Items[0].MatchKey)
	own := list(th.conversation.ID, conversations.Page{Size: 2})
	require.Len(t, own.Items, 1)
	assert.Equal(t, th.pairKey(), own.Items[0].MatchKey)
	assert.Empty(t, list("nothing", conversations.Page{Size: 2}).Items)
}

func TestLettersOutsideTheWindow(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	update(t, db, func(tx *store.Tx) error {
		for _, l := range []conversations.DeadLetter{
			{Key: "k", Delivery: "1", ErrorCode: 63016},
			{Key: "k", Delivery: "2", ErrorCode: 30008},
			{Key: "l", Delivery: "3", ErrorCode: 63016},
			{Key: "k", ErrorCode: 63016},
			{Key: "k", Delivery: "4", ErrorCode: 63016},
		} {
			l.Topic, l.Created = "outbound.wa", epoch
			if err := tx.InsertDeadLetter(l); err != nil {
				return err
			}
		}
		return nil
	})
	of := func(key string) (ids []conversations.DeliveryID) {
		for _, l := range view(t, db, func(tx *store.Tx) ([]conversations.DeadLetter, error) { return tx.LettersOutsideWindow(key) }) {
			ids = append(ids, l.Delivery)
		}
		return ids
	}
	assert.Equal(t, []conversations.DeliveryID{"1", "4"}, of("k"))
	found := view(t, db, func(tx *store.Tx) (conversations.DeadLetter, error) { return tx.FindDeadLetter(1) })
	assert.EqualValues(t, "1", found.Delivery)
	update(t, db, func(tx *store.Tx) error { return tx.DeleteDeadLetter(1) })
	assert.Equal(t, []conversations.DeliveryID{"4"}, of("k"))
	err := db.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.FindDeadLetter(1); return err })
	assert.True(t, conversations.NotFound.Is(err))
}
