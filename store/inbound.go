package store

import (
	"context"
	"time"

	"bridged/conversations"
)

const inboundColumns = `i.seq, i.channel, i.provider_id, i.sender, i.receiver, i.others, i.body, i.media, i.match_key,
	i.sent_at, i.received, i.copy_key, i.state, i.reason, i.notes, i.profile_name,
	i.keyword, i.keyword_effect, i.attributes, i.reply_to`

func scanInbound(s scanner) (conversations.InboundRecord, error) {
	var (
		r                             conversations.InboundRecord
		others, media, copyKey, notes *string
		attributes                    *string
		sent, received                int64
	)
	err := s.Scan(&r.Seq, &r.Channel, &r.ProviderID, &r.From, &r.To, &others, &r.Body, &media, &r.MatchKey,
		&sent, &received, &copyKey, &r.State, &r.Reason, &notes, &r.ProfileName,
		&r.Keyword, &r.Effect, &attributes, &r.ReplyTo)
	if err != nil {
		return r, err
	}
	if copyKey != nil {
		r.CopyKey = *copyKey
	}
	r.SentAt, r.Received = fromMicros(sent), fromMicros(received)
	if attributes != nil {
		r.Attributes = *attributes
	}
	if r.Others, err = decodeList[conversations.Address](others); err != nil {
		return r, err
	}
	if r.Media, err = decodeList[conversations.Media](media); err != nil {
		return r, err
	}
	r.Notes, err = decodeList[string](notes)
	return r, err
}

// Unrouted returns a page of the inbound messages that nothing wanted, oldest
// first.
func (db *DB) Unrouted(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.InboundRecord], error) {
	return listed[conversations.InboundRecord]{
		columns: inboundColumns, from: "FROM inbound i WHERE i.state = 2", major: "i.seq", scan: scanInbound,
		cursor: func(r conversations.InboundRecord) conversations.Cursor { return conversations.Cursor{Major: r.Seq} },
	}.page(db.reader(ctx), p)
}

// InsertInbound stores an inbound message unless its channel has delivered one
// with the same provider id before. It sets the record's Seq.
func (tx *Tx) InsertInbound(r *conversations.InboundRecord) (isNew bool, err error) {
	others, err := encodeList(r.Others)
	if err != nil {
		return false, err
	}
	media, err := encodeList(r.Media)
	if err != nil {
		return false, err
	}
	notes, err := encodeList(r.Notes)
	if err != nil {
		return false, err
	}
	*tx.wrote = true
	err = tx.one(`INSERT INTO inbound (channel, provider_id, sender, receiver, others, body, media, match_key,
		sent_at, received, copy_key, state, reason, notes, profile_name, keyword, attributes, reply_to)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, '', $12, $13, $14, $15, $16)
		ON CONFLICT (channel, provider_id) DO NOTHING RETURNING seq`,
		[]any{
			r.Channel, r.ProviderID, r.From, r.To, others, r.Body, media, r.MatchKey,
			micros(r.SentAt), micros(r.Received), optionalText(r.CopyKey), notes, r.ProfileName, r.Keyword,
			optionalText(r.Attributes), r.ReplyTo,
		},
		&r.Seq)
	if conversations.NotFound.Is(notFound(err, "row")) {
		return false, nil // the conflict: nothing was inserted, nothing is returned
	}
	return err == nil, err
}

// FindInbound returns an accepted inbound message, and locks it.
func (tx *Tx) FindInbound(seq int64) (conversations.InboundRecord, error) {
	r, err := first(tx.querier, scanInbound, "SELECT "+inboundColumns+" FROM inbound i WHERE i.seq = $1"+tx.forUpdate("i"), seq)
	return r, notFound(err, "inbound message")
}

// FinishInbound records what became of an inbound message. Of an appended one
// the text is kept with the message only, of one that a webhook takes with its
// call, and of a dropped one not at all.
func (tx *Tx) FinishInbound(r conversations.InboundRecord, message conversations.MessageID) error {
	if r.State == conversations.InboundDropped {
		return tx.run(`UPDATE inbound SET state = $2, reason = $3, body = '', media = NULL, profile_name = '',
			attributes = NULL, reply_to = '' WHERE seq = $1`, r.Seq, r.State, r.Reason)
	}
	if r.State == conversations.InboundAppended {
		return tx.run(`UPDATE inbound SET state = $2, reason = '', message_id = $3, body = '', media = NULL, profile_name = '',
			attributes = NULL, reply_to = '' WHERE seq = $1`,
			r.Seq, r.State, message)
	}
	if r.State == conversations.InboundCalled {
		return tx.run(`UPDATE inbound SET state = $2, reason = '', body = '', media = NULL, profile_name = '',
			attributes = NULL, reply_to = '' WHERE seq = $1`, r.Seq, r.State)
	}
	return tx.run("UPDATE inbound SET state = $2, reason = $3 WHERE seq = $1", r.Seq, r.State, r.Reason)
}

// SetKeyword records what an inbound message asked for and what that changed.
func (tx *Tx) SetKeyword(r conversations.InboundRecord) error {
	return tx.run("UPDATE inbound SET keyword = $2, keyword_effect = $3 WHERE seq = $1", r.Seq, r.Keyword, r.Effect)
}

// PendingInbound returns what a sender wrote that is accepted and not finished,
// in the order in which it was accepted.
func (tx *Tx) PendingInbound(sender conversations.Address) ([]conversations.InboundRecord, error) {
	return all(tx.querier, scanInbound, "SELECT "+inboundColumns+" FROM inbound i WHERE i.state = 0 AND i.sender = $1 ORDER BY i.seq", sender)
}

// CountInbound returns how many inbound messages are pending.
func (tx *Tx) CountInbound() (n int, err error) {
	err = tx.one("SELECT count(*) FROM inbound WHERE state = 0", nil, &n)
	return n, err
}

// OldestPending returns when the oldest inbound message was accepted that is not
// finished; the zero time when there is none.
func (db *DB) OldestPending(ctx context.Context) (time.Time, error) {
	var received int64
	err := db.reader(ctx).one("SELECT received FROM inbound WHERE state = 0 ORDER BY seq LIMIT 1", nil, &received)
	if conversations.NotFound.Is(notFound(err, "inbound message")) {
		return time.Time{}, nil
	}
	return fromMicros(received), err
}

// InboundOf returns the carrier's message that became a message; where there are
// several, the first that came.
func (db *DB) InboundOf(ctx context.Context, id conversations.MessageID) (conversations.InboundRecord, error) {
	r, err := first(db.reader(ctx), scanInbound, "SELECT "+inboundColumns+" FROM inbound i WHERE i.message_id = $1 ORDER BY i.seq LIMIT 1", id)
	return r, notFound(err, "inbound message")
}
