package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"bridged/conversations"
)

// retentionLock keeps several processes from removing the same events.
const retentionLock = "events/retention"

// ForgetEvents removes up to limit of the first events: those from before t that no
// reader has still to read, and those from before latest whoever has. It says
// whether there may be more.
func (tx *Tx) ForgetEvents(t, latest time.Time, limit int) (more bool, err error) {
	if err := tx.Lock(retentionLock); err != nil {
		return false, err
	}
	horizon, err := tx.eventHorizon()
	if err != nil {
		return false, err
	}
	slowest, isRead, err := tx.slowestReader()
	if err != nil {
		return false, err
	}
	b := tx.backend
	type aged struct {
		place
		at      time.Time
		settled bool
	}
	rows, err := all(tx.querier, func(s scanner) (row aged, err error) {
		var at int64
		err = s.Scan(&row.xid, &row.seq, &row.settled, &at)
		row.at = fromMicros(at)
		return row, err
	}, "SELECT xid, seq, "+b.Settled+", at FROM events WHERE "+b.Compare(">", "$1", "$2")+" ORDER BY xid, seq LIMIT $3",
		horizon.xid, horizon.seq, limit)
	if err != nil {
		return false, err
	}
	// The clock may have been set in between. What stands before an event that is old
	// enough is older than that one, whatever time it has.
	through := horizon
	removed := 0
	for i, row := range rows {
		if !row.settled {
			break
		}
		wanted := isRead && slowest.before(row.place)
		if row.at.Before(latest) || row.at.Before(t) && !wanted {
			through, removed = row.place, i+1
		}
	}
	if removed == 0 {
		return false, nil
	}
	err = tx.run("DELETE FROM events WHERE "+b.Compare(">", "$1", "$2")+" AND "+b.Compare("<=", "$3", "$4"),
		horizon.xid, horizon.seq, through.xid, through.seq)
	if err != nil {
		return false, err
	}
	return removed == limit, tx.run(`INSERT INTO event_horizon (id, xid, event) VALUES (1, $1, $2)
		ON CONFLICT (id) DO UPDATE SET xid = excluded.xid, event = excluded.event`, through.xid, through.seq)
}

// slowestReader returns the place up to which every reader has come.
func (tx *Tx) slowestReader() (p place, found bool, err error) {
	err = tx.one("SELECT xid, event FROM event_readers ORDER BY xid, event LIMIT 1", nil, &p.xid, &p.seq)
	if conversations.NotFound.Is(notFound(err, "reader")) {
		return p, false, nil
	}
	return p, err == nil, err
}

// ForgetReaders forgets the readers whose names begin with prefix, except some: they
// are no more, and the events need not wait for them.
func (db *DB) ForgetReaders(ctx context.Context, prefix string, except []string) error {
	names, err := all(db.reader(ctx), func(s scanner) (name string, err error) {
		err = s.Scan(&name)
		return name, err
	}, "SELECT name FROM event_readers ORDER BY name")
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasPrefix(name, prefix) || slices.Contains(except, name)
	})
	if len(gone) == 0 {
		return nil
	}
	return db.UpdateBeside(ctx, func(tx *Tx) error {
		for _, name := range gone {
			if err := tx.run("DELETE FROM event_readers WHERE name = $1", name); err != nil {
				return err
			}
		}
		return nil
	})
}
