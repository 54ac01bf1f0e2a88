package store_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// commits records how many operations each commit had.
type commits struct {
	mu    sync.Mutex
	sizes []int
}

func (c *commits) record(operations int, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sizes = append(c.sizes, operations)
}

func (c *commits) list() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]int(nil), c.sizes...)
}

func openWith(t *testing.T, b store.Backend, cfg store.Config) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), b, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func insertAnswer(key string) func(*store.Tx) error {
	return func(tx *store.Tx) error { return tx.KeepAnswer(key, conversations.Answer{Fingerprint: key, At: epoch}) }
}

func hasAnswer(t *testing.T, db *store.DB, key string) bool {
	t.Helper()
	return view(t, db, func(tx *store.Tx) (bool, error) {
		_, ok, err := tx.Answer(key)
		return ok, err
	})
}

func TestConcurrentUpdatesShareCommits(t *testing.T) {
	t.Parallel()
	var c commits
	db := openWith(t, storetest.New(t).Backend(t), store.Config{Committed: c.record})
	before := len(c.list()) // a store may commit when it is opened
	const n = 100
	operations := make([]func(*store.Tx) error, n)
	for i := range operations {
		operations[i] = insertAnswer(strconv.Itoa(i))
	}
	for _, err := range storetest.Batch(db, operations...) {
		require.NoError(t, err)
	}
	sizes, total := c.list()[before:], 0
	for _, size := range sizes {
		total += size
	}
	assert.Equal(t, n+1, total)
	assert.Less(t, len(sizes), n/2)
	assert.True(t, hasAnswer(t, db, strconv.Itoa(n-1)))
}

func TestMaxBatchBoundsACommit(t *testing.T) {
	t.Parallel()
	var c commits
	db := openWith(t, storetest.New(t).Backend(t), store.Config{MaxBatch: 3, Committed: c.record})
	storetest.Batch(db, insertAnswer("a"), insertAnswer("b"), insertAnswer("c"), insertAnswer("d"), insertAnswer("e"))
	for _, size := range c.list() {
		assert.LessOrEqual(t, size, 3)
	}
}

func TestAnOperationThatFailsAfterWritingIsRolledBackAlone(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	errs := storetest.Batch(db,
		insertAnswer("before"),
		func(tx *store.Tx) error { return errors.Join(insertAnswer("refused")(tx), errRefused) },
		insertAnswer("after"),
	)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], errRefused)
	require.NoError(t, errs[2])
	assert.True(t, hasAnswer(t, db, "before"))
	assert.False(t, hasAnswer(t, db, "refused"))
	assert.True(t, hasAnswer(t, db, "after"))
}

func TestAViolatedConstraintIsItsOwnOperationsError(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	c := newConversation(epoch)
	insert := func(tx *store.Tx) error { copied := c; return tx.InsertConversation(&copied) }
	errs := storetest.Batch(db, insert, insert, insertAnswer("after"))
	require.NoError(t, errs[0])
	require.Error(t, errs[1])
	require.NotErrorIs(t, errs[1], conversations.ErrUnavailable)
	require.NoError(t, errs[2])
	assert.True(t, hasAnswer(t, db, "after"))
}

func TestAPanicIsItsOwnOperationsError(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	errs := storetest.Batch(db,
		insertAnswer("before"),
		func(tx *store.Tx) error {
			_ = insertAnswer("panicked")(tx)
			panic("at the disco")
		},
		insertAnswer("after"),
	)
	require.NoError(t, errs[0])
	require.ErrorContains(t, errs[1], "at the disco")
	require.NoError(t, errs[2])
	assert.True(t, hasAnswer(t, db, "before"))
	assert.False(t, hasAnswer(t, db, "panicked"))
	assert.True(t, hasAnswer(t, db, "after"))
}

