package webhooks

import (
	"context"
	"sync"
	"time"

	"bridged/conversations"
)

// endpoints are all that were called lately.
type endpoints struct {
	mu    sync.Mutex
	byURL map[string]*endpoint
	hosts map[string]*host // of which calls are under way
}

// host is a host of which calls are under way, of whichever of its endpoints.
type host struct {
	flying int
	queue  queue
}

const (
	// mostEndpoints is how many are kept, but for those that are not idle.
	mostEndpoints = 10_000
	// mostOfHost is how many calls of one host are under way at once.
	mostOfHost = 128
	// usualOfHost is how long a call of a host is taken to last before any has ended.
	usualOfHost = 100 * time.Millisecond
)

func newEndpoints() *endpoints {
	return &endpoints{byURL: make(map[string]*endpoint), hosts: make(map[string]*host)}
}

// of returns the endpoint of a URL that has neither query nor fragment.
func (m *endpoints) of(key string) *endpoint {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byURL[key]
	if e == nil {
		m.makeRoom()
		e = newEndpoint()
		m.byURL[key] = e
	}
	return e
}

// makeRoom forgets endpoints of which nothing is to be remembered, where there are
// many. The caller holds m.mu.
func (m *endpoints) makeRoom() {
	if len(m.byURL) < mostEndpoints {
		return
	}
	for key, e := range m.byURL {
		if e.idle() {
			delete(m.byURL, key)
		}
	}
}

// admit says whether an endpoint of a host may be called now. One host has several
// endpoints where each conversation has a URL of its own. Whoever is admitted calls
// release.
func (m *endpoints) admit(ctx context.Context, e *endpoint, name string, l conversations.WebhookListener, now time.Time) (a admission, release func()) {
	if wait := m.enter(name, now); wait > 0 {
		return admission{wait: wait}, nil
	}
	if a = e.admit(ctx, l, now); !a.granted {
		m.leave(name, 0)
		return a, nil
	}
	start := time.Now()
	return a, func() { m.leave(name, time.Since(start)) }
}

// enter takes a place among the calls of a host that are under way; 0 where there is
// one, or else after what time to ask again.
func (m *endpoints) enter(name string, now time.Time) (wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.hosts[name]
	switch {
	case h == nil:
		m.hosts[name] = &host{flying: 1, queue: queue{usual: usualOfHost}}
	case h.flying < mostOfHost:
		h.flying++
	default:
		return h.queue.next(now, mostOfHost)
	}
	return 0
}

// leave gives a place up after a call that took so long; 0 where there was none.
func (m *endpoints) leave(name string, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.hosts[name]
	if took > 0 {
		h.queue.called(took)
	}
	if h.flying--; h.flying == 0 {
		delete(m.hosts, name)
	}
}

// queue says when those come again who are set aside because all places are taken.
type queue struct {
	usual time.Duration // how long calls take, lately
	turn  time.Time     // when the last one comes again
}

// called records how long a call took.
func (q *queue) called(took time.Duration) { q.usual = (7*q.usual + took) / 8 }

// next is when one more comes again: twice as often as calls seem to end in so many
// places, so that none stays empty.
func (q *queue) next(now time.Time, places int) time.Duration {
	if q.turn.Before(now) {
		q.turn = now
	}
	q.turn = q.turn.Add(q.usual / time.Duration(2*max(1, places)))
	return max(time.Millisecond, min(q.turn.Sub(now), longestTurn))
}
