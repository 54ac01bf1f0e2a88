package store

import "bridged/conversations"

// ConversationByID returns a conversation of any service, and locks it.
func (tx *Tx) ConversationByID(id conversations.ConversationID) (conversations.Conversation, error) {
	c, err := first(tx.querier, scanConversation,
		"SELECT "+conversationColumns+" FROM conversations c WHERE c.id = $1"+tx.forUpdate("c"), id)
	return c, notFound(err, "conversation")
}

// HomeOfParticipant returns the conversation that a participant is in.
func (tx *Tx) HomeOfParticipant(id conversations.ParticipantID) (home conversations.ConversationID, err error) {
	err = tx.one("SELECT conversation_id FROM participants WHERE id = $1", []any{id}, &home)
	return home, notFound(err, "participant")
}

// HomeOfMessage returns the conversation that a message is in.
func (tx *Tx) HomeOfMessage(id conversations.MessageID) (home conversations.ConversationID, err error) {
	err = tx.one("SELECT conversation_id FROM messages WHERE id = $1", []any{id}, &home)
	return home, notFound(err, "message")
}

// MessageAt returns the message that has an index of a conversation.
func (tx *Tx) MessageAt(c conversations.ConversationID, index int64) (id conversations.MessageID, err error) {
	err = tx.one("SELECT id FROM messages WHERE conversation_id = $1 AND idx = $2", []any{c, index}, &id)
	return id, notFound(err, "message")
}

// RaiseIndex lets the conversation's next index be this one at least.
func (tx *Tx) RaiseIndex(c conversations.ConversationID, next int64) error {
	return tx.run("UPDATE conversations SET next_index = $2 WHERE id = $1 AND next_index < $2", c, next)
}
