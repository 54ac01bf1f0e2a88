package bridge

import (
	"context"
	"strings"

	"bridged/conversations"
)

// SetAside puts a task aside for the operator that failed too often, by a fault of
// ours: the letter says which, and why. Where a delivery has waited for it, that is
// what is given up, so that its line goes on and its receipt tells of it. Putting it
// aside again changes nothing.
func (b *Bridge) SetAside(ctx context.Context, task int64, l conversations.DeadLetter) error {
	var dead *conversations.Delivery
	err := b.commitBeside(ctx, func(tx Tx) error {
		dead = nil
		if err := tx.Finish(task); err != nil {
			return err
		}
		if !ofDelivery(l) {
			return tx.InsertDeadLetter(l)
		}
		line, err := lineOfTask(tx, l)
		if err != nil || line == "" {
			return err
		}
		if err := tx.Lock(lockOfLine(line)); err != nil {
			return err
		}
		d, err := waitingFor(tx, l)
		if err != nil || d == nil {
			return err
		}
		dead = d
		if err := b.giveUp(tx, *d, l.ErrorCode, "a fault of bridged: "+l.Reason); err != nil {
			return err
		}
		return b.followLead(tx, *d)
	})
	if err == nil && dead != nil {
		b.cfg.Observer.Settled(dead.Channel, SettledDead, b.lag(dead.Created))
	}
	return err
}

// ofDelivery says whether a dead letter is of a task that a delivery waits for.
func ofDelivery(l conversations.DeadLetter) bool {
	topic, _, _ := strings.Cut(l.Topic, ".")
	return l.Delivery == "" && len(l.Payload) > 0 && (topic == TopicPrepare || topic+"." == topicOutbound)
}

// lineOfTask is the line of the delivery that the task of a dead letter is about;
// empty where there is none.
func lineOfTask(tx Tx, l conversations.DeadLetter) (string, error) {
	if !ofDelivery(l) {
		return "", nil
	}
	d, err := tx.FindDelivery(conversations.DeliveryID(l.Payload))
	if err != nil {
		return "", ignoreNotFound(err)
	}
	return pairKey(d), nil
}

// waitingFor returns the delivery that waits for the task of a dead letter, whose line
// is locked; nil where none does, or not any more.
func waitingFor(tx Tx, l conversations.DeadLetter) (*conversations.Delivery, error) {
	if !ofDelivery(l) {
		return nil, nil //nolint:nilnil // most tasks are of none
	}
	d, err := tx.FindDelivery(conversations.DeliveryID(l.Payload))
	if err != nil || d.Progress != conversations.ProgressWaiting {
		return nil, ignoreNotFound(err)
	}
	return &d, nil
}

// freeLine lets the line go on that waits for the task of a dead letter which is
// discarded, as earlier versions of bridged could leave one.
func (b *Bridge) freeLine(tx Tx, l conversations.DeadLetter) error {
	d, err := waitingFor(tx, l)
	if err != nil || d == nil {
		return err
	}
	if _, err := b.markDead(tx, *d, l.ErrorCode, l.Reason); err != nil {
		return err
	}
	return firstError(b.promote(tx, pairKey(*d)), b.followLead(tx, *d))
}
