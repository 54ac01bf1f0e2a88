package store

import (
	"context"
	"slices"
	"time"
)

// How soon a queue is read again that has rows which other transactions may
// still come before.
const (
	unsettledFirst = time.Millisecond
	unsettledMax   = 100 * time.Millisecond
)

// load reads rows: first of the lines that spilled, then of leases that this
// process did not have before, then beyond the cursor. It says whether the read
// succeeded; one that failed is tried at the next poll.
func (q *queue) load(ctx context.Context) bool {
	q.mu.Lock()
	cursor, wakes, late := q.cursor, q.wakes, q.late()
	some := min(len(q.drained), loadLines)
	drained := slices.Clone(q.drained[:some])
	q.drained = slices.Delete(q.drained, 0, some)
	q.mu.Unlock()

	reader := q.db.reader(ctx)
	var err error
	for i, l := range drained {
		if err = q.refill(reader, l, cursor); err != nil {
			drained = drained[i:]
			break
		}
	}
	if err == nil {
		drained = nil
		err = q.loadLate(reader, late, cursor)
	}
	var rows []settledRow
	if err == nil {
		rows, err = q.loadNew(reader, cursor)
	}

	q.mu.Lock()
	defer q.mu.Unlock()
	q.loading = false
	q.drained = append(q.drained, drained...)
	if err != nil {
		if ctx.Err() == nil {
			q.db.cfg.Log.Error("cannot read the outbox", "queue", q.name, "error", err)
		} else {
			q.broadcast() // this subscription has ended: another reads on
		}
		return false
	}
	q.advance(rows, wakes)
	q.broadcast()
	return true
}

// settledRow is a row, and whether no transaction under way can still put one
// before it.
type settledRow struct {
	row
	settled bool
}

func (q *queue) loadNew(reader querier, cursor place) ([]settledRow, error) {
	b := q.db.backend
	return all(reader, func(s scanner) (r settledRow, err error) {
		err = s.Scan(append(r.into(), &r.settled)...)
		return r, err
	}, "SELECT "+rowColumns+", "+b.Settled+" FROM outbox WHERE queue = $1 AND "+b.Compare(">", "$2", "$3")+
		" ORDER BY xid, seq LIMIT $4", q.name, cursor.xid, cursor.seq, loadRows)
}

// advance takes up the rows beyond the cursor. It stops at the first that is not
// settled and has the queue read again soon. The caller holds q.mu.
func (q *queue) advance(rows []settledRow, wakes int) {
	for _, r := range rows {
		if !r.settled {
			q.readAgain(r.place)
			return
		}
		q.cursor = r.place
		_, isSkipped := q.skipped[r.lease]
		switch {
		case isSkipped:
		case q.db.leases.has(r.lease):
			q.add(r.row)
		default:
			q.skipped[r.lease] = r.place
		}
	}
	q.behind = len(rows) == loadRows || q.wakes != wakes || len(q.late()) > 0
}

// readAgain has the queue read again when the transactions that a row waits for
// may have ended, which wake nobody where they have nothing for the queue: soon
// at first, and then more and more seldom. The caller holds q.mu.
func (q *queue) readAgain(unsettled place) {
	q.behind = false
	if q.unsettled != unsettled {
		q.unsettled, q.patience = unsettled, unsettledFirst
	}
	wait := q.patience
	q.patience = min(2*wait, unsettledMax)
	time.AfterFunc(wait, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.behind = true
		q.broadcast()
	})
}

// late are the leases that this process has, and of which it has left rows on
// disk when it had them not. The caller holds q.mu.
func (q *queue) late() (leases []string) {
	for lease := range q.skipped {
		if q.db.leases.has(lease) {
			leases = append(leases, lease)
		}
	}
	return leases
}

// loadLate reads some of the rows of each lease that were left on disk, up to the
// cursor. Until it has them all, those beyond the cursor are left there too.
func (q *queue) loadLate(reader querier, leases []string, cursor place) error {
	for _, lease := range leases {
		q.mu.Lock()
		from, full := q.skipped[lease], q.held >= heldRows
		q.mu.Unlock()
		if full {
			return nil
		}
		rows, err := q.loadRange(reader, "lease", lease, from, cursor, loadRows)
		if err != nil {
			return err
		}
		q.mu.Lock()
		switch {
		case !q.db.leases.has(lease):
			rows = nil // lost again meanwhile
		case len(rows) < loadRows:
			delete(q.skipped, lease)
		default:
			last := rows[len(rows)-1].place
			q.skipped[lease] = place{last.xid, last.seq + 1}
		}
		for _, r := range rows {
			q.add(r)
		}
		q.mu.Unlock()
	}
	return nil
}

// loadRange reads the rows in a range of places, ends included, that have a value
// in one of their columns.
func (q *queue) loadRange(reader querier, column, value string, from, to place, limit int) ([]row, error) {
	compare := q.db.backend.Compare
	return all(reader, scanRow, "SELECT "+rowColumns+" FROM outbox WHERE queue = $1 AND "+column+" = $2 AND "+
		compare(">=", "$3", "$4")+" AND "+compare("<=", "$5", "$6")+" ORDER BY xid, seq LIMIT $7",
		q.name, value, from.xid, from.seq, to.xid, to.seq, limit)
}

// refill reads back what a line had to leave on disk, up to the cursor.
func (q *queue) refill(reader querier, l *line, cursor place) error {
	limit := heldPerLine + 1
	if l.alone { // only the loader, which this is, adds rows
		limit = 1
	}
	rows, err := q.loadRange(reader, "task_key", l.key, l.spilled, cursor, limit)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if l.dropped {
		return nil
	}
	l.spilled, l.alone = place{}, false
	for _, r := range rows {
		q.add(r)
	}
	if len(l.rows) == 0 {
		delete(q.lines, l.key)
	}
	return nil
}

// catchUp is called when leases have become this process's.
func (q *queue) catchUp(leases []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, lease := range leases {
		if _, ok := q.skipped[lease]; ok {
			q.behind = true
			q.wakes++
		}
	}
	q.broadcast()
}

// drop forgets what is in memory of a lease that is another process's now.
func (q *queue) drop(lease string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for key, l := range q.lines {
		if l.lease != lease {
			continue
		}
		l.dropped = true
		q.held -= len(l.rows)
		delete(q.lines, key)
		isIt := func(other *line) bool { return other == l }
		q.ready, q.drained = slices.DeleteFunc(q.ready, isIt), slices.DeleteFunc(q.drained, isIt)
	}
	q.skipped[lease] = place{} // from the first on, should it come back
}
