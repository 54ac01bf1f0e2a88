package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bridged/conversations"
)

const letterColumns = `l.seq, l.topic, l.task_key, l.channel, l.delivery_id, l.payload, l.lease, l.source,
	l.error_code, l.reason, l.created, l.discarded, l.discarded_by, l.discard_reason`

func scanDeadLetter(s scanner) (conversations.DeadLetter, error) {
	var (
		l                  conversations.DeadLetter
		delivery           *conversations.DeliveryID
		created, discarded int64
	)
	err := s.Scan(&l.Seq, &l.Topic, &l.Key, &l.Channel, &delivery, &l.Payload, &l.Lease, &l.Source,
		&l.ErrorCode, &l.Reason, &created, &discarded, &l.DiscardedBy, &l.DiscardReason)
	if delivery != nil {
		l.Delivery = *delivery
	}
	l.Created, l.Discarded = fromMicros(created), fromMicros(discarded)
	return l, err
}

// outboundQueues is what the names of the channels' queues begin with.
const outboundQueues = "outbound."

// channelOf is the channel that a queue is of; empty for one that is of none.
func channelOf(queue string) string {
	if name, ok := strings.CutPrefix(queue, outboundQueues); ok {
		return name
	}
	return ""
}

// InsertDeadLetter shows something given up to the operator.
func (tx *Tx) InsertDeadLetter(l conversations.DeadLetter) error {
	return tx.run(`INSERT INTO dead_letters (topic, task_key, channel, delivery_id, payload, lease, source, error_code, reason, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		l.Topic, l.Key, l.Channel, optionalText(string(l.Delivery)), l.Payload, l.Lease, l.Source, l.ErrorCode, l.Reason, micros(l.Created))
}

// lettersOf is the list of the dead letters that are wanted, first to last.
func lettersOf(f conversations.DeadLetterFilter) listed[conversations.DeadLetter] {
	from := "FROM dead_letters l WHERE l.discarded = 0"
	if f.Discarded {
		from = "FROM dead_letters l WHERE l.discarded > 0"
	}
	var args []any
	where := func(column string, value any) {
		args = append(args, value)
		from += fmt.Sprintf(" AND %s $%d", column, len(args))
	}
	switch {
	case f.Topic+"." == outboundQueues:
		from += " AND (l.topic = 'outbound' OR l.topic LIKE 'outbound.%')"
	case f.Topic != "":
		where("l.topic =", f.Topic)
	}
	if f.Channel != "" {
		where("l.channel =", f.Channel)
	}
	if f.ErrorCode != 0 {
		where("l.error_code =", f.ErrorCode)
	}
	if !f.Since.IsZero() {
		where("l.created >=", micros(f.Since))
	}
	return listed[conversations.DeadLetter]{
		columns: letterColumns, from: from, args: args, major: "l.seq", scan: scanDeadLetter,
		cursor: func(l conversations.DeadLetter) conversations.Cursor { return conversations.Cursor{Major: l.Seq} },
	}
}

// DeadLetters returns a page of what was given up, oldest first.
func (db *DB) DeadLetters(ctx context.Context, f conversations.DeadLetterFilter, p conversations.Page) (conversations.Listing[conversations.DeadLetter], error) {
	return lettersOf(f).page(db.reader(ctx), p)
}

// DeadLettersAfter returns up to limit dead letters from behind one of them; of 0,
// from the first.
func (tx *Tx) DeadLettersAfter(f conversations.DeadLetterFilter, after int64, limit int) ([]conversations.DeadLetter, error) {
	page, err := lettersOf(f).page(tx.querier, conversations.Page{Size: limit, After: &conversations.Cursor{Major: after}})
	return page.Items, err
}

// DeadLetter returns something that was given up.
func (db *DB) DeadLetter(ctx context.Context, seq int64) (conversations.DeadLetter, error) {
	return findDeadLetter(db.reader(ctx), seq)
}

// FindDeadLetter returns something that was given up.
func (tx *Tx) FindDeadLetter(seq int64) (conversations.DeadLetter, error) {
	return findDeadLetter(tx.querier, seq)
}

func findDeadLetter(q querier, seq int64) (conversations.DeadLetter, error) {
	l, err := first(q, scanDeadLetter, "SELECT "+letterColumns+" FROM dead_letters l WHERE l.seq = $1", seq)
	return l, notFound(err, "dead letter")
}

// DeleteDeadLetter removes one that is taken up again.
func (tx *Tx) DeleteDeadLetter(seq int64) error {
	return tx.run("DELETE FROM dead_letters WHERE seq = $1", seq)
}

// DiscardDeadLetter records that nobody wants it any more. What it would have taken
// to do it again is forgotten.
func (tx *Tx) DiscardDeadLetter(l conversations.DeadLetter) error {
	return tx.run("UPDATE dead_letters SET discarded = $2, discarded_by = $3, discard_reason = $4, source = NULL WHERE seq = $1",
		l.Seq, micros(l.Discarded), l.DiscardedBy, l.DiscardReason)
}

// ForgetLetters removes up to limit dead letters that were discarded before t, and
// counts them.
func (tx *Tx) ForgetLetters(t time.Time, limit int) (int, error) {
	*tx.wrote = true
	gone, err := all(tx.querier, scanInt, `DELETE FROM dead_letters WHERE seq IN
		(SELECT seq FROM dead_letters WHERE discarded > 0 AND discarded < $1 ORDER BY discarded LIMIT $2) RETURNING seq`, micros(t), limit)
	return len(gone), err
}

// Requeue puts the task of a dead letter back into the queue that gave it up.
func (tx *Tx) Requeue(l conversations.DeadLetter) error {
	return tx.putInto(l.Topic, entry{key: l.Key, lease: l.Lease, payload: l.Payload})
}
