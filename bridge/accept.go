package bridge

import (
	"context"
	"time"

	"bridged/conversations"
)

// Accept stores messages from a carrier, all in one commit. When it returns nil
// they are on disk and the carrier may be answered; one that its channel has
// delivered before is left out. It returns conversations.ErrBacklogFull or
// conversations.ErrUnavailable when the carrier should come again later.
func (b *Bridge) Accept(ctx context.Context, messages []conversations.Inbound) error {
	if len(messages) == 0 {
		return nil
	}
	room, err := b.admit(ctx, len(messages))
	if err != nil {
		return err
	}
	in := intake{counted: map[int]bool{}}
	used := 0
	defer func() { room.end(used, err) }()
	err = b.commitLearning(ctx, func(tx Tx, l *lesson) error {
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
