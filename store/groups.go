package store

import (
	"database/sql"
	"errors"
	"time"

	"bridged/conversations"
)

// BindGroup gives the number group to the conversation, or returns the one that
// holds it.
func (tx *Tx) BindGroup(groupKey string, c conversations.ConversationID) (holder conversations.ConversationID, err error) {
	isNew, err := tx.changes(`INSERT INTO number_groups (group_key, conversation_id) VALUES ($1, $2)
		ON CONFLICT (group_key) DO NOTHING`, groupKey, c)
	if err != nil || isNew {
		return "", err
	}
	return tx.GroupHolder(groupKey)
}

// GroupHolder returns the conversation that holds the number group; empty where
// none does.
func (tx *Tx) GroupHolder(groupKey string) (holder conversations.ConversationID, err error) {
	err = tx.one("SELECT conversation_id FROM number_groups WHERE group_key = $1", []any{groupKey}, &holder)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return holder, err
}

// FreeGroup frees the number group of a conversation.
func (tx *Tx) FreeGroup(id conversations.ConversationID) error {
	return tx.run("DELETE FROM number_groups WHERE conversation_id = $1", id)
}

// ResolveGroup returns the conversation that holds the number group, and locks it.
func (tx *Tx) ResolveGroup(groupKey string) (conversations.Conversation, error) {
	c, err := first(tx.querier, scanConversation, "SELECT "+conversationColumns+` FROM number_groups g
		JOIN conversations c ON c.id = g.conversation_id WHERE g.group_key = $1`+tx.forUpdate("c"), groupKey)
	return c, notFound(err, "number group")
}

// CopiesOf returns the finished reports of the group message that an inbound
// message is a report of, accepted since then, in the order in which they came.
func (tx *Tx) CopiesOf(r conversations.InboundRecord, since time.Time) ([]conversations.InboundRecord, error) {
	return all(tx.querier, scanInbound, "SELECT "+inboundColumns+` FROM inbound i
		WHERE i.copy_key = $1 AND i.received >= $2 AND i.seq <> $3 AND i.state <> 0 ORDER BY i.received, i.seq`,
		r.CopyKey, micros(since), r.Seq)
}
