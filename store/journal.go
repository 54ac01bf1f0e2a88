package store

import (
	"context"
	"encoding/json"
	"fmt"

	"bridged/conversations"
)

// Record adds an event to the commit.
func (tx *Tx) Record(e conversations.Event) error {
	after, err := encodeResource(e.After)
	if err != nil {
		return err
	}
	before, err := encodeResource(e.Before)
	if err != nil {
		return err
	}
	origin, err := encodeList(e.Origin)
	if err != nil {
		return err
	}
	tx.effects.recorded = true
	return tx.run(`INSERT INTO events (type, conversation_id, source, actor, webhooks, after, before, at, origin, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.Type, e.Conversation, e.Source, e.By, number(e.Webhooks), after, before, micros(e.At), origin, e.Reason)
}

// encodeResource writes the one resource that r holds; nil when it holds none.
func encodeResource(r conversations.Resource) (*string, error) {
	var v any
	switch {
	case r.Conversation != nil:
		v = r.Conversation
	case r.Participant != nil:
		v = r.Participant
	case r.Message != nil:
		v = r.Message
	case r.Delivery != nil:
		v = r.Delivery
	case r.User != nil:
		v = r.User
	default:
		return nil, nil //nolint:nilnil // NULL stands for no resource
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode an event: %w", err)
	}
	text := string(b)
	return &text, nil
}

// InsertDeadLetter shows something given up to the operator.
func (tx *Tx) InsertDeadLetter(l conversations.DeadLetter) error {
	return tx.run(`INSERT INTO dead_letters (topic, task_key, delivery_id, payload, error_code, reason, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		l.Topic, l.Key, optionalText(string(l.Delivery)), l.Payload, l.ErrorCode, l.Reason, micros(l.Created))
}

// DeadLetters returns a page of what was given up, oldest first.
func (db *DB) DeadLetters(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.DeadLetter], error) {
	return listed[conversations.DeadLetter]{
		columns: "l.seq, l.topic, l.task_key, l.delivery_id, l.payload, l.error_code, l.reason, l.created",
		from:    "FROM dead_letters l WHERE 1 = 1", major: "l.seq", scan: scanDeadLetter,
		cursor: func(l conversations.DeadLetter) conversations.Cursor { return conversations.Cursor{Major: l.Seq} },
	}.page(db.reader(ctx), p)
}

func scanDeadLetter(s scanner) (conversations.DeadLetter, error) {
	var (
		l        conversations.DeadLetter
		delivery *conversations.DeliveryID
		created  int64
	)
	err := s.Scan(&l.Seq, &l.Topic, &l.Key, &delivery, &l.Payload, &l.ErrorCode, &l.Reason, &created)
	if delivery != nil {
		l.Delivery = *delivery
	}
	l.Created = fromMicros(created)
	return l, err
}
