package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bridged/bindings"
	"bridged/conversations"
)

// maxDiscardReason is how many characters the reason of a discard may have.
const maxDiscardReason = 1000

// DeadLetterRows are what was given up.
type DeadLetterRows interface {
	FindDeadLetter(seq int64) (conversations.DeadLetter, error)
	// DeadLettersAfter returns up to limit of them from behind one; of 0, from the
	// first.
	DeadLettersAfter(f conversations.DeadLetterFilter, after int64, limit int) ([]conversations.DeadLetter, error)
	// DeleteDeadLetter removes one that is taken up again.
	DeleteDeadLetter(seq int64) error
	// DiscardDeadLetter records that nobody wants it any more.
	DiscardDeadLetter(l conversations.DeadLetter) error
	// ForgetLetters removes up to limit of those that were discarded before t, and
	// counts them.
	ForgetLetters(t time.Time, limit int) (int, error)
	// Requeue puts its task back into the queue that gave it up.
	Requeue(l conversations.DeadLetter) error
}

// Redriven is what became of some dead letters that were to be taken up again.
type Redriven struct {
	Taken   []conversations.DeadLetter
	Refused []RefusedLetter
	Last    int64 // the last that was looked at; 0 where there are none behind it
}

// RefusedLetter is a dead letter that could not be taken up, and why.
type RefusedLetter struct {
	Letter conversations.DeadLetter
	Reason string
}

// Redrive takes up what was given up. A delivery goes back into its pair's line, at
// the place that it had: what the carrier has of it is not sent again; the rest is,
// each time as an attempt of its own, and the receipt says that it failed until the
// next one begins. A file is fetched in a new round of attempts, a webhook called
// again, and a task of ours goes back to its queue. The letter is gone then. It
// returns conversations.NotFound where there is no such dead letter, and
// conversations.Gone where nobody waits for it any more.
func (b *Bridge) Redrive(ctx context.Context, letter int64) (conversations.DeadLetter, error) {
	return changeBy(ctx, b, b.commit, func(tx Tx) (conversations.DeadLetter, error) {
		l, err := lockLetter(tx, letter)
		if err != nil {
			return l, err
		}
		return l, b.takeUp(tx, l)
	})
}

// RedriveMany takes up to limit dead letters up, as Redrive does, from behind one of
// them. One that cannot be taken up does not keep the others from it.
func (b *Bridge) RedriveMany(ctx context.Context, f conversations.DeadLetterFilter, after int64, limit int) (Redriven, error) {
	f.Discarded = false
	return changeBy(ctx, b, b.commit, func(tx Tx) (r Redriven, err error) {
		found, err := tx.DeadLettersAfter(f, after, limit)
		if err != nil {
			return r, err
		}
		seqs := make([]int64, len(found))
		for i, l := range found {
			seqs[i] = l.Seq
		}
		if len(found) == limit {
			r.Last = seqs[limit-1]
		}
		letters, err := lockLetters(tx, seqs...)
		if err != nil {
			return r, err
		}
		for _, l := range letters {
			err := b.takeUp(tx, l)
			if reason, refused := refusedAs(err); refused {
				r.Refused = append(r.Refused, RefusedLetter{Letter: l, Reason: reason})
				continue
			}
			if err != nil {
				return r, err
			}
			r.Taken = append(r.Taken, l)
		}
		return r, nil
	})
}

// Discard records that nobody wants a dead letter any more, by whom and why. It
// leaves the list of those that wait for somebody. Discarding it again changes
// nothing.
func (b *Bridge) Discard(ctx context.Context, caller Caller, letter int64, reason string) (conversations.DeadLetter, error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n == 0 || n > maxDiscardReason {
		return conversations.DeadLetter{}, conversations.Refuse(conversations.InvalidParameter,
			"give in Reason why it is discarded, in at most %d characters", maxDiscardReason)
	}
	return changeBy(ctx, b, b.commit, func(tx Tx) (conversations.DeadLetter, error) {
		l, err := lockLetter(tx, letter)
		if err != nil || !l.Discarded.IsZero() {
			return l, err
		}
		if err := b.freeLine(tx, l); err != nil {
			return l, err
		}
		l.Discarded, l.DiscardedBy, l.DiscardReason = b.now(), caller.By, reason
		return l, tx.DiscardDeadLetter(l)
	})
}

