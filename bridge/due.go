package bridge

import (
	"context"
	"time"

	"bridged/conversations"
)

// dueBatch bounds how many due deliveries one commit takes up.
const dueBatch = 200

// earlyLife is how long a status report of an unknown message is kept
// (contract, 14).
const earlyLife = time.Hour

// Resume takes up the deliveries whose due time has come: what was refused for
// now goes out again, and what is of unknown outcome is decided (contract, 11).
// Files of inbound messages are asked for again, and those that waited for a message
// in vain are removed (page 32). It returns when the next of these is due, zero when
// none waits.
func (b *Bridge) Resume(ctx context.Context) (next time.Time, err error) {
	if err := b.recount(ctx, countEvery); err != nil {
		return next, err
	}
	var dead []conversations.Delivery
	err = b.commit(ctx, func(tx Tx) error {
		dead = nil
		var due []conversations.Delivery
		var err error
		if due, next, err = tx.DueDeliveries(b.now(), dueBatch); err != nil {
			return err
		}
		for _, d := range due {
			alive, err := b.resume(tx, d)
			if err != nil {
				return err
			}
			if err := b.followLead(tx, d); err != nil {
				return err
			}
			if !alive {
				dead = append(dead, d)
			}
		}
		fetch, err := b.resumeFetches(tx)
		if err != nil {
			return err
		}
		expiry, err := b.expireMedia(tx)
		next = earliest(next, fetch, expiry)
		if b.cfg.Shared { // what others and we change at once is counted wrongly now and then
			next = earliest(next, b.now().Add(countEvery))
		}
		return err
	})
	for _, d := range dead {
		b.cfg.Observer.Settled(d.Channel, SettledDead, b.lag(d.Created))
	}
	return next, err
}

func (b *Bridge) resume(tx Tx, d conversations.Delivery) (alive bool, err error) {
	if d.Progress == conversations.ProgressUnknown {
		if !b.cfg.Retry.ResendUnknown {
			return false, b.giveUp(tx, d, 0, "the outcome of the send is unknown, and retry.resend_unknown is off")
		}
		attempts, err := tx.Attempts(d)
		if err != nil {
			return false, err
		}
		// The last part tried is the one whose outcome is unknown.
		last := attempts[len(attempts)-1].Part
		if triesOf(attempts, last).counted >= b.cfg.Retry.Attempts {
			return false, b.giveUp(tx, d, 0, "the outcome of every attempt is unknown")
		}
	}
	return true, b.requeue(tx, d)
}

// requeue puts a delivery, which is at the head of its line, to be sent again.
func (b *Bridge) requeue(tx Tx, d conversations.Delivery) error {
	d.Progress, d.Due = conversations.ProgressWaiting, time.Time{}
	if err := tx.UpdateDelivery(d); err != nil {
		return err
	}
	return tx.Enqueue(sendTask(d, pairKey(d)))
}

// Recover takes up what a crash left: sends that were under way are of unknown
// outcome, and a line whose head has no task gets one, as does a file that was being
// fetched. It is called at start-up, before any other verb, and when the work of
// another process was taken over.
func (b *Bridge) Recover(ctx context.Context) error {
	var interrupted int
	err := b.commit(ctx, func(tx Tx) error {
		sending, err := tx.InterruptedDeliveries()
		if err != nil {
			return err
		}
		interrupted = len(sending)
		for _, d := range sending {
			if err := b.interrupt(tx, d); err != nil {
				return err
			}
		}
		stranded, err := tx.StrandedDeliveries()
		if err != nil {
			return err
		}
		for _, d := range stranded {
			if err := tx.Enqueue(sendTask(d, pairKey(d))); err != nil {
				return err
			}
		}
		return b.recoverFetches(tx)
	})
	if err != nil {
		return err
	}
	if interrupted > 0 {
		b.cfg.Log.WarnContext(ctx, "a process stopped during sends; their outcome is unknown",
			"deliveries", interrupted, "wait", b.cfg.Retry.UnknownWait)
	}
	return b.count(ctx)
}

func (b *Bridge) interrupt(tx Tx, d conversations.Delivery) error {
	attempts, err := tx.Attempts(d)
	if err != nil {
		return err
	}
	a := attempts[len(attempts)-1]
	a.Outcome, a.Ended = conversations.OutcomeUnknown, b.now()
	a.Detail = "bridged stopped before the carrier's answer was recorded"
	if _, _, err = b.settle(tx, d, a, Result{Outcome: conversations.OutcomeUnknown}, nil); err != nil {
		return err
	}
	return b.followLead(tx, d)
}
