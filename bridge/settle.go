package bridge

import (
	"cmp"
	"context"
	"errors"
	"time"

	"bridged/conversations"
	"bridged/receipts"
)

// Settle records how the carrier answered a claim. It returns the claim of the
// delivery's next part when there is one. Settling a claim again changes nothing.
func (b *Bridge) Settle(ctx context.Context, c Claim, r Result, out *Outlet) (next *Claim, err error) {
	var s settled
	err = b.commitBeside(ctx, func(tx Tx) error {
		next, s = nil, settled{}
		if err := lockSettlement(tx, c.Delivery, r); err != nil {
			return err
		}
		d, err := tx.FindDelivery(c.Delivery.ID)
		if conversations.NotFound.Is(err) {
			return b.promote(tx, pairKey(c.Delivery))
		}
		if err != nil {
			return err
		}
		a := c.Attempt
		a.Outcome, a.ProviderID = r.Outcome, r.ProviderID
		a.ErrorCode, a.CarrierCode, a.Detail = r.ErrorCode, r.CarrierCode, r.Detail
		a.Throttled, a.Ended = r.Throttled, b.now()
		if d.Progress != conversations.ProgressSending || d.Attempts != a.Number {
			err = b.settleLate(tx, d, a)
		} else {
			next, s, err = b.settle(tx, d, a, r, out)
		}
		if err != nil {
			return err
		}
		return errors.Join(b.followLead(tx, d), b.reportedEarly(tx, d, a.ProviderID))
	})
	if err != nil {
		return nil, err
	}
	b.announce(c.Delivery, s)
	return next, nil
}

// lockSettlement locks what an answer is about: the carrier's message, and the
// pair's line.
func lockSettlement(tx Tx, d conversations.Delivery, r Result) error {
	if r.ProviderID != "" {
		if err := tx.Lock(lockOfMessage(d.Channel, r.ProviderID)); err != nil {
			return err
		}
	}
	return tx.Lock(lockOfLine(pairKey(d)))
}

// sentTwice is the detail of an attempt whose answer came when another process
// had taken its delivery over.
const sentTwice = "the answer came after another process had taken over; it may have been sent twice"

// settleLate records the answer to an attempt that counts as one of unknown
// outcome by now: its process was silent for so long that another one took over.
// An answer that was recorded before changes nothing.
func (b *Bridge) settleLate(tx Tx, d conversations.Delivery, a conversations.Attempt) error {
	_, known, err := b.reread(tx, d, a)
	if err != nil || known.Outcome != conversations.OutcomeUnknown || known.ProviderID != "" {
		return err
	}
	switch a.Outcome {
	case conversations.OutcomeAccepted:
		a.Detail = sentTwice
		return b.accepted(tx, d, a, nil)
	case conversations.OutcomeRefused:
		if err := tx.UpdateAttempt(d, a); err != nil {
			return err
		}
		if d.Progress == conversations.ProgressUnknown && d.Attempts == a.Number {
			return b.requeue(tx, d)
		}
	case conversations.OutcomePending, conversations.OutcomeUnknown:
	}
	return nil
}

// settled is what a settlement tells the world after its commit.
type settled struct {
	result Settlement // empty: more parts follow, nothing to tell yet
	due    time.Time
}

func (b *Bridge) announce(d conversations.Delivery, s settled) {
	if s.result != "" {
		b.cfg.Observer.Settled(d.Channel, s.result, b.lag(d.Created))
	}
	if !s.due.IsZero() {
		b.cfg.Due(s.due)
	}
}

func (b *Bridge) settle(tx Tx, d conversations.Delivery, a conversations.Attempt, r Result, out *Outlet) (*Claim, settled, error) {
	early, err := b.earlyOf(tx, d, a.ProviderID)
	if err != nil {
		return nil, settled{}, err
	}
	if len(early) > 0 {
		if d, a, err = b.matchEarly(tx, d, a, early); err != nil {
			return nil, settled{}, err
		}
		r.Outcome = a.Outcome
	}
	if r.Outcome != conversations.OutcomeAccepted && d.Attempts > 1 {
		// A report may have said meanwhile that an earlier attempt had arrived.
		if parts, err := acceptedParts(tx, d); err != nil {
			return nil, settled{}, err
		} else if _, arrived := parts[a.Part]; arrived {
			return nil, settled{}, errors.Join(tx.UpdateAttempt(d, a), b.requeue(tx, d))
		}
	}
	switch r.Outcome {
	case conversations.OutcomeAccepted:
		if b.isOutside(d, a) { // a report that says so overtook the answer
			a.Outcome = conversations.OutcomeRefused
			s, err := b.settleOutside(tx, d, a, Result{ErrorCode: codeOutsideWindow})
			return nil, s, err
		}
		return b.settleAccepted(tx, d, a, out)
	case conversations.OutcomeRefused:
		s, err := b.settleRefused(tx, d, a, r)
		return nil, s, err
	default:
		a.Outcome = conversations.OutcomeUnknown
		d.Progress = conversations.ProgressUnknown
		d.Due = b.now().Add(b.cfg.Retry.UnknownWait)
		return nil, settled{SettledUnknown, d.Due}, b.store(tx, d, a)
	}
}

