package store

import (
	"context"
	"errors"
	"slices"

	"bridged/conversations"
)

// eventBytes bounds the resources of the events that are read at once for somebody
// outside: a client on a slow line must not cost more memory than that.
const eventBytes = 1 << 18

// eventRow is an event and its place.
type eventRow struct {
	place
	event   conversations.Event
	settled bool
	size    int // of its resources, in bytes
}

// eventQuery is which events are read.
type eventQuery struct {
	from  place // they are beyond it
	limit int
	bytes int // no more are read when their resources are as long; 0 is no bound
	// wants says of which events the resources are needed, by all else of them.
	wants func(conversations.Event) bool
	who   string // reads them; for the log
}

// readEvents returns events in the order of their commits, up to those before which
// others may still come.
func (db *DB) readEvents(ctx context.Context, q eventQuery) (rows []eventRow, unsettled bool, err error) {
	b := db.backend
	size := 0
	err = db.reader(ctx).each("SELECT xid, seq, "+b.Settled+", type, conversation_id, source, actor, webhooks, at, after, before, origin, reason FROM events WHERE "+
		b.Compare(">", "$1", "$2")+" ORDER BY xid, seq LIMIT $3", []any{q.from.xid, q.from.seq, q.limit},
		func(s scanner) (more bool, err error) {
			row, err := db.scanEvent(s, q)
			if err != nil {
				return false, err
			}
			if !row.settled {
				unsettled = true
				return false, nil
			}
			rows = append(rows, row)
			size += row.size
			return q.bytes == 0 || size < q.bytes, nil
		})
	return rows, unsettled, err
}

func (db *DB) scanEvent(s scanner, q eventQuery) (row eventRow, err error) {
	var (
		at                    int64
		after, before, origin *string
	)
	e := &row.event
	err = s.Scan(&row.xid, &row.seq, &row.settled, &e.Type, &e.Conversation, &e.Source, &e.By, &e.Webhooks, &at, &after, &before, &origin, &e.Reason)
	e.Seq, e.At = row.seq, fromMicros(at)
	e.Place = conversations.Cursor{Major: row.xid, Minor: row.seq}
	if err != nil || !q.wants(*e) {
		return row, err
	}
	for _, text := range []*string{after, before} {
		if text != nil {
			row.size += len(*text)
		}
	}
	var errAfter, errBefore, errOrigin error
	e.After, errAfter = decodeResource(e.Type, after)
	e.Before, errBefore = decodeResource(e.Type, before)
	e.Origin, errOrigin = decodeList[conversations.Address](origin)
	if broken := errors.Join(errAfter, errBefore, errOrigin); broken != nil {
		// No later try can read it, and the events behind it must not wait for it.
		db.cfg.Log.Error("an event cannot be read; it is passed over", "reader", q.who, "event", row.seq, "error", broken)
		e.After, e.Before = conversations.Resource{}, conversations.Resource{}
	}
	return row, nil
}

// EventsAfter returns up to limit events beyond a place, in the order of their
// commits. The error is conversations.Gone where some that were beyond it have been
// removed, or may have been.
func (db *DB) EventsAfter(ctx context.Context, after conversations.Cursor, limit int) (conversations.EventBatch, error) {
	from := place{after.Major, after.Minor}
	rows, unsettled, err := db.readEvents(ctx, eventQuery{
		from: from, limit: limit, bytes: eventBytes, wants: conversations.Event.Streamed, who: "events",
	})
	if err != nil {
		return conversations.EventBatch{}, err
	}
	// It is looked at afterwards: what is removed from now on has been read.
	horizon, err := db.eventHorizon(ctx)
	if err != nil {
		return conversations.EventBatch{}, err
	}
	if from.before(horizon) {
		return conversations.EventBatch{}, conversations.Refuse(conversations.Gone, "the events that come next are not kept any more: begin anew, without a cursor")
	}
	batch := conversations.EventBatch{Events: make([]conversations.Event, len(rows)), Unsettled: unsettled}
	for i := range rows {
		batch.Events[i] = rows[i].event
	}
	return batch, nil
}

