package bridge

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"bridged/conversations"
)

// backlog counts the inbound messages that are accepted and not finished. Where
// others share the store, what they accept and finish is missing in it until they
// are counted again.
type backlog struct {
	// moving is held, from before its transaction until pending tells of it, by each
	// verb that changes the backlog, and alone by who counts it: else a count would
	// forget what is under way, or know of it twice.
	moving  sync.RWMutex
	pending atomic.Int64
	counted atomic.Int64 // when, in seconds
	refused atomic.Int64 // when somebody was last refused for it, in seconds
}

// countEvery is how long a count of a shared backlog is good for, and countAgain
// for how long where the backlog seems to be full.
const (
	countEvery = 10 * time.Second
	countAgain = time.Second
)

// refusingTime is for how long after it has refused a message the backlog counts as
// full: at its bound each message that is finished makes room for one.
const refusingTime = 5 * time.Second

// admit makes room for n more, or says that there is none. Who was admitted calls
// giveRoom when that is over.
func (b *Bridge) admit(ctx context.Context, n int) error {
	if b.cfg.Space.Tight() {
		return conversations.ErrBacklogFull
	}
	if b.takeRoom(n) {
		return nil
	}
	if err := b.recount(ctx, countAgain); err != nil {
		return err
	}
	if b.takeRoom(n) {
		return nil
	}
	b.backlog.refused.Store(b.now().Unix())
	return conversations.ErrBacklogFull
}

// takeRoom takes room for n in the backlog where there is, and keeps it from being
// counted until giveRoom.
func (b *Bridge) takeRoom(n int) bool {
	b.backlog.moving.RLock()
	if pending := b.backlog.pending.Add(int64(n)); b.cfg.Backlog == 0 || pending <= int64(b.cfg.Backlog) {
		return true
	}
	b.giveRoom(n)
	return false
}

// giveRoom gives back what of it was not used.
func (b *Bridge) giveRoom(n int) {
	b.backlog.pending.Add(int64(-n))
	b.backlog.moving.RUnlock()
}

// recount counts the backlog where others may have changed it since it was counted,
// which is more than after ago.
func (b *Bridge) recount(ctx context.Context, after time.Duration) error {
	if !b.isStale(after) {
		return nil
	}
	b.backlog.moving.Lock()
	defer b.backlog.moving.Unlock()
	if !b.isStale(after) { // by now another has
		return nil
	}
	return b.countBacklog(ctx)
}

// isStale says whether others may have changed the backlog since it was counted.
func (b *Bridge) isStale(after time.Duration) bool {
	return b.cfg.Shared && b.now().Unix()-b.backlog.counted.Load() >= int64(after/time.Second)
}

// countBacklog counts the backlog; the caller holds backlog.moving.
func (b *Bridge) countBacklog(ctx context.Context) error {
	return b.commit(ctx, func(tx Tx) error {
		n, err := tx.CountInbound()
		if err == nil {
			b.backlog.pending.Store(int64(n))
			b.backlog.counted.Store(b.now().Unix())
		}
		return err
	})
}

// Backlog returns how many inbound messages are accepted and not finished.
func (b *Bridge) Backlog() int { return int(b.backlog.pending.Load()) }

// Overload says why messages from carriers are refused for now; empty where they are not.
func (b *Bridge) Overload() string {
	switch {
	case b.cfg.Space.Tight():
		return "the disk is nearly full"
	case b.now().Unix()-b.backlog.refused.Load() < int64(refusingTime/time.Second):
		return "the backlog is full (limits.backlog)"
	}
	return ""
}

// Accept stores messages from a carrier, all in one commit. When it returns nil
// they are on disk and the carrier may be answered; one that its channel has
// delivered before is left out. It returns conversations.ErrBacklogFull or
// conversations.ErrUnavailable when the carrier should come again later.
func (b *Bridge) Accept(ctx context.Context, messages []conversations.Inbound) error {
	if len(messages) == 0 {
		return nil
	}
	if err := b.admit(ctx, len(messages)); err != nil {
		return err
	}
	in := intake{counted: map[int]bool{}}
	used := 0
	defer func() { b.giveRoom(len(messages) - used) }()
	err := b.commitLearning(ctx, func(tx Tx, l *lesson) error {
		in.fresh, in.over = 0, 0
		for _, m := range messages { // before any of them is accepted: their order is by these names
			if err := b.learn(tx, l, m.From, m.Names); err != nil {
				return err
			}
		}
		if err := b.lockKeywords(tx, messages); err != nil {
			return err
		}
		for i, m := range messages {
			if err := b.acceptOne(tx, &in, i, m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	used = in.fresh - in.over
	b.cfg.Observer.Accepted(messages[0].Channel, in.fresh, len(messages)-in.fresh)
	if in.over > 0 {
		b.cfg.Observer.OverRate(messages[0].Channel, in.over)
	}
	return nil
}

// acceptOne stores one message, unless it is there already, with its task. One
// that is over its sender's rate is unrouted at once.
func (b *Bridge) acceptOne(tx Tx, in *intake, i int, m conversations.Inbound) error {
	r := conversations.InboundRecord{Inbound: m, Received: b.now()}
	if group, isGroup := groupKey(m); isGroup {
		// The reports of one group message, and all messages of a group, are in order.
		r.MatchKey, r.CopyKey = group, copyKey(group, m)
	} else {
		key, err := matchKey(tx, m.From, m.To)
		if err != nil {
			return err
		}
		r.MatchKey = key
	}
	isNew, err := tx.InsertInbound(&r)
	if err != nil || !isNew {
		return err
	}
	in.fresh++
	if err := b.obey(tx, &r); err != nil {
		return err
	}
	if b.isOver(in, i, r) {
		in.over++
		r.State, r.Reason = conversations.InboundUnrouted, overRate
		return tx.FinishInbound(r, "")
	}
	return tx.Enqueue(seqTask(TopicInbound, r.MatchKey, r.To, r.Seq))
}

// lag is how long ago t was; never negative, whatever the clock did.
func (b *Bridge) lag(t time.Time) time.Duration { return max(0, b.now().Sub(t)) }
