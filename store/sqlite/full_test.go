package sqlite_test

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/sqlite"
	"bridged/store/storetest"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func openBackend(t *testing.T) store.Backend {
	t.Helper()
	b, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "bridged.db"), migrations(t))
	require.NoError(t, err)
	return b
}

func openWith(t *testing.T, b store.Backend, cfg store.Config) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), b, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// openFile opens a store in a file that may exist.
func openFile(t *testing.T, path string) *store.DB {
	t.Helper()
	b, err := sqlite.Open(t.Context(), path, migrations(t))
	require.NoError(t, err)
	return openWith(t, b, store.Config{})
}

func insertAnswer(key string) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.KeepAnswer(key, conversations.Answer{Fingerprint: key, At: epoch}) }
}

func hasAnswer(t *testing.T, db *store.DB, key string) (found bool) {
	t.Helper()
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) (err error) {
		_, found, err = tx.Answer(key)
		return err
	}))
	return found
}

// limitPages bounds the size of the database; more does not fit on the disk.
func limitPages(t *testing.T, b store.Backend, pages int) {
	t.Helper()
	_, err := b.Write.ExecContext(t.Context(), "PRAGMA max_page_count = "+strconv.Itoa(pages))
	require.NoError(t, err)
}

func TestAFullDiskFailsTheWholeBatchAndPasses(t *testing.T) {
	t.Parallel()
	b := openBackend(t)
	var pages int
	require.NoError(t, b.Write.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
	limitPages(t, b, pages+16)
	db := openWith(t, b, store.Config{})

	fill := func(size int) func(tx *store.Tx) error {
		return func(tx *store.Tx) error {
			return tx.KeepAnswer(strconv.Itoa(size), conversations.Answer{Fingerprint: strings.Repeat("x", size), At: epoch})
		}
	}
	require.NoError(t, db.Update(t.Context(), fill(40_000)))
	for range 2 {
		for _, err := range storetest.Batch(db, insertAnswer("before"), fill(50_000), insertAnswer("after")) {
			require.ErrorIs(t, err, conversations.ErrUnavailable)
		}
	}
	for _, key := range []string{"before", "50000", "after"} {
		assert.False(t, hasAnswer(t, db, key), key)
	}
	assert.True(t, hasAnswer(t, db, "40000"), "what was committed stays")

	// Room is made, and the same goes through.
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.ForgetAnswers(epoch.Add(time.Hour), 1000)
		return err
	}))
	for _, err := range storetest.Batch(db, insertAnswer("before"), fill(50_000), insertAnswer("after")) {
		require.NoError(t, err)
	}
	assert.True(t, hasAnswer(t, db, "50000"))
}

// What an operation hides, the engine has not forgotten: the transaction is void,
// so neither the operation nor its neighbors may be told that they are stored.
func TestAnErrorThatAnOperationHidesFailsTheBatchAllTheSame(t *testing.T) {
	t.Parallel()
	b := openBackend(t)
	var pages int
	require.NoError(t, b.Write.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
	limitPages(t, b, pages+4)
	db := openWith(t, b, store.Config{})
	errs := storetest.Batch(db,
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
		db := openWith(t, openBackend(t), store.Config{MaxBatch: 1}) // then two may wait
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
