package store_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
)

// When one operation fails after it has written, its neighbors run again, and
// what they want to have happened afterwards happens once.
func TestNeighborsOfAFailedOperationRunAgainAndCountOnce(t *testing.T) {
	t.Parallel()
	b := backend(t)
	db := openWith(t, b, store.Config{})
	messages := subscribe(t, db, "topic", eager)
	runs := 0
	errs := batch(db,
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
	assert.Equal(t, 1, count(t, db, b))
	requireNext(t, messages, "neighbor").Ack()
}

// An operation may succeed where its first run failed: then it is committed.
func TestTheLastRunOfAnOperationDecides(t *testing.T) {
	t.Parallel()
	db := openWith(t, backend(t), store.Config{})
	runs := 0
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		if err := insertAnswer("a")(tx); err != nil {
			return err
		}
		if runs++; runs == 1 {
			return errRefused
		}
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 2, runs)
	assert.True(t, hasAnswer(t, db, "a"))
}

// What an operation hides, the engine has not forgotten: the transaction is void,
// so neither the operation nor its neighbors may be told that they are stored.
func TestAnErrorThatAnOperationHidesFailsTheBatchAllTheSame(t *testing.T) {
	t.Parallel()
	b := backend(t)
	var pages int
	require.NoError(t, b.Write.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
	limitPages(t, b, pages+4)
	db := openWith(t, b, store.Config{})
	errs := batch(db,
		insertAnswer("before"),
		func(tx *store.Tx) error {
			_ = tx.KeepAnswer("large", conversations.Answer{Fingerprint: string(make([]byte, 100_000)), At: epoch})
			return nil
		},
		insertAnswer("after"),
	)
	for _, err := range errs {
		require.ErrorIs(t, err, conversations.ErrUnavailable)
	}
	for _, key := range []string{"before", "large", "after"} {
		assert.False(t, hasAnswer(t, db, key), key)
	}
}

// A caller who gives up while the writer has no room left is not kept waiting, and
// what it wanted never happens.
func TestACallerMayGiveUpWhileThereIsNoRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := openWith(t, backend(t), store.Config{MaxBatch: 1}) // then two may wait
		var wait sync.WaitGroup
		release := make(chan struct{})
		wait.Go(func() {
			assert.NoError(t, db.Update(context.Background(), func(*store.Tx) error { <-release; return nil }))
		})
		synctest.Wait() // the writer is held
		for _, key := range []string{"a", "b"} {
			wait.Go(func() { assert.NoError(t, db.Update(context.Background(), insertAnswer(key))) })
		}
		synctest.Wait() // both are waiting
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, db.Update(canceled, insertAnswer("late")), context.Canceled)
		close(release)
		wait.Wait()
		assert.True(t, hasAnswer(t, db, "a"))
		assert.True(t, hasAnswer(t, db, "b"))
		assert.False(t, hasAnswer(t, db, "late"))
	})
}
