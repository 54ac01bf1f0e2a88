package bridge

import (
	"context"
	"slices"
	"time"

	"bridged/conversations"
)

// DeadLetterRows are what was given up.
type DeadLetterRows interface {
	FindDeadLetter(seq int64) (conversations.DeadLetter, error)
	// DeleteDeadLetter removes one that is taken up again.
	DeleteDeadLetter(seq int64) error
}

// Redrive takes up a delivery that was given up: it goes back into its pair's line,
// at the place that it had. What the carrier has of it is not sent again; the rest
// is, each time as an attempt of its own, and the receipt says that it failed until
// the next one begins. It returns conversations.NotFound where there is no such dead
// letter, or none of a delivery.
func (b *Bridge) Redrive(ctx context.Context, letter int64) (conversations.Delivery, error) {
	return changeBy(ctx, b, b.commit, func(tx Tx) (conversations.Delivery, error) {
		l, err := tx.FindDeadLetter(letter)
		if err == nil && l.Delivery == "" {
			err = conversations.Refuse(conversations.NotFound, "the dead letter is of no delivery")
		}
		if err != nil {
			return conversations.Delivery{}, err
		}
		if err := tx.Lock(lockOfLine(l.Key)); err != nil {
			return conversations.Delivery{}, err
		}
		d, alive, err := b.redrive(tx, l)
		if err == nil && !alive {
			err = conversations.Refuse(conversations.NotFound, "its message is gone, or its receiver has left")
		}
		return d, err
	})
}

// Reopen carries out the task that a window has opened: what was given up because
// it was closed goes out, in its order.
func (b *Bridge) Reopen(ctx context.Context, task int64, payload []byte) error {
	return b.commit(ctx, func(tx Tx) error {
		lines, err := linesOf(tx, string(payload))
		if err != nil {
			return err
		}
		slices.Sort(lines)
		for _, line := range lines {
			if err := tx.Lock(lockOfLine(line)); err != nil {
				return err
			}
		}
		for _, line := range lines {
			letters, err := tx.LettersOutsideWindow(line)
			if err != nil {
				return err
			}
			for _, l := range letters {
				if _, _, err := b.redrive(tx, l); err != nil {
					return err
				}
			}
		}
		return tx.Finish(task)
	})
}

// redrive takes up what a dead letter is about, whose line is locked. It leaves one
// alone that nobody waits for any more.
func (b *Bridge) redrive(tx Tx, l conversations.DeadLetter) (d conversations.Delivery, alive bool, err error) {
	d, err = tx.FindDelivery(l.Delivery)
	switch {
	case conversations.NotFound.Is(err):
		return d, false, nil
	case err != nil || d.Progress != conversations.ProgressDead || d.Channel == "":
		return d, false, err
	}
	if d.Participant != "" {
		_, err := tx.FindParticipant(d.Conversation, conversations.ParticipantKey{ID: d.Participant})
		if conversations.NotFound.Is(err) {
			return d, false, nil
		}
		if err != nil {
			return d, false, err
		}
	}
	if err := tx.DeleteDeadLetter(l.Seq); err != nil {
		return d, true, err
	}
	d.Reason = ""
	if err := b.rejoin(tx, d); err != nil {
		return d, true, err
	}
	d.Progress = conversations.ProgressWaiting
	return d, true, b.followLead(tx, d)
}

// rejoin puts a delivery that was through back into its pair's line, which is
// locked. It comes before all that was made after it, but for what is under way.
func (b *Bridge) rejoin(tx Tx, d conversations.Delivery) error {
	key := pairKey(d)
	busy, err := tx.PairBusy(key)
	if err != nil {
		return err
	}
	d.Progress, d.Due = conversations.ProgressWaiting, time.Time{}
	if err := tx.UpdateDelivery(d); err != nil || busy {
		return err
	}
	return tx.Enqueue(sendTask(d, key))
}
