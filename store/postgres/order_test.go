package postgres_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// writer is a transaction beside the store's own, as another process has them.
type writer struct {
	t  *testing.T
	tx *sql.Tx
}

// begin begins a transaction that has its number from now on.
func begin(t *testing.T, db *sql.DB) writer {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback() })
	w := writer{t, tx}
	w.run("SELECT pg_current_xact_id()")
	return w
}

func (w writer) run(query string, args ...any) {
	w.t.Helper()
	_, err := w.tx.ExecContext(w.t.Context(), query, args...)
	require.NoError(w.t, err)
}

func (w writer) enqueue(payload string) {
	w.t.Helper()
	w.run(`INSERT INTO outbox (queue, lease, task_key, uuid, payload, attempts, due)
		VALUES ('topic', 'topic', $1, '', $2, 0, 0)`, "key of "+payload, []byte(payload))
}

func (w writer) commit() {
	w.t.Helper()
	require.NoError(w.t, w.tx.Commit())
}

// reading is a store with a subscriber to the topic that has read once.
func reading(t *testing.T) (*store.DB, *sql.DB, <-chan *message.Message) {
	t.Helper()
	place := storetest.NewPostgreSQL(t)
	db := place.Open(t)
	s := store.NewSubscriber(db, store.SubscriberConfig{Poll: 10 * time.Millisecond})
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	messages, err := s.Subscribe(context.Background(), "topic")
	require.NoError(t, err)
	enqueue(t, db, "first")
	requireNext(t, messages, "first")
	return db, place.SQL(t), messages
}

func enqueue(t *testing.T, db *store.DB, payload string) {
	t.Helper()
	require.NoError(t, db.UpdateBeside(t.Context(), func(tx *store.Tx) error {
		return tx.Enqueue(conversations.Task{Topic: "topic", Key: "key of " + payload, Payload: []byte(payload)})
	}))
}

func requireNext(t *testing.T, messages <-chan *message.Message, payload string) {
	t.Helper()
	select {
	case m := <-messages:
		require.Equal(t, payload, string(m.Payload))
		m.Ack()
	case <-time.After(20 * time.Second):
		require.FailNow(t, "no message came", payload)
	}
}

// requireBoth takes two messages of different keys, which come in any order.
func requireBoth(t *testing.T, messages <-chan *message.Message, one, other string) {
	t.Helper()
	var got []string
	for range 2 {
		select {
		case m := <-messages:
			got = append(got, string(m.Payload))
			m.Ack()
		case <-time.After(20 * time.Second):
			require.FailNow(t, "no message came", "after %v", got)
		}
	}
	require.ElementsMatch(t, []string{one, other}, got)
}

// requireNothing gives the reader the time to make a mistake.
func requireNothing(t *testing.T, messages <-chan *message.Message) {
	t.Helper()
	select {
	case m := <-messages:
		require.FailNow(t, "too early", string(m.Payload))
	case <-time.After(200 * time.Millisecond):
	}
}

// A commit is held open between those of two writers: who reads waits for it.
func TestAReaderWaitsForACommitThatIsHeldOpen(t *testing.T) {
	t.Parallel()
	db, raw, messages := reading(t)
	enqueue(t, db, "before")
	requireNext(t, messages, "before")
	held := begin(t, raw)
	held.enqueue("held")
	enqueue(t, db, "after")
	requireNothing(t, messages)
	held.commit()
	requireBoth(t, messages, "held", "after")
}

// The number of a row may be higher than that of one which is committed already,
// although its transaction is older.
func TestAnOlderTransactionMayInsertLater(t *testing.T) {
	t.Parallel()
	db, raw, messages := reading(t)
	older := begin(t, raw)
	enqueue(t, db, "newer")
	requireNothing(t, messages)
	older.enqueue("older")
	older.commit()
	requireBoth(t, messages, "older", "newer")
}

// And it may be lower than one that was read already, although its transaction is
// younger.
func TestAYoungerTransactionMayHaveALowerNumber(t *testing.T) {
	t.Parallel()
	_, raw, messages := reading(t)
	older, younger := begin(t, raw), begin(t, raw)
	younger.enqueue("lower")
	older.enqueue("higher")
	older.commit()
	requireNext(t, messages, "higher")
	younger.commit()
	requireNext(t, messages, "lower")
}

// A transaction that is rolled back holds nobody up for longer than it lives.
func TestARollbackIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	db, raw, messages := reading(t)
	held := begin(t, raw)
	held.enqueue("never")
	enqueue(t, db, "after")
	requireNothing(t, messages)
	require.NoError(t, held.tx.Rollback())
	requireNext(t, messages, "after")
	requireNothing(t, messages)
}

// A transaction that was begun first waits for a lock until a younger one has
// committed: what it inserts then comes behind.
func TestWhoWaitsForALockComesBehind(t *testing.T) {
	t.Parallel()
	_, raw, messages := reading(t)
	older, younger := begin(t, raw), begin(t, raw)
	younger.run("SELECT pg_advisory_xact_lock(1)")
	younger.enqueue("in order")
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := older.tx.ExecContext(t.Context(), "SELECT pg_advisory_xact_lock(1)")
		assert.NoError(t, err)
	}()
	younger.commit()
	<-done
	older.run(`INSERT INTO outbox (queue, lease, task_key, uuid, payload, attempts, due)
		VALUES ('topic', 'topic', 'key of in order', '', 'behind', 0, 0)`)
	older.commit()
	requireNext(t, messages, "in order")
	requireNext(t, messages, "behind")
}
