package store

import (
	"context"

	"bridged/conversations"
)

// membershipColumns end with the count of unread messages, which looks at no more
// rows than it may count.
const membershipColumns = participantColumns + ", " + conversationColumns + `, u.id,
	CASE WHEN p.last_read_index IS NOT NULL THEN (SELECT COUNT(*) FROM (SELECT 1 AS one FROM messages m
		WHERE m.conversation_id = p.conversation_id AND m.idx > p.last_read_index LIMIT ` + maxUnread + `) AS beyond) END`

const (
	maxUnread = "1000" // conversations.MaxUnread, which a test compares

	fromMemberships = `FROM participants p
		JOIN conversations c ON c.id = p.conversation_id
		LEFT JOIN users u ON u.service_id = c.service_id AND u.identity = p.identity WHERE `
)

func scanMembership(s scanner) (conversations.Membership, error) {
	var (
		p participantRow
		c conversationRow
		m conversations.Membership
	)
	err := s.Scan(append(append(p.into(), c.into()...), &m.User, &m.Unread)...)
	m.Participant, m.Conversation = p.participant(), c.conversation()
	return m, err
}

// Memberships returns a page of the conversations of a service that a person is
// in, in the order of the conversations' IDs (page 16).
func (db *DB) Memberships(ctx context.Context, service conversations.ServiceID, who conversations.Person, p conversations.Page) (conversations.Listing[conversations.Membership], error) {
	column, value := "p.identity", who.Identity
	if who.Identity == "" {
		column, value = "p.address", string(who.Address)
	}
	return listed[conversations.Membership]{
		columns: membershipColumns, from: fromMemberships + column + " = $1 AND c.service_id = $2", args: []any{value, service},
		major: "p.conversation_id", minor: "p.seq", text: true, scan: scanMembership,
		cursor: func(m conversations.Membership) conversations.Cursor {
			return conversations.Cursor{Text: string(m.Conversation.ID), Minor: m.Participant.Seq}
		},
	}.page(db.reader(ctx), p)
}

// Membership returns what an identity has of one conversation.
func (db *DB) Membership(ctx context.Context, service conversations.ServiceID, identity string, key conversations.ConversationKey) (conversations.Membership, error) {
	return findMembership(db.reader(ctx), service, identity, key)
}

// FindMembership is Membership within a commit.
func (tx *Tx) FindMembership(service conversations.ServiceID, identity string, key conversations.ConversationKey) (conversations.Membership, error) {
	return findMembership(tx.querier, service, identity, key)
}

func findMembership(q querier, service conversations.ServiceID, identity string, key conversations.ConversationKey) (conversations.Membership, error) {
	column, value := "c.id", string(key.ID)
	if key.UniqueName != "" {
		column, value = "c.unique_name", key.UniqueName
	}
	m, err := first(q, scanMembership, "SELECT "+membershipColumns+" "+fromMemberships+
		"p.identity = $1 AND c.service_id = $2 AND "+column+" = $3", identity, service, value)
	return m, notFound(err, "conversation of the user")
}
