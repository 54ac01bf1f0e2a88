package store

import (
	"context"
	"time"

	"bridged/bindings"
	"bridged/conversations"
	"bridged/receipts"
)

const deliveryColumns = `d.seq, d.id, d.conversation_id, d.message_id, d.participant_id, d.channel, d.address, d.proxy,
	d.others, d.lead_id, d.status, d.error_code, d.provider_id, d.progress, d.attempts, d.parts, d.segments, d.due, d.reason, d.files, d.created, d.updated,
	d.prefix, d.notice, d.way, d.fallback_id`

// A receipt is a delivery of which something is known, or which was tried.
const isReceipt = "(d.attempts > 0 OR d.status <> '')"

// deliveryRow is a delivery as its columns have it.
type deliveryRow struct {
	conversations.Delivery
	others                *string
	lead                  *conversations.DeliveryID
	due, created, updated int64
	files                 *string // JSON
	notice                int64
}

func (r *deliveryRow) into() []any {
	d := &r.Delivery
	return []any{
		&d.Seq, &d.ID, &d.Conversation, &d.Message, &d.Participant, &d.Channel, &d.Address, &d.Proxy,
		&r.others, &r.lead, &d.Status, &d.ErrorCode, &d.ProviderID, &d.Progress, &d.Attempts, &d.Parts, &d.Segments, &r.due, &d.Reason, &r.files, &r.created, &r.updated,
		&d.Prefix, &r.notice, &d.Way, &d.Fallback,
	}
}

func (r *deliveryRow) delivery() (conversations.Delivery, error) {
	d := r.Delivery
	d.Notice = r.notice != 0
	if r.lead != nil {
		d.Lead = *r.lead
	}
	var err error
	if d.Others, err = decodeList[conversations.Address](r.others); err != nil {
		return d, err
	}
	d.Files, err = decodeList[conversations.SentFile](r.files)
	d.Due, d.Created, d.Updated = fromMicros(r.due), fromMicros(r.created), fromMicros(r.updated)
	return d, err
}

func scanDelivery(s scanner) (conversations.Delivery, error) {
	var r deliveryRow
	if err := s.Scan(r.into()...); err != nil {
		return conversations.Delivery{}, err
	}
	return r.delivery()
}

// Receipt returns the receipt of a message (page 14).
func (db *DB) Receipt(ctx context.Context, c conversations.ConversationID, m conversations.MessageID, id conversations.DeliveryID) (conversations.Delivery, error) {
	d, err := first(db.reader(ctx), scanDelivery, "SELECT "+deliveryColumns+` FROM deliveries d
		WHERE d.id = $1 AND d.message_id = $2 AND d.conversation_id = $3 AND `+isReceipt, id, m, c)
	return d, notFound(err, "receipt")
}

// Receipts returns a page of a message's receipts, in the order they were made.
func (db *DB) Receipts(ctx context.Context, c conversations.ConversationID, m conversations.MessageID, p conversations.Page) (conversations.Listing[conversations.Delivery], error) {
	return listed[conversations.Delivery]{
		columns: deliveryColumns,
		from:    "FROM deliveries d WHERE d.conversation_id = $1 AND d.message_id = $2 AND " + isReceipt, args: []any{c, m},
		major: "d.seq", scan: scanDelivery,
		cursor: func(d conversations.Delivery) conversations.Cursor { return conversations.Cursor{Major: d.Seq} },
	}.page(db.reader(ctx), p)
}

// ReceiptsAfter returns up to limit receipts of a whole conversation, message by
// message, from behind the one that is given; of the zero one, from the first.
func (db *DB) ReceiptsAfter(ctx context.Context, c conversations.ConversationID, after conversations.Delivery, limit int) ([]conversations.Delivery, error) {
	return all(db.reader(ctx), scanDelivery, "SELECT "+deliveryColumns+` FROM deliveries d
		WHERE d.conversation_id = $1 AND (d.message_id, d.seq) > ($2, $3) AND `+isReceipt+`
		ORDER BY d.message_id, d.seq LIMIT $4`, c, after.Message, after.Seq, limit)
}

