package postgres_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

const names = 12 // of leases

func lease(n int) string { return "number " + strconv.Itoa(n%names) }

// peer is a process with a subscriber.
type peer struct {
	*store.DB

	handled *handled
}

// handled is what all peers have done together.
type handled struct {
	mu    sync.Mutex
	by    map[string][]string // payloads by key, in order
	count int
}

func (h *handled) add(m *message.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := m.Metadata.Get(conversations.TaskKey)
	h.by[key] = append(h.by[key], string(m.Payload))
	h.count++
}

func (h *handled) total() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// join opens a store at a URL and handles tasks, each in the commit that ends it.
func join(t *testing.T, at string, h *handled) *peer {
	t.Helper()
	p := &peer{DB: openAt(t, at, store.Config{Lease: 900 * time.Millisecond}), handled: h}
	s := store.NewSubscriber(p.DB, store.SubscriberConfig{})
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	messages, err := s.Subscribe(context.Background(), "topic")
	require.NoError(t, err)
	go func() {
		for m := range messages {
			seq, _ := strconv.ParseInt(m.UUID, 10, 64)
			if p.Update(context.Background(), func(tx *store.Tx) error { return tx.Finish(seq) }) == nil {
				h.add(m)
				m.Ack()
			} else {
				m.Nack()
			}
		}
	}()
	return p
}

// enqueue adds tasks from..to of all leases, one commit each.
func (p *peer) enqueue(t *testing.T, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		require.NoError(t, p.UpdateBeside(t.Context(), func(tx *store.Tx) error {
			return tx.Enqueue(conversations.Task{
				Topic: "topic", Key: "key of " + lease(n), Lease: lease(n), Payload: fmt.Appendf(nil, "%06d", n),
			})
		}))
	}
}

func (p *peer) holds() (n int) {
	for i := range names {
		if p.Holds(lease(i), 0) {
			n++
		}
	}
	return n
}

// check requires that each of n tasks was handled once, those of a key in order.
func (h *handled) check(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return h.total() >= n }, 20*time.Second, time.Millisecond)
	h.mu.Lock()
	defer h.mu.Unlock()
	assert.Equal(t, n, h.count)
	for key, payloads := range h.by {
		assert.IsIncreasing(t, payloads, key)
	}
}

func TestPeersShareTheWork(t *testing.T) {
	t.Parallel()
	place, h := storetest.NewPostgreSQL(t), &handled{by: make(map[string][]string)}
	one := join(t, place.URL, h)
	one.enqueue(t, 0, 50)
	other := join(t, place.URL, h)
	require.Eventually(t, func() bool { return one.holds() == names/2 && other.holds() == names/2 }, 20*time.Second, time.Millisecond,
		"each has its share")
	one.enqueue(t, 50, 100)
	other.enqueue(t, 100, 150)
	h.check(t, 150)
	require.NoError(t, other.Close())
	require.Eventually(t, func() bool { return one.holds() == names }, 20*time.Second, time.Millisecond, "it gets the rest")
	<-one.TookOver()
	one.enqueue(t, 150, 200)
	h.check(t, 200)
}

// A process that loses its connections does not act any more when its leases are
// over, and the others do.
func TestAPeerThatIsCutOffLosesItsLeases(t *testing.T) {
	t.Parallel()
	place, h := storetest.NewPostgreSQL(t), &handled{by: make(map[string][]string)}
	c, at := newCable(t, place)
	lonely := join(t, at, h)
	lonely.enqueue(t, 0, names)
	other := join(t, place.URL, h)
	require.Eventually(t, func() bool { return lonely.holds() > 0 && other.holds() > 0 }, 20*time.Second, time.Millisecond)
	c.set(true)
	other.enqueue(t, names, 5*names)
	require.Eventually(t, func() bool { return lonely.holds() == 0 }, 20*time.Second, time.Millisecond, "it knows by its clock")
	h.check(t, 5*names)
	require.Eventually(t, func() bool { return other.holds() == names }, 20*time.Second, time.Millisecond)
	c.set(false)
	require.Eventually(t, func() bool { return lonely.holds() > 0 }, 20*time.Second, time.Millisecond, "it comes back")
	lonely.enqueue(t, 5*names, 10*names)
	h.check(t, 10*names)
}

// What one process makes known, another one publishes to.
func TestPeersLearnOfConsumerGroups(t *testing.T) {
	t.Parallel()
	place := storetest.NewPostgreSQL(t)
	one, other := place.Open(t), place.Open(t)
	require.NoError(t, store.NewSubscriber(one, store.SubscriberConfig{Group: "group"}).SubscribeInitialize("topic"))
	rows := place.SQL(t)
	require.Eventually(t, func() bool {
		enqueue(t, other, "told")
		var n int
		require.NoError(t, rows.QueryRowContext(t.Context(), "SELECT count(*) FROM outbox WHERE queue = 'topic@group'").Scan(&n))
		return n > 0
	}, 20*time.Second, time.Millisecond, "the other one knows of it")
}
