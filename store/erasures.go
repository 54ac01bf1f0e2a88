package store

import (
	"context"
	"encoding/json"
	"fmt"

	"bridged/conversations"
)

const erasureColumns = "seq, spellings, state, compact, requested_by, removed, remaining, problem, created, finished"

func scanErasure(s scanner) (e conversations.Erasure, err error) {
	var (
		spellings, remaining       *string
		removed                    string
		compact, created, finished int64
	)
	err = s.Scan(&e.Seq, &spellings, &e.State, &compact, &e.By, &removed, &remaining, &e.Problem, &created, &finished)
	if err != nil {
		return e, err
	}
	e.Compact, e.Created, e.Finished = compact != 0, fromMicros(created), fromMicros(finished)
	if err := json.Unmarshal([]byte(removed), &e.Removed); err != nil {
		return e, fmt.Errorf("decode what an erasure removed: %w", err)
	}
	if e.Spellings, err = decodeList[string](spellings); err != nil {
		return e, err
	}
	e.Left, err = decodeList[conversations.Leftover](remaining)
	return e, err
}

// Erasure returns one.
func (db *DB) Erasure(ctx context.Context, seq int64) (conversations.Erasure, error) {
	e, err := first(db.reader(ctx), scanErasure, "SELECT "+erasureColumns+" FROM erasures WHERE seq = $1", seq)
	return e, notFound(err, "erasure")
}

// UnfinishedErasure returns the first that is not done, and whether there is one.
func (db *DB) UnfinishedErasure(ctx context.Context) (e conversations.Erasure, found bool, err error) {
	e, err = first(db.reader(ctx), scanErasure, "SELECT "+erasureColumns+" FROM erasures WHERE state <> 'done' ORDER BY seq LIMIT 1")
	if err = notFound(err, "erasure"); conversations.NotFound.Is(err) {
		return e, false, nil
	}
	return e, err == nil, err
}

// FindErasure is Erasure within a commit.
func (tx *Tx) FindErasure(seq int64) (conversations.Erasure, error) {
	e, err := first(tx.querier, scanErasure, "SELECT "+erasureColumns+" FROM erasures WHERE seq = $1", seq)
	return e, notFound(err, "erasure")
}

// InsertErasure stores a new one, and sets its Seq.
func (tx *Tx) InsertErasure(e *conversations.Erasure) error {
	spellings, err := encodeList(e.Spellings)
	if err != nil {
		return err
	}
	e.Seq, err = tx.insert(`INSERT INTO erasures (spellings, state, compact, requested_by, removed, problem, created, finished)
		VALUES ($1, $2, $3, $4, '{}', '', $5, 0) RETURNING seq`, spellings, e.State, number(e.Compact), e.By, micros(e.Created))
	return err
}

// UpdateErasure stores how far one has come.
func (tx *Tx) UpdateErasure(e conversations.Erasure) error {
	spellings, err := encodeList(e.Spellings)
	if err != nil {
		return err
	}
	remaining, err := encodeList(e.Left)
	if err != nil {
		return err
	}
	removed, err := json.Marshal(e.Removed)
	if err != nil {
		return err
	}
	return tx.run("UPDATE erasures SET spellings = $2, state = $3, removed = $4, remaining = $5, problem = $6, finished = $7 WHERE seq = $1",
		e.Seq, spellings, e.State, string(removed), remaining, e.Problem, micros(e.Finished))
}

// RemoveBelongings removes rows of one kind, or replaces the person's names in them,
// and counts them. Those of messages, deliveries and participants are not for it.
func (tx *Tx) RemoveBelongings(list []conversations.Belonging, s conversations.Spellings) (removed int, err error) {
	for _, one := range list {
		if one.Kind == kindIndexed {
			if err := tx.unindex(one.Key); err != nil {
				return 0, err
			}
			removed++
			continue
		}
		for _, b := range allBelongings() {
			if b.kind != one.Kind || b.table == "" {
				continue
			}
			n, err := tx.removeBelonging(b, one, s)
			if err != nil {
				return 0, err
			}
			removed += int(n)
		}
	}
	return removed, nil
}

