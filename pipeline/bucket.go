package pipeline

import "time"

// Rate bounds how many requests go to a carrier. The zero Rate is no bound.
type Rate struct {
	PerSecond float64
	Burst     int // so many may go at once; at least 1
}

// longestEvery bounds the time between two sends, so that it can be multiplied by
// the length of any line.
const longestEvery = 24 * time.Hour

// bucket says when the next sends may go. It is a token bucket that is kept as a
// time (the generic cell rate algorithm) and not as a number of tokens: so that it
// can tell when the n-th send from now is due, and can be held. That is what
// golang.org/x/time/rate cannot do without reserving the sends before.
type bucket struct {
	every time.Duration // between two sends; 0: no rate
	slack time.Duration // how much earlier than evenly a send may go
	next  time.Time     // when the next send is due, were they all even
	held  time.Time     // nothing goes before this
}

func newBucket(r Rate) bucket {
	if r.PerSecond <= 0 {
		return bucket{}
	}
	every := longestEvery
	if s := float64(time.Second) / r.PerSecond; s < float64(longestEvery) {
		every = time.Duration(s)
	}
	return bucket{every: every, slack: time.Duration(max(1, r.Burst)-1) * every}
}

// at is when a send may go that has so many others before it.
func (b *bucket) at(now time.Time, before int) time.Time {
	first := latest(now, b.held)
	if b.every == 0 {
		return first
	}
	return latest(first, latest(first, b.next).Add(time.Duration(before)*b.every-b.slack))
}

// take counts a send.
func (b *bucket) take(now time.Time) {
	if b.every > 0 {
		b.next = latest(b.next, now).Add(b.every)
	}
}

// giveBack takes a send back that was counted and did not happen.
func (b *bucket) giveBack() {
	if b.every > 0 {
		b.next = b.next.Add(-b.every)
	}
}

// hold lets nothing go before until, and then begins with one.
func (b *bucket) hold(until time.Time) {
	b.held = latest(b.held, until)
	if b.every > 0 {
		b.next = latest(b.next, b.held.Add(b.slack))
	}
}

// isFull says whether the bucket is as good as a new one.
func (b *bucket) isFull(now time.Time) bool { return !b.next.After(now) && !b.held.After(now) }

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
