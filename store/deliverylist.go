package store

import (
	"context"
	"fmt"

	"bridged/conversations"
)

// letterOfDelivery is the dead letter of a delivery that nobody has discarded.
const letterOfDelivery = "(SELECT max(l.seq) FROM dead_letters l WHERE l.delivery_id = d.id AND l.discarded = 0)"

func scanDeliveryEntry(s scanner) (e conversations.DeliveryEntry, err error) {
	var (
		r      deliveryRow
		letter *int64
	)
	if err := s.Scan(append(r.into(), &letter)...); err != nil {
		return e, err
	}
	if letter != nil {
		e.Letter = *letter
	}
	e.Delivery, err = r.delivery()
	return e, err
}

// Deliveries returns a page of deliveries, newest first.
func (db *DB) Deliveries(ctx context.Context, f conversations.DeliveryFilter, p conversations.Page) (conversations.Listing[conversations.DeliveryEntry], error) {
	p.Descending = true
	from, args := deliveriesOf(f)
	return listed[conversations.DeliveryEntry]{
		columns: deliveryColumns + ", " + letterOfDelivery, from: from, args: args, major: "d.seq", scan: scanDeliveryEntry,
		cursor: func(d conversations.DeliveryEntry) conversations.Cursor { return conversations.Cursor{Major: d.Seq} },
	}.page(db.reader(ctx), p)
}

// deliveriesOf is the deliveries that a filter lets through. Each way of it reads an
// index of little: what failed, what is in line, a conversation's, or the newest.
func deliveriesOf(f conversations.DeliveryFilter) (from string, args []any) {
	from = "FROM deliveries d WHERE 1 = 1"
	condition := func(format string, arg any) {
		args = append(args, arg)
		from += fmt.Sprintf(" AND "+format, len(args))
	}
	switch {
	case f.State == conversations.DeliveriesFailed:
		from += " AND (d.error_code <> 0 OR d.progress = 5)"
	case f.State == conversations.DeliveriesWaiting:
		// The index of the lines is in the order of the pairs: what is in it is sorted,
		// so that no other index has to be kept up with every message.
		from += " AND d.seq IN (SELECT x.seq FROM deliveries x WHERE x.pair_key >= '' AND x.progress < 4)"
	case f.Conversation == "":
		condition("d.seq > (SELECT coalesce(max(x.seq), 0) FROM deliveries x) - $%d", conversations.DeliveriesLookedAt)
	}
	if f.Conversation != "" {
		condition("d.conversation_id = $%d", f.Conversation)
	}
	if f.Message != "" {
		condition("d.message_id = $%d", f.Message)
	}
	if f.Channel != "" {
		condition("d.channel = $%d", f.Channel)
	}
	if f.ErrorCode != 0 {
		condition("d.error_code = $%d", f.ErrorCode)
	}
	if f.Address != "" {
		condition("$%d IN (d.address, d.proxy)", f.Address)
	}
	if !f.Since.IsZero() {
		condition("d.created >= $%d", micros(f.Since))
	}
	return from, args
}

func scanDeliveryLetter(s scanner) (int64, error) {
	var letter *int64
	err := s.Scan(&letter)
	if letter == nil {
		return 0, err
	}
	return *letter, err
}
