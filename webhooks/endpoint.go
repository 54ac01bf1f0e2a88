package webhooks

import (
	"context"
	"sync"
	"time"

	"bridged/conversations"
)

// How many calls of one endpoint are under way at once. It begins with few, gets more
// with each call that is taken, and loses half with each that is not, so that one
// that hangs soon holds few.
const (
	firstCalls = 8
	leastCalls = 2
	mostCalls  = 32
	// longestTurn bounds how long a task is set aside because an endpoint is busy.
	longestTurn = 30 * time.Second
	// usualTime is how long a call is taken to last before any was made.
	usualTime = 10 * time.Millisecond
)

// endpoint is a URL without its query and fragment, and how calls of it go.
type endpoint struct {
	mu      sync.Mutex
	breaker breaker
	limit   float64 // how many calls may be under way
	flying  int
	waiting []chan bool                            // those that wait for a call to end
	queue   queue                                  // of those who wait elsewhere
	aside   map[conversations.WebhookListener]bool // set aside since the breaker opened
	failure conversations.WebhookCall              // the last one
}

func newEndpoint() *endpoint {
	return &endpoint{limit: firstCalls, queue: queue{usual: usualTime}, aside: make(map[conversations.WebhookListener]bool)}
}

// admission is the answer to who wants to make a call.
type admission struct {
	granted bool
	wait    time.Duration // after which to ask again, if not
	blocked bool          // because the breaker is open
}

// admit says whether a call may be made. Few wait for their turn here; the others
// are to be set aside until it may have come.
func (e *endpoint) admit(ctx context.Context, l conversations.WebhookListener, now time.Time) admission {
	e.mu.Lock()
	allowed, wait := e.breaker.ask(now)
	switch {
	case !allowed:
		e.aside[l] = true
		e.mu.Unlock()
		return admission{wait: wait, blocked: true}
	case e.breaker.probing || e.flying < int(e.limit):
		e.flying++
		e.mu.Unlock()
		return admission{granted: true}
	case len(e.waiting) >= int(e.limit):
		defer e.mu.Unlock()
		return admission{wait: e.queue.next(now, int(e.limit))}
	}
	turn := make(chan bool, 1)
	e.waiting = append(e.waiting, turn)
	e.mu.Unlock()
	select {
	case granted := <-turn:
		return admission{granted: granted, wait: firstProbe, blocked: !granted}
	case <-ctx.Done():
	}
	if e.leave(turn) {
		return admission{wait: firstProbe}
	}
	return admission{granted: <-turn, wait: firstProbe} // it came at the same time
}

// leave takes one that waits out of the line; false where its turn has come.
func (e *endpoint) leave(turn chan bool) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, other := range e.waiting {
		if other == turn {
			e.waiting = append(e.waiting[:i], e.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// next lets those go whose turn has come. The caller holds e.mu.
func (e *endpoint) next() {
	for len(e.waiting) > 0 && (e.breaker.open() || e.flying < int(e.limit)) {
		turn := e.waiting[0]
		e.waiting = e.waiting[1:]
		granted := !e.breaker.open()
		if granted {
			e.flying++
		}
		turn <- granted
	}
}

// ended records a call that was made. Where it closes the breaker, these are the
// listeners that were set aside meanwhile. Where it is open, wait is how long.
func (e *endpoint) ended(l conversations.WebhookListener, c conversations.WebhookCall, now time.Time) (freed map[conversations.WebhookListener]bool, wait time.Duration, opened bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.next()
	e.flying--
	if c.Error == "" {
		e.limit = min(mostCalls, e.limit+1)
		e.queue.called(c.Took)
		if e.breaker.succeeded() {
			freed = e.free()
		}
		return freed, 0, false
	}
	e.limit, e.failure = max(leastCalls, e.limit/2), c
	opened = e.breaker.failed(now)
	if e.breaker.open() {
		e.aside[l] = true
		wait = max(0, e.breaker.until.Sub(now))
	}
	return nil, wait, opened
}

// free forgets who was set aside, and returns them. The caller holds e.mu.
func (e *endpoint) free() map[conversations.WebhookListener]bool {
	freed := e.aside
	e.aside = make(map[conversations.WebhookListener]bool)
	return freed
}

// withdrawn records a call that was cut off by our own end, which says nothing of
// the endpoint.
func (e *endpoint) withdrawn() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.flying--
	e.breaker.withdrawn()
	e.next()
}

// resume closes the breaker now, and returns whom that lets go.
func (e *endpoint) resume() map[conversations.WebhookListener]bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.breaker = breaker{}
	return e.free()
}

// idle says whether nothing would be lost with the endpoint.
func (e *endpoint) idle() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.flying == 0 && len(e.waiting) == 0 && e.breaker.failures == 0
}

// state is how it stands: the breaker's health, when it is probed next, and the last
// call that failed.
func (e *endpoint) state() (health conversations.WebhookHealth, probe time.Time, failure conversations.WebhookCall) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.breaker.open() {
		probe = e.breaker.until
	}
	return e.breaker.health(), probe, e.failure
}