func TestFailingWithoutWritingCostsNoSecondRun(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	refusals, neighbors := 0, 0
	refuse := func(tx *store.Tx) error {
		refusals++
		_, _, err := tx.Answer("none")
		return errors.Join(err, errRefused)
	}
	errs := storetest.Batch(db, refuse, func(tx *store.Tx) error { neighbors++; return insertAnswer("a")(tx) })
	require.ErrorIs(t, errs[0], errRefused)
	require.NoError(t, errs[1])
	assert.Equal(t, 1, refusals)
	assert.Equal(t, 1, neighbors)
	assert.True(t, hasAnswer(t, db, "a"))
}

func TestATakenUniqueNameCostsNoSecondRun(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	insert := func() error {
		runs := 0
		return db.Update(t.Context(), func(tx *store.Tx) error {
			if runs++; runs > 1 {
				return errors.New("it ran twice")
			}
			c := newConversation(epoch)
			c.UniqueName = ptr("taken")
			return tx.InsertConversation(&c)
		})
	}
	require.NoError(t, insert())
	assert.True(t, conversations.UniqueNameTaken.Is(insert()))
}

func TestCloseCommitsWhatWaits(t *testing.T) {
	t.Parallel()
	place := storetest.New(t)
	db := place.Open(t)
	var wait sync.WaitGroup
	held, release := make(chan struct{}), make(chan struct{})
	wait.Go(func() {
		assert.NoError(t, db.Update(context.Background(), func(*store.Tx) error { close(held); <-release; return nil }))
	})
	<-held
	waiting := make(chan struct{}, 1)
	wait.Go(func() {
		assert.NoError(t, db.Update(storetest.Signal{Context: context.Background(), Asked: waiting}, insertAnswer("waits")))
	})
	<-waiting
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	// Nothing is taken any more once Close has begun; until then all is committed.
	close(release)
	require.NoError(t, <-closed)
	wait.Wait()

	err := db.Update(t.Context(), insertAnswer("late"))
	require.ErrorIs(t, err, conversations.ErrUnavailable)
	require.NoError(t, db.Close(), "closing twice is closing once")
	again := place.Open(t)
	assert.True(t, hasAnswer(t, again, "waits"))
	assert.False(t, hasAnswer(t, again, "late"))
}

// The readiness check has to answer at once while many wait for the writer: it does not
// wait behind them.
func TestTheReadinessCheckDoesNotWaitInALongLine(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	const many = 40
	update(t, db, insertAnswer("a"))
	entered, leave, waiting := make(chan struct{}), make(chan struct{}), make(chan struct{}, many)
	var line sync.WaitGroup
	line.Go(func() {
		assert.NoError(t, db.Update(context.Background(), func(*store.Tx) error {
			close(entered)
			<-leave
			return nil
		}))
	})
	<-entered
	for range many {
		line.Go(func() {
			assert.NoError(t, db.Update(storetest.Signal{Context: context.Background(), Asked: waiting}, insertAnswer("a")))
		})
		<-waiting
	}
	checked := make(chan error, 1)
	go func() { checked <- db.CheckWritable(context.Background()) }()
	err := <-checked // it does not wait for what ends below
	close(leave)
	line.Wait()
	require.NoError(t, err)
	require.NoError(t, db.CheckWritable(t.Context()))
}

// A check that is given up tells so, also while the writer is at work for good.
func TestTheCheckDoesNotWaitForAStuckWriter(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	var stuck sync.WaitGroup
	stuck.Go(func() {
		assert.NoError(t, db.Update(context.Background(), func(*store.Tx) error {
			close(entered)
			<-leave
			return nil
		}))
	})
	<-entered
	ctx, giveUp := context.WithCancel(t.Context())
	asked := make(chan struct{}, 2)
	checked := make(chan error, 1)
	go func() { checked <- db.CheckWritable(patient{ctx, asked}) }()
	<-asked // the check itself waits
	<-asked // and its operation is about to be handed over
	giveUp()
	err := <-checked
	close(leave)
	stuck.Wait()
	require.ErrorIs(t, err, context.Canceled)
}

// patient is a context that says when somebody is about to wait on it.
type patient struct {
	context.Context //nolint:containedctx // it is one itself

	asked chan<- struct{}
}

// Done implements context.Context.
func (p patient) Done() <-chan struct{} {
	p.asked <- struct{}{}
	return p.Context.Done()
}
