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

// newFetch makes a file that is being fetched, of a message "m".
func newFetch(t testing.TB, db *store.DB, created time.Time, c conversations.ConversationID) conversations.Fetch {
	t.Helper()
	file := newMedia(created)
	file.Conversation, file.Message, file.State = c, "m", conversations.MediaFetching
	insertMedia(t, db, file)
	f := conversations.Fetch{
		File: file.ID, Conversation: c, Message: "m", Channel: "sms-main", Proxy: "+15550100001",
		Source: conversations.Media{ID: file.ID, URL: "https://carrier.example/1", ProviderID: "1", ContentType: "image/png"},
	}
	update(t, db, func(tx *store.Tx) error { return tx.InsertFetch(f) })
	return f
}

func findFetch(id conversations.MediaID) func(*store.Tx) (conversations.Fetch, error) {
	return func(tx *store.Tx) (conversations.Fetch, error) { return tx.FindFetch(id) }
}

func TestFetchesAreStoredInFull(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	f := newFetch(t, db, epoch, "c")
	assert.Equal(t, f, view(t, db, findFetch(f.File)))
	f.Attempts, f.Due = 3, epoch.Add(time.Hour)
	update(t, db, func(tx *store.Tx) error { return tx.UpdateFetch(f) })
	assert.Equal(t, f, view(t, db, findFetch(f.File)))
	fetching := func(tx *store.Tx) (bool, error) { return tx.IsFetching("c", "m") }
	assert.True(t, view(t, db, fetching))
	assert.False(t, view(t, db, func(tx *store.Tx) (bool, error) { return tx.IsFetching("c", "n") }))
	update(t, db, func(tx *store.Tx) error { return tx.DeleteFetch(f.File) })
	assert.False(t, view(t, db, fetching))
	update(t, db, func(tx *store.Tx) error {
		_, err := tx.FindFetch(f.File)
		requireNotFound(t, err)
		return nil
	})
}

func TestDueAndStrandedFetches(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	var all []conversations.Fetch
	for i := range 5 {
		all = append(all, newFetch(t, db, epoch.Add(time.Duration(i)*time.Second), "c"))
	}
	for i := range 3 {
		all[i].Due = epoch.Add(time.Duration(3-i) * time.Minute)
		update(t, db, func(tx *store.Tx) error { return tx.UpdateFetch(all[i]) })
	}
	due := func(now time.Time, limit int) (list []conversations.Fetch, next time.Time) {
		update(t, db, func(tx *store.Tx) (err error) {
			list, next, err = tx.DueFetches(now, limit)
			return err
		})
		return list, next
	}
	list, next := due(epoch, 10)
	assert.Empty(t, list)
	assert.Equal(t, epoch.Add(time.Minute), next)
	list, next = due(epoch.Add(2*time.Minute), 10)
	assert.Equal(t, []conversations.Fetch{all[2], all[1]}, list)
	assert.Equal(t, epoch.Add(3*time.Minute), next)
	list, next = due(epoch.Add(time.Hour), 1)
	assert.Equal(t, []conversations.Fetch{all[2]}, list)
	assert.Equal(t, epoch.Add(2*time.Minute), next)
	list, next = due(epoch.Add(time.Hour), 10)
	assert.Len(t, list, 3)
	assert.True(t, next.IsZero())

	stranded := func(tx *store.Tx) ([]conversations.Fetch, error) { return tx.StrandedFetches("fetch") }
	assert.Equal(t, all[3:], view(t, db, stranded))
	update(t, db, func(tx *store.Tx) error {
		if err := tx.Enqueue(conversations.Task{Topic: "other", Key: string(all[4].File)}); err != nil {
			return err
		}
		return tx.Enqueue(conversations.Task{Topic: "fetch", Key: string(all[3].File)})
	})
	assert.Equal(t, all[4:], view(t, db, stranded))
}

func TestWhatCameOfAFileIsStored(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	f := newFetch(t, db, epoch, "c")
	file, err := db.AnyMedia(t.Context(), f.File)
	require.NoError(t, err)
	file.ContentType, file.Size, file.SHA256, file.State, file.Reason = "image/jpeg", 6<<30, "bb", conversations.MediaFailed, "gone"
	file.Updated = epoch.Add(time.Minute)
	update(t, db, func(tx *store.Tx) error { return tx.SettleMedia(file) })
	assert.Equal(t, []conversations.MediaFile{file}, view(t, db, func(tx *store.Tx) ([]conversations.MediaFile, error) {
		return tx.MediaOf("c", "m")
	}))

	other := newFetch(t, db, epoch, "d")
	update(t, db, func(tx *store.Tx) error {
		_, err := tx.DeleteMediaOf("c", "m")
		return err
	})
	update(t, db, func(tx *store.Tx) error {
		_, err := tx.FindFetch(f.File)
		requireNotFound(t, err)
		_, err = tx.FindFetch(other.File)
		return err
	})
	update(t, db, func(tx *store.Tx) error {
		_, err := tx.DeleteMediaOf("d", "")
		return err
	})
	assert.False(t, view(t, db, func(tx *store.Tx) (bool, error) { return tx.IsFetching("d", "m") }))
}

// A held delivery is in line, but is nobody's to send, and none that is stranded.
func TestHeldDeliveries(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	th := insertThread(t, db, "+15550200001")
	m := newMessage(th.conversation.ID, 7)
	m.Media = []conversations.Media{{ID: "me", State: conversations.MediaFetching}}
	d := newDelivery(m, th.participant)
	d.Progress = conversations.ProgressHeld
	update(t, db, func(tx *store.Tx) error {
		if err := tx.InsertMessage(m); err != nil {
			return err
		}
		return tx.InsertDelivery(&d)
	})
	held := func(tx *store.Tx) ([]conversations.Delivery, error) { return tx.HeldDeliveries(m.Conversation, m.ID) }
	assert.Equal(t, []conversations.Delivery{d}, view(t, db, held))
	assert.True(t, view(t, db, func(tx *store.Tx) (bool, error) { return tx.PairBusy(th.pairKey()) }))
	assert.NotContains(t, view(t, db, (*store.Tx).StrandedDeliveries), d)

	m.Media[0].State, m.Media[0].Size = conversations.MediaKept, 5
	update(t, db, func(tx *store.Tx) error { return tx.SetMedia(m) })
	got, err := db.Message(t.Context(), m.Conversation, m.ID)
	require.NoError(t, err)
	assert.Equal(t, m, got)
	d.Progress = conversations.ProgressWaiting
	update(t, db, func(tx *store.Tx) error { return tx.UpdateDelivery(d) })
	assert.Empty(t, view(t, db, held))
}
