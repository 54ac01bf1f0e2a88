package store

import (
	"context"
	"time"

	"bridged/conversations"
)

// MessageTrace returns the way of a message, with up to limit of its deliveries in the
// order in which they were made.
func (db *DB) MessageTrace(ctx context.Context, id conversations.MessageID, limit int) (t conversations.MessageTrace, err error) {
	q := db.reader(ctx)
	var appended int64
	err = q.one(`SELECT m.id, m.conversation_id, c.service_id, m.created FROM messages m
		JOIN conversations c ON c.id = m.conversation_id WHERE m.id = $1`, []any{id}, &t.Message, &t.Conversation, &t.Service, &appended)
	if err != nil {
		return t, notFound(err, "message")
	}
	t.Appended = fromMicros(appended)
	inbound, err := db.InboundOf(ctx, id)
	switch {
	case err == nil:
		t.Inbound = &inbound
	case !conversations.NotFound.Is(err):
		return t, err
	}
	t.Deliveries, err = all(q, scanDeliveryTrace, "SELECT "+deliveryColumns+`,
		(SELECT MIN(a.started) FROM attempts a WHERE a.delivery_id = d.id),
		(SELECT MAX(a.ended) FROM attempts a WHERE a.delivery_id = d.id AND a.outcome = 'accepted'),
		(SELECT MAX(a.ended) FROM attempts a WHERE a.delivery_id = d.id),
		(SELECT MIN(s.received) FROM statuses s WHERE s.delivery_id = d.id AND s.status IN ('delivered', 'read')),
		(SELECT MIN(s.received) FROM statuses s WHERE s.delivery_id = d.id AND s.status = 'read'),
		(SELECT MIN(s.received) FROM statuses s WHERE s.delivery_id = d.id AND s.status IN ('failed', 'undelivered'))
		FROM deliveries d WHERE d.conversation_id = $1 AND d.message_id = $2 ORDER BY d.seq LIMIT $3`,
		t.Conversation, t.Message, limit+1)
	if len(t.Deliveries) > limit {
		t.Deliveries, t.More = t.Deliveries[:limit], true
	}
	return t, err
}

func scanDeliveryTrace(s scanner) (conversations.DeliveryTrace, error) {
	var (
		r                                              deliveryRow
		started, sent, ended, delivered, read, refused *int64
	)
	if err := s.Scan(append(r.into(), &started, &sent, &ended, &delivered, &read, &refused)...); err != nil {
		return conversations.DeliveryTrace{}, err
	}
	d, err := r.delivery()
	t := conversations.DeliveryTrace{Delivery: d}
	for _, one := range []struct {
		into *time.Time
		from *int64
	}{{&t.Started, started}, {&t.Delivered, delivered}, {&t.Read, read}} {
		if one.from != nil {
			*one.into = fromMicros(*one.from)
		}
	}
	// A message of several parts is sent when the carrier has all of them.
	if sent != nil && (d.Status == conversations.StatusSent || d.Status == conversations.StatusDelivered || d.Status == conversations.StatusRead || refused != nil) {
		t.Sent = fromMicros(*sent)
	}
	if d.Status == conversations.StatusFailed || d.Status == conversations.StatusUndelivered {
		switch {
		case refused != nil:
			t.Failed = fromMicros(*refused)
		case ended != nil:
			t.Failed = fromMicros(*ended)
		default: // nothing was sent at all, as to one who opted out
			t.Failed = d.Updated
		}
	}
	return t, err
}
