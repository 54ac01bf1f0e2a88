package store

import (
	"context"
	"encoding/json"
	"fmt"

	"bridged/conversations"
)

const serviceColumns = `s.seq, s.id, s.friendly_name, s.conversation_role, s.conversation_creator_role, s.user_role,
	s.reachability, s.notifications, s.webhooks, s.created, s.updated`

func scanService(row scanner) (conversations.Service, error) {
	var (
		s                             conversations.Service
		notifications                 string
		webhooks                      *string
		reachability, created, update int64
	)
	err := row.Scan(&s.Seq, &s.ID, &s.FriendlyName, &s.ConversationRole, &s.ConversationCreatorRole, &s.UserRole,
		&reachability, &notifications, &webhooks, &created, &update)
	if err != nil {
		return s, err
	}
	s.Reachability = reachability != 0
	s.Created, s.Updated = fromMicros(created), fromMicros(update)
	s.Notifications = conversations.DefaultNotifications()
	if notifications != "" {
		if err := json.Unmarshal([]byte(notifications), &s.Notifications); err != nil {
			return s, fmt.Errorf("decode the notifications of a service: %w", err)
		}
	}
	if webhooks != nil {
		s.Webhooks = new(conversations.Webhooks)
		if err := json.Unmarshal([]byte(*webhooks), s.Webhooks); err != nil {
			return s, fmt.Errorf("decode the webhooks of a service: %w", err)
		}
	}
	return s, nil
}

func findService(q querier, id conversations.ServiceID) (conversations.Service, error) {
	s, err := first(q, scanService, "SELECT "+serviceColumns+" FROM services s WHERE s.id = $1", id)
	return s, notFound(err, "service")
}

// Service returns a service.
func (db *DB) Service(ctx context.Context, id conversations.ServiceID) (conversations.Service, error) {
	return findService(db.reader(ctx), id)
}

// DefaultService returns the service of the URLs that name none.
func (db *DB) DefaultService(ctx context.Context) (conversations.Service, error) {
	s, err := first(db.reader(ctx), scanService, "SELECT "+serviceColumns+` FROM installation i
		JOIN services s ON s.id = i.value WHERE i.name = '`+defaultService+`'`)
	return s, notFound(err, "service")
}

// Services returns a page of the services, oldest first.
func (db *DB) Services(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.Service], error) {
	return listed[conversations.Service]{
		columns: serviceColumns, from: "FROM services s WHERE 1 = 1", major: "s.seq", scan: scanService,
		cursor: func(s conversations.Service) conversations.Cursor { return conversations.Cursor{Major: s.Seq} },
	}.page(db.reader(ctx), p)
}

// FindService is Service within a commit.
func (tx *Tx) FindService(id conversations.ServiceID) (conversations.Service, error) {
	return findService(tx.querier, id)
}

// InsertService stores a new service and sets its Seq.
func (tx *Tx) InsertService(s *conversations.Service) error {
	notifications, webhooks, err := serviceSettings(*s)
	if err != nil {
		return err
	}
	s.Seq, err = tx.insert(`INSERT INTO services (id, friendly_name, conversation_role, conversation_creator_role, user_role,
		reachability, notifications, webhooks, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING seq`,
		s.ID, s.FriendlyName, s.ConversationRole, s.ConversationCreatorRole, s.UserRole,
		number(s.Reachability), notifications, webhooks, micros(s.Created), micros(s.Updated))
	return err
}

// UpdateService stores what can change.
func (tx *Tx) UpdateService(s conversations.Service) error {
	notifications, webhooks, err := serviceSettings(s)
	if err != nil {
		return err
	}
	return tx.run(`UPDATE services SET friendly_name = $2, conversation_role = $3, conversation_creator_role = $4,
		user_role = $5, reachability = $6, notifications = $7, webhooks = $8, updated = $9 WHERE id = $1`,
		s.ID, s.FriendlyName, s.ConversationRole, s.ConversationCreatorRole, s.UserRole,
		number(s.Reachability), notifications, webhooks, micros(s.Updated))
}

func serviceSettings(s conversations.Service) (notifications string, webhooks *string, err error) {
	b, err := json.Marshal(s.Notifications)
	if err != nil {
		return "", nil, err
	}
	if s.Webhooks == nil {
		return string(b), nil, nil
	}
	w, err := json.Marshal(s.Webhooks)
	text := string(w)
	return string(b), &text, err
}

// DeleteService removes a service with all that it has, but its users and its
// conversations, of which only the pairs are freed. Address configurations that
// made conversations of it are switched off.
func (tx *Tx) DeleteService(id conversations.ServiceID) error {
	for _, statement := range [...]string{
		"DELETE FROM pairs WHERE conversation_id IN (SELECT id FROM conversations WHERE service_id = $1)",
		"DELETE FROM number_groups WHERE conversation_id IN (SELECT id FROM conversations WHERE service_id = $1)",
		"UPDATE address_configurations SET enabled = 0 WHERE service_id = $1",
		"DELETE FROM push_bindings WHERE service_id = $1",
		"DELETE FROM roles WHERE service_id = $1",
		"DELETE FROM services WHERE id = $1",
	} {
		if err := tx.run(statement, id); err != nil {
			return err
		}
	}
	return nil
}
