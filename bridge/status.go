package bridge

import (
	"context"
	"errors"
	"strconv"
	"time"

	"bridged/conversations"
	"bridged/receipts"
)

// AcceptStatuses stores status reports from a carrier, all in one commit. When
// it returns nil they are on disk and the carrier may be answered. It returns
// conversations.ErrBacklogFull or conversations.ErrUnavailable when the carrier
// should come again later.
//
// A report that comes alone, as nearly all do, and is of a message that is known moves
// its receipt on in the same commit. All others get a task. If that goes wrong, so
// does this one: what is wrong with it is no reason to refuse it.
func (b *Bridge) AcceptStatuses(ctx context.Context, reports []conversations.StatusReport) error {
	if len(reports) == 0 {
		return nil
	}
	if b.cfg.Space.Tight() {
		return conversations.ErrBacklogFull
	}
	if len(reports) > 1 {
		return b.acceptStatuses(ctx, reports, storeStatus)
	}
	var fate ReportFate
	err := b.acceptStatuses(ctx, reports, func(tx Tx, r *conversations.StatusRecord) (err error) {
		fate, err = b.advanceAtOnce(tx, r)
		return err
	})
	switch {
	case err == nil && fate != "":
		b.cfg.Observer.Reported(reports[0].Channel, fate)
	case err != nil && !errors.Is(err, conversations.ErrUnavailable) && ctx.Err() == nil:
		b.cfg.Log.WarnContext(ctx, "a status report could not be heeded at once; it gets a task", "channel", reports[0].Channel, "error", err)
		return b.acceptStatuses(ctx, reports, storeStatus)
	}
	return err
}

// acceptStatuses gives each report to a function that stores it, and perhaps heeds it.
func (b *Bridge) acceptStatuses(ctx context.Context, reports []conversations.StatusReport, accept func(Tx, *conversations.StatusRecord) error) error {
	return b.commitLearning(ctx, func(tx Tx, l *lesson) error {
		for _, report := range reports {
			if err := b.learn(tx, l, report.Address, report.Names); err != nil {
				return err
			}
			r := conversations.StatusRecord{StatusReport: report, Received: b.now()}
			if report.Address != "" && report.Proxy != "" {
				var err error
				if r.PairKey, err = matchKey(tx, report.Address, report.Proxy); err != nil {
					return err
				}
			}
			if err := accept(tx, &r); err != nil {
				return err
			}
		}
		return nil
	})
}

// storeStatus stores a report with its task.
func storeStatus(tx Tx, r *conversations.StatusRecord) error {
	if err := tx.InsertStatus(r); err != nil {
		return err
	}
	return tx.Enqueue(seqTask(TopicStatuses, statusKey(r.StatusReport), r.Proxy, r.Seq))
}

// advanceAtOnce stores a report, and moves on what it is about where that takes no lock
// but those of the carrier's message and of the line of the pair that it tells. Otherwise
// the report gets its task, and there is no fate.
func (b *Bridge) advanceAtOnce(tx Tx, r *conversations.StatusRecord) (ReportFate, error) {
	if r.PairKey == "" {
		return "", storeStatus(tx, r)
	}
	if err := tx.Lock(lockOfMessage(r.Channel, r.ProviderID), lockOfLine(r.PairKey)); err != nil {
		return "", err
	}
	d, a, err := tx.FindAttempt(r.Channel, r.ProviderID)
	if conversations.NotFound.Is(err) || err == nil && (len(d.Others) > 0 || pairKey(d) != r.PairKey) {
		return "", storeStatus(tx, r)
	}
	if err != nil {
		return "", err
	}
	r.Delivery = d.ID
	if err := tx.InsertStatus(r); err != nil {
		return "", err
	}
	return b.advanceOne(tx, d, a, *r)
}

// statusKey keeps the reports of one carrier's message in order. The length in
// front keeps two channels' ids apart whatever is in them.
func statusKey(r conversations.StatusReport) string {
	return strconv.Itoa(len(r.Channel)) + ":" + r.Channel + r.ProviderID
}