func (tx *Tx) removeBelonging(b belongings, one conversations.Belonging, s conversations.Spellings) (int64, error) {
	if b.renamed == "" {
		return tx.exec("DELETE FROM "+b.table+" WHERE "+b.key+" = $1", one.Key)
	}
	var changed int64
	for _, before := range one.Values {
		n, err := tx.exec("UPDATE "+b.table+" SET "+b.renamed+" = $2 WHERE "+b.key+" = $1 AND "+b.renamed+" = $3",
			one.Key, s.Replace(before, conversations.ErasedName), before)
		if err != nil {
			return 0, err
		}
		changed += n
	}
	return changed, nil
}

// unindex takes an entry out of the search index.
func (tx *Tx) unindex(place any) error {
	rows, err := tx.dropEntries("place = $1", place)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := tx.run(tx.db.backend.Words.Remove, r.place, r.words); err != nil {
			return err
		}
	}
	return nil
}

// AnyMessage returns a message of whatever conversation.
func (tx *Tx) AnyMessage(id conversations.MessageID) (conversations.Message, error) {
	m, err := first(tx.querier, scanMessage, "SELECT "+messageColumns+" FROM messages m WHERE m.id = $1", id)
	return m, notFound(err, "message")
}

// ParticipantOf returns the participant with a number.
func (tx *Tx) ParticipantOf(seq int64) (conversations.Participant, error) {
	p, err := first(tx.querier, scanParticipant, "SELECT "+participantColumns+" FROM participants p WHERE p.seq = $1", seq)
	return p, notFound(err, "participant")
}

// DeliveryOf returns the delivery with a number.
func (tx *Tx) DeliveryOf(seq int64) (conversations.Delivery, error) {
	d, err := first(tx.querier, scanDelivery, "SELECT "+deliveryColumns+" FROM deliveries d WHERE d.seq = $1", seq)
	return d, notFound(err, "delivery")
}

// DeleteInboundOf removes what carriers told of a message.
func (tx *Tx) DeleteInboundOf(id conversations.MessageID) error {
	return tx.run("DELETE FROM inbound WHERE message_id = $1", id)
}

// DeleteDelivery removes a delivery with what is known of it. What an inbound webhook
// answered goes with it. The other deliveries of a group message keep what is known of
// that: the first of them is in its place from now on.
func (tx *Tx) DeleteDelivery(d conversations.Delivery) error {
	heirs, err := all(tx.querier, scanText, "SELECT id FROM deliveries WHERE conversation_id = $1 AND message_id = $2 AND lead_id = $3 ORDER BY seq",
		d.Conversation, d.Message, d.ID)
	if err != nil {
		return err
	}
	if len(heirs) > 0 {
		if err := tx.inherit(d, heirs[0]); err != nil {
			return err
		}
	}
	for _, statement := range [...]string{
		"DELETE FROM statuses WHERE delivery_id = $1",
		"DELETE FROM attempts WHERE delivery_id = $1",
		"DELETE FROM dead_letters WHERE delivery_id = $1",
		"DELETE FROM deliveries WHERE id = $1",
	} {
		if err := tx.run(statement, d.ID); err != nil {
			return err
		}
	}
	if d.Conversation == "" {
		return tx.run("DELETE FROM outbound_texts WHERE id = $1", d.Message)
	}
	return nil
}

// inherit puts another delivery in the place of the one with which it went out.
func (tx *Tx) inherit(d conversations.Delivery, heir string) error {
	err := tx.run(`UPDATE deliveries SET lead_id = NULL, progress = $2, provider_id = $3, attempts = $4, parts = $5, segments = $6 WHERE id = $1`,
		heir, int(d.Progress), d.ProviderID, d.Attempts, d.Parts, d.Segments)
	if err != nil {
		return err
	}
	err = tx.run("UPDATE deliveries SET lead_id = $2 WHERE conversation_id = $3 AND message_id = $4 AND lead_id = $1",
		d.ID, heir, d.Conversation, d.Message)
	if err != nil {
		return err
	}
	own, err := all(tx.querier, scanInt, "SELECT number FROM attempts WHERE delivery_id = $1", heir)
	if err != nil || len(own) > 0 {
		return err // it has been told of each attempt itself
	}
	for _, statement := range [...]string{
		"UPDATE attempts SET delivery_id = $2 WHERE delivery_id = $1",
		"UPDATE statuses SET delivery_id = $2 WHERE delivery_id = $1",
		"UPDATE dead_letters SET delivery_id = $2 WHERE delivery_id = $1",
	} {
		if err := tx.run(statement, d.ID, heir); err != nil {
			return err
		}
	}
	return nil
}
