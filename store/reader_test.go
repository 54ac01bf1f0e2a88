package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
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

// notes is a reader that writes down each event, once: a second time would be an
// error of the database.
func notes(batch int) store.EventReaderConfig {
	return store.EventReaderConfig{
		Name: "notes", Batch: batch, Linger: time.Millisecond, Rest: 1,
		Step: func(_ context.Context, state string, events []conversations.Event) (store.Step, error) {
			if len(events) == 0 {
				return store.Step{State: state}, nil
			}
			return store.Step{Through: len(events), State: "noted", Apply: func(tx *store.Tx) error {
				for _, e := range events {
					if err := tx.InsertDeadLetter(conversations.DeadLetter{Topic: string(e.Type), Key: strconv.FormatInt(e.Seq, 10), Created: e.At}); err != nil {
						return err
					}
				}
				return nil
			}}, nil
		},
	}
}

// noteOnce lets the database refuse a second note of an event.
func noteOnce(t *testing.T, rows *sql.DB) {
	t.Helper()
	_, err := rows.ExecContext(t.Context(), "CREATE UNIQUE INDEX noted_once ON dead_letters (task_key)")
	require.NoError(t, err)
}

// logged is what was logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func record(t *testing.T, db *store.DB, n int) {
	t.Helper()
	for range n {
		require.NoError(t, db.UpdateBeside(t.Context(), func(tx *store.Tx) error {
			return tx.Record(event(conversations.UserAdded, "", conversations.Resource{User: &conversations.User{ID: "u", Identity: "i"}}))
		}))
	}
}

// noted waits until every event is noted, and each in the order of the events.
func noted(t *testing.T, rows *sql.DB, n int) {
	t.Helper()
	eventually(t, func() bool { return countRows(t, rows, "SELECT COUNT(*) FROM dead_letters") >= n }, "all are noted")
	assert.Equal(t, n, countRows(t, rows, "SELECT COUNT(*) FROM dead_letters"))
}

// Stopped anywhere, a reader goes on where it was.
func TestAReaderOfEventsLosesNothingAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	at := storetest.New(t)
	rows := at.SQL(t)
	db := at.Open(t)
	noteOnce(t, rows)
	total := 0
	for i := range 8 {
		r, err := db.FollowEvents(t.Context(), notes(3))
		require.NoError(t, err)
		record(t, db, 20)
		total += 20
		if i%2 == 0 {
			r.Close()
		}
		require.NoError(t, db.Close())
		db = at.Open(t)
	}
	_, err := db.FollowEvents(t.Context(), notes(3))
	require.NoError(t, err)
	noted(t, rows, total)
	assert.Equal(t, 0, countRows(t, rows, "SELECT COUNT(*) FROM dead_letters a JOIN dead_letters b ON a.seq < b.seq AND a.topic <> b.topic"))
	assert.Equal(t, 1, countRows(t, rows, "SELECT COUNT(*) FROM event_readers WHERE name = 'notes' AND state = 'noted'"))
}

// Several processes have the reader, and transactions run side by side.
func TestOneProcessAtATimeReadsTheEvents(t *testing.T) {
	t.Parallel()
	at := storetest.NewPostgreSQL(t)
	rows := at.SQL(t)
	noteOnce(t, rows)
	var failures logged
	open := func() *store.DB {
		db, err := store.Open(t.Context(), at.Backend(t), store.Config{Lease: 3 * time.Second, Log: slog.New(slog.NewTextHandler(&failures, &slog.HandlerOptions{Level: slog.LevelError}))})
		require.NoError(t, err)
		_, err = db.FollowEvents(t.Context(), notes(7))
		require.NoError(t, err)
		return db
	}
	stores := []*store.DB{open(), open(), open()}
	var writing sync.WaitGroup
	for i := range 6 {
		writing.Go(func() { record(t, stores[1+i%2], 100) })
	}
	// The first of them may be the one that reads: another takes over from it.
	require.NoError(t, stores[0].Close())
	writing.Wait()
	noted(t, rows, 600)
	require.NoError(t, errors.Join(stores[1].Close(), stores[2].Close()))
	assert.Empty(t, failures.String(), "nothing was noted twice")
}

// A step that fails is taken again; an event that cannot be read holds up nobody.
func TestAReaderOfEventsGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	at := storetest.New(t)
	db, rows := at.Open(t), at.SQL(t)
	cfg := notes(10)
	var failed atomic.Bool
	step := cfg.Step
	cfg.Step = func(ctx context.Context, state string, events []conversations.Event) (store.Step, error) {
		if len(events) > 0 && failed.CompareAndSwap(false, true) {
			return store.Step{}, errRefused
		}
		return step(ctx, state, events)
	}
	_, err := db.FollowEvents(t.Context(), cfg)
	require.NoError(t, err)
	update(t, db, func(tx *store.Tx) error {
		return tx.Record(event(conversations.MessageAdded, "c", conversations.Resource{Message: &conversations.Message{ID: "m"}}))
	})
	_, err = rows.ExecContext(t.Context(), "UPDATE events SET after = 'broken'")
	require.NoError(t, err)
	record(t, db, 1)
	noted(t, rows, 2)
	assert.True(t, failed.Load())
}
