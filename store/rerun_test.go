package store_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// When one operation fails after it has written, its neighbors run again, and
// what they want to have happened afterwards happens once.
func TestNeighborsOfAFailedOperationRunAgainAndCountOnce(t *testing.T) {
	t.Parallel()
	b := storetest.New(t).Backend(t)
	db := openWith(t, b, store.Config{})
	messages := subscribe(t, db, "topic", eager)
	runs := 0
	errs := storetest.Batch(db,
		func(tx *store.Tx) error {
			runs++
			return tx.Enqueue(conversations.Task{Topic: "topic", Key: "k", Payload: []byte("neighbor")})
		},
		func(tx *store.Tx) error {
			_ = tx.Enqueue(conversations.Task{Topic: "topic", Key: "other", Payload: []byte("never")})
			return errRefused
		},
	)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], errRefused)
	assert.Equal(t, 2, runs)
	requireRows(t, b, 1)
	requireNext(t, messages, "neighbor").Ack()
}

// An operation may succeed where its first run failed: then it is committed.
func TestTheLastRunOfAnOperationDecides(t *testing.T) {
	t.Parallel()
	db := openWith(t, storetest.New(t).Backend(t), store.Config{})
	runs := 0
	errs := storetest.Batch(db, func(tx *store.Tx) error {
		if err := insertAnswer("a")(tx); err != nil {
			return err
		}
		if runs++; runs == 1 {
			return errRefused
		}
		return nil
	}, insertAnswer("neighbor"))
	require.NoError(t, errs[0])
	assert.Equal(t, 2, runs)
	assert.True(t, hasAnswer(t, db, "a"))
}
