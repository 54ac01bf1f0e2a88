package bridge

import (
	"context"
	"strings"
	"time"

	"bridged/conversations"
	"bridged/receipts"
)

// Error codes of deliveries that were given up without a word from the carrier
// that says more (errors.tsv).
const (
	codeUnknownError = 30008 // "Unknown error"
)

// Claim is the right to hand one part of a delivery to its carrier. It was
// committed before it was given out: if the process dies now, the outcome is
// known to be unknown.
type Claim struct {
	Delivery conversations.Delivery
	Attempt  conversations.Attempt
	Message  conversations.Message // with those of its files whose bytes are here
	Part     Part
}

// Result is how a carrier answered an attempt.
type Result struct {
	Outcome     conversations.Outcome
	ProviderID  string // of OutcomeAccepted
	ErrorCode   int    // the reference's code, of the others
	CarrierCode string
	Detail      string
	Retry       bool          // of OutcomeRefused: it may be taken later
	Throttled   bool          // of those with Retry: it only came too soon
	OptedOut    bool          // of OutcomeRefused: because the person wants nothing from this number
	After       time.Duration // the least to wait before that
	// OutsideWindow says of OutcomeRefused that free text is not allowed now.
	OutsideWindow bool
}

// Claim carries out the first half of a delivery's task: it claims the
// delivery's next part. It returns nil when there is nothing to send: the
// delivery is gone, or further than the task thinks.
func (b *Bridge) Claim(ctx context.Context, task int64, key string, id conversations.DeliveryID, out *Outlet) (*Claim, error) {
	var claim *Claim
	err := b.commitBeside(ctx, func(tx Tx) error {
		claim = nil
		if err := tx.Lock(lockOfLine(key)); err != nil {
			return err
		}
		if err := tx.Finish(task); err != nil {
			return err
		}
		d, err := tx.FindDelivery(id)
		if conversations.NotFound.Is(err) {
			return b.promote(tx, key) // deleted with its conversation: the next one may go
		}
		if err != nil || d.Progress != conversations.ProgressWaiting {
			return err
		}
		if claim, err = b.claimNext(tx, d, out); err != nil {
			return err
		}
		return b.followLead(tx, d)
	})
	return claim, err
}

// claimNext claims the first part that the carrier does not have, or completes
// the delivery when it has them all.
func (b *Bridge) claimNext(tx Tx, d conversations.Delivery, out *Outlet) (*Claim, error) {
	m, err := tx.MessageOf(d)
	if err != nil {
		return nil, err
	}
	m.Media = stored(m.Media)
	if needsPreparing(d, m) {
		return nil, tx.Enqueue(prepareTask(d))
	}
	parts, next, err := b.planned(tx, &d, m, out)
	if err != nil {
		return nil, b.refuse(tx, d, err)
	}
	d.Parts, d.Segments = len(parts), out.segments(parts)
	if next >= d.Parts {
		return nil, b.complete(tx, d)
	}
	if refusal := parts[next].refusal; refusal != nil {
		return nil, b.refuse(tx, d, refusal)
	}
	d.Attempts++
	if receipts.Failed(d.Status) { // it was given up, and is tried again
		d.Status, d.ErrorCode = conversations.StatusNone, 0
	}
	d.Progress = conversations.ProgressSending
	d.Due = time.Time{}
	a := conversations.Attempt{Number: d.Attempts, Part: next, Started: b.now()}
	if err := tx.UpdateDelivery(d); err != nil {
		return nil, err
	}
	if err := tx.InsertAttempt(d, a); err != nil {
		return nil, err
	}
	return &Claim{Delivery: d, Attempt: a, Message: m, Part: parts[next]}, nil
}

// planned makes a delivery's parts, and says which is the next that the carrier does
// not have: behind the last where it has them all. The error is an *undeliverable
// where the next one may not go out.
func (b *Bridge) planned(tx Tx, d *conversations.Delivery, m conversations.Message, out *Outlet) (parts []Part, next int, err error) {
	if d.Attempts == 0 {
		if err := b.checkOptOut(tx, *d); err != nil {
			return nil, 0, err
		}
	}
	parts, said, err := b.planWay(tx, d, prefixed(m, *d), out)
	if err == nil && parts == nil {
		parts, err = b.plan(*d, said, out)
	}
	if err != nil || d.Attempts == 0 {
		return parts, 0, err
	}
	if next, err = countAccepted(tx, *d); err != nil || next >= len(parts) {
		return parts, next, err
	}
	return parts, next, b.checkOptOut(tx, *d)
}

