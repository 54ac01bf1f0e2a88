package bridge

import (
	"context"
	"errors"
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
	Message  conversations.Message
	Text     string // of this part
}

// Result is how a carrier answered an attempt.
type Result struct {
	Outcome     conversations.Outcome
	ProviderID  string // of OutcomeAccepted
	ErrorCode   int    // the reference's code, of the others
	CarrierCode string
	Detail      string
	Retry       bool          // of OutcomeRefused: it may be taken later
	After       time.Duration // the least to wait before that
}

// Splitter cuts a text into the parts that a channel takes, at least one.
type Splitter func(text string) []string

// Claim carries out the first half of a delivery's task: it claims the
// delivery's next part. It returns nil when there is nothing to send: the
// delivery is gone, or further than the task thinks.
func (b *Bridge) Claim(ctx context.Context, task int64, key string, id conversations.DeliveryID, split Splitter) (*Claim, error) {
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
		claim, err = b.claimNext(tx, d, split)
		return err
	})
	return claim, err
}

// claimNext claims the first part that the carrier does not have, or completes
// the delivery when it has them all.
func (b *Bridge) claimNext(tx Tx, d conversations.Delivery, split Splitter) (*Claim, error) {
	m, err := tx.MessageOf(d)
	if err != nil {
		return nil, err
	}
	parts := split(text(m))
	next := 0
	if d.Attempts > 0 {
		if next, err = countAccepted(tx, d); err != nil {
			return nil, err
		}
	}
	d.Parts = len(parts)
	if next >= d.Parts {
		return nil, b.complete(tx, d)
	}
	d.Attempts++
	d.Progress = conversations.ProgressSending
	d.Due = time.Time{}
	a := conversations.Attempt{Number: d.Attempts, Part: next, Started: b.now()}
	if err := tx.UpdateDelivery(d); err != nil {
		return nil, err
	}
	if err := tx.InsertAttempt(d, a); err != nil {
		return nil, err
	}
	return &Claim{Delivery: d, Attempt: a, Message: m, Text: parts[next]}, nil
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

// Settle records how the carrier answered a claim. It returns the claim of the
// delivery's next part when there is one. Settling a claim again changes nothing.
func (b *Bridge) Settle(ctx context.Context, c Claim, r Result, split Splitter) (next *Claim, err error) {
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
		a.Ended = b.now()
		if d.Progress != conversations.ProgressSending || d.Attempts != a.Number {
			return b.settleLate(tx, d, a)
		}
		next, s, err = b.settle(tx, d, a, r, split)
		return err
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

func (b *Bridge) settle(tx Tx, d conversations.Delivery, a conversations.Attempt, r Result, split Splitter) (*Claim, settled, error) {
	early, err := tx.EarlyStatuses(d.Channel, a.ProviderID, pairKey(d), b.now().Add(-earlyLife))
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
		return b.settleAccepted(tx, d, a, split)
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
func (b *Bridge) settleAccepted(tx Tx, d conversations.Delivery, a conversations.Attempt, split Splitter) (*Claim, settled, error) {
	if a.Status == conversations.StatusNone {
		a.Status, a.ErrorCode = conversations.StatusSent, 0
	}
	if err := tx.UpdateAttempt(d, a); err != nil {
		return nil, settled{}, err
	}
	if a.Part == 0 {
		d.ProviderID = a.ProviderID
	}
	if a.Part+1 < d.Parts && !receipts.Failed(a.Status) {
		if split == nil { // nobody is there to send it on: another task does
			return nil, settled{}, b.requeue(tx, d)
		}
		next, err := b.claimNext(tx, d, split)
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
		advance(&a, r.StatusReport)
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
	for _, r := range others {
		if _, err := b.advance(tx, r, b.adopt); err != nil {
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
	if !r.Retry {
		if err := tx.UpdateAttempt(d, a); err != nil {
			return settled{}, err
		}
		code := r.ErrorCode
		if code == 0 {
			code = codeUnknownError
		}
		return settled{result: SettledFailed}, b.finish(tx, d, receipts.Part{Status: conversations.StatusFailed, ErrorCode: code})
	}
	tries, err := triesOf(tx, d, a)
	if err != nil {
		return settled{}, err
	}
	if tries >= b.cfg.Retry.Attempts {
		if err := tx.UpdateAttempt(d, a); err != nil {
			return settled{}, err
		}
		reason := "the carrier refused it at every attempt"
		if a.Detail != "" {
			reason += "; its last words: " + a.Detail
		}
		return settled{result: SettledDead}, b.giveUp(tx, d, r.ErrorCode, reason)
	}
	d.Progress = conversations.ProgressRetry
	d.Due = b.now().Add(max(r.After, b.cfg.Retry.wait(tries, b.cfg.Jitter())))
	return settled{SettledRetry, d.Due}, b.store(tx, d, a)
}

// triesOf counts the attempts at the part that a is of.
func triesOf(tx Tx, d conversations.Delivery, a conversations.Attempt) (int, error) {
	attempts, err := tx.Attempts(d)
	n := 0
	for _, other := range attempts {
		if other.Part == a.Part {
			n++
		}
	}
	return n, err
}

func (b *Bridge) store(tx Tx, d conversations.Delivery, a conversations.Attempt) error {
	if err := tx.UpdateAttempt(d, a); err != nil {
		return err
	}
	return tx.UpdateDelivery(d)
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
// Where it never took them all, good news of one part do not mend the whole.
func whole(tx Tx, d conversations.Delivery) (receipts.Part, error) {
	known, err := acceptedParts(tx, d)
	parts := make([]receipts.Part, len(known))
	for n, p := range known { // they go in order, so none is missing
		parts[n] = p
	}
	p := receipts.Whole(parts)
	if len(parts) < d.Parts && !receipts.Failed(p.Status) {
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
	if code == 0 {
		code = codeUnknownError
	}
	d.Progress, d.Due, d.Reason = conversations.ProgressDead, time.Time{}, reason
	if err := b.updateReceipt(tx, d, receipts.Part{Status: conversations.StatusFailed, ErrorCode: code}); err != nil {
		return err
	}
	d.ErrorCode = code
	if err := b.bury(tx, d); err != nil {
		return err
	}
	return b.promote(tx, pairKey(d))
}

func (b *Bridge) bury(tx Tx, d conversations.Delivery) error {
	return tx.InsertDeadLetter(conversations.DeadLetter{
		Topic: strings.TrimSuffix(TopicOutbound(d.Channel), "."), Key: pairKey(d), Delivery: d.ID,
		ErrorCode: d.ErrorCode, Reason: d.Reason, Created: b.now(),
	})
}

// updateReceipt stores the delivery with a status, and the event of the change
// if it is one.
func (b *Bridge) updateReceipt(tx Tx, d conversations.Delivery, p receipts.Part) error {
	before := d
	changed := receipts.Advances(d.Status, p.Status)
	if changed {
		d.Status, d.ErrorCode = p.Status, p.ErrorCode
		d.Updated = b.now()
	}
	if err := tx.UpdateDelivery(d); err != nil || !changed {
		return err
	}
	return b.record(tx, Caller{Source: d.Proxy.Type().Source()}, conversations.DeliveryUpdated, d.Conversation,
		conversations.Resource{Delivery: &d}, conversations.Resource{Delivery: &before})
}

// promote lets the pair's next delivery go.
func (b *Bridge) promote(tx Tx, key string) error {
	d, ok, err := tx.NextInLine(key)
	if err != nil || !ok || d.Progress != conversations.ProgressWaiting {
		return err
	}
	return tx.Enqueue(sendTask(d, key))
}
