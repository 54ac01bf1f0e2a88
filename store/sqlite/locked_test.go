package sqlite_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/sqlite"
)

// While another program holds the database, handlers fail for no fault of their
// task: nothing may be given up because of it.
func TestAttemptsDoNotCountWhileTheDatabaseIsLocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridged.db")
	b, err := sqlite.Open(t.Context(), path, migrations(t))
	require.NoError(t, err)
	_, err = b.Write.ExecContext(t.Context(), "PRAGMA busy_timeout = 1")
	require.NoError(t, err)
	db, err := store.Open(t.Context(), b, store.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })

	const attempts = 2
	s := store.NewSubscriber(db, store.SubscriberConfig{
		Attempts: attempts, Backoff: func(int) time.Duration { return time.Microsecond },
	})
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	messages, err := s.Subscribe(t.Context(), "topic")
	require.NoError(t, err)
	enqueue := func(payload string) error {
		return db.Update(t.Context(), func(tx *store.Tx) error {
			return tx.Enqueue(conversations.Task{Topic: "topic", Key: "key", Payload: []byte(payload)})
		})
	}
	require.NoError(t, enqueue("bad"))
	require.NoError(t, enqueue("good"))

	unlock := lockDatabase(t, path)
	require.ErrorIs(t, enqueue("refused"), conversations.ErrUnavailable)
	for range 3 * attempts {
		requirePayload(t, messages, "bad").Nack()
	}
	m := requirePayload(t, messages, "bad") // the last of them has been dealt with
	unlock()
	m.Nack()
	requirePayload(t, messages, "bad").Nack()
	requirePayload(t, messages, "good").Ack()
	letters, err := db.DeadLetters(t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 10})
	require.NoError(t, err)
	assert.Len(t, letters.Items, 1)
}

// lockDatabase takes the database's write lock as another program would.
func lockDatabase(t *testing.T, path string) (unlock func()) {
	t.Helper()
	other, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	other.SetMaxOpenConns(1)
	_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	return func() { require.NoError(t, other.Close()) }
}

func requirePayload(t *testing.T, messages <-chan *message.Message, payload string) *message.Message {
	t.Helper()
	select {
	case m, ok := <-messages:
		require.True(t, ok, "the subscription ended")
		require.Equal(t, payload, string(m.Payload))
		return m
	case <-time.After(20 * time.Second):
		require.FailNow(t, "no message came")
		return nil
	}
}
