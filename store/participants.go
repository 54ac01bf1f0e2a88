package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"bridged/conversations"
)

const participantColumns = `p.seq, p.id, p.conversation_id, p.identity, p.address, p.proxy, p.projected, p.attributes, p.role_id,
	p.last_read_index, p.last_read_at, p.muted, p.created, p.updated`

// participantRow is a participant as its columns have it.
type participantRow struct {
	conversations.Participant
	address, proxy   *conversations.Address
	projected        *conversations.Address
	lastRead         *int64
	muted            int64
	created, updated int64
}

func (r *participantRow) into() []any {
	p := &r.Participant
	return []any{
		&p.Seq, &p.ID, &p.Conversation, &p.Identity, &r.address, &r.proxy, &r.projected, &p.Attributes, &p.Role,
		&p.LastReadIndex, &r.lastRead, &r.muted, &r.created, &r.updated,
	}
}

func (r *participantRow) participant() conversations.Participant {
	p := r.Participant
	if r.address != nil || r.projected != nil {
		p.Binding = &conversations.Binding{Address: orNone(r.address), Proxy: orNone(r.proxy), Projected: orNone(r.projected)}
	}
	if r.lastRead != nil {
		at := fromMicros(*r.lastRead)
		p.LastReadAt = &at
	}
	p.Muted = r.muted != 0
	p.Created, p.Updated = fromMicros(r.created), fromMicros(r.updated)
	return p
}

func scanParticipant(s scanner) (conversations.Participant, error) {
	var r participantRow
	if err := s.Scan(r.into()...); err != nil {
		return conversations.Participant{}, err
	}
	return r.participant(), nil
}

func findParticipant(q querier, c conversations.ConversationID, key conversations.ParticipantKey) (conversations.Participant, error) {
	query, arg := "SELECT "+participantColumns+" FROM participants p WHERE p.conversation_id = $1 AND p.id = $2", string(key.ID)
	if key.Identity != "" {
		query, arg = "SELECT "+participantColumns+" FROM participants p WHERE p.conversation_id = $1 AND p.identity = $2", key.Identity
	}
	p, err := first(q, scanParticipant, query, c, arg)
	return p, notFound(err, "participant")
}

// Participant returns a participant of a conversation.
func (db *DB) Participant(ctx context.Context, c conversations.ConversationID, key conversations.ParticipantKey) (conversations.Participant, error) {
	return findParticipant(db.reader(ctx), c, key)
}

// Participants returns a page of a conversation's participants, oldest first.
func (db *DB) Participants(ctx context.Context, c conversations.ConversationID, p conversations.Page) (conversations.Listing[conversations.Participant], error) {
	return listed[conversations.Participant]{
		columns: participantColumns, from: "FROM participants p WHERE p.conversation_id = $1", args: []any{c},
		major: "p.seq", scan: scanParticipant,
		cursor: func(p conversations.Participant) conversations.Cursor { return conversations.Cursor{Major: p.Seq} },
	}.page(db.reader(ctx), p)
}

// FindParticipant is Participant within a commit.
func (tx *Tx) FindParticipant(c conversations.ConversationID, key conversations.ParticipantKey) (conversations.Participant, error) {
	return findParticipant(tx.querier, c, key)
}

// Participants returns all participants of a conversation, oldest first.
func (tx *Tx) Participants(c conversations.ConversationID) ([]conversations.Participant, error) {
	return all(tx.querier, scanParticipant,
		"SELECT "+participantColumns+" FROM participants p WHERE p.conversation_id = $1 ORDER BY p.seq", c)
}

// InsertParticipant stores a new participant and sets its Seq.
func (tx *Tx) InsertParticipant(p *conversations.Participant) error {
	address, proxy, projected := bindingColumns(*p)
	seq, err := tx.insert(`INSERT INTO participants (id, conversation_id, identity, address, proxy, attributes, role_id,
		last_read_index, last_read_at, muted, created, updated, projected, live)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
			COALESCE((SELECT CASE WHEN c.state = 'closed' THEN 0 ELSE 1 END FROM conversations c WHERE c.id = $2), 1)) RETURNING seq`,
		p.ID, p.Conversation, p.Identity, address, proxy, p.Attributes, p.Role,
		p.LastReadIndex, optionalMicros(p.LastReadAt), number(p.Muted), micros(p.Created), micros(p.Updated), projected)
	if p.Seq = seq; err != nil {
		return err
	}
	return tx.addChannels(*p)
}

// UpdateParticipant stores what can change.
func (tx *Tx) UpdateParticipant(p conversations.Participant) error {
	before, err := findParticipant(tx.querier, p.Conversation, conversations.ParticipantKey{ID: p.ID})
	if err != nil {
		return err
	}
	address, proxy, projected := bindingColumns(p)
	if err := tx.run(`UPDATE participants SET identity = $2, address = $3, proxy = $4, attributes = $5, role_id = $6,
		last_read_index = $7, last_read_at = $8, muted = $9, created = $10, updated = $11, projected = $12 WHERE id = $1`,
		p.ID, p.Identity, address, proxy, p.Attributes, p.Role,
		p.LastReadIndex, optionalMicros(p.LastReadAt), number(p.Muted), micros(p.Created), micros(p.Updated), projected); err != nil {
		return err
	}
	if channelsOf(before) == channelsOf(p) {
		return nil
	}
	return tx.countChannels(p.Conversation)
}

