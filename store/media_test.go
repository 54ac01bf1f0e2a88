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

func newMedia(created time.Time) conversations.MediaFile {
	return conversations.MediaFile{
		ID: conversations.NewID[conversations.MediaID](created), Service: service, Author: "sender",
		Category: conversations.CategoryMedia, ContentType: "image/png; a=\"b\"", Filename: "été.png", Size: 5 << 30,
		SHA256: "aa", Created: created, Updated: created,
	}
}

func insertMedia(t testing.TB, db *store.DB, files ...conversations.MediaFile) {
	t.Helper()
	update(t, db, func(tx *store.Tx) error {
		for _, f := range files {
			if err := tx.InsertMedia(f); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestMediaIsStoredInFull(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	f := newMedia(epoch)
	_, err := db.Media(t.Context(), service, f.ID)
	requireNotFound(t, err)
	insertMedia(t, db, f)
	got, err := db.Media(t.Context(), service, f.ID)
	require.NoError(t, err)
	assert.Equal(t, f, got)
	assert.False(t, got.Attached())
	_, err = db.Media(t.Context(), "another service", f.ID)
	requireNotFound(t, err)

	f.Conversation, f.Message, f.Updated = "c", "m", epoch.Add(time.Second)
	update(t, db, func(tx *store.Tx) error { return tx.AttachMedia(f) })
	assert.Equal(t, f, view(t, db, func(tx *store.Tx) (conversations.MediaFile, error) { return tx.FindMedia(service, f.ID) }))
	got, err = db.AnyMedia(t.Context(), f.ID)
	require.NoError(t, err)
	assert.Equal(t, f, got)
	assert.True(t, got.Attached())
	_, err = db.AnyMedia(t.Context(), "none")
	requireNotFound(t, err)
}

func TestDeletingTheMediaOfAMessageOrAConversation(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	attached := func(c conversations.ConversationID, m conversations.MessageID) conversations.MediaFile {
		f := newMedia(epoch)
		insertMedia(t, db, f)
		f.Conversation, f.Message = c, m
		update(t, db, func(tx *store.Tx) error { return tx.AttachMedia(f) })
		return f
	}
	a, b, other, elsewhere := attached("c", "m1"), attached("c", "m1"), attached("c", "m2"), attached("d", "m3")
	waiting := newMedia(epoch)
	insertMedia(t, db, waiting)
	remove := func(c conversations.ConversationID, m conversations.MessageID) []conversations.MediaID {
		return view(t, db, func(tx *store.Tx) ([]conversations.MediaID, error) { return tx.DeleteMediaOf(c, m) })
	}
	assert.ElementsMatch(t, []conversations.MediaID{a.ID, b.ID}, remove("c", "m1"))
	assert.Empty(t, remove("c", "m1"))
	assert.Empty(t, remove("d", "m1"), "no message of that conversation")
	assert.Equal(t, []conversations.MediaID{other.ID}, remove("c", ""))
	assert.Equal(t, []conversations.MediaID{a.ID, other.ID}, view(t, db, func(tx *store.Tx) ([]conversations.MediaID, error) {
		return tx.UnknownMedia([]conversations.MediaID{a.ID, elsewhere.ID, waiting.ID, other.ID})
	}))
}

func TestMediaThatWaitsExpires(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	type expiry struct {
		gone []conversations.MediaID
		next time.Time
	}
	expire := func(before time.Time, limit int) expiry {
		return view(t, db, func(tx *store.Tx) (e expiry, err error) {
			e.gone, e.next, err = tx.ExpireMedia(before, limit)
			return e, err
		})
	}
	assert.Equal(t, expiry{}, expire(epoch, 10))
	first, second, third := newMedia(epoch), newMedia(epoch.Add(time.Second)), newMedia(epoch.Add(2*time.Second))
	kept := newMedia(epoch.Add(-time.Hour))
	insertMedia(t, db, third, kept, second, first)
	kept.Conversation, kept.Message = "c", "m"
	update(t, db, func(tx *store.Tx) error { return tx.AttachMedia(kept) })

	assert.Equal(t, expiry{next: first.Created}, expire(epoch.Add(-time.Microsecond), 10))
	assert.Equal(t, expiry{[]conversations.MediaID{first.ID}, second.Created}, expire(third.Created, 1))
	assert.Equal(t, expiry{[]conversations.MediaID{second.ID}, third.Created}, expire(second.Created, 10))
	assert.Equal(t, expiry{[]conversations.MediaID{third.ID}, time.Time{}}, expire(third.Created.AddDate(1, 0, 0), 10))
	_, err := db.Media(t.Context(), service, kept.ID)
	require.NoError(t, err, "what a message has stays")
}

func TestAllProcessesHaveOneMediaKey(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	for _, fresh := range []string{"first", "second"} {
		key, err := db.EnsureMediaKey(t.Context(), fresh)
		require.NoError(t, err)
		assert.Equal(t, "first", key)
	}
}
