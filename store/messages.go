package store

import (
	"context"
	"encoding/json"
	"fmt"

	"bridged/conversations"
)

const messageColumns = `m.id, m.conversation_id, m.idx, m.author, m.participant_id, m.body, m.subject, m.media,
	m.attributes, m.created, m.updated, m.content_id, m.content_variables`

func scanMessage(s scanner) (conversations.Message, error) {
	var (
		m                conversations.Message
		media            *string
		created, updated int64
		content          *conversations.ContentID
		variables        *string
	)
	err := s.Scan(&m.ID, &m.Conversation, &m.Index, &m.Author, &m.Participant, &m.Body, &m.Subject, &media,
		&m.Attributes, &created, &updated, &content, &variables)
	if err != nil {
		return m, err
	}
	if m.Content, err = messageContent(content, variables); err != nil {
		return m, err
	}
	m.Created, m.Updated = fromMicros(created), fromMicros(updated)
	m.Media, err = decodeList[conversations.Media](media)
	return m, err
}

// encodeList stores a list as JSON, an empty one as NULL.
func encodeList[T any](list []T) (*string, error) {
	if len(list) == 0 {
		return nil, nil //nolint:nilnil // NULL stands for the empty list
	}
	b, err := json.Marshal(list)
	text := string(b)
	return &text, err
}

func decodeList[T any](text *string) (list []T, err error) {
	if text == nil {
		return nil, nil
	}
	if err = json.Unmarshal([]byte(*text), &list); err != nil {
		return nil, fmt.Errorf("decode a stored list: %w", err)
	}
	return list, nil
}

func findMessage(q querier, c conversations.ConversationID, id conversations.MessageID) (conversations.Message, error) {
	m, err := first(q, scanMessage, "SELECT "+messageColumns+" FROM messages m WHERE m.conversation_id = $1 AND m.id = $2", c, id)
	return m, notFound(err, "message")
}

// Message returns a message of a conversation.
func (db *DB) Message(ctx context.Context, c conversations.ConversationID, id conversations.MessageID) (conversations.Message, error) {
	return findMessage(db.reader(ctx), c, id)
}

// Messages returns a page of a conversation's messages by index.
func (db *DB) Messages(ctx context.Context, c conversations.ConversationID, p conversations.Page) (conversations.Listing[conversations.Message], error) {
	return listed[conversations.Message]{
		columns: messageColumns, from: "FROM messages m WHERE m.conversation_id = $1", args: []any{c},
		major: "m.idx", scan: scanMessage,
		cursor: func(m conversations.Message) conversations.Cursor { return conversations.Cursor{Major: m.Index} },
	}.page(db.reader(ctx), p)
}

// FindMessage is Message within a commit.
func (tx *Tx) FindMessage(c conversations.ConversationID, id conversations.MessageID) (conversations.Message, error) {
	return findMessage(tx.querier, c, id)
}

// InsertMessage stores a new message.
func (tx *Tx) InsertMessage(m conversations.Message) error {
	media, err := encodeList(m.Media)
	if err != nil {
		return err
	}
	content, variables, err := contentColumnsOf(m)
	if err != nil {
		return err
	}
	return tx.run(`INSERT INTO messages (id, conversation_id, idx, author, participant_id, body, subject, media,
		attributes, created, updated, content_id, content_variables)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		m.ID, m.Conversation, m.Index, m.Author, m.Participant, m.Body, m.Subject, media,
		m.Attributes, micros(m.Created), micros(m.Updated), content, variables)
}

// UpdateMessage stores what can change.
func (tx *Tx) UpdateMessage(m conversations.Message) error {
	return tx.run(`UPDATE messages SET author = $2, body = $3, subject = $4, attributes = $5, created = $6, updated = $7
		WHERE id = $1`, m.ID, m.Author, m.Body, m.Subject, m.Attributes, micros(m.Created), micros(m.Updated))
}

// SetMedia stores what is known of a message's files.
func (tx *Tx) SetMedia(m conversations.Message) error {
	media, err := encodeList(m.Media)
	if err != nil {
		return err
	}
	return tx.run("UPDATE messages SET media = $2 WHERE id = $1", m.ID, media)
}

// DeleteMessage removes a message with its receipts. It returns the pairs from
// whose lines a delivery was removed.
func (tx *Tx) DeleteMessage(m conversations.Message) ([]string, error) {
	pairKeys, err := all(tx.querier, scanText, "SELECT DISTINCT pair_key FROM deliveries WHERE conversation_id = $1 AND message_id = $2 AND progress < 4",
		m.Conversation, m.ID)
	if err != nil {
		return nil, err
	}
	for _, statement := range [...]string{
		"DELETE FROM statuses WHERE delivery_id IN (SELECT id FROM deliveries WHERE conversation_id = $1 AND message_id = $2)",
		"DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE conversation_id = $1 AND message_id = $2)",
		"DELETE FROM dead_letters WHERE delivery_id IN (SELECT id FROM deliveries WHERE conversation_id = $1 AND message_id = $2)",
		"DELETE FROM deliveries WHERE conversation_id = $1 AND message_id = $2",
		"DELETE FROM messages WHERE conversation_id = $1 AND id = $2",
	} {
		if err := tx.run(statement, m.Conversation, m.ID); err != nil {
			return nil, err
		}
	}
	return pairKeys, nil
}

// MessageOf returns the message that a delivery carries.
func (tx *Tx) MessageOf(d conversations.Delivery) (conversations.Message, error) {
	if d.Conversation == "" {
		return findText(tx.querier, d.Message)
	}
	return tx.FindMessage(d.Conversation, d.Message)
}
