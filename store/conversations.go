package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bridged/conversations"
)

const conversationColumns = `c.seq, c.id, c.service_id, c.messaging_service_id, c.friendly_name, c.unique_name,
	c.attributes, c.state, c.timer_inactive, c.timer_closed, c.date_inactive, c.date_closed,
	c.email_address, c.email_name, c.next_index, c.active_at, c.created_by, c.created, c.updated`

// conversationRow is a conversation as its columns have it.
type conversationRow struct {
	conversations.Conversation
	timerInactive, timerClosed, dateInactive, dateClosed, active, created, updated int64
}

func (r *conversationRow) into() []any {
	c := &r.Conversation
	return []any{
		&c.Seq, &c.ID, &c.Service, &c.MessagingService, &c.FriendlyName, &c.UniqueName,
		&c.Attributes, &c.State, &r.timerInactive, &r.timerClosed, &r.dateInactive, &r.dateClosed,
		&c.EmailAddress, &c.EmailName, &c.NextIndex, &r.active, &c.CreatedBy, &r.created, &r.updated,
	}
}

func (r *conversationRow) conversation() conversations.Conversation {
	c := r.Conversation
	c.Timers = conversations.Timers{
		Inactive:     time.Duration(r.timerInactive) * time.Microsecond,
		Closed:       time.Duration(r.timerClosed) * time.Microsecond,
		DateInactive: fromMicros(r.dateInactive),
		DateClosed:   fromMicros(r.dateClosed),
	}
	c.LastStateOrMessage = fromMicros(r.active)
	c.Created, c.Updated = fromMicros(r.created), fromMicros(r.updated)
	return c
}

func scanConversation(s scanner) (conversations.Conversation, error) {
	var r conversationRow
	if err := s.Scan(r.into()...); err != nil {
		return conversations.Conversation{}, err
	}
	return r.conversation(), nil
}

func findConversation(q querier, service conversations.ServiceID, key conversations.ConversationKey, lock string) (conversations.Conversation, error) {
	query, arg := "SELECT "+conversationColumns+" FROM conversations c WHERE c.service_id = $1 AND c.id = $2", string(key.ID)
	if key.UniqueName != "" {
		query, arg = "SELECT "+conversationColumns+" FROM conversations c WHERE c.service_id = $1 AND c.unique_name = $2", key.UniqueName
	}
	c, err := first(q, scanConversation, query+lock, service, arg)
	return c, notFound(err, "conversation")
}

// Conversation returns a conversation of a service.
func (db *DB) Conversation(ctx context.Context, service conversations.ServiceID, key conversations.ConversationKey) (conversations.Conversation, error) {
	return findConversation(db.reader(ctx), service, key, "")
}

// Conversations returns a page of a service's conversations by date of creation,
// newest first where the filter has a date (page 22).
func (db *DB) Conversations(ctx context.Context, service conversations.ServiceID, f conversations.ConversationFilter, p conversations.Page) (conversations.Listing[conversations.Conversation], error) {
	from, args := []string{"FROM conversations c WHERE c.service_id = $1"}, []any{service}
	condition := func(format string, arg any) {
		args = append(args, arg)
		from = append(from, fmt.Sprintf(format, len(args)))
	}
	if f.State != "" {
		condition("c.state = $%d", f.State)
	}
	if !f.From.IsZero() {
		condition("c.created >= $%d", micros(f.From))
	}
	if !f.Until.IsZero() {
		condition("c.created < $%d", micros(f.Until))
	}
	p.Descending = !f.From.IsZero() || !f.Until.IsZero()
	return listed[conversations.Conversation]{
		columns: conversationColumns, from: strings.Join(from, " AND "), args: args,
		major: "c.created", minor: "c.seq", scan: scanConversation,
		cursor: func(c conversations.Conversation) conversations.Cursor {
			return conversations.Cursor{Major: micros(c.Created), Minor: c.Seq}
		},
	}.page(db.reader(ctx), p)
}

// FindConversation is Conversation within a commit. It locks the conversation.
func (tx *Tx) FindConversation(service conversations.ServiceID, key conversations.ConversationKey) (conversations.Conversation, error) {
	return findConversation(tx.querier, service, key, tx.forUpdate("c"))
}

// InsertConversation stores a new conversation and sets its Seq.
func (tx *Tx) InsertConversation(c *conversations.Conversation) error {
	if err := tx.checkUniqueName(*c); err != nil {
		return err
	}
	seq, err := tx.insert(`INSERT INTO conversations (id, service_id, messaging_service_id, friendly_name, unique_name,
		attributes, state, timer_inactive, timer_closed, date_inactive, date_closed,
		email_address, email_name, next_index, active_at, created_by, created, updated, due)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $15, $16, $17, $18) RETURNING seq`,
		c.ID, c.Service, c.MessagingService, c.FriendlyName, c.UniqueName,
		c.Attributes, c.State, c.Timers.Inactive.Microseconds(), c.Timers.Closed.Microseconds(),
		micros(c.Timers.DateInactive), micros(c.Timers.DateClosed),
		c.EmailAddress, c.EmailName, micros(c.LastStateOrMessage), c.CreatedBy, micros(c.Created), micros(c.Updated), micros(c.Due()))
	c.Seq = seq
	return err
}

