package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"bridged/conversations"
)

// depart keeps of a conversation that is about to be removed what it takes to tell
// of its end.
func (tx *Tx) depart(id conversations.ConversationID, now time.Time) error {
	list, err := all(tx.querier, scanWebhook, "SELECT "+webhookColumns+" FROM webhooks w WHERE w.conversation_id = $1 ORDER BY w.seq", id)
	if err != nil {
		return err
	}
	var webhooks *string
	if len(list) > 0 {
		b, err := json.Marshal(list)
		if err != nil {
			return fmt.Errorf("encode the webhooks of a conversation: %w", err)
		}
		text := string(b)
		webhooks = &text
	}
	return tx.run(`INSERT INTO departed_conversations (conversation_id, service_id, messaging_service_id, webhooks, removed)
		SELECT c.id, c.service_id, c.messaging_service_id, $2, $3 FROM conversations c WHERE c.id = $1
		ON CONFLICT (conversation_id) DO NOTHING`, id, webhooks, micros(now))
}

// ForgetDeparted removes what is kept of conversations that were removed before t, up
// to limit of them, and returns how many it were.
func (tx *Tx) ForgetDeparted(t time.Time, limit int) (int, error) {
	n, err := tx.exec(`DELETE FROM departed_conversations WHERE conversation_id IN
		(SELECT conversation_id FROM departed_conversations WHERE removed < $1 LIMIT $2)`, micros(t), limit)
	return int(n), err
}

// LastEvent returns the number of the last event; 0 where there is none. It is exact
// in a commit that is alone.
func (tx *Tx) LastEvent() (seq int64, err error) {
	err = tx.one("SELECT COALESCE(MAX(seq), 0) FROM events", nil, &seq)
	return seq, err
}

// HookSites returns those of the conversations that there are, or were until a while
// ago, as their listeners see them.
func (db *DB) HookSites(ctx context.Context, ids []conversations.ConversationID) (map[conversations.ConversationID]conversations.HookSite, error) {
	sites := make(map[conversations.ConversationID]conversations.HookSite, len(ids))
	if len(ids) == 0 {
		return sites, nil
	}
	reader := db.reader(ctx)
	// The webhooks are read first: of a conversation that goes meanwhile, all that it
	// had are found here or with what is kept of it.
	from, args := among("FROM webhooks w WHERE 1 = 1", nil, "w.conversation_id", ids)
	webhooks, err := all(reader, scanWebhook, "SELECT "+webhookColumns+" "+from+" ORDER BY w.seq", args...)
	if err != nil {
		return nil, err
	}
	from, args = among("FROM conversations c WHERE 1 = 1", nil, "c.id", ids)
	err = reader.each("SELECT c.id, c.service_id, c.messaging_service_id "+from, args, func(s scanner) (bool, error) {
		var (
			id   conversations.ConversationID
			site conversations.HookSite
		)
		err := s.Scan(&id, &site.Service, &site.MessagingService)
		sites[id] = site
		return true, err
	})
	if err != nil {
		return nil, err
	}
	for _, w := range webhooks {
		if site, ok := sites[w.Conversation]; ok {
			site.Webhooks = append(site.Webhooks, w)
			sites[w.Conversation] = site
		}
	}
	var gone []conversations.ConversationID
	for _, id := range ids {
		if _, ok := sites[id]; !ok {
			gone = append(gone, id)
		}
	}
	return sites, reader.departed(gone, sites)
}

// departed adds conversations that were removed.
func (q querier) departed(ids []conversations.ConversationID, sites map[conversations.ConversationID]conversations.HookSite) error {
	if len(ids) == 0 {
		return nil
	}
	from, args := among("FROM departed_conversations d WHERE 1 = 1", nil, "d.conversation_id", ids)
	return q.each("SELECT d.conversation_id, d.service_id, d.messaging_service_id, d.webhooks "+from, args, func(s scanner) (bool, error) {
		var (
			id       conversations.ConversationID
			site     conversations.HookSite
			webhooks *string
		)
		err := s.Scan(&id, &site.Service, &site.MessagingService, &webhooks)
		if err == nil {
			site.Webhooks, err = decodeList[conversations.Webhook](webhooks)
		}
		sites[id] = site
		return true, err
	})
}

// WebhookByID returns a webhook, of whichever conversation it is.
func (db *DB) WebhookByID(ctx context.Context, id conversations.WebhookID) (conversations.Webhook, error) {
	w, err := first(db.reader(ctx), scanWebhook, "SELECT "+webhookColumns+" FROM webhooks w WHERE w.id = $1", id)
	return w, notFound(err, "webhook")
}

// MessagesBetween returns up to limit messages of a conversation in order, by a
// range of indices.
func (db *DB) MessagesBetween(ctx context.Context, c conversations.ConversationID, r conversations.Replay, limit int) ([]conversations.Message, error) {
	return all(db.reader(ctx), scanMessage, "SELECT "+messageColumns+` FROM messages m
		WHERE m.conversation_id = $1 AND m.idx >= $2 AND m.idx < $3 ORDER BY m.idx LIMIT $4`, c, r.From, r.Until, limit)
}

// hookedServices is how many services with webhooks of their own are listed.
const hookedServices = 1000

// HookedServices returns the services that have webhooks of their own.
func (db *DB) HookedServices(ctx context.Context) ([]conversations.Service, error) {
	return all(db.reader(ctx), scanService, "SELECT "+serviceColumns+
		" FROM services s WHERE s.webhooks IS NOT NULL ORDER BY s.seq LIMIT $1", hookedServices)
}

// listenerLetters is how many characters the SID of a listener has.
const listenerLetters = 34

// Backlog returns how many tasks of the topic wait for each listener, most first,
// and the first of each. The key of such a task begins with the listener, and its
// payload is a notice.
func (db *DB) Backlog(ctx context.Context, topic string, limit int) ([]conversations.WebhookBacklog, error) {
	return all(db.reader(ctx), func(s scanner) (b conversations.WebhookBacklog, err error) {
		var payload []byte
		if err = s.Scan(&b.Listener, &b.Count, &payload); err != nil {
			return b, err
		}
		if err = json.Unmarshal(payload, &b.First); err != nil {
			err = fmt.Errorf("decode a notice: %w", err)
		}
		return b, err
	}, `SELECT t.listener, t.waiting, o.payload
		FROM (SELECT substr(task_key, 1, 34) AS listener, COUNT(*) AS waiting, MIN(seq) AS oldest
			FROM outbox WHERE queue = $1 GROUP BY 1) t
		JOIN outbox o ON o.seq = t.oldest ORDER BY t.waiting DESC, t.oldest LIMIT $2`, topic, limit)
}

// CountTasks returns how many tasks of a topic wait.
func (db *DB) CountTasks(ctx context.Context, topic string) (n int, err error) {
	err = db.reader(ctx).one("SELECT COUNT(*) FROM outbox WHERE queue = $1", []any{topic}, &n)
	return n, err
}