// DeliveryCounts counts the deliveries of each of a conversation's messages by
// status.
func (db *DB) DeliveryCounts(ctx context.Context, c conversations.ConversationID, ids []conversations.MessageID) (map[conversations.MessageID]receipts.Counts, error) {
	counts := make(map[conversations.MessageID]receipts.Counts, len(ids))
	if len(ids) == 0 {
		return counts, nil
	}
	from, args := among("FROM deliveries d WHERE d.conversation_id = $1", []any{c}, "d.message_id", ids)
	type count struct {
		message  conversations.MessageID
		status   conversations.Status
		receipts int
		total    int
	}
	list, err := all(db.reader(ctx), func(s scanner) (n count, err error) {
		err = s.Scan(&n.message, &n.status, &n.receipts, &n.total)
		return n, err
	}, "SELECT d.message_id, d.status, sum(CASE WHEN "+isReceipt+" THEN 1 ELSE 0 END), count(*) "+
		from+" GROUP BY d.message_id, d.status", args...)
	if err != nil {
		return nil, err
	}
	for _, n := range list {
		c := counts[n.message]
		if c.ByStatus == nil {
			c.ByStatus = make(map[conversations.Status]int)
		}
		c.Total += n.total
		c.Receipts += n.receipts
		c.ByStatus[n.status] += n.total
		counts[n.message] = c
	}
	return counts, nil
}

// DeliveryDetail returns everything that is known of a delivery.
func (db *DB) DeliveryDetail(ctx context.Context, id conversations.DeliveryID) (conversations.DeliveryDetail, error) {
	q := db.reader(ctx)
	d, err := findDelivery(q, id)
	if err != nil {
		return conversations.DeliveryDetail{}, err
	}
	detail := conversations.DeliveryDetail{Delivery: d}
	letter, err := first(q, scanDeliveryLetter, "SELECT "+letterOfDelivery+" FROM deliveries d WHERE d.id = $1", id)
	if err != nil {
		return detail, err
	}
	detail.Letter = letter
	if detail.Attempts, err = attemptsOf(q, d); err != nil {
		return detail, err
	}
	detail.Reports, err = all(q, scanStatus, "SELECT "+statusColumns+" FROM statuses s WHERE s.delivery_id = $1 ORDER BY s.seq", id)
	return detail, err
}

func findDelivery(q querier, id conversations.DeliveryID) (conversations.Delivery, error) {
	d, err := first(q, scanDelivery, "SELECT "+deliveryColumns+" FROM deliveries d WHERE d.id = $1", id)
	return d, notFound(err, "delivery")
}

// FindDelivery returns a delivery.
func (tx *Tx) FindDelivery(id conversations.DeliveryID) (conversations.Delivery, error) {
	return findDelivery(tx.querier, id)
}

// InsertDelivery stores a new delivery and sets its Seq.
func (tx *Tx) InsertDelivery(d *conversations.Delivery) error {
	others, err := encodeList(d.Others)
	if err != nil {
		return err
	}
	seq, err := tx.insert(`INSERT INTO deliveries (id, conversation_id, message_id, participant_id, channel, address, proxy,
		pair_key, status, error_code, provider_id, progress, attempts, parts, segments, due, reason, created, updated, others, lead_id,
		prefix, notice)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) RETURNING seq`,
		d.ID, d.Conversation, d.Message, d.Participant, d.Channel, d.Address, d.Proxy,
		bindings.LineKey(*d), d.Status, d.ErrorCode, d.ProviderID, d.Progress, d.Attempts, d.Parts, d.Segments,
		micros(d.Due), d.Reason, micros(d.Created), micros(d.Updated), others, optionalText(string(d.Lead)),
		d.Prefix, number(d.Notice))
	d.Seq = seq
	return err
}

// GroupDeliveries returns all deliveries of the group message that a delivery is
// of, that which it goes out with first.
func (tx *Tx) GroupDeliveries(d conversations.Delivery) ([]conversations.Delivery, error) {
	return all(tx.querier, scanDelivery, "SELECT "+deliveryColumns+` FROM deliveries d
		WHERE d.conversation_id = $1 AND d.message_id = $2 AND d.others IS NOT NULL ORDER BY d.seq`, d.Conversation, d.Message)
}

// UpdateDelivery stores what can change.
func (tx *Tx) UpdateDelivery(d conversations.Delivery) error {
	return tx.run(`UPDATE deliveries SET status = $2, error_code = $3, provider_id = $4, progress = $5, attempts = $6,
		parts = $7, due = $8, reason = $9, updated = $10, holder = $11, segments = $12, way = $13, fallback_id = $14 WHERE id = $1`,
		d.ID, d.Status, d.ErrorCode, d.ProviderID, d.Progress, d.Attempts, d.Parts, micros(d.Due), d.Reason, micros(d.Updated),
		tx.holder(d), d.Segments, d.Way, d.Fallback)
}

