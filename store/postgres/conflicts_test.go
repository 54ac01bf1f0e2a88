package postgres_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func TestADeadlockIsRunAgain(t *testing.T) {
	t.Parallel()
	db := storetest.NewPostgreSQL(t).Open(t)
	var met sync.WaitGroup // both hold their first lock
	met.Add(2)
	var once [2]sync.Once
	var runs atomic.Int32
	lockBoth := func(n int, names ...string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			runs.Add(1)
			if err := tx.Lock(names[0]); err != nil {
				return err
			}
			if _, _, err := tx.Answer("none"); err != nil { // has the lock sent
				return err
			}
			once[n].Do(func() { met.Done(); met.Wait() })
			if err := tx.Lock(names[1]); err != nil {
				return err
			}
			return keep(names[0])(tx)
		}
	}
	errs := concurrently(db.UpdateBeside, lockBoth(0, "a", "b"), lockBoth(1, "b", "a"))
	assert.Equal(t, []error{nil, nil}, errs)
	assert.Greater(t, runs.Load(), int32(2), "one was run again")
	assert.True(t, isKept(t, db, "a"))
	assert.True(t, isKept(t, db, "b"))
}

// concurrently runs operations at the same time, each by an update of its own.
func concurrently(update func(context.Context, func(*store.Tx) error) error, operations ...func(*store.Tx) error) []error {
	errs := make([]error, len(operations))
	var wait sync.WaitGroup
	for i, op := range operations {
		wait.Go(func() { errs[i] = update(context.Background(), op) })
	}
	wait.Wait()
	return errs
}

func TestOfTwoEqualMessagesOneIsNew(t *testing.T) {
	t.Parallel()
	db := storetest.NewPostgreSQL(t).Open(t)
	const n = 20
	fresh := make([]bool, n)
	operations := make([]func(*store.Tx) error, n)
	for i := range operations {
		operations[i] = func(tx *store.Tx) (err error) {
			r := conversations.InboundRecord{Inbound: conversations.Inbound{Channel: "c", ProviderID: "p"}}
			fresh[i], err = tx.InsertInbound(&r)
			return err
		}
	}
	count := 0
	for i, err := range concurrently(db.UpdateBeside, operations...) {
		require.NoError(t, err)
		if fresh[i] {
			count++
		}
	}
	assert.Equal(t, 1, count)
}

// Of two that look for a row in vain and insert it, the second one finds it when
// it is run again.
func TestADuplicateIsFoundTheSecondTime(t *testing.T) {
	t.Parallel()
	db := storetest.NewPostgreSQL(t).Open(t)
	var met sync.WaitGroup
	met.Add(2)
	var once [2]sync.Once
	insert := func(n int) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			name := "unique"
			_, err := tx.FindConversation("s", conversations.ConversationKey{UniqueName: name})
			once[n].Do(func() { met.Done(); met.Wait() })
			if err == nil || !conversations.NotFound.Is(err) {
				return err
			}
			c := conversations.Conversation{ID: conversations.ConversationID(strconv.Itoa(n)), Service: "s", UniqueName: &name, Attributes: "{}"}
			return tx.InsertConversation(&c)
		}
	}
	for _, err := range concurrently(db.UpdateBeside, insert(0), insert(1)) {
		assert.True(t, err == nil || conversations.UniqueNameTaken.Is(err), "%v", err)
	}
	list, err := db.Conversations(t.Context(), "s", conversations.ConversationFilter{}, conversations.Page{Size: 5})
	require.NoError(t, err)
	assert.Len(t, list.Items, 1)
}

func TestWhatIsAloneHasNobodyBesideIt(t *testing.T) {
	t.Parallel()
	db := storetest.NewPostgreSQL(t).Open(t)
	inside, leave := make(chan struct{}), make(chan struct{})
	alone := make(chan error, 1)
	go func() {
		var once sync.Once
		alone <- db.Update(context.Background(), func(tx *store.Tx) error {
			if _, _, err := tx.Answer("beside"); err != nil { // it has begun
				return err
			}
			once.Do(func() { close(inside); <-leave })
			_, found, err := tx.Answer("beside")
			assert.False(t, found)
			return err
		})
	}()
	<-inside
	beside := make(chan error, 1)
	go func() { beside <- db.UpdateBeside(context.Background(), keep("beside")) }()
	select {
	case err := <-beside:
		require.FailNow(t, "it was not alone", "%v", err)
	case <-time.After(200 * time.Millisecond): // it has the time to make a mistake
	}
	close(leave)
	require.NoError(t, <-alone)
	require.NoError(t, <-beside)
}

func TestIndexesHaveNoGaps(t *testing.T) {
	t.Parallel()
	db := storetest.NewPostgreSQL(t).Open(t)
	c := conversations.Conversation{ID: "c", Service: "s", Attributes: "{}"}
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error { return tx.InsertConversation(&c) }))
	const n = 30
	indexes := make([]int64, n)
	operations := make([]func(*store.Tx) error, n)
	for i := range operations {
		operations[i] = func(tx *store.Tx) (err error) {
			mine := c
			indexes[i], err = tx.NextIndex(&mine)
			return err
		}
	}
	want := make([]int64, n)
	for i, err := range concurrently(db.UpdateBeside, operations...) {
		require.NoError(t, err)
		want[i] = int64(i)
	}
	assert.ElementsMatch(t, want, indexes)
}

// PostgreSQL takes no NUL characters and nothing but UTF-8.
func TestTextsAreCleaned(t *testing.T) {
	t.Parallel()
	db := storetest.NewPostgreSQL(t).Open(t)
	const dirty, clean = "a\x00b\xffc", "a\uFFFDb\uFFFDc"
	require.NoError(t, db.UpdateBeside(t.Context(), keep(dirty)))
	assert.True(t, isKept(t, db, dirty), "it is found by the text that it came with")
	assert.True(t, isKept(t, db, clean))
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
		a, _, err := tx.Answer(dirty)
		assert.Equal(t, clean, a.Fingerprint)
		return err
	}))
}
