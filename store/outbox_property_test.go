package store_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// outboxMachine does to one topic what publishers, handlers and restarts of the
// subscriber do, in any order, and knows what each key has to give next.
type outboxMachine struct {
	db       *store.DB
	topic    string
	sub      *store.Subscriber
	messages <-chan *message.Message
	enqueued int
	lines    map[string][]string         // what is not done, by key
	held     map[string]*message.Message // what is being handled, by key
}

func (m *outboxMachine) subscribe(t *rapid.T) {
	m.sub = store.NewSubscriber(m.db, eager)
	messages, err := m.sub.Subscribe(context.Background(), m.topic)
	require.NoError(t, err)
	m.messages, m.held = messages, make(map[string]*message.Message)
}

// Enqueue adds tasks of one key, sometimes more than a line holds in memory.
func (m *outboxMachine) Enqueue(t *rapid.T) {
	key := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "key")
	n := rapid.SampledFrom([]int{1, 1, 2, 5, 40}).Draw(t, "tasks")
	var payloads []string
	for range n {
		m.enqueued++
		payloads = append(payloads, strconv.Itoa(m.enqueued))
	}
	require.NoError(t, m.db.Update(context.Background(), func(tx *store.Tx) error {
		for _, p := range payloads {
			if err := tx.Enqueue(conversations.Task{Topic: m.topic, Key: key, Payload: []byte(p)}); err != nil {
				return err
			}
		}
		return nil
	}))
	m.lines[key] = append(m.lines[key], payloads...)
}

// Take gets a message, if a key has one to give: it must come.
func (m *outboxMachine) Take(t *rapid.T) {
	waiting := 0
	for key, line := range m.lines {
		if len(line) > 0 && m.held[key] == nil {
			waiting++
		}
	}
	if waiting == 0 {
		return
	}
	select {
	case got, ok := <-m.messages:
		require.True(t, ok, "the subscription ended")
		key := got.Metadata.Get(conversations.TaskKey)
		require.Nil(t, m.held[key], "key %s has a message under way", key)
		require.NotEmpty(t, m.lines[key], "key %s has nothing to give", key)
		require.Equal(t, m.lines[key][0], string(got.Payload), "key %s", key)
		m.held[key] = got
	case <-time.After(20 * time.Second):
		require.FailNow(t, "no message came")
	}
}

// Handled ends the handling of a message in one of the ways there are.
func (m *outboxMachine) Handled(t *rapid.T) {
	var keys []string
	for key := range m.held {
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return
	}
	slices.Sort(keys)
	key := rapid.SampledFrom(keys).Draw(t, "handled")
	got := m.held[key]
	delete(m.held, key)
	finishes, acks := rapid.Bool().Draw(t, "finishes"), rapid.Bool().Draw(t, "acks")
	if finishes {
		seq, err := strconv.ParseInt(got.UUID, 10, 64)
		require.NoError(t, err)
		require.NoError(t, m.db.Update(context.Background(), func(tx *store.Tx) error { return tx.Finish(seq) }))
	}
	if finishes || acks {
		m.lines[key] = m.lines[key][1:]
	}
	if acks {
		got.Ack()
	} else {
		got.Nack()
	}
}

// Restart closes the subscriber while messages are under way.
func (m *outboxMachine) Restart(t *rapid.T) {
	require.NoError(t, m.sub.Close())
	m.subscribe(t)
}

// drain acks everything.
func (m *outboxMachine) drain(t *rapid.T) {
	for {
		for key, got := range m.held {
			m.lines[key] = m.lines[key][1:]
			got.Ack()
		}
		clear(m.held)
		if m.Take(t); len(m.held) == 0 {
			break
		}
	}
	require.NoError(t, m.sub.Close())
}

// Of each key one message is under way at a time; all come in order; what was
// acked never comes again, and what was not always does.
func TestTheOutboxKeepsItsPromisesWhateverHappens(t *testing.T) {
	t.Parallel()
	b := storetest.New(t).Backend(t)
	db := openWith(t, b, store.Config{})
	topics := 0
	rapid.Check(t, func(rt *rapid.T) {
		topics++ // each run has a topic of its own
		m := &outboxMachine{db: db, topic: "topic" + strconv.Itoa(topics), lines: make(map[string][]string)}
		m.subscribe(rt)
		defer func() { assert.NoError(t, m.sub.Close()) }()
		rt.Repeat(map[string]func(*rapid.T){
			"enqueue": m.Enqueue, "take": m.Take, "handled": m.Handled, "handled too": m.Handled, "restart": m.Restart,
		})
		m.drain(rt)
		requireRows(t, b, 0)
	})
}

// An ack just before the end of the subscription counts: a handler that has done
// its work must not be asked again only because the program stops.
func TestAnAckRightBeforeTheEndCounts(t *testing.T) {
	t.Parallel()
	b := storetest.New(t).Backend(t)
	db := openWith(t, b, store.Config{})
	const keys = 50
	for i := range keys {
		enqueue(t, db, "topic", strconv.Itoa(i), "task")
	}
	s := store.NewSubscriber(db, eager)
	messages, err := s.Subscribe(context.Background(), "topic")
	require.NoError(t, err)
	var taken []*message.Message
	for range keys {
		taken = append(taken, next(t, messages))
	}
	for _, m := range taken {
		m.Ack()
	}
	require.NoError(t, s.Close())
	requireRows(t, b, 0)
}

// More keys than are held in memory: those beyond come as room is made.
func TestMoreKeysThanAreHeldInMemoryAllComeOnce(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	const keys = 4096 + 600
	update(t, db, func(tx *store.Tx) error {
		for i := range keys {
			task := conversations.Task{Topic: "topic", Key: strconv.Itoa(i), Payload: []byte("p")}
			if err := tx.Enqueue(task); err != nil {
				return err
			}
		}
		return nil
	})
	messages := subscribe(t, db, "topic", store.SubscriberConfig{InFlight: 8})
	seen := make(map[string]bool, keys)
	for range keys {
		m := next(t, messages)
		key := m.Metadata.Get(conversations.TaskKey)
		require.False(t, seen[key], key)
		seen[key] = true
		m.Ack()
	}
}
