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

func TestOptOutRows(t *testing.T) {
	t.Parallel()
	db := storetest.New(t).Open(t)
	made := time.Date(2026, 11, 21, 9, 0, 0, 1000, time.UTC)
	a := conversations.OptOut{MatchKey: "a>p", Address: "whatsapp:US.1", Proxy: "whatsapp:+1", Source: conversations.OptOutByMessage, Created: made}
	b := conversations.OptOut{MatchKey: "b>p", Address: "whatsapp:US.2", Proxy: "whatsapp:+1", Source: conversations.OptOutByCarrier, Created: made}
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
		for _, o := range []*conversations.OptOut{&a, &b} {
			isNew, err := tx.InsertOptOut(o)
			require.NoError(t, err)
			assert.True(t, isNew)
			again := conversations.OptOut{MatchKey: o.MatchKey, Address: "other"}
			isNew, err = tx.InsertOptOut(&again)
			require.NoError(t, err)
			assert.False(t, isNew)
		}
		found, err := tx.OptOutOfPair("a>p")
		require.NoError(t, err)
		assert.Equal(t, a, found)
		found, err = tx.FindOptOut(b.Seq)
		require.NoError(t, err)
		assert.Equal(t, b, found)

		require.NoError(t, tx.MoveOptOut("a>p", "c>p"))
		named, err := tx.OptOutsOfName("whatsapp:US.1")
		require.NoError(t, err)
		require.Len(t, named, 1)
		assert.Equal(t, "c>p", named[0].MatchKey)
		require.NoError(t, tx.MoveOptOut("b>p", "c>p"))
		for key, want := range map[string]bool{"a>p": false, "b>p": false, "c>p": true} {
			out, err := tx.IsOptedOut(key)
			require.NoError(t, err)
			assert.Equal(t, want, out, key)
		}
		return nil
	}))
	page, err := db.OptOuts(t.Context(), conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	assert.Equal(t, made, page.Items[0].Created)
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
		for _, want := range []bool{true, false} {
			existed, err := tx.DeleteOptOut("c>p")
			require.NoError(t, err)
			assert.Equal(t, want, existed)
		}
		return nil
	}))
	_, err = db.OptOut(t.Context(), a.Seq)
	assert.True(t, conversations.NotFound.Is(err))
}

func TestSpeakerNumbers(t *testing.T) {
	t.Parallel()
	db := storetest.New(t).Open(t)
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
		for _, tt := range []struct {
			c    conversations.ConversationID
			p    conversations.ParticipantID
			want int64
		}{{"c", "p1", 1}, {"c", "p2", 2}, {"d", "p3", 1}, {"c", "p1", 1}, {"c", "p4", 3}} {
			n, err := tx.SpeakerNumber(tt.c, tt.p)
			require.NoError(t, err)
			assert.Equal(t, tt.want, n, tt.p)
		}
		_, err := tx.DeleteConversation("c", time.Now())
		require.NoError(t, err)
		n, err := tx.SpeakerNumber("c", "p5")
		assert.EqualValues(t, 1, n, "they go with the conversation")
		return err
	}))
}
