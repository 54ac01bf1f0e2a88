package store

import (
	"context"

	"bridged/conversations"
)

const windowColumns = `w.seq, w.match_key, w.address, w.proxy, w.last_inbound, w.open_until, w.updated`

func scanWindow(s scanner) (w conversations.Window, err error) {
	var last, until, updated int64
	err = s.Scan(&w.Seq, &w.MatchKey, &w.Address, &w.Proxy, &last, &until, &updated)
	w.LastInbound, w.OpenUntil, w.Updated = fromMicros(last), fromMicros(until), fromMicros(updated)
	return w, err
}

// scanHeldWindow reads a window with who has its pair.
func scanHeldWindow(s scanner) (w conversations.Window, err error) {
	var (
		last, until, updated int64
		conversation         *conversations.ConversationID
		participant          *conversations.ParticipantID
	)
	err = s.Scan(&w.Seq, &w.MatchKey, &w.Address, &w.Proxy, &last, &until, &updated, &conversation, &participant)
	w.LastInbound, w.OpenUntil, w.Updated = fromMicros(last), fromMicros(until), fromMicros(updated)
	if conversation != nil && participant != nil {
		w.Conversation, w.Participant = *conversation, *participant
	}
	return w, err
}

// FindWindow returns the window of a pair.
func (tx *Tx) FindWindow(matchKey string) (conversations.Window, error) {
	w, err := first(tx.querier, scanWindow, "SELECT "+windowColumns+" FROM windows w WHERE w.match_key = $1", matchKey)
	return w, notFound(err, "window")
}

// OpenWindow stores that a person has written. What a carrier delivers late does
// not make an open window shorter.
func (tx *Tx) OpenWindow(w conversations.Window) error {
	return tx.run(`INSERT INTO windows (match_key, address, proxy, last_inbound, open_until, updated)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (match_key) DO UPDATE SET address = excluded.address, updated = excluded.updated,
			last_inbound = CASE WHEN excluded.last_inbound > windows.last_inbound THEN excluded.last_inbound ELSE windows.last_inbound END,
			open_until = CASE WHEN excluded.open_until > windows.open_until THEN excluded.open_until ELSE windows.open_until END`,
		w.MatchKey, w.Address, w.Proxy, micros(w.LastInbound), micros(w.OpenUntil), micros(w.Updated))
}

// Windows returns a page of the windows, those whose person was heard of first
// coming first; of one conversation, those of its live pairs.
func (db *DB) Windows(ctx context.Context, of conversations.ConversationID, p conversations.Page) (conversations.Listing[conversations.Window], error) {
	from := "FROM windows w LEFT JOIN pairs b ON b.match_key = w.match_key WHERE 1 = 1"
	var args []any
	if of != "" {
		from, args = "FROM windows w JOIN pairs b ON b.match_key = w.match_key WHERE b.conversation_id = $1", []any{of}
	}
	return listed[conversations.Window]{
		columns: windowColumns + ", b.conversation_id, b.participant_id", from: from, args: args, major: "w.seq", scan: scanHeldWindow,
		cursor: func(w conversations.Window) conversations.Cursor { return conversations.Cursor{Major: w.Seq} },
	}.page(db.reader(ctx), p)
}

// ConversationAttributes returns the attributes of a conversation, without a lock.
func (tx *Tx) ConversationAttributes(id conversations.ConversationID) (attributes string, err error) {
	err = tx.one("SELECT attributes FROM conversations WHERE id = $1", []any{id}, &attributes)
	return attributes, notFound(err, "conversation")
}

// LettersOutsideWindow returns the deliveries of a line that were given up because
// their window was closed, in the order in which that was.
func (tx *Tx) LettersOutsideWindow(pairKey string) ([]conversations.DeadLetter, error) {
	return all(tx.querier, scanDeadLetter, "SELECT "+letterColumns+` FROM dead_letters l
		WHERE l.task_key = $1 AND l.error_code = 63016 AND l.delivery_id IS NOT NULL AND l.discarded = 0 ORDER BY l.seq`, pairKey)
}

// offered is how many messages back somebody may answer with a number.
const offered = 10

// LastContent returns what the last message was made of that was made of a content
// and is not the participant's own, of the last ten of a conversation before an
// index.
func (tx *Tx) LastContent(c conversations.ConversationID, before int64, but conversations.ParticipantID) (conversations.MessageContent, error) {
	content, err := first(tx.querier, func(s scanner) (conversations.MessageContent, error) {
		var (
			id     *conversations.ContentID
			values *string
		)
		if err := s.Scan(&id, &values); err != nil {
			return conversations.MessageContent{}, err
		}
		m, err := messageContent(id, values)
		if err != nil || m == nil {
			return conversations.MessageContent{}, err
		}
		return *m, nil
	}, `SELECT content_id, content_variables FROM messages
		WHERE conversation_id = $1 AND idx < $2 AND idx >= $3 AND content_id IS NOT NULL
		AND (participant_id IS NULL OR participant_id <> $4) ORDER BY idx DESC LIMIT 1`, c, before, before-offered, but)
	return content, notFound(err, "content")
}

// IndexOf returns the index of the message of a conversation that a carrier knows
// by this id, whichever way it went.
func (tx *Tx) IndexOf(c conversations.ConversationID, channel, providerID string) (index int64, err error) {
	err = tx.one(`SELECT m.idx FROM attempts a JOIN deliveries d ON d.id = a.delivery_id JOIN messages m ON m.id = d.message_id
		WHERE a.channel = $1 AND a.provider_id = $2 AND m.conversation_id = $3 LIMIT 1`, []any{channel, providerID, c}, &index)
	if err = notFound(err, "message"); !conversations.NotFound.Is(err) {
		return index, err
	}
	err = tx.one(`SELECT m.idx FROM inbound i JOIN messages m ON m.id = i.message_id
		WHERE i.channel = $1 AND i.provider_id = $2 AND m.conversation_id = $3`, []any{channel, providerID, c}, &index)
	return index, notFound(err, "message")
}
