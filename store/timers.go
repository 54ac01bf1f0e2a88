package store

import (
	"database/sql"
	"time"

	"bridged/conversations"
)

// DueConversations returns up to limit conversations of which a timer is due at now,
// earliest first, and locks them. Where another process has changed one meanwhile it
// is as that process left it, or left out.
func (tx *Tx) DueConversations(now time.Time, limit int) ([]conversations.Conversation, error) {
	return all(tx.querier, scanConversation, "SELECT "+conversationColumns+` FROM conversations c
		WHERE c.due > 0 AND c.due <= $1 ORDER BY c.due LIMIT $2`+tx.forUpdate("c"), micros(now), limit)
}

// NextDueConversation returns when the next timer of any conversation is due; zero
// where none is set.
func (tx *Tx) NextDueConversation() (time.Time, error) {
	var due sql.NullInt64
	err := tx.one("SELECT MIN(c.due) FROM conversations c WHERE c.due > 0", nil, &due)
	return fromMicros(due.Int64), err
}
