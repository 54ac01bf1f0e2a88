package bridge

import (
	"context"
	"sync"
	"time"

	"bridged/conversations"
)

// backlog counts the inbound messages that are accepted and not finished, with those
// that are being accepted. Where others share the store, what they accept and finish is
// missing in it until they are counted again (Bridge.recount).
//
// Nobody waits for a count, nor a count for anybody: the database may be away. So it
// cannot be known of a message that was being accepted or finished during a count
// whether that has it already. The backlog then rather takes too many for pending than
// too few, and is counted again when nothing is under way.
type backlog struct {
	counting chan struct{} // has room for one who counts

	mu       sync.Mutex
	pending  int
	reserved int  // of them, what is being accepted
	moves    int  // verbs under way that change the backlog
	gained   int  // how many were accepted, in all
	ended    int  // how many moves have changed it, in all
	counts   int  // how often it was counted
	isUnsure bool // it may be too much
	counted  time.Time
	refused  time.Time // when somebody was last refused for it
}

func newBacklog() *backlog { return &backlog{counting: make(chan struct{}, 1)} }

// countEvery is how long a count of a shared backlog is good for, and countAgain
// for how long where the backlog seems to be full.
const (
	countEvery = 10 * time.Second
	countAgain = time.Second
)

// refusingTime is for how long after it has refused a message the backlog counts as
// full: at its bound each message that is finished makes room for one.
const refusingTime = 5 * time.Second

// move is a verb that changes the backlog.
type move struct {
	of     *backlog
	room   int // that it has taken
	counts int // when it began
}

// begin begins a move that takes room for n more messages of a bound, 0 for none; false
// where there is no room.
func (b *backlog) begin(n, bound int) (move, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if bound > 0 && n > 0 && b.pending+n > bound {
		return move{}, false
	}
	b.pending += n
	b.reserved += n
	b.moves++
	return move{of: b, room: n, counts: b.counts}, true
}

// end ends a move that has changed the backlog by so many messages. Of one that failed
// nobody knows whether it has.
func (m move) end(by int, err error) {
	b := m.of
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moves--
	b.reserved -= m.room
	b.pending -= m.room
	if by == 0 && err == nil {
		return
	}
	b.ended++
	b.gained += max(by, 0)
	isCounted := b.counts != m.counts // perhaps
	if by > 0 || !isCounted {
		b.pending += by
	}
	b.isUnsure = b.isUnsure || isCounted || err != nil
}

// count replaces what is pending by what the store says. The caller has what counting
// has room for.
func (b *backlog) count(ask func() (int, error), now func() time.Time) error {
	b.mu.Lock()
	gained, ended := b.gained, b.ended
	b.mu.Unlock()
	n, err := ask()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	since := b.gained - gained // which the store may have counted, or not
	b.pending, b.isUnsure, b.counted = n+b.reserved+since, b.ended != ended, now()
	b.counts++
	return nil
}

// isDue says whether the backlog should be counted: it was so long ago, or can be known
// better now.
func (b *backlog) isDue(after time.Duration, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !isWithin(after, b.counted, now) || b.isUnsure && b.moves == 0
}

// refuse notes that somebody was refused.
func (b *backlog) refuse(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused = now
}

// isRefusing says whether somebody was refused a moment ago.
func (b *backlog) isRefusing(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return isWithin(refusingTime, b.refused, now)
}

// isWithin says whether something was less than so long ago. What is yet to come was
// before the clock was set back.
func isWithin(span time.Duration, at, now time.Time) bool {
	ago := now.Sub(at)
	return 0 <= ago && ago < span
}

// recount counts the backlog where others may have changed it since it was counted,
// which is so long ago.
func (b *Bridge) recount(ctx context.Context, after time.Duration) error {
	if !b.cfg.Shared || !b.backlog.isDue(after, b.now()) {
		return nil
	}
	select {
	case b.backlog.counting <- struct{}{}:
		defer func() { <-b.backlog.counting }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if !b.backlog.isDue(after, b.now()) { // by now another has
		return nil
	}
	return b.count(ctx)
}

func (b *Bridge) count(ctx context.Context) error {
	return b.backlog.count(func() (n int, err error) {
		err = b.commit(ctx, func(tx Tx) error {
			n, err = tx.CountInbound()
			return err
		})
		return n, err
	}, b.now)
}

// mostTries is how often a message looks for room: at first, when the backlog was
// counted, and when it was counted again because that was unsure.
const mostTries = 3

// admit makes room for n more, or says that there is none.
func (b *Bridge) admit(ctx context.Context, n int) (move, error) {
	if b.cfg.Space.Tight() {
		return move{}, conversations.ErrBacklogFull
	}
	for tries := 1; ; tries++ {
		if m, ok := b.backlog.begin(n, b.cfg.Backlog); ok {
			return m, nil
		}
		if tries == mostTries {
			break
		}
		if err := b.recount(ctx, countAgain); err != nil {
			return move{}, err
		}
	}
	b.backlog.refuse(b.now())
	return move{}, conversations.ErrBacklogFull
}

// Backlog returns how many inbound messages are accepted and not finished.
func (b *Bridge) Backlog() int {
	b.backlog.mu.Lock()
	defer b.backlog.mu.Unlock()
	return b.backlog.pending
}

// Overload says why messages from carriers are refused for now; empty where they are not.
func (b *Bridge) Overload() string {
	switch {
	case b.cfg.Space.Tight():
		return "the disk is nearly full"
	case b.backlog.isRefusing(b.now()):
		return "the backlog is full (limits.backlog)"
	}
	return ""
}
