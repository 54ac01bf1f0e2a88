package store

import (
	"context"
	"encoding/json"
	"fmt"

	"bridged/conversations"
)

// EventWebhooks returns the webhooks of the account, and those of the services that
// have some of their own (pages 12 and 28).
func (db *DB) EventWebhooks(ctx context.Context) (account conversations.Webhooks, services map[conversations.ServiceID]conversations.Webhooks, err error) {
	q := db.reader(ctx)
	c, err := q.configuration()
	if err != nil {
		return account, nil, err
	}
	services = make(map[conversations.ServiceID]conversations.Webhooks)
	err = q.each("SELECT id, webhooks FROM services WHERE webhooks IS NOT NULL", nil, func(s scanner) (bool, error) {
		var (
			id   conversations.ServiceID
			text string
			w    conversations.Webhooks
		)
		if err := s.Scan(&id, &text); err != nil {
			return false, err
		}
		if err := json.Unmarshal([]byte(text), &w); err != nil {
			return false, fmt.Errorf("decode the webhooks of a service: %w", err)
		}
		services[id] = w
		return true, nil
	})
	return c.Webhooks, services, err
}