// before says whether a place comes before another one.
func (p place) before(other place) bool {
	return p.xid < other.xid || p.xid == other.xid && p.seq < other.seq
}

// cursor is the place as others know it.
func (p place) cursor() conversations.Cursor {
	return conversations.Cursor{Major: p.xid, Minor: p.seq}
}

// EventsKept returns the place from which on all events are kept.
func (db *DB) EventsKept(ctx context.Context) (conversations.Cursor, error) {
	horizon, err := db.eventHorizon(ctx)
	return horizon.cursor(), err
}

// LastEvent returns the place of the last event before which no other can come any
// more, or of the last that there was where none is kept.
func (db *DB) LastEvent(ctx context.Context) (conversations.Cursor, error) {
	last, err := db.lastEvent(ctx)
	if err != nil {
		return conversations.Cursor{}, err
	}
	horizon, err := db.eventHorizon(ctx)
	if last.before(horizon) {
		last = horizon
	}
	return last.cursor(), err
}

// CheckEvents refuses a place that somebody has from elsewhere: with
// conversations.Gone where events beyond it are not kept any more, or where this
// database never had it, as after a backup was restored.
func (db *DB) CheckEvents(ctx context.Context, at conversations.Cursor) error {
	var last place
	// Also what others may still come before: it was committed when it was given out.
	err := db.reader(ctx).one("SELECT xid, seq FROM events WHERE "+db.backend.Compare(">=", "$1", "$2")+
		" ORDER BY xid, seq LIMIT 1", []any{at.Major, at.Minor}, &last.xid, &last.seq)
	isLast := conversations.NotFound.Is(notFound(err, "event"))
	if err != nil && !isLast {
		return err
	}
	horizon, err := db.eventHorizon(ctx)
	from := place{at.Major, at.Minor}
	switch {
	case err != nil:
		return err
	case from.before(horizon):
		return conversations.Refuse(conversations.Gone, "the events that come next are not kept any more: begin anew, without a cursor")
	case isLast && from != horizon:
		return conversations.Refuse(conversations.Gone, "it is the place of no event here: begin anew, without a cursor")
	}
	return nil
}

// eventHorizon is the place of the last event that was removed.
func (db *DB) eventHorizon(ctx context.Context) (place, error) { return db.reader(ctx).eventHorizon() }

func (q querier) eventHorizon() (p place, err error) {
	err = q.one("SELECT xid, event FROM event_horizon WHERE id = 1", nil, &p.xid, &p.seq)
	if conversations.NotFound.Is(notFound(err, "event")) {
		return p, nil // none was
	}
	return p, err
}

// EventServices returns the services of the conversations that events are of, as far
// as they are known: a conversation may be gone for long.
func (db *DB) EventServices(ctx context.Context, events []conversations.Event) (map[conversations.ConversationID]conversations.ServiceID, error) {
	services := make(map[conversations.ConversationID]conversations.ServiceID)
	var missing []conversations.ConversationID
	for i := range events {
		e := &events[i]
		if c := e.After.Conversation; c != nil {
			services[c.ID] = c.Service
		}
		if e.Conversation != "" {
			missing = append(missing, e.Conversation)
		}
	}
	slices.Sort(missing)
	missing = slices.DeleteFunc(slices.Compact(missing), func(c conversations.ConversationID) bool { return services[c] != "" })
	if len(missing) == 0 {
		return services, nil
	}
	reader := db.reader(ctx)
	keep := func(s scanner) (bool, error) {
		var (
			id      conversations.ConversationID
			service conversations.ServiceID
		)
		err := s.Scan(&id, &service)
		services[id] = service
		return true, err
	}
	from, args := among("FROM conversations c WHERE 1 = 1", nil, "c.id", missing)
	if err := reader.each("SELECT c.id, c.service_id "+from, args, keep); err != nil {
		return nil, err
	}
	gone := slices.DeleteFunc(missing, func(c conversations.ConversationID) bool { return services[c] != "" })
	if len(gone) == 0 {
		return services, nil
	}
	from, args = among("FROM departed_conversations d WHERE 1 = 1", nil, "d.conversation_id", gone)
	return services, reader.each("SELECT d.conversation_id, d.service_id "+from, args, keep)
}
