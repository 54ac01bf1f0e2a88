package store

import (
	"context"

	"bridged/bindings"
	"bridged/conversations"
)

const optOutColumns = "o.seq, o.match_key, o.address, o.proxy, o.source, o.created"

func scanOptOut(s scanner) (o conversations.OptOut, err error) {
	var created int64
	err = s.Scan(&o.Seq, &o.MatchKey, &o.Address, &o.Proxy, &o.Source, &created)
	o.Created = fromMicros(created)
	return o, err
}

// InsertOptOut stores that a pair is opted out, and sets its Seq, unless it is
// already.
func (tx *Tx) InsertOptOut(o *conversations.OptOut) (isNew bool, err error) {
	isNew, err = tx.changes(`INSERT INTO opt_outs (match_key, name, address, proxy, source, created)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (match_key) DO NOTHING`,
		o.MatchKey, bindings.Name(o.Address), o.Address, o.Proxy, o.Source, micros(o.Created))
	if err != nil || !isNew {
		return false, err
	}
	return true, tx.one("SELECT seq FROM opt_outs WHERE match_key = $1", []any{o.MatchKey}, &o.Seq)
}

// IsOptedOut says whether a pair is opted out.
func (tx *Tx) IsOptedOut(matchKey string) (out bool, err error) {
	err = tx.one("SELECT EXISTS (SELECT 1 FROM opt_outs WHERE match_key = $1)", []any{matchKey}, &out)
	return out, err
}

// FindOptOut returns an opt-out by its number.
func (tx *Tx) FindOptOut(seq int64) (conversations.OptOut, error) {
	return findOptOut(tx.querier, "o.seq = $1", seq)
}

// OptOutOfPair returns the opt-out of a pair.
func (tx *Tx) OptOutOfPair(matchKey string) (conversations.OptOut, error) {
	return findOptOut(tx.querier, "o.match_key = $1", matchKey)
}

func findOptOut(q querier, which string, arg any) (conversations.OptOut, error) {
	o, err := first(q, scanOptOut, "SELECT "+optOutColumns+" FROM opt_outs o WHERE "+which, arg)
	return o, notFound(err, "opt-out")
}

// DeleteOptOut lifts the opt-out of a pair, and says whether there was one.
func (tx *Tx) DeleteOptOut(matchKey string) (existed bool, err error) {
	return tx.changes("DELETE FROM opt_outs WHERE match_key = $1", matchKey)
}

// OptOutsOfName returns the opt-outs of whom was known by a name.
func (tx *Tx) OptOutsOfName(name conversations.Address) ([]conversations.OptOut, error) {
	return all(tx.querier, scanOptOut, "SELECT "+optOutColumns+" FROM opt_outs o WHERE o.name = $1 ORDER BY o.seq", name)
}

// MoveOptOut gives an opt-out another match key. Where the other pair is opted out
// too, one of the two is left.
func (tx *Tx) MoveOptOut(from, to string) error {
	err := tx.run("UPDATE opt_outs SET match_key = $2 WHERE match_key = $1 AND NOT EXISTS (SELECT 1 FROM opt_outs o WHERE o.match_key = $2)", from, to)
	if err != nil {
		return err
	}
	return tx.run("DELETE FROM opt_outs WHERE match_key = $1", from)
}

// OptOut returns an opt-out by its number.
func (db *DB) OptOut(ctx context.Context, seq int64) (conversations.OptOut, error) {
	return findOptOut(db.reader(ctx), "o.seq = $1", seq)
}

// OptOuts returns a page of the opt-outs, oldest first.
func (db *DB) OptOuts(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.OptOut], error) {
	return listed[conversations.OptOut]{
		columns: optOutColumns, from: "FROM opt_outs o WHERE 1 = 1", major: "o.seq", scan: scanOptOut,
		cursor: func(o conversations.OptOut) conversations.Cursor { return conversations.Cursor{Major: o.Seq} },
	}.page(db.reader(ctx), p)
}

// SpeakerNumber returns the number under which a participant without a name is
// shown to others, counting from 1 within the conversation, which the caller has
// locked. One that was never asked for before is the next: nobody gets another's.
func (tx *Tx) SpeakerNumber(c conversations.ConversationID, p conversations.ParticipantID) (n int64, err error) {
	err = tx.run(`INSERT INTO speaker_numbers (participant_id, conversation_id, number)
		SELECT $1, $2, COALESCE(MAX(number), 0) + 1 FROM speaker_numbers WHERE conversation_id = $2
		ON CONFLICT (participant_id) DO NOTHING`, p, c)
	if err != nil {
		return 0, err
	}
	err = tx.one("SELECT number FROM speaker_numbers WHERE participant_id = $1", []any{p}, &n)
	return n, err
}
