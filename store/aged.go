package store

import (
	"context"
	"time"

	"bridged/conversations"
)

// isUnfinished says of a message that something about it is: a delivery, or a dead
// letter that waits for somebody, or a file that is being fetched.
const isUnfinished = `(EXISTS (SELECT 1 FROM deliveries d WHERE d.conversation_id = m.conversation_id AND d.message_id = m.id
		AND (d.progress < 4 OR EXISTS (SELECT 1 FROM dead_letters l WHERE l.delivery_id = d.id AND l.discarded = 0)))
	OR EXISTS (SELECT 1 FROM fetches f WHERE f.conversation_id = m.conversation_id AND f.message_id = m.id))`

func scanAged(s scanner) (a conversations.Aged, err error) {
	var created int64
	err = s.Scan(&a.ID, &created, &a.Service)
	a.Created = fromMicros(created)
	return a, err
}

// AgedMessages returns up to limit messages from before t, oldest first, from behind
// one of them; of the zero one, from the first.
func (db *DB) AgedMessages(ctx context.Context, t time.Time, after conversations.Aged, limit int) ([]conversations.Aged, error) {
	return all(db.reader(ctx), scanAged, `SELECT m.id, m.created, c.service_id FROM messages m JOIN conversations c ON c.id = m.conversation_id
		WHERE m.created < $1 AND (m.created, m.id) > ($2, $3) ORDER BY m.created, m.id LIMIT $4`,
		micros(t), micros(after.Created), after.ID, limit)
}

// AgedMedia likewise returns files of messages whose bytes are here.
func (db *DB) AgedMedia(ctx context.Context, t time.Time, after conversations.Aged, limit int) ([]conversations.Aged, error) {
	return all(db.reader(ctx), scanAged, `SELECT f.id, f.created, f.service_id FROM media f
		WHERE f.message_id IS NOT NULL AND f.state = '' AND f.created < $1 AND (f.created, f.id) > ($2, $3)
		ORDER BY f.created, f.id LIMIT $4`,
		micros(t), micros(after.Created), after.ID, limit)
}

// IsUnfinished says whether something about a message is.
func (tx *Tx) IsUnfinished(id conversations.MessageID) (bool, error) {
	found, err := all(tx.querier, scanText, "SELECT m.id FROM messages m WHERE m.id = $1 AND "+isUnfinished, id)
	return len(found) > 0, err
}

// AnyFile returns a file of whatever service.
func (tx *Tx) AnyFile(id conversations.MediaID) (conversations.MediaFile, error) {
	f, err := first(tx.querier, scanMedia, "SELECT "+mediaColumns+" FROM media f WHERE f.id = $1", id)
	return f, notFound(err, "media")
}
