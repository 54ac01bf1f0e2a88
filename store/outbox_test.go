package store_test

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func TestMain(m *testing.M) { storetest.NoLeaks(m) }

// eager tries again at once.
var eager = store.SubscriberConfig{Backoff: func(int) time.Duration { return time.Microsecond }}

// enqueue adds one task per payload, in one commit.
func enqueue(t testing.TB, db *store.DB, topic, key string, payloads ...string) {
	t.Helper()
	update(t, db, func(tx *store.Tx) error {
		for _, p := range payloads {
			if err := tx.Enqueue(conversations.Task{Topic: topic, Key: key, Payload: []byte(p)}); err != nil {
				return err
			}
		}
		return nil
	})
}

// subscribe reads a topic until the end of the test.
func subscribe(t *testing.T, db *store.DB, topic string, c store.SubscriberConfig) <-chan *message.Message {
	t.Helper()
	s := store.NewSubscriber(db, c)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	messages, err := s.Subscribe(t.Context(), topic)
	require.NoError(t, err)
	return messages
}

// next waits for a message. The timeout is for a failing test only.
func next(t testing.TB, messages <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case m, ok := <-messages:
		require.True(t, ok, "the subscription ended")
		return m
	case <-time.After(20 * time.Second):
		require.FailNow(t, "no message came")
		return nil
	}
}

func requireNext(t testing.TB, messages <-chan *message.Message, payload string) *message.Message {
	t.Helper()
	m := next(t, messages)
	require.Equal(t, payload, string(m.Payload))
	return m
}

// requireRows waits until the outbox has so many rows: what was acked is removed
// a little later.
func requireRows(t testing.TB, b store.Backend, want int) {
	t.Helper()
	var n int
	for deadline := time.Now().Add(20 * time.Second); ; runtime.Gosched() {
		require.NoError(t, b.Read.QueryRowContext(t.Context(), "SELECT count(*) FROM outbox").Scan(&n))
		if n == want {
			return
		}
		require.True(t, time.Now().Before(deadline), "there are %d rows, not %d", n, want)
	}
}

