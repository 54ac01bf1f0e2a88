package store_test

import (
	"fmt"
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

// handBack hands a message back because its time has not come.
func handBack(m *message.Message, wait time.Duration) {
	m.Metadata.Set(conversations.TaskWait, wait.String())
	m.Nack()
	m.Ack() // which comes too late, as a router's does
}

func TestAMessageThatIsHandedBackComesAgainAtItsTime(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	enqueue(t, db, "t", "waits", "first", "second")
	enqueue(t, db, "t", "goes", "other")
	messages := subscribe(t, db, "t", store.SubscriberConfig{InFlight: 1, Attempts: 1})
	// However slow the database is, the other key is read before this time has come.
	handBack(next(t, messages), time.Hour)
	m := next(t, messages)
	require.Equal(t, "other", string(m.Payload), "another key does not wait, nor is the one slot held")
	m.Ack()
	db.Hurry("t", func(key string) bool { return key == "waits" })
	const wait = 50 * time.Millisecond
	start := time.Now()
	for n := range 3 {
		m := next(t, messages)
		assert.Equal(t, "waits", m.Metadata.Get(conversations.TaskKey))
		assert.Equal(t, "t", m.Metadata.Get(conversations.TaskLease), "a task without a lease has its queue's")
		require.Equal(t, "first", string(m.Payload), "the order of the key is kept")
		assert.GreaterOrEqual(t, time.Since(start), time.Duration(n)*wait-time.Millisecond)
		handBack(m, wait)
	}
	for _, want := range []string{"first", "second"} {
		m := next(t, messages)
		assert.Equal(t, want, string(m.Payload))
		m.Ack()
	}
	letters, err := db.DeadLetters(t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 1})
	require.NoError(t, err)
	assert.Empty(t, letters.Items, "waiting is no failure, however often")
}

// A message that its handler finished and handed back all the same is gone.
func TestAFinishedMessageThatIsHandedBackIsGone(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	enqueue(t, db, "t", "k", "first", "second")
	messages := subscribe(t, db, "t", eager)
	m := next(t, messages)
	seq, err := strconv.ParseInt(m.UUID, 10, 64)
	require.NoError(t, err)
	update(t, db, func(tx *store.Tx) error { return tx.Finish(seq) })
	handBack(m, time.Hour)
	m = next(t, messages)
	assert.Equal(t, "second", string(m.Payload))
	m.Ack()
}

// More keys wait than fit into memory: those that do not wait still go, and all
// come back, each in its order and once.
func TestThoseWhoWaitDoNotKeepOthersFromBeingRead(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	const crowd, twice = 5000, 50 // of whom some have two
	update(t, db, func(tx *store.Tx) error {
		for i := range crowd {
			for n := range 1 + (crowd-i-1)/(crowd-twice) {
				task := conversations.Task{Topic: "t", Key: fmt.Sprint("waits ", i), Payload: fmt.Append(nil, n)}
				if err := tx.Enqueue(task); err != nil {
					return err
				}
			}
		}
		return tx.Enqueue(conversations.Task{Topic: "t", Key: "goes", Payload: []byte("0")})
	})
	messages := subscribe(t, db, "t", store.SubscriberConfig{InFlight: 16})
	came, others := map[string]int{}, 0
	for deadline := time.Now().Add(60 * time.Second); others+total(came) < crowd+twice+1; {
		require.True(t, time.Now().Before(deadline), "%d of the others, %d of the crowd", others, len(came))
		m := next(t, messages)
		key := m.Metadata.Get(conversations.TaskKey)
		switch {
		case key == "goes":
			others++
			m.Ack()
		case others == 0: // the crowd waits until the other one was there
			handBack(m, time.Second)
		default:
			require.Equal(t, fmt.Sprint(came[key]), string(m.Payload), "in order, and once")
			came[key]++
			m.Ack()
		}
	}
	assert.Equal(t, 1, others)
}

func total(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}
