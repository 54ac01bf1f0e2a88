package store

import (
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
