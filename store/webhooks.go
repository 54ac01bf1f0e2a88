package store

import (
	"context"

	"bridged/conversations"
)

const webhookColumns = `w.seq, w.id, w.conversation_id, w.target, w.url, w.method, w.filters, w.triggers, w.flow,
	w.replay_after, w.after_event, w.retries, w.created, w.updated`

func scanWebhook(row scanner) (conversations.Webhook, error) {
	var (
		w                 conversations.Webhook
		filters, triggers *string
		created, updated  int64
	)
	err := row.Scan(&w.Seq, &w.ID, &w.Conversation, &w.Target, &w.URL, &w.Method, &filters, &triggers, &w.Flow,
		&w.ReplayAfter, &w.After, &w.Retries, &created, &updated)
	if err != nil {
		return w, err
	}
	w.Created, w.Updated = fromMicros(created), fromMicros(updated)
	if w.Filters, err = decodeList[conversations.EventType](filters); err != nil {
		return w, err
	}
	w.Triggers, err = decodeList[string](triggers)
	return w, err
}

func findWebhook(q querier, c conversations.ConversationID, id conversations.WebhookID) (conversations.Webhook, error) {
	w, err := first(q, scanWebhook, "SELECT "+webhookColumns+" FROM webhooks w WHERE w.id = $1 AND w.conversation_id = $2", id, c)
	return w, notFound(err, "webhook")
}

// Webhook returns a webhook of a conversation.
func (db *DB) Webhook(ctx context.Context, c conversations.ConversationID, id conversations.WebhookID) (conversations.Webhook, error) {
	return findWebhook(db.reader(ctx), c, id)
}

// Webhooks returns a page of a conversation's webhooks, oldest first.
func (db *DB) Webhooks(ctx context.Context, c conversations.ConversationID, p conversations.Page) (conversations.Listing[conversations.Webhook], error) {
	return listed[conversations.Webhook]{
		columns: webhookColumns, from: "FROM webhooks w WHERE w.conversation_id = $1", args: []any{c},
		major: "w.seq", scan: scanWebhook,
		cursor: func(w conversations.Webhook) conversations.Cursor { return conversations.Cursor{Major: w.Seq} },
	}.page(db.reader(ctx), p)
}

// FindWebhook is Webhook within a commit.
func (tx *Tx) FindWebhook(c conversations.ConversationID, id conversations.WebhookID) (conversations.Webhook, error) {
	return findWebhook(tx.querier, c, id)
}

// CountWebhooks returns how many webhooks a conversation has.
func (tx *Tx) CountWebhooks(c conversations.ConversationID) (n int, err error) {
	err = tx.one("SELECT COUNT(*) FROM webhooks WHERE conversation_id = $1", []any{c}, &n)
	return n, err
}

// InsertWebhook stores a new webhook and sets its Seq.
func (tx *Tx) InsertWebhook(w *conversations.Webhook) error {
	filters, triggers, err := webhookLists(*w)
	if err != nil {
		return err
	}
	w.Seq, err = tx.insert(`INSERT INTO webhooks (id, conversation_id, target, url, method, filters, triggers, flow,
		replay_after, after_event, retries, created, updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING seq`,
		w.ID, w.Conversation, w.Target, w.URL, w.Method, filters, triggers, w.Flow,
		w.ReplayAfter, w.After, w.Retries, micros(w.Created), micros(w.Updated))
	return err
}

// UpdateWebhook stores what can change.
func (tx *Tx) UpdateWebhook(w conversations.Webhook) error {
	filters, triggers, err := webhookLists(w)
	if err != nil {
		return err
	}
	return tx.run(`UPDATE webhooks SET url = $2, method = $3, filters = $4, triggers = $5, flow = $6, updated = $7
		WHERE id = $1`, w.ID, w.URL, w.Method, filters, triggers, w.Flow, micros(w.Updated))
}

func webhookLists(w conversations.Webhook) (filters, triggers *string, err error) {
	if filters, err = encodeList(w.Filters); err == nil {
		triggers, err = encodeList(w.Triggers)
	}
	return filters, triggers, err
}

// DeleteWebhook removes a webhook.
func (tx *Tx) DeleteWebhook(id conversations.WebhookID) error {
	return tx.run("DELETE FROM webhooks WHERE id = $1", id)
}
