package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"bridged/conversations"
)

// departedLife is how long it is kept what the webhooks of a removed conversation
// take to hear of its end. Their tasks are given up before.
const departedLife = 8 * 24 * time.Hour

// NoticeRows are what webhooks need that hear of changes.
type NoticeRows interface {
	// LastEvent returns the number of the last event; 0 where there is none. It is
	// exact in a commit that is alone.
	LastEvent() (seq int64, err error)
	// ForgetDeparted removes what is kept of conversations that were removed before t,
	// up to limit of them, and returns how many it were.
	ForgetDeparted(t time.Time, limit int) (removed int, err error)
}

// NoticeTask is the task of telling a notice.
func NoticeTask(n conversations.Notice) (conversations.Task, error) {
	payload, err := json.Marshal(n)
	if err != nil {
		return conversations.Task{}, fmt.Errorf("encode a notice: %w", err)
	}
	return conversations.Task{Topic: TopicWebhooks, Key: n.Key(), Payload: payload}, nil
}

// listenFrom has a new webhook hear of what happens from now on, and before that of
// the messages that it wants anew (page 13; contract, 21).
func (b *Bridge) listenFrom(tx Tx, c conversations.Conversation, w *conversations.Webhook) error {
	var err error
	if w.After, err = tx.LastEvent(); err != nil || w.ReplayAfter == nil || *w.ReplayAfter >= c.NextIndex || !w.HearsMessages() {
		return err
	}
	task, err := NoticeTask(conversations.Notice{
		Listener: conversations.ScopedListener(w.ID), Webhook: w.ID, Conversation: c.ID, Service: c.Service,
		Event: conversations.MessageAdded, At: b.now(), Since: b.now(),
		Replay: &conversations.Replay{From: *w.ReplayAfter, Until: c.NextIndex},
	})
	if err != nil {
		return err
	}
	return tx.Enqueue(task)
}

// listensFrom notes from when on an account or a service has a webhook that hears of
// changes.
func listensFrom(tx Tx, before conversations.Webhooks, now *conversations.Webhooks) (err error) {
	if before.PostURL == "" && now.PostURL != "" {
		now.After, err = tx.LastEvent()
	}
	return err
}

// GiveUpNotice makes a dead letter of the task of a notice that its listener has not
// taken for too long. What it would have heard is not shown.
func (b *Bridge) GiveUpNotice(ctx context.Context, task int64, n conversations.Notice, reason string) error {
	source, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err)
	}
	return b.commitBeside(ctx, func(tx Tx) error {
		return firstError(tx.Finish(task), tx.InsertDeadLetter(conversations.DeadLetter{
			Topic: TopicWebhooks, Key: n.Key(), Source: source, Reason: reason, Created: b.now(),
		}))
	})
}

// retell has a listener told again of what was given up. It is tried for as long as
// something new, behind what waits for the listener already.
func (b *Bridge) retell(tx Tx, l conversations.DeadLetter) error {
	var n conversations.Notice
	if err := json.Unmarshal(l.Source, &n); err != nil {
		return fmt.Errorf("decode the notice of a dead letter: %w", err)
	}
	n.Since = b.now()
	payload, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode a notice: %w", err)
	}
	return firstError(
		tx.Enqueue(conversations.Task{Topic: TopicWebhooks, Key: l.Key, Payload: payload}),
		tx.DeleteDeadLetter(l.Seq),
	)
}