// settleAccepted records a part that the carrier has and goes on to the next.
// Acceptance is the reference's "sent": passed on to the carrier (page 36).
func (b *Bridge) settleAccepted(tx Tx, d conversations.Delivery, a conversations.Attempt, out *Outlet) (*Claim, settled, error) {
	if a.Status == conversations.StatusNone {
		a.Status, a.ErrorCode = conversations.StatusSent, 0
	}
	if err := tx.UpdateAttempt(d, a); err != nil {
		return nil, settled{}, err
	}
	if a.Part == 0 {
		d.ProviderID = a.ProviderID
	}
	if a.Part+1 < d.Parts && (!receipts.Failed(a.Status) || len(d.Others) > 0) { // the others of a group get it still
		if out == nil { // nobody is there to send it on: another task does
			return nil, settled{}, b.requeue(tx, d)
		}
		next, err := b.claimNext(tx, d, out)
		return next, settled{}, err
	}
	if d.Attempts == 1 { // the one attempt is the whole: no need to read it back
		return nil, settled{result: SettledSent}, b.finish(tx, d, receipts.Part{Status: a.Status, ErrorCode: a.ErrorCode})
	}
	return nil, settled{result: SettledSent}, b.complete(tx, d)
}

// matchEarly finds whose the reports are that came before the carrier's answer.
// Those with the id of the answer are the attempt's own. Any other is of a send
// whose outcome is unknown, which may be this one.
func (b *Bridge) matchEarly(tx Tx, d conversations.Delivery, a conversations.Attempt, early []conversations.StatusRecord,
) (conversations.Delivery, conversations.Attempt, error) {
	if a.Outcome == conversations.OutcomeAccepted {
		a.Status, a.ErrorCode = conversations.StatusSent, 0
	}
	var others []conversations.StatusRecord
	for _, r := range early {
		if a.ProviderID == "" || r.ProviderID != a.ProviderID {
			others = append(others, r)
			continue
		}
		if advance(&a, r.StatusReport) {
			if err := b.heedReport(tx, d, r); err != nil {
				return d, a, err
			}
		}
		if err := tx.MatchStatus(r.Seq, d.ID); err != nil {
			return d, a, err
		}
	}
	if len(others) == 0 {
		return d, a, nil
	}
	if err := tx.UpdateAttempt(d, a); err != nil { // the next report may be of it
		return d, a, err
	}
	if err := b.followLead(tx, d); err != nil {
		return d, a, err
	}
	adopt := func(tx Tx, r conversations.StatusRecord) (ReportFate, error) {
		at := conversations.PairLine{Pair: pairKey(d), Line: pairKey(d)}
		if len(d.Others) > 0 {
			at.Pair = r.PairKey
		}
		return b.adopt(tx, r, at)
	}
	for _, r := range others {
		if _, err := b.advance(tx, r, adopt); err != nil {
			return d, a, err
		}
	}
	return b.reread(tx, d, a)
}

// reread returns a delivery and one of its attempts as they are now.
func (b *Bridge) reread(tx Tx, d conversations.Delivery, a conversations.Attempt) (conversations.Delivery, conversations.Attempt, error) {
	d, err := tx.FindDelivery(d.ID)
	if err != nil {
		return d, a, err
	}
	attempts, err := tx.Attempts(d)
	for _, other := range attempts {
		if other.Number == a.Number {
			a = other
		}
	}
	return d, a, err
}

func (b *Bridge) settleRefused(tx Tx, d conversations.Delivery, a conversations.Attempt, r Result) (settled, error) {
	if r.OutsideWindow && b.hasWindow(d) {
		return b.settleOutside(tx, d, a, r)
	}
	if !r.Retry {
		if err := tx.UpdateAttempt(d, a); err != nil {
			return settled{}, err
		}
		code := r.ErrorCode
		if r.OptedOut {
			code = cmp.Or(code, codeOptedOut)
			if err := b.heedCarrier(tx, d); err != nil {
				return settled{}, err
			}
		}
		if code == 0 {
			code = codeUnknownError
		}
		return settled{result: SettledFailed}, b.finish(tx, d, receipts.Part{Status: conversations.StatusFailed, ErrorCode: code})
	}
	if err := tx.UpdateAttempt(d, a); err != nil {
		return settled{}, err
	}
	attempts, err := tx.Attempts(d)
	if err != nil {
		return settled{}, err
	}
	wait, isOver := b.cfg.Retry.after(triesOf(attempts, a.Part), r, b.now(), b.cfg.Jitter())
	if isOver {
		reason := "the carrier refused it at every attempt"
		if r.Throttled {
			reason = "the carrier had no room for it for too long"
		}
		if a.Detail != "" {
			reason += "; its last words: " + a.Detail
		}
		return settled{result: SettledDead}, b.giveUp(tx, d, r.ErrorCode, reason)
	}
	d.Progress = conversations.ProgressRetry
	d.Due = b.now().Add(wait)
	return settled{SettledRetry, d.Due}, tx.UpdateDelivery(d)
}

func (b *Bridge) store(tx Tx, d conversations.Delivery, a conversations.Attempt) error {
	if err := tx.UpdateAttempt(d, a); err != nil {
		return err
	}
	return tx.UpdateDelivery(d)
}