// AdvanceReadHorizon stores how far the participant has read, unless it is known to
// have read as far already. It says whether it did. Nothing else is stored, because
// several reports may do this at the same time.
func (tx *Tx) AdvanceReadHorizon(p conversations.Participant) (moved bool, err error) {
	return tx.changes(`UPDATE participants SET last_read_index = $2, last_read_at = $3, updated = $4
		WHERE id = $1 AND (last_read_index IS NULL OR last_read_index < $2)`,
		p.ID, p.LastReadIndex, optionalMicros(p.LastReadAt), micros(p.Updated))
}

// ParticipantsNamed returns the participants of all conversations of a service
// that have the identity.
func (tx *Tx) ParticipantsNamed(service conversations.ServiceID, identity string) ([]conversations.Participant, error) {
	return all(tx.querier, scanParticipant, "SELECT "+participantColumns+` FROM participants p CROSS JOIN conversations c
		WHERE p.identity = $1 AND c.id = p.conversation_id AND c.service_id = $2
		ORDER BY p.conversation_id, p.seq`, identity, service)
}

// CountLive returns in how many conversations of a service that are not closed the
// identity is.
func (tx *Tx) CountLive(service conversations.ServiceID, identity string) (n int, err error) {
	err = tx.one(`SELECT COUNT(*) FROM participants p CROSS JOIN conversations c
		WHERE p.identity = $1 AND p.live = 1 AND c.id = p.conversation_id AND c.service_id = $2`,
		[]any{identity, service}, &n)
	return n, err
}

// PairHolder returns the conversation that holds the pair; empty where none does.
func (tx *Tx) PairHolder(matchKey string) (holder conversations.ConversationID, err error) {
	err = tx.one("SELECT conversation_id FROM pairs WHERE match_key = $1", []any{matchKey}, &holder)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return holder, err
}

// DeleteParticipant removes a participant and frees its pair.
func (tx *Tx) DeleteParticipant(p conversations.Participant) error {
	if err := tx.FreePair(p.ID); err != nil {
		return err
	}
	if err := tx.run("DELETE FROM participants WHERE id = $1", p.ID); err != nil {
		return err
	}
	return tx.countChannels(p.Conversation)
}

func bindingColumns(p conversations.Participant) (address, proxy, projected *conversations.Address) {
	if p.Binding == nil {
		return nil, nil, nil
	}
	return orNull(p.Binding.Address), orNull(p.Binding.Proxy), orNull(p.Binding.Projected)
}

// orNone is the inverse of orNull.
func orNone(a *conversations.Address) conversations.Address {
	if a == nil {
		return ""
	}
	return *a
}

// number is how a boolean is stored.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func optionalMicros(t *time.Time) *int64 {
	if t == nil {
		return nil
	}
	n := micros(*t)
	return &n
}

// changes runs a statement and says whether any row was inserted, changed or removed.
func (tx *Tx) changes(query string, args ...any) (bool, error) {
	n, err := tx.exec(query, args...)
	return n > 0, err
}

// BindPair gives the pair to the participant, or returns the conversation that
// holds it.
func (tx *Tx) BindPair(matchKey string, p conversations.Participant) (holder conversations.ConversationID, err error) {
	isNew, err := tx.changes(`INSERT INTO pairs (match_key, participant_id, conversation_id) VALUES ($1, $2, $3)
		ON CONFLICT (match_key) DO NOTHING`, matchKey, p.ID, p.Conversation)
	if err != nil || isNew {
		return "", err
	}
	return tx.PairHolder(matchKey)
}

// FreePairs frees the pairs of all participants, and the number group, of a
// conversation that is closed.
func (tx *Tx) FreePairs(id conversations.ConversationID) error {
	if err := tx.run("UPDATE participants SET live = 0 WHERE conversation_id = $1", id); err != nil {
		return err
	}
	if err := tx.FreeGroup(id); err != nil {
		return err
	}
	return tx.run("DELETE FROM pairs WHERE conversation_id = $1", id)
}

// FreePair frees the pair of one participant.
func (tx *Tx) FreePair(id conversations.ParticipantID) error {
	return tx.run("DELETE FROM pairs WHERE participant_id = $1", id)
}

// Resolve returns the participant that holds the pair, and its conversation,
// which it locks.
func (tx *Tx) Resolve(matchKey string) (conversations.Participant, conversations.Conversation, error) {
	var (
		p participantRow
		c conversationRow
	)
	err := tx.one("SELECT "+participantColumns+", "+conversationColumns+` FROM pairs b
		JOIN participants p ON p.id = b.participant_id
		JOIN conversations c ON c.id = b.conversation_id
		WHERE b.match_key = $1`+tx.forUpdate("c"), []any{matchKey}, append(p.into(), c.into()...)...)
	return p.participant(), c.conversation(), notFound(err, "pair")
}
