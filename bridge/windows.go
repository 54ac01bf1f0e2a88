package bridge

import (
	"time"

	"bridged/conversations"
	"bridged/receipts"
)

// codeOutsideWindow is the reference's "Failed to send freeform message because
// you are outside the allowed window".
const codeOutsideWindow = 63016

// WindowRule is what holds on a channel that allows free text only for a time
// after the person last wrote (page 34).
type WindowRule struct {
	Length time.Duration
	// Fallback is the template that goes out in the place of free text while the
	// window is closed; empty for none.
	Fallback conversations.ContentID
	// Resend says that what could not go out goes out when the person writes.
	Resend bool
}

// WindowRows are the windows, and what waits for them.
type WindowRows interface {
	FindWindow(matchKey string) (conversations.Window, error)
	// OpenWindow stores that the person has written; it never shortens a window.
	OpenWindow(w conversations.Window) error
	// ConversationAttributes returns the attributes of a conversation, without a lock.
	ConversationAttributes(id conversations.ConversationID) (string, error)
	// LettersOutsideWindow returns the deliveries of a line that were given up
	// because their window was closed, in the order in which that was.
	LettersOutsideWindow(pairKey string) ([]conversations.DeadLetter, error)
}

// openWindow records that a person has written, where that counts on the channel.
// By whose clock: the carrier's, because that is who decides, but never in the
// future.
func (b *Bridge) openWindow(tx Tx, r conversations.InboundRecord) error {
	channel, _ := b.cfg.Channels.Owner(r.To)
	rule, ok := b.cfg.Windows[channel]
	if !ok {
		return nil
	}
	key, err := matchKey(tx, r.From, r.To)
	if err != nil {
		return err
	}
	wrote := r.SentAt.UTC().Truncate(time.Microsecond)
	if r.SentAt.IsZero() || wrote.After(r.Received) {
		wrote = r.Received
	}
	w := conversations.Window{
		MatchKey: key, Address: r.From, Proxy: r.To,
		LastInbound: wrote, OpenUntil: wrote.Add(rule.Length), Updated: b.now(),
	}
	if err := tx.OpenWindow(w); err != nil || !rule.Resend || !w.IsOpen(b.now()) {
		return err
	}
	return b.awaken(tx, w)
}

// awaken leaves a task where deliveries wait for a window that is open now. They
// are taken up in a commit of their own, which locks their lines first.
func (b *Bridge) awaken(tx Tx, w conversations.Window) error {
	lines, err := linesOf(tx, w.MatchKey)
	if err != nil {
		return err
	}
	for _, line := range lines {
		letters, err := tx.LettersOutsideWindow(line)
		if err != nil {
			return err
		}
		if len(letters) > 0 {
			return tx.Enqueue(conversations.Task{
				Topic: TopicWindows, Key: w.MatchKey, Lease: string(w.Proxy), Payload: []byte(w.MatchKey),
			})
		}
	}
	return nil
}

// isWindowClosed says whether the window of a delivery's pair is closed. Of a pair
// that was never heard of nobody knows: the person may have written before the
// number came to bridged, so that the carrier is asked. Its word counts where it
// says that the window is closed: at once for such a pair, and where our clock says
// otherwise at the second time, because carriers have been wrong about it
// (chatwoot#10143).
func (b *Bridge) isWindowClosed(tx Tx, d conversations.Delivery, attempts []conversations.Attempt) (bool, error) {
	key, err := matchKey(tx, d.Address, d.Proxy)
	if err != nil {
		return false, err
	}
	w, err := tx.FindWindow(key)
	unknown := conversations.NotFound.Is(err)
	if err != nil && !unknown {
		return false, err
	}
	if !unknown && !w.IsOpen(b.now()) {
		return true, nil
	}
	refusals := 0
	for _, a := range attempts {
		// What the carrier said before the person wrote again is no news.
		if a.Outcome == conversations.OutcomeRefused && a.ErrorCode == codeOutsideWindow && !a.Started.Before(w.Updated) {
			refusals++
		}
	}
	return unknown && refusals > 0 || refusals > 1, nil
}

// settleOutside records that the carrier refused free text because the window is
// closed by its clock. The delivery is planned anew: once more as it was, as a
// template in its stead, or not at all. Where it cannot change any more, because
// the carrier has a part of it, it is given up.
func (b *Bridge) settleOutside(tx Tx, d conversations.Delivery, a conversations.Attempt, r Result) (settled, error) {
	if err := tx.UpdateAttempt(d, a); err != nil {
		return settled{}, err
	}
	attempts, err := tx.Attempts(d)
	if err != nil {
		return settled{}, err
	}
	if d.Way.IsFree() && !isWayFixed(attempts) {
		return settled{result: SettledRetry}, b.requeue(tx, d)
	}
	return settled{result: SettledDead}, b.giveUp(tx, d, r.ErrorCode, "the carrier says that the window is closed; "+windowAdvice)
}

// windowAdvice is what an operator can do about a closed window.
const windowAdvice = "it can be sent again when the person has written"

// hasWindow says whether a delivery goes out by a channel that has windows.
func (b *Bridge) hasWindow(d conversations.Delivery) bool {
	_, ok := b.cfg.Windows[d.Channel]
	return ok
}

// isOutside says whether a report says of a delivery of one part that it was free
// text outside the window: then the carrier has nothing of it.
func (b *Bridge) isOutside(d conversations.Delivery, a conversations.Attempt) bool {
	return a.ErrorCode == codeOutsideWindow && receipts.Failed(a.Status) && d.Way.IsFree() && d.Parts == 1 && b.hasWindow(d)
}

// reopen takes up a delivery whose only part the carrier took and then refused,
// because of the window, in a status report: as if it had refused it at once. It
// says whether it did.
func (b *Bridge) reopen(tx Tx, d conversations.Delivery, a conversations.Attempt) (bool, error) {
	if !b.isOutside(d, a) || d.Progress != conversations.ProgressDone || a.Number != d.Attempts {
		return false, nil
	}
	a.Outcome = conversations.OutcomeRefused
	if err := tx.UpdateAttempt(d, a); err != nil {
		return true, err
	}
	return true, b.rejoin(tx, d)
}
