package store

import (
	"context"
	"time"

	"bridged/conversations"
)

const mediaColumns = `f.id, f.service_id, f.author, f.category, f.content_type, f.filename, f.size, f.sha256,
	f.conversation_id, f.message_id, f.state, f.reason, f.created, f.updated`

func scanMedia(s scanner) (conversations.MediaFile, error) {
	var (
		f                conversations.MediaFile
		conversation     *conversations.ConversationID
		message          *conversations.MessageID
		created, updated int64
	)
	err := s.Scan(&f.ID, &f.Service, &f.Author, &f.Category, &f.ContentType, &f.Filename, &f.Size, &f.SHA256,
		&conversation, &message, &f.State, &f.Reason, &created, &updated)
	if message != nil && conversation != nil {
		f.Conversation, f.Message = *conversation, *message
	}
	f.Created, f.Updated = fromMicros(created), fromMicros(updated)
	return f, err
}

func scanMediaID(s scanner) (id conversations.MediaID, err error) {
	err = s.Scan(&id)
	return id, err
}

// Media returns a file of a service.
func (db *DB) Media(ctx context.Context, service conversations.ServiceID, id conversations.MediaID) (conversations.MediaFile, error) {
	return findMedia(db.reader(ctx), service, id)
}

// AnyMedia returns a file of whatever service, for who has been permitted to
// fetch it.
func (db *DB) AnyMedia(ctx context.Context, id conversations.MediaID) (conversations.MediaFile, error) {
	f, err := first(db.reader(ctx), scanMedia, "SELECT "+mediaColumns+" FROM media f WHERE f.id = $1", id)
	return f, notFound(err, "media")
}

func findMedia(q querier, service conversations.ServiceID, id conversations.MediaID) (conversations.MediaFile, error) {
	f, err := first(q, scanMedia, "SELECT "+mediaColumns+" FROM media f WHERE f.service_id = $1 AND f.id = $2", service, id)
	return f, notFound(err, "media")
}

// FindMedia is Media within a commit.
func (tx *Tx) FindMedia(service conversations.ServiceID, id conversations.MediaID) (conversations.MediaFile, error) {
	return findMedia(tx.querier, service, id)
}

// InsertMedia stores a new file, which may be a message's already.
func (tx *Tx) InsertMedia(f conversations.MediaFile) error {
	return tx.run(`INSERT INTO media (id, service_id, author, category, content_type, filename, size, sha256,
		conversation_id, message_id, state, reason, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		f.ID, f.Service, f.Author, f.Category, f.ContentType, f.Filename, f.Size, f.SHA256,
		orNull(f.Conversation), orNull(f.Message), f.State, f.Reason, micros(f.Created), micros(f.Updated))
}

// orNull is the value of a column that is NULL where there is none.
func orNull[T ~string](s T) *T {
	if s == "" {
		return nil
	}
	return &s
}

// SettleMedia stores what came of fetching a file.
func (tx *Tx) SettleMedia(f conversations.MediaFile) error {
	return tx.run(`UPDATE media SET content_type = $2, size = $3, sha256 = $4, state = $5, reason = $6, updated = $7
		WHERE id = $1`, f.ID, f.ContentType, f.Size, f.SHA256, f.State, f.Reason, micros(f.Updated))
}

// MediaOf returns the files of a message.
func (tx *Tx) MediaOf(c conversations.ConversationID, m conversations.MessageID) ([]conversations.MediaFile, error) {
	return all(tx.querier, scanMedia, "SELECT "+mediaColumns+" FROM media f WHERE f.conversation_id = $1 AND f.message_id = $2", c, m)
}

// AttachMedia stores which message has the file.
func (tx *Tx) AttachMedia(f conversations.MediaFile) error {
	return tx.run("UPDATE media SET conversation_id = $2, message_id = $3, updated = $4 WHERE id = $1",
		f.ID, f.Conversation, f.Message, micros(f.Updated))
}

// DeleteMediaOf removes the files of a message, or of a whole conversation where
// no message is given, and returns their IDs. None of them is fetched any more, and
// nobody is told where they were.
func (tx *Tx) DeleteMediaOf(c conversations.ConversationID, m conversations.MessageID) ([]conversations.MediaID, error) {
	where, args := "conversation_id = $1", []any{c}
	if m != "" {
		where, args = where+" AND message_id = $2", append(args, m)
	}
	if err := tx.run("DELETE FROM fetches WHERE "+where, args...); err != nil {
		return nil, err
	}
	err := tx.run("DELETE FROM dead_letters WHERE topic = 'fetch' AND task_key IN (SELECT id FROM media WHERE "+where+")", args...)
	if err != nil {
		return nil, err
	}
	*tx.wrote = true
	return all(tx.querier, scanMediaID, "DELETE FROM media WHERE "+where+" RETURNING id", args...)
}

// ExpireMedia removes up to limit files that were stored before t or at it and
// that no message has, oldest first. It returns their IDs, and when the next one
// was stored (zero for none).
func (tx *Tx) ExpireMedia(t time.Time, limit int) (gone []conversations.MediaID, next time.Time, err error) {
	gone, err = all(tx.querier, scanMediaID,
		"SELECT id FROM media WHERE message_id IS NULL AND created <= $1 ORDER BY created, id LIMIT $2", micros(t), limit)
	if err != nil {
		return nil, next, err
	}
	for _, id := range gone {
		if err := tx.run("DELETE FROM media WHERE id = $1", id); err != nil {
			return nil, next, err
		}
	}
	oldest, err := all(tx.querier, scanInt, "SELECT created FROM media WHERE message_id IS NULL ORDER BY created, id LIMIT 1")
	if len(oldest) > 0 {
		next = fromMicros(oldest[0])
	}
	return gone, next, err
}

func scanInt(s scanner) (n int64, err error) {
	err = s.Scan(&n)
	return n, err
}

// UnknownMedia returns those of the IDs that no row has.
func (tx *Tx) UnknownMedia(ids []conversations.MediaID) (unknown []conversations.MediaID, err error) {
	for _, id := range ids {
		found, err := all(tx.querier, scanMediaID, "SELECT id FROM media WHERE id = $1", id)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			unknown = append(unknown, id)
		}
	}
	return unknown, nil
}
