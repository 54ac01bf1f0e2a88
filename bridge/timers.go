package bridge

import (
	"context"
	"time"

	"bridged/conversations"
)

// timersBatch bounds of how many conversations one commit changes the state.
const timersBatch = 200

// TimerRows are the conversations that change their state at a time.
type TimerRows interface {
	// DueConversations returns up to limit conversations of which a timer is due,
	// earliest first, and locks them.
	DueConversations(now time.Time, limit int) ([]conversations.Conversation, error)
	// NextDueConversation returns when the next timer is due; zero where none is set.
	NextDueConversation() (time.Time, error)
}

// FireTimers changes the state of the conversations whose timers are due (page 35),
// and returns when the next one is, zero when none is set. That may be in the past,
// where more are due than one commit takes up.
//
// The rows are locked, and what is due is decided by what they say then: of several
// processes that find the same timer due one fires it.
func (b *Bridge) FireTimers(ctx context.Context) (next time.Time, err error) {
	err = b.commit(ctx, func(tx Tx) error {
		now := b.now()
		due, err := tx.DueConversations(now, timersBatch)
		if err != nil {
			return err
		}
		for _, c := range due {
			if err := b.elapse(tx, c, now); err != nil {
				return err
			}
		}
		next, err = tx.NextDueConversation()
		return err
	})
	return next, err
}

// elapse lets the timers of a conversation fire that are due at now: after a long
// sleep that may be both, one after the other.
func (b *Bridge) elapse(tx Tx, c conversations.Conversation, now time.Time) error {
	for before := c; c.Elapse(now); before = c {
		c.Updated = now
		if err := tx.UpdateConversation(c); err != nil {
			return err
		}
		timer := Caller{Source: conversations.SourceSystem}
		if err := b.changedState(tx, timer, conversations.ReasonTimer, c, before); err != nil {
			return err
		}
	}
	return nil
}

// changedState does what a change of state brings with it, whatever caused it: the
// pairs and the number group of a closed conversation are free, and an event tells
// of the change.
func (b *Bridge) changedState(tx Tx, caller Caller, why conversations.StateReason, c, before conversations.Conversation) error {
	if !c.State.Live() {
		if err := tx.FreePairs(c.ID); err != nil {
			return err
		}
	}
	return tx.Record(conversations.Event{
		Type: conversations.ConversationState, Conversation: c.ID, Source: caller.Source, By: caller.By,
		Webhooks: caller.firesWebhooks(), Reason: why, At: b.now(),
		After:  conversations.Resource{Conversation: &c},
		Before: conversations.Resource{Conversation: &before},
	})
}