// UpdateConversation stores what can change, but the next index.
func (tx *Tx) UpdateConversation(c conversations.Conversation) error {
	if err := tx.checkUniqueName(c); err != nil {
		return err
	}
	return tx.run(`UPDATE conversations SET messaging_service_id = $2, friendly_name = $3, unique_name = $4,
		attributes = $5, state = $6, timer_inactive = $7, timer_closed = $8, date_inactive = $9, date_closed = $10,
		email_address = $11, email_name = $12, active_at = $13, created = $14, updated = $15, due = $16 WHERE id = $1`,
		c.ID, c.MessagingService, c.FriendlyName, c.UniqueName, c.Attributes, c.State,
		c.Timers.Inactive.Microseconds(), c.Timers.Closed.Microseconds(),
		micros(c.Timers.DateInactive), micros(c.Timers.DateClosed),
		c.EmailAddress, c.EmailName, micros(c.LastStateOrMessage), micros(c.Created), micros(c.Updated),
		micros(c.Due()))
}

// checkUniqueName refuses a name that another conversation of the service has.
// It asks first, because a failed statement would cost the commit a second run.
func (tx *Tx) checkUniqueName(c conversations.Conversation) error {
	if c.UniqueName == nil {
		return nil
	}
	other, err := tx.FindConversation(c.Service, conversations.ConversationKey{UniqueName: *c.UniqueName})
	if err == nil && other.ID != c.ID {
		return conversations.Refuse(conversations.UniqueNameTaken, "another conversation of the service has it")
	}
	if conversations.NotFound.Is(err) {
		return nil
	}
	return err
}

// NextIndex takes the conversation's next index and stores what activity
// changes: its state and the dates of its timers.
func (tx *Tx) NextIndex(c *conversations.Conversation) (int64, error) {
	*tx.wrote = true
	err := tx.one(`UPDATE conversations SET next_index = next_index + 1, state = $2, date_inactive = $3, date_closed = $4,
		active_at = $5, due = $6 WHERE id = $1 RETURNING next_index`,
		[]any{
			c.ID, c.State, micros(c.Timers.DateInactive), micros(c.Timers.DateClosed), micros(c.LastStateOrMessage),
			micros(c.Due()),
		},
		&c.NextIndex)
	return c.NextIndex - 1, err
}

// ConversationsOf returns up to limit conversations of a service, whichever they
// are.
func (tx *Tx) ConversationsOf(service conversations.ServiceID, limit int) ([]conversations.Conversation, error) {
	return all(tx.querier, scanConversation,
		"SELECT "+conversationColumns+" FROM conversations c WHERE c.service_id = $1 LIMIT $2", service, limit)
}

// DeleteConversation removes a conversation and all that is in it. It returns the
// pairs from whose lines a delivery was removed. Of what its webhooks have yet to hear,
// what that takes is kept, with the time of the removal (ForgetDeparted).
func (tx *Tx) DeleteConversation(id conversations.ConversationID, now time.Time) ([]string, error) {
	pairKeys, err := all(tx.querier, scanText, "SELECT DISTINCT pair_key FROM deliveries WHERE conversation_id = $1 AND progress < 4", id)
	if err != nil {
		return nil, err
	}
	if err := tx.depart(id, now); err != nil {
		return nil, err
	}
	for _, statement := range [...]string{
		"DELETE FROM statuses WHERE delivery_id IN (SELECT id FROM deliveries WHERE conversation_id = $1)",
		"DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE conversation_id = $1)",
		"DELETE FROM dead_letters WHERE delivery_id IN (SELECT id FROM deliveries WHERE conversation_id = $1)",
		"DELETE FROM deliveries WHERE conversation_id = $1",
		"DELETE FROM messages WHERE conversation_id = $1",
		"DELETE FROM pairs WHERE conversation_id = $1",
		"DELETE FROM number_groups WHERE conversation_id = $1",
		"DELETE FROM participants WHERE conversation_id = $1",
		"DELETE FROM speaker_numbers WHERE conversation_id = $1",
		"DELETE FROM webhooks WHERE conversation_id = $1",
		"DELETE FROM conversations WHERE id = $1",
	} {
		if err := tx.run(statement, id); err != nil {
			return nil, err
		}
	}
	return pairKeys, nil
}

func scanText(s scanner) (text string, err error) {
	err = s.Scan(&text)
	return text, err
}