// lockOfLetter is the lock of a dead letter, which comes before those of what it is
// about.
func lockOfLetter(seq int64) string { return fmt.Sprintf("letter %020d", seq) }

// lockLetter locks a dead letter and what it is about. It returns
// conversations.NotFound where there is none.
func lockLetter(tx Tx, seq int64) (l conversations.DeadLetter, err error) {
	letters, err := lockLetters(tx, seq)
	if err == nil && len(letters) == 0 {
		err = conversations.Refuse(conversations.NotFound, "dead letter")
	}
	if err != nil {
		return l, err
	}
	return letters[0], nil
}

// lockLetters locks dead letters and what they are about, and returns those that
// there are still.
func lockLetters(tx Tx, seqs ...int64) (letters []conversations.DeadLetter, err error) {
	locks := make([]string, len(seqs))
	for i, seq := range seqs {
		locks[i] = lockOfLetter(seq)
	}
	if err := tx.Lock(inOrder(locks)...); err != nil {
		return nil, err
	}
	var files, lines []string
	for _, seq := range seqs {
		l, err := tx.FindDeadLetter(seq)
		if conversations.NotFound.Is(err) {
			continue // another was faster
		}
		if err != nil {
			return nil, err
		}
		letters = append(letters, l)
		line, err := lineOfTask(tx, l)
		if err != nil {
			return nil, err
		}
		if l.Delivery != "" {
			line = l.Key
		}
		if line != "" {
			lines = append(lines, lockOfLine(line))
		}
		if f, ok := fetchOf(l); ok {
			files = append(files, lockOfFiles(f.Message))
		}
	}
	return letters, tx.Lock(append(inOrder(files), inOrder(lines)...)...)
}

// takeUp does again what a dead letter is about, which is locked. It refuses before
// it changes anything.
func (b *Bridge) takeUp(tx Tx, l conversations.DeadLetter) error {
	switch {
	case !l.Discarded.IsZero():
		return conversations.Refuse(conversations.Gone, "it was discarded: %s", l.DiscardReason)
	case l.Delivery != "":
		alive, err := b.redrive(tx, l)
		if err == nil && !alive {
			err = conversations.Refuse(conversations.Gone, "its message is gone, or its receiver has left")
		}
		return err
	case len(l.Payload) > 0:
		return b.returnTask(tx, l)
	case len(l.Source) == 0:
		return conversations.Refuse(conversations.Gone, "it was given up by a version of bridged that did not keep what it takes")
	case l.Topic == TopicFetch:
		return b.refetch(tx, l)
	}
	return b.recall(tx, l)
}

// refusedAs says why a dead letter could not be taken up, if that is what err says.
func refusedAs(err error) (reason string, refused bool) {
	for _, f := range [...]conversations.Fault{conversations.Gone, conversations.Conflict} {
		if f.Is(err) {
			return err.Error(), true
		}
	}
	return "", false
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
				if _, err := b.redrive(tx, l); err != nil {
					return err
				}
			}
		}
		return tx.Finish(task)
	})
}

