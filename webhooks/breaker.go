package webhooks

import (
	"time"

	"bridged/conversations"
)

// How a breaker works.
const (
	failuresToOpen = 5
	firstProbe     = time.Second
	longestProbe   = time.Minute
)

// breaker keeps calls from an endpoint that does not take them. It opens after some
// failures in a row; then single calls find out, with growing pauses between them,
// whether the endpoint works again. Who has it sees to it that it is used by one at a
// time.
type breaker struct {
	failures int // in a row
	pause    time.Duration
	until    time.Time // of an open one: when the next probe is due
	probing  bool
}

func (b *breaker) open() bool { return b.failures >= failuresToOpen }

// ask says whether a call may be made now, or after what time to ask again.
func (b *breaker) ask(now time.Time) (allowed bool, wait time.Duration) {
	switch {
	case !b.open():
		return true, 0
	case b.probing:
		return false, b.pause
	case now.Before(b.until):
		return false, b.until.Sub(now)
	}
	b.probing = true
	return true, 0
}

// succeeded records a call that was taken. It says whether that closes the breaker.
func (b *breaker) succeeded() (closes bool) {
	closes = b.open()
	*b = breaker{}
	return closes
}

// failed records a call that was not. It says whether that opens the breaker.
func (b *breaker) failed(now time.Time) (opens bool) {
	switch {
	case b.probing:
		b.probing = false
		b.pause = min(2*b.pause, longestProbe)
		b.until = now.Add(b.pause)
	case !b.open():
		b.failures++
		if opens = b.open(); opens {
			b.pause = firstProbe
			b.until = now.Add(b.pause)
		}
	}
	return opens
}

// withdrawn records that a call was allowed, but not made.
func (b *breaker) withdrawn() { b.probing = false }

func (b *breaker) health() conversations.WebhookHealth {
	switch {
	case !b.open():
		return conversations.WebhookClosed
	case b.probing:
		return conversations.WebhookProbing
	}
	return conversations.WebhookOpen
}