// Advance carries out the task of an accepted status report: it moves the
// receipt of its delivery on. A report of a message that is not known is kept,
// in case the answer to the send is still under way (contract, 14); one that
// fits a send of unknown outcome settles it (contract, 11).
func (b *Bridge) Advance(ctx context.Context, task, seq int64) error {
	var (
		r    conversations.StatusRecord
		fate ReportFate
	)
	err := b.commitBeside(ctx, func(tx Tx) error {
		fate = ""
		var err error
		r, err = tx.FindStatus(seq)
		switch {
		case conversations.NotFound.Is(err):
			return tx.Finish(task)
		case err == nil && r.Delivery != "":
			fate = ReportAdvanced // by the answer that it had overtaken
			return tx.Finish(task)
		case err != nil:
			return err
		}
		lines, err := lockReport(tx, r)
		if err != nil {
			return err
		}
		adopt := func(tx Tx, r conversations.StatusRecord) (ReportFate, error) {
			return b.adoptUnlessSending(tx, r, lines)
		}
		if fate, err = b.advance(tx, r, adopt); err != nil {
			return err
		}
		return tx.Finish(task)
	})
	if err == nil && fate != "" {
		b.cfg.Observer.Reported(r.Channel, fate)
	}
	return err
}

// lockReport locks what a report is about: the carrier's message, and the line of
// its delivery, or those of the pair that the carrier tells where nobody knows that. No
// attempt gets to be known by this id meanwhile: that needs the first lock. It
// returns the lines of the pair.
func lockReport(tx Tx, r conversations.StatusRecord) ([]conversations.PairLine, error) {
	if err := tx.Lock(lockOfMessage(r.Channel, r.ProviderID)); err != nil {
		return nil, err
	}
	d, _, err := tx.FindAttempt(r.Channel, r.ProviderID)
	if err == nil {
		return nil, tx.Lock(lockOfLine(pairKey(d)))
	}
	if !conversations.NotFound.Is(err) || r.PairKey == "" {
		return nil, ignoreNotFound(err)
	}
	lines, err := linesTo(tx, r.PairKey)
	if err != nil {
		return nil, err
	}
	locks := make([]string, len(lines))
	for i, at := range lines {
		locks[i] = lockOfLine(at.Line)
	}
	return lines, tx.Lock(inOrder(locks)...)
}

// ignoreNotFound is err, unless it says that there is no such row.
func ignoreNotFound(err error) error {
	if conversations.NotFound.Is(err) {
		return nil
	}
	return err
}

// advance moves on what a report is about; where nobody knows that, adopt finds it.
func (b *Bridge) advance(tx Tx, r conversations.StatusRecord, adopt func(Tx, conversations.StatusRecord) (ReportFate, error),
) (ReportFate, error) {
	d, a, err := tx.FindAttempt(r.Channel, r.ProviderID)
	if conversations.NotFound.Is(err) {
		return adopt(tx, r)
	}
	if err != nil {
		return "", err
	}
	if len(d.Others) > 0 {
		return b.advanceGroup(tx, r, d)
	}
	if err := tx.MatchStatus(r.Seq, d.ID); err != nil {
		return "", err
	}
	return b.advanceOne(tx, d, a, r)
}

// advanceOne moves on an attempt of a delivery that a report is about.
func (b *Bridge) advanceOne(tx Tx, d conversations.Delivery, a conversations.Attempt, r conversations.StatusRecord) (ReportFate, error) {
	if !advance(&a, r.StatusReport) {
		return ReportStale, nil
	}
	if err := firstError(tx.UpdateAttempt(d, a), b.heedReport(tx, d, r)); err != nil {
		return "", err
	}
	if d.Progress.InLine() {
		return ReportAdvanced, nil // other parts are under way: the whole is settled with them
	}
	if reopened, err := b.reopen(tx, d, a); err != nil || reopened {
		return ReportAdvanced, err
	}
	if d.Attempts == 1 && d.Parts == 1 { // the one attempt is the whole: no need to read it back
		return ReportAdvanced, b.updateReceipt(tx, d, receipts.Part{Status: a.Status, ErrorCode: a.ErrorCode})
	}
	return ReportAdvanced, b.refresh(tx, d)
}

// advance moves an attempt on to a reported status, if that is further.
func advance(a *conversations.Attempt, r conversations.StatusReport) bool {
	if !receipts.Advances(a.Status, r.Status) {
		return false
	}
	a.Status = r.Status
	a.ErrorCode, a.CarrierCode, a.Detail = 0, r.CarrierCode, r.Detail
	if receipts.Failed(r.Status) {
		a.ErrorCode = r.ErrorCode
	}
	return true
}