// redrive takes up what a dead letter is about, whose line is locked. It leaves one
// alone that nobody waits for any more.
func (b *Bridge) redrive(tx Tx, l conversations.DeadLetter) (alive bool, err error) {
	d, err := tx.FindDelivery(l.Delivery)
	switch {
	case conversations.NotFound.Is(err):
		return false, nil
	case err != nil || d.Progress != conversations.ProgressDead || d.Channel == "":
		return false, err
	}
	if d.Participant != "" {
		_, err := tx.FindParticipant(d.Conversation, conversations.ParticipantKey{ID: d.Participant})
		if conversations.NotFound.Is(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	if err := tx.DeleteDeadLetter(l.Seq); err != nil {
		return true, err
	}
	if err := b.forgetFiles(tx, &d); err != nil {
		return true, err
	}
	d.Reason = ""
	if err := b.rejoin(tx, d); err != nil {
		return true, err
	}
	d.Progress = conversations.ProgressWaiting
	return true, b.followLead(tx, d)
}

// forgetFiles has the files of a delivery prepared anew: the links to them may have
// ended. Where the carrier has a part, the rest has to go on as it began.
func (b *Bridge) forgetFiles(tx Tx, d *conversations.Delivery) error {
	if len(d.Files) == 0 {
		return nil
	}
	n, err := countAccepted(tx, *d)
	if err != nil || n > 0 {
		return err
	}
	d.Files = nil
	return tx.SetFiles(*d)
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

// recall has an inbound webhook called again whose answer could not be obeyed.
func (b *Bridge) recall(tx Tx, l conversations.DeadLetter) error {
	var c conversations.InboundCall
	if err := json.Unmarshal(l.Source, &c); err != nil {
		return fmt.Errorf("decode the call of a dead letter: %w", err)
	}
	if _, ok := b.webhookOf(c.Message.To, c.MessagingService); !ok {
		return conversations.Refuse(conversations.Conflict, "its webhook is not in the configuration any more")
	}
	err := b.callWebhook(tx, conversations.InboundRecord{Inbound: c.Message}, c.MessagingService)
	if err != nil {
		return err
	}
	return tx.DeleteDeadLetter(l.Seq)
}

// letterOfCall is the dead letter of a call whose answer could not be obeyed.
func (b *Bridge) letterOfCall(c conversations.InboundCall, refused string, code int) (conversations.DeadLetter, error) {
	source, err := json.Marshal(c)
	return conversations.DeadLetter{
		Topic: TopicCalls, Key: string(c.MessagingService) + " " + bindings.MatchKey(c.Message.From, c.Message.To),
		Channel: c.Message.Channel, Source: source, ErrorCode: code, Reason: refused, Created: b.now(),
	}, err
}

// returnTask puts a task back into its queue that failed too often, if there is still
// what it is about.
func (b *Bridge) returnTask(tx Tx, l conversations.DeadLetter) error {
	switch err := findAgain(tx, l); {
	case conversations.NotFound.Is(err):
		return conversations.Refuse(conversations.Gone, "what it is about is gone, or was done in the meantime")
	case err != nil:
		return err
	}
	return firstError(tx.Requeue(l), tx.DeleteDeadLetter(l.Seq))
}

// findAgain returns conversations.NotFound where a task has nothing to do any more.
func findAgain(tx Tx, l conversations.DeadLetter) error {
	if ofDelivery(l) {
		d, err := waitingFor(tx, l)
		if err == nil && d == nil {
			err = conversations.Refuse(conversations.NotFound, "a delivery that waits for it")
		}
		return err
	}
	var err error
	topic, _, _ := strings.Cut(l.Topic, ".")
	payload := l.Payload
	seq, _ := strconv.ParseInt(string(payload), 10, 64) // 0 is no row's
	switch topic {
	case TopicInbound:
		_, err = tx.FindInbound(seq)
	case TopicStatuses:
		_, err = tx.FindStatus(seq)
	case TopicCalls:
		_, err = tx.FindInboundCall(seq)
	case TopicFetch:
		_, err = tx.FindFetch(conversations.MediaID(payload))
	case TopicPopulate:
		err = findPopulation(tx, payload)
	}
	return err
}

// findPopulation returns conversations.NotFound where a conversation does not wait
// for its participants any more.
func findPopulation(tx Tx, payload []byte) error {
	var p population
	if err := json.Unmarshal(payload, &p); err != nil {
		return fmt.Errorf("decode the participants to add: %w", err)
	}
	c, err := tx.FindConversation(p.Service, conversations.ConversationKey{ID: p.Conversation})
	if err == nil && c.State != conversations.StateInitializing {
		err = conversations.Refuse(conversations.NotFound, "the conversation is not initializing")
	}
	return err
}