// SetFiles stores what became of a delivery's files.
func (tx *Tx) SetFiles(d conversations.Delivery) error {
	files, err := encodeList(d.Files)
	if err != nil {
		return err
	}
	return tx.run("UPDATE deliveries SET files = $2 WHERE id = $1", d.ID, files)
}

// PairBusy says whether any delivery of the pair is in line.
func (tx *Tx) PairBusy(pairKey string) (busy bool, err error) {
	err = tx.one("SELECT EXISTS (SELECT 1 FROM deliveries WHERE pair_key = $1 AND progress < 4)", []any{pairKey}, &busy)
	return busy, err
}

// NextInLine returns the pair's oldest delivery that is in line.
func (tx *Tx) NextInLine(pairKey string) (d conversations.Delivery, ok bool, err error) {
	d, err = first(tx.querier, scanDelivery, "SELECT "+deliveryColumns+` FROM deliveries d
		WHERE d.pair_key = $1 AND d.progress < 4 ORDER BY d.seq LIMIT 1`, pairKey)
	if conversations.NotFound.Is(notFound(err, "delivery")) {
		return d, false, nil
	}
	return d, err == nil, err
}

// HeldDeliveries returns those of a message that wait for its files.
func (tx *Tx) HeldDeliveries(c conversations.ConversationID, m conversations.MessageID) ([]conversations.Delivery, error) {
	return all(tx.querier, scanDelivery, "SELECT "+deliveryColumns+` FROM deliveries d
		WHERE d.conversation_id = $1 AND d.message_id = $2 AND d.progress = -1 ORDER BY d.seq`, c, m)
}

// EmptyDeliveries returns those of a message that were through without an attempt,
// because none of its files could be fetched.
func (tx *Tx) EmptyDeliveries(c conversations.ConversationID, m conversations.MessageID) ([]conversations.Delivery, error) {
	return all(tx.querier, scanDelivery, "SELECT "+deliveryColumns+` FROM deliveries d
		WHERE d.conversation_id = $1 AND d.message_id = $2 AND d.progress = 4 AND d.error_code = 63019 AND d.attempts = 0
		ORDER BY d.seq`, c, m)
}

// DueDeliveries returns up to limit deliveries whose due time has come, and when
// the one after them is due.
func (tx *Tx) DueDeliveries(now time.Time, limit int) (due []conversations.Delivery, next time.Time, err error) {
	due, err = all(tx.querier, scanDelivery, "SELECT "+deliveryColumns+` FROM deliveries d
		WHERE d.progress IN (2, 3) ORDER BY d.due LIMIT $1`, limit+1)
	for i, d := range due {
		if i == limit || d.Due.After(now) {
			return due[:i], d.Due, err
		}
	}
	return due, time.Time{}, err
}

// holder names this process while it is sending the delivery.
func (tx *Tx) holder(d conversations.Delivery) string {
	if d.Progress != conversations.ProgressSending {
		return ""
	}
	return tx.db.process
}

// InterruptedDeliveries returns those that were being sent by a process that is
// gone: by another one, of all numbers that are no other's now. They come pair by
// pair: in that order the index of the lines is read, and not the whole table.
func (tx *Tx) InterruptedDeliveries() ([]conversations.Delivery, error) {
	return all(tx.querier, scanDelivery, "SELECT "+deliveryColumns+` FROM deliveries d
		WHERE d.progress < 4 AND d.progress = 1 AND d.holder <> $1
		AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.name = d.proxy AND l.holder NOT IN ('', $1))
		ORDER BY d.pair_key, d.seq`, tx.db.process)
}

// StrandedDeliveries returns the heads of lines that wait without a task, pair
// by pair.
func (tx *Tx) StrandedDeliveries() ([]conversations.Delivery, error) {
	return all(tx.querier, scanDelivery, "SELECT "+deliveryColumns+` FROM deliveries d
		WHERE d.progress < 4 AND d.progress = 0
		AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.pair_key = d.pair_key AND e.progress < 4 AND e.seq < d.seq)
		AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.task_key = d.pair_key AND o.queue = 'outbound.' || d.channel)
		ORDER BY d.pair_key, d.seq`)
}
