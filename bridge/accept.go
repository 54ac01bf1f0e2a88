package bridge

import (
	"context"
	"sync/atomic"
	"time"

	"bridged/conversations"
)

// backlog counts the inbound messages that are accepted and not finished. Where
// others share the store, what they accept and finish is missing in it until they
// are counted again.
type backlog struct {
	pending atomic.Int64
	counted atomic.Int64 // when, in seconds
}

// countEvery is how long a count of a shared backlog is good for, and countAgain
// for how long where the backlog seems to be full.
const (
	countEvery = 10 * time.Second
	countAgain = time.Second
)

// admit makes room for n more, or says that there is none.
func (b *Bridge) admit(ctx context.Context, n int) error {
	if b.cfg.Space.Tight() {
		return conversations.ErrBacklogFull
	}
	if b.cfg.Backlog == 0 {
		b.backlog.pending.Add(int64(n))
		return nil
	}
	for isCounted := false; ; isCounted = true {
		if b.backlog.pending.Add(int64(n)) <= int64(b.cfg.Backlog) {
			return nil
		}
		b.backlog.pending.Add(int64(-n))
		if isCounted || !b.isStale(countAgain) {
			return conversations.ErrBacklogFull
		}
		if err := b.commit(ctx, b.countBacklog); err != nil {
			return err
		}
	}
}

// isStale says whether others may have changed the backlog since it was counted.
func (b *Bridge) isStale(after time.Duration) bool {
	return b.cfg.Shared && b.now().Unix()-b.backlog.counted.Load() >= int64(after/time.Second)
}

func (b *Bridge) countBacklog(tx Tx) error {
	n, err := tx.CountInbound()
	if err == nil {
		b.backlog.pending.Store(int64(n))
		b.backlog.counted.Store(b.now().Unix())
	}
	return err
}

// Backlog returns how many inbound messages are accepted and not finished.
func (b *Bridge) Backlog() int { return int(b.backlog.pending.Load()) }

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
	var fresh int
	err := b.commitLearning(ctx, func(tx Tx, l *lesson) error {
		fresh = 0
		for _, m := range messages { // before any of them is accepted: their order is by these names
			if err := b.learn(tx, l, m.From, m.Names); err != nil {
				return err
			}
		}
		for _, m := range messages {
			isNew, err := b.acceptOne(tx, m)
			if err != nil {
				return err
			}
			if isNew {
				fresh++
			}
		}
		return nil
	})
	if err != nil {
		fresh = 0
	} else {
		b.cfg.Observer.Accepted(messages[0].Channel, fresh, len(messages)-fresh)
	}
	b.backlog.pending.Add(int64(fresh - len(messages)))
	return err
}

func (b *Bridge) acceptOne(tx Tx, m conversations.Inbound) (isNew bool, err error) {
	key, err := matchKey(tx, m.From, m.To)
	if err != nil {
		return false, err
	}
	r := conversations.InboundRecord{Inbound: m, MatchKey: key, Received: b.now()}
	if isNew, err = tx.InsertInbound(&r); err != nil || !isNew {
		return false, err
	}
	return true, tx.Enqueue(seqTask(TopicInbound, r.MatchKey, r.To, r.Seq))
}

// lag is how long ago t was; never negative, whatever the clock did.
func (b *Bridge) lag(t time.Time) time.Duration { return max(0, b.now().Sub(t)) }
