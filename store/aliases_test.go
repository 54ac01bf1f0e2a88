package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bindings"
	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

const (
	number conversations.Address = "whatsapp:+15550000001"
	scoped conversations.Address = "whatsapp:US.1"
	parent conversations.Address = "whatsapp:US.ENT.1"
)

func TestAnAliasIsOfOneNumber(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	root := func(name conversations.Address) conversations.Address {
		return view(t, db, func(tx *store.Tx) (conversations.Address, error) { return tx.AliasRoot(name) })
	}
	set := func(name, root conversations.Address) {
		update(t, db, func(tx *store.Tx) error {
			return tx.SetAlias(conversations.Alias{Name: name, Root: root, Learned: epoch})
		})
	}
	of := func(root conversations.Address) []conversations.Address {
		return view(t, db, func(tx *store.Tx) ([]conversations.Address, error) { return tx.AliasesOf(root) })
	}
	assert.Empty(t, root(scoped))
	assert.Empty(t, of(number))
	set(scoped, number)
	set(parent, number)
	set(scoped, number)
	assert.Equal(t, number, root(scoped))
	assert.Empty(t, root(number), "a number is its own root")
	assert.Equal(t, []conversations.Address{scoped, parent}, of(number))
	set(scoped, "whatsapp:+15550000002")
	assert.EqualValues(t, "whatsapp:+15550000002", root(scoped))
	assert.Equal(t, []conversations.Address{parent}, of(number))
}

func TestAPairMovesWithItsEarlyReports(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	other := insertThread(t, db, number)
	th := insertThread(t, db, scoped)
	from, to := th.pairKey(), bindings.Rename(th.pairKey(), "whatsapp:+15550000002")
	early, matched := newStatus("P1", from, epoch), newStatus("P2", from, epoch)
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.InsertStatus(&early), tx.InsertStatus(&matched), tx.MatchStatus(matched.Seq, th.delivery.ID))
	})
	want := conversations.Pair{
		MatchKey: from, Participant: th.participant.ID, Conversation: th.conversation.ID, Joined: th.participant.Seq,
	}
	of := func(name conversations.Address) []conversations.Pair {
		return view(t, db, func(tx *store.Tx) ([]conversations.Pair, error) { return tx.PairsOf(name) })
	}
	find := func(key string) (p conversations.Pair, err error) {
		update(t, db, func(tx *store.Tx) error { p, err = tx.FindPair(key); return nil })
		return p, err
	}
	assert.Equal(t, []conversations.Pair{want}, of(scoped))
	update(t, db, func(tx *store.Tx) error { return tx.MovePair(from, to) })

	want.MatchKey = to
	assert.Equal(t, []conversations.Pair{want}, of(scoped), "it is found by the participant's own address still")
	found, err := find(to)
	require.NoError(t, err)
	assert.Equal(t, want, found)
	_, err = find(from)
	requireNotFound(t, err)
	_, err = find(other.pairKey())
	require.NoError(t, err)
	key := func(seq int64) string {
		return view(t, db, func(tx *store.Tx) (string, error) { r, err := tx.FindStatus(seq); return r.PairKey, err })
	}
	assert.Equal(t, to, key(early.Seq))
	assert.Equal(t, from, key(matched.Seq), "what is settled stays as it came")

	update(t, db, func(tx *store.Tx) error { return tx.FreePair(th.participant.ID) })
	assert.Empty(t, of(scoped))
}

func TestAliasConflictsAreListed(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	var want []conversations.AliasConflict
	for i := range 3 {
		want = append(want, conversations.AliasConflict{
			Alias: conversations.Alias{Name: scoped, Root: number}, Proxy: proxy,
			Kept:    conversations.Pair{Participant: "p1", Conversation: "c1"},
			Freed:   conversations.Pair{Participant: "p2", Conversation: "c2"},
			Created: epoch.Add(time.Duration(i) * time.Second),
		})
		update(t, db, func(tx *store.Tx) error { return tx.InsertAliasConflict(&want[i]) })
	}
	page, err := db.AliasConflicts(t.Context(), conversations.Page{Size: 2})
	require.NoError(t, err)
	assert.Equal(t, want[:2], page.Items)
	page, err = db.AliasConflicts(t.Context(), conversations.Page{Size: 2, After: page.Next})
	require.NoError(t, err)
	assert.Equal(t, want[2:], page.Items)
	assert.Nil(t, page.Next)
}