func TestOrderPerKeyWithTwoSubscribers(t *testing.T) {
	t.Parallel()
	b := storetest.New(t).Backend(t)
	db := openWith(t, b, store.Config{})
	const keys, each = 40, 25
	one, two := subscribe(t, db, "topic", eager), subscribe(t, db, "topic", eager)
	for i := range each {
		update(t, db, func(tx *store.Tx) error {
			for k := range keys {
				if err := tx.Enqueue(conversations.Task{
					Topic: "topic", Key: strconv.Itoa(k), Payload: []byte(strconv.Itoa(i)),
				}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	seen := make(map[string]int, keys)
	for range keys * each {
		var m *message.Message
		select {
		case m = <-one:
		case m = <-two:
		case <-time.After(20 * time.Second):
			require.FailNow(t, "no message came")
		}
		key := m.Metadata.Get(conversations.TaskKey)
		require.Equal(t, strconv.Itoa(seen[key]), string(m.Payload), "key %s", key)
		seen[key]++
		m.Ack()
	}
	requireRows(t, b, 0)
}

// A line holds 32 rows in memory; the rest is read back from disk.
func TestAFloodedKeyHoldsUpNobodyAndStaysInOrder(t *testing.T) {
	t.Parallel()
	b := storetest.New(t).Backend(t)
	db := openWith(t, b, store.Config{})
	const flood = 600
	payloads := make([]string, flood)
	for i := range payloads {
		payloads[i] = strconv.Itoa(i)
	}
	enqueue(t, db, "topic", "flood", payloads[:flood/2]...)
	for i := range 5 {
		enqueue(t, db, "topic", fmt.Sprint("quiet", i), "q")
	}
	enqueue(t, db, "topic", "flood", payloads[flood/2:flood-50]...)
	messages := subscribe(t, db, "topic", eager)

	var blocked *message.Message // is not acked: its key waits
	var quiet []string
	for range 6 {
		m := next(t, messages)
		if string(m.Payload) == "0" {
			blocked = m
			continue
		}
		quiet = append(quiet, m.Metadata.Get(conversations.TaskKey))
		m.Ack()
	}
	require.NotNil(t, blocked)
	assert.ElementsMatch(t, []string{"quiet0", "quiet1", "quiet2", "quiet3", "quiet4"}, quiet)
	enqueue(t, db, "topic", "quiet", "late")
	requireNext(t, messages, "late").Ack()
	blocked.Ack()
	for i := 1; i < flood; i++ {
		if i == flood/3 { // while the line is being read back
			enqueue(t, db, "topic", "flood", payloads[flood-50:]...)
		}
		requireNext(t, messages, payloads[i]).Ack()
	}
	requireRows(t, b, 0)
}

func TestATaskThatKeepsFailingBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	b := storetest.New(t).Backend(t)
	db := openWith(t, b, store.Config{})
	backoffs := make(chan int, 10)
	messages := subscribe(t, db, "topic", store.SubscriberConfig{
		Attempts: 3, Backoff: func(attempts int) time.Duration { backoffs <- attempts; return time.Microsecond },
	})
	enqueue(t, db, "topic", "key", "bad", "good")
	for range 3 {
		m := requireNext(t, messages, "bad")
		m.Metadata.Set(conversations.TaskError, "it does not work")
		m.Nack()
	}
	requireNext(t, messages, "good").Ack()
	for i := 1; i <= 3; i++ {
		assert.Equal(t, i, <-backoffs)
	}
	letters, err := db.DeadLetters(t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, letters.Items, 1)
	letter := letters.Items[0]
	assert.NotZero(t, letter.Created)
	letter.Seq, letter.Created = 0, time.Time{}
	assert.Equal(t, conversations.DeadLetter{
		Topic: "topic", Key: "key", Lease: "topic", Payload: []byte("bad"), Reason: "it does not work",
	}, letter)
	requireRows(t, b, 0)
}

func TestABackedOffKeyWaitsAndOthersDoNot(t *testing.T) {
	t.Parallel()
	b := storetest.New(t).Backend(t)
	db := openWith(t, b, store.Config{})
	messages := subscribe(t, db, "topic", store.SubscriberConfig{Backoff: func(int) time.Duration { return time.Hour }})
	enqueue(t, db, "topic", "waits", "first", "second")
	requireNext(t, messages, "first").Nack()
	enqueue(t, db, "topic", "other", "third")
	requireNext(t, messages, "third").Ack()
	requireRows(t, b, 2)
}

func TestFinishInTheHandlersCommitRemovesTheRow(t *testing.T) {
	t.Parallel()
	b := storetest.New(t).Backend(t)
	db := openWith(t, b, store.Config{})
	messages := subscribe(t, db, "topic", eager)
	enqueue(t, db, "topic", "key", "a", "b")
	m := requireNext(t, messages, "a")
	seq, err := strconv.ParseInt(m.UUID, 10, 64)
	require.NoError(t, err, "a task's UUID is its row's number")
	update(t, db, func(tx *store.Tx) error { return tx.Finish(seq) })
	requireRows(t, b, 1)
	m.Nack() // too late: it is done
	requireNext(t, messages, "b").Ack()
	update(t, db, func(tx *store.Tx) error { return tx.Finish(0) })
	requireRows(t, b, 0)
}

func TestARefusedCommitNeitherEnqueuesNorFinishes(t *testing.T) {
	t.Parallel()
	b := storetest.New(t).Backend(t)
	db := openWith(t, b, store.Config{})
	messages := subscribe(t, db, "topic", eager)
	enqueue(t, db, "topic", "key", "a")
	m := requireNext(t, messages, "a")
	seq, err := strconv.ParseInt(m.UUID, 10, 64)
	require.NoError(t, err)
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		_ = tx.Finish(seq)
		_ = tx.Enqueue(conversations.Task{Topic: "topic", Key: "other", Payload: []byte("never")})
		return errRefused
	})
	require.ErrorIs(t, err, errRefused)
	m.Nack()
	requireNext(t, messages, "a").Ack()
	requireRows(t, b, 0)
}

func TestATaskWaitsForItsSubscriber(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	enqueue(t, db, "topic", "key", "a")
	enqueue(t, db, "another", "key", "b")
	requireNext(t, subscribe(t, db, "topic", eager), "a").Ack()
}

func TestWhatWasNotAckedComesAgain(t *testing.T) {
	t.Parallel()
	place := storetest.New(t)
	db := place.Open(t)
	enqueue(t, db, "topic", "key", "a", "b")

	s := store.NewSubscriber(db, eager)
	messages, err := s.Subscribe(context.Background(), "topic")
	require.NoError(t, err)
	requireNext(t, messages, "a")
	require.NoError(t, s.Close())
	_, open := <-messages
	assert.False(t, open)
	_, err = s.Subscribe(t.Context(), "topic")
	require.Error(t, err, "it is closed")

	again := store.NewSubscriber(db, eager)
	messages, err = again.Subscribe(context.Background(), "topic")
	require.NoError(t, err)
	requireNext(t, messages, "a") // neither acked nor nacked
	require.NoError(t, again.Close())
	require.NoError(t, db.Close())

	messages = subscribe(t, place.Open(t), "topic", eager)
	requireNext(t, messages, "a").Ack()
	requireNext(t, messages, "b").Ack()
}