// adoptUnlessSending adopts a report, but not while a send to its pair is under
// way: it may have overtaken the answer to that. Settle sees to it then.
func (b *Bridge) adoptUnlessSending(tx Tx, r conversations.StatusRecord, lines []conversations.PairLine) (ReportFate, error) {
	for _, at := range lines {
		head, ok, err := tx.NextInLine(at.Line)
		if err != nil {
			return "", err
		}
		if ok && head.Progress == conversations.ProgressSending {
			return ReportEarly, nil
		}
	}
	return b.adopt(tx, r, lines...)
}

// clockSkew is how far the clocks of processes on one database may be apart. What
// happened further in the future did so before the clock was set back.
const clockSkew = 5 * time.Second

// adopt takes a report of a message that nobody knows for one of a send of
// unknown outcome to the same pair: the oldest, because of one pair one send is
// under way at a time. An older one whose delivery went out again meanwhile comes
// first, so that its report does not end a delivery that may never have arrived.
// The lines are those of the pair that are locked.
func (b *Bridge) adopt(tx Tx, r conversations.StatusRecord, lines ...conversations.PairLine) (ReportFate, error) {
	if r.Received.After(b.now().Add(clockSkew)) {
		return ReportEarly, nil // the clock was set back: which sends it came after nobody can say
	}
	var (
		d     conversations.Delivery
		a     conversations.Attempt
		found bool
	)
	for _, at := range lines {
		of, oldest, err := tx.UnknownAttempt(r, at, b.now().Add(-earlyLife))
		if conversations.NotFound.Is(err) {
			continue
		}
		if err != nil {
			return "", err
		}
		if !found || oldest.Started.Before(a.Started) {
			d, a, found = of, oldest, true
		}
	}
	if !found {
		return ReportEarly, nil
	}
	if receipts.Failed(d.Status) && !d.Progress.InLine() {
		others, err := b.otherUnknown(tx, r, d, lines)
		if err != nil || others {
			return ReportEarly, err
		}
	}
	a.ProviderID = r.ProviderID
	return ReportAdvanced, b.accepted(tx, d, a, &r)
}

// otherUnknown says whether a report of a message that nobody knows may be about
// another delivery than the oldest one. If that one has failed, nobody gets the report:
// taken wrongly it would turn a failure into a success that no person has seen. What
// waits for it is sent once more.
func (b *Bridge) otherUnknown(tx Tx, r conversations.StatusRecord, oldest conversations.Delivery, lines []conversations.PairLine) (bool, error) {
	for _, at := range lines {
		others, err := tx.HasOtherUnknown(r, at, b.now().Add(-earlyLife), oldest.ID)
		if err != nil || others {
			return others, err
		}
	}
	return false, nil
}

// accepted records that the carrier has an attempt that counted as one of unknown
// outcome, as a report tells or a late answer.
func (b *Bridge) accepted(tx Tx, d conversations.Delivery, a conversations.Attempt, r *conversations.StatusRecord) error {
	if len(d.Others) > 0 {
		return b.acceptedGroup(tx, d, a, r)
	}
	return b.acceptedOne(tx, d, a, r)
}

// acceptedOne is accepted for one delivery.
func (b *Bridge) acceptedOne(tx Tx, d conversations.Delivery, a conversations.Attempt, r *conversations.StatusRecord) error {
	a.Outcome, a.Status, a.ErrorCode = conversations.OutcomeAccepted, conversations.StatusSent, 0
	if r != nil {
		advance(&a, r.StatusReport)
		if err := firstError(tx.MatchStatus(r.Seq, d.ID), b.heedReport(tx, d, *r)); err != nil {
			return err
		}
	}
	if err := tx.UpdateAttempt(d, a); err != nil {
		return err
	}
	if a.Part == 0 && d.ProviderID == "" {
		d.ProviderID = a.ProviderID
	}
	switch {
	case d.Progress == conversations.ProgressUnknown:
		return b.requeue(tx, d) // for the parts that are left, or to be completed
	case d.Progress.InLine():
		return tx.UpdateDelivery(d) // it is on its way again, and completed there
	}
	return b.refresh(tx, d)
}
