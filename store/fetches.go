package store

import (
	"time"

	"bridged/conversations"
)

const fetchColumns = `f.media_id, f.conversation_id, f.message_id, f.channel, f.proxy, f.url, f.provider_id,
	f.content_type, f.attempts, f.due`

func scanFetch(s scanner) (f conversations.Fetch, err error) {
	var due int64
	err = s.Scan(&f.File, &f.Conversation, &f.Message, &f.Channel, &f.Proxy, &f.Source.URL, &f.Source.ProviderID,
		&f.Source.ContentType, &f.Attempts, &due)
	f.Source.ID, f.Due = f.File, fromMicros(due)
	return f, err
}

// InsertFetch stores a file that is to be fetched.
func (tx *Tx) InsertFetch(f conversations.Fetch) error {
	return tx.run(`INSERT INTO fetches (media_id, conversation_id, message_id, channel, proxy, url, provider_id,
		content_type, attempts, due) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		f.File, f.Conversation, f.Message, f.Channel, f.Proxy, f.Source.URL, f.Source.ProviderID,
		f.Source.ContentType, f.Attempts, micros(f.Due))
}

// FindFetch returns a file that is being fetched.
func (tx *Tx) FindFetch(id conversations.MediaID) (conversations.Fetch, error) {
	f, err := first(tx.querier, scanFetch, "SELECT "+fetchColumns+" FROM fetches f WHERE f.media_id = $1", id)
	return f, notFound(err, "fetch")
}

// UpdateFetch stores the attempts and when the next one is due.
func (tx *Tx) UpdateFetch(f conversations.Fetch) error {
	return tx.run("UPDATE fetches SET attempts = $2, due = $3 WHERE media_id = $1", f.File, f.Attempts, micros(f.Due))
}

// DeleteFetch removes a file from those that are being fetched.
func (tx *Tx) DeleteFetch(id conversations.MediaID) error {
	return tx.run("DELETE FROM fetches WHERE media_id = $1", id)
}

// IsFetching says whether any file of a message is being fetched.
func (tx *Tx) IsFetching(c conversations.ConversationID, m conversations.MessageID) (fetching bool, err error) {
	err = tx.one("SELECT EXISTS (SELECT 1 FROM fetches WHERE conversation_id = $1 AND message_id = $2)", []any{c, m}, &fetching)
	return fetching, err
}

// DueFetches returns up to limit files whose next attempt is due, and when the one
// after them is due.
func (tx *Tx) DueFetches(now time.Time, limit int) (due []conversations.Fetch, next time.Time, err error) {
	due, err = all(tx.querier, scanFetch, "SELECT "+fetchColumns+" FROM fetches f WHERE f.due > 0 ORDER BY f.due LIMIT $1", limit+1)
	for i, f := range due {
		if i == limit || f.Due.After(now) {
			return due[:i], f.Due, err
		}
	}
	return due, time.Time{}, err
}

// StrandedFetches returns the files that are being fetched and that no task is
// for, on a topic.
func (tx *Tx) StrandedFetches(topic string) ([]conversations.Fetch, error) {
	return all(tx.querier, scanFetch, "SELECT "+fetchColumns+` FROM fetches f WHERE f.due = 0
		AND f.media_id NOT IN (SELECT o.task_key FROM outbox o WHERE o.queue = $1) ORDER BY f.media_id`, topic)
}