// countAccepted counts the parts that the carrier has. Parts go in order, so it is
// also the number of the next one.
func countAccepted(tx Tx, d conversations.Delivery) (int, error) {
	parts, err := acceptedParts(tx, d)
	return len(parts), err
}

// acceptedParts returns what is known of the parts that the carrier has, by their
// number. Of a part that went out twice the better news counts.
func acceptedParts(tx Tx, d conversations.Delivery) (map[int]receipts.Part, error) {
	attempts, err := tx.Attempts(d)
	if err != nil {
		return nil, err
	}
	parts := make(map[int]receipts.Part)
	for _, a := range attempts {
		if a.Outcome != conversations.OutcomeAccepted {
			continue
		}
		if known, ok := parts[a.Part]; !ok || receipts.Advances(known.Status, a.Status) {
			parts[a.Part] = receipts.Part{Status: a.Status, ErrorCode: a.ErrorCode}
		}
	}
	return parts, nil
}

func text(m conversations.Message) string {
	if m.Body == nil {
		return ""
	}
	return *m.Body
}

// complete ends a delivery whose parts the carrier all has.
func (b *Bridge) complete(tx Tx, d conversations.Delivery) error {
	whole, err := whole(tx, d)
	if err != nil {
		return err
	}
	return b.finish(tx, d, whole)
}

// whole is the status of a delivery by those of the parts that the carrier has.
// Where it never took them all and the delivery has failed by that, news of one part
// neither mend the whole nor make it worse.
func whole(tx Tx, d conversations.Delivery) (receipts.Part, error) {
	known, err := acceptedParts(tx, d)
	parts := make([]receipts.Part, len(known))
	for n, p := range known { // they go in order, so none is missing
		parts[n] = p
	}
	p := receipts.Whole(parts)
	if len(parts) < d.Parts && (receipts.Failed(d.Status) || !receipts.Failed(p.Status)) {
		p = receipts.Part{Status: d.Status, ErrorCode: d.ErrorCode}
	}
	return p, err
}

// finish takes a delivery out of its pair's line with what is known of it.
func (b *Bridge) finish(tx Tx, d conversations.Delivery, p receipts.Part) error {
	d.Progress, d.Due = conversations.ProgressDone, time.Time{}
	if err := b.updateReceipt(tx, d, p); err != nil {
		return err
	}
	return b.promote(tx, pairKey(d))
}

// giveUp makes a dead letter of a delivery.
func (b *Bridge) giveUp(tx Tx, d conversations.Delivery, code int, reason string) error {
	d, err := b.markDead(tx, d, code, reason)
	if err != nil {
		return err
	}
	if err := b.bury(tx, d); err != nil {
		return err
	}
	return b.promote(tx, pairKey(d))
}

// markDead takes a delivery out of its pair's line as one that was given up.
func (b *Bridge) markDead(tx Tx, d conversations.Delivery, code int, reason string) (conversations.Delivery, error) {
	if code == 0 {
		code = codeUnknownError
	}
	d.Progress, d.Due, d.Reason = conversations.ProgressDead, time.Time{}, reason
	err := b.updateReceipt(tx, d, receipts.Part{Status: conversations.StatusFailed, ErrorCode: code})
	d.ErrorCode = code
	return d, err
}

func (b *Bridge) bury(tx Tx, d conversations.Delivery) error {
	return tx.InsertDeadLetter(conversations.DeadLetter{
		Topic: strings.TrimSuffix(TopicOutbound(d.Channel), "."), Key: pairKey(d), Channel: d.Channel, Delivery: d.ID,
		ErrorCode: d.ErrorCode, Reason: d.Reason, Created: b.now(),
	})
}

// updateReceipt stores the delivery with a status, and the event of the change
// if it is one.
func (b *Bridge) updateReceipt(tx Tx, d conversations.Delivery, p receipts.Part) error {
	if !receipts.Advances(d.Status, p.Status) {
		return tx.UpdateDelivery(d)
	}
	return b.changeReceipt(tx, d, p)
}

// promote lets the pair's next delivery go.
func (b *Bridge) promote(tx Tx, key string) error {
	d, ok, err := tx.NextInLine(key)
	if err != nil || !ok || d.Progress != conversations.ProgressWaiting {
		return err
	}
	return tx.Enqueue(sendTask(d, key))
}
