package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func newContent() conversations.Content {
	return conversations.Content{
		ID: conversations.NewID[conversations.ContentID](epoch), Language: "en", Variables: map[string]string{"1": "a\x00b", "two": `"}`},
		Forms: []conversations.ContentForm{
			{Type: conversations.ContentLocation, Latitude: ptr(37.78789), Longitude: ptr(-122.391664), Label: "Owl"},
			{Type: conversations.ContentText, Body: "Hi, {{1}}", Actions: []conversations.ContentAction{{Title: "t"}}},
		},
		Created: epoch, Updated: epoch,
	}
}

func insertContent(t testing.TB, db *store.DB, c *conversations.Content) {
	t.Helper()
	update(t, db, func(tx *store.Tx) error { return tx.InsertContent(c) })
}

func TestContents(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	c, bare := newContent(), newContent()
	bare.FriendlyName, bare.Variables, bare.Forms = ptr("bare"), map[string]string{}, bare.Forms[:1]
	insertContent(t, db, &c)
	insertContent(t, db, &bare)
	for _, want := range []conversations.Content{c, bare} {
		got, err := db.Content(t.Context(), want.ID)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, want, view(t, db, func(tx *store.Tx) (conversations.Content, error) { return tx.FindContent(want.ID) }))
	}
	c.Approval, c.Updated = &conversations.Approval{Name: "n", Category: "UTILITY", At: epoch.Add(time.Second)}, epoch.Add(time.Second)
	update(t, db, func(tx *store.Tx) error { return tx.UpdateContent(c) })
	got, err := db.Content(t.Context(), c.ID)
	require.NoError(t, err)
	assert.Equal(t, c, got)

	update(t, db, func(tx *store.Tx) error { return tx.DeleteContent(c.ID) })
	_, err = db.Content(t.Context(), c.ID)
	requireNotFound(t, err)
	_, err = db.Content(t.Context(), bare.ID)
	require.NoError(t, err)
}

func TestWalkingContents(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	var want []string
	update(t, db, func(tx *store.Tx) error {
		want = nil
		for range 20 {
			c := newContent()
			if err := tx.InsertContent(&c); err != nil {
				return err
			}
			want = append(want, string(c.ID))
		}
		return nil
	})
	rapid.Check(t, func(rt *rapid.T) {
		checkWalk(rt, func(p conversations.Page) (conversations.Listing[conversations.Content], error) {
			return db.Contents(t.Context(), p)
		}, func(c conversations.Content) string { return string(c.ID) }, want, rapid.Bool().Draw(rt, "descending"))
	})
}

func TestMessagesRememberTheirContent(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	c := newConversation(epoch)
	plain, made, bare := newMessage(c.ID, 0), newMessage(c.ID, 1), newMessage(c.ID, 2)
	made.Content = &conversations.MessageContent{ID: "content", Variables: map[string]string{"1": "Al\x00ice", "b": "ü"}}
	bare.Content = &conversations.MessageContent{ID: "content", Variables: map[string]string{}}
	want := []conversations.Message{plain, made, bare}
	update(t, db, func(tx *store.Tx) error {
		for _, m := range want {
			if err := tx.InsertMessage(m); err != nil {
				return err
			}
		}
		return nil
	})
	list, err := db.Messages(t.Context(), c.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	assert.Equal(t, want, list.Items)

	made.Body, made.Updated = ptr("another text"), epoch.Add(time.Second)
	update(t, db, func(tx *store.Tx) error { return tx.UpdateMessage(made) })
	got, err := db.Message(t.Context(), c.ID, made.ID)
	require.NoError(t, err)
	assert.Equal(t, made, got, "an update leaves it")
}
