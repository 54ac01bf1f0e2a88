package store

import (
	"context"
	"sync"
	"time"
)

// How much of a queue is kept in memory. The rest waits on disk.
const (
	loadRows    = 256  // read at once
	loadLines   = 64   // read back at once: what they have is given out in between
	heldRows    = 4096 // of all keys
	heldPerLine = 32   // of one key: a flood from one pair must not push out the others
	// parkedLines bounds the lines of which nothing but their key is kept, because
	// they wait for their time.
	parkedLines = 100_000
)

// queue is the head of one queue of the outbox in memory, shared by all who
// subscribe to it. Rows are read in order of their number and stand in lines by
// key. A line gives one row at a time; lines that have one to give take turns.
type queue struct {
	db   *DB
	name string

	mu      sync.Mutex
	cursor  place // rows up to here were read, or left on disk: a line's spill, a skipped lease
	behind  bool  // there may be rows beyond the cursor
	wakes   int   // counts wake-ups, to notice one that comes during a read
	loading bool
	held    int
	lines   map[string]*line
	ready   []*line // lines that have a row to give
	drained []*line // lines whose further rows have to be read back
	changed chan struct{}
	closed  bool

	parked    int              // lines that wait for their time, all of whose rows are on disk
	skipped   map[string]place // leases whose rows are on disk from there on
	unsettled place            // first row that had to wait for others' transactions
	patience  time.Duration    // how long the next read waits for them
}

// line is the rows of one key.
type line struct {
	key     string
	lease   string
	rows    []row
	busy    bool  // its first row is being handled, or waits for its time
	spilled place // first row that was not kept in memory; zero for none
	alone   bool  // what spilled is one row, which is found without looking for more
	dropped bool  // its lease was lost: it is in memory only until it is handled
}

func newQueue(db *DB, name string) *queue {
	return &queue{
		db: db, name: name, behind: true, lines: make(map[string]*line), changed: make(chan struct{}), skipped: make(map[string]place),
	}
}

// wake says that rows were added.
func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.behind = true
	q.wakes++
	q.broadcast()
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.broadcast()
}

// broadcast wakes all that wait in take. The caller holds q.mu.
func (q *queue) broadcast() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// take waits for a row that may be handled now. It returns nil when ctx is done
// or the store is closed.
func (q *queue) take(ctx context.Context, poll time.Duration) *taken {
	for ctx.Err() == nil {
		q.mu.Lock()
		if q.closed {
			q.mu.Unlock()
			return nil
		}
		if len(q.ready) > 0 {
			t := q.next()
			q.mu.Unlock()
			q.db.hub.track(t)
			return t
		}
		load, changed := q.wantsRows(), q.changed
		q.loading = q.loading || load
		q.mu.Unlock()
		if load && q.load(ctx) {
			continue
		}
		q.wait(ctx, changed, poll)
	}
	return nil
}

// next takes the first ready line's row. The caller holds q.mu.
func (q *queue) next() *taken {
	l := q.ready[0]
	q.ready[0] = nil
	q.ready = q.ready[1:]
	l.busy = true
	return &taken{row: l.rows[0], line: l}
}

func (q *queue) wantsRows() bool {
	return !q.loading && (len(q.drained) > 0 || q.behind && q.held < heldRows)
}

func (q *queue) wait(ctx context.Context, changed <-chan struct{}, poll time.Duration) {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-changed:
	case <-timer.C:
		// Nothing should be missed; this is in case something is.
		q.mu.Lock()
		q.behind = true
		q.mu.Unlock()
	}
}

// add puts a row at the end of its line. The caller holds q.mu.
func (q *queue) add(r row) {
	l := q.lines[r.key]
	if l == nil {
		l = &line{key: r.key, lease: r.lease}
		q.lines[r.key] = l
	}
	if l.spilled != (place{}) {
		l.alone = false
		return
	}
	if len(l.rows) >= heldPerLine {
		l.spilled = r.place
		return
	}
	l.rows = append(l.rows, r)
	q.held++
	if len(l.rows) == 1 {
		q.offer(l)
	}
}

// offer makes a line ready, at the time from which its first row may be handled.
// The caller holds q.mu.
func (q *queue) offer(l *line) {
	delay := time.Duration(0)
	if due := l.rows[0].due; due != 0 {
		delay = time.Until(fromMicros(due))
	}
	if delay <= 0 {
		l.busy = false
		q.ready = append(q.ready, l)
		return
	}
	l.busy = true
	time.AfterFunc(delay, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if l.dropped {
			return
		}
		l.busy = false
		q.ready = append(q.ready, l)
		q.broadcast()
	})
}

// done takes a row that was handled out of its line and lets the next one go.
func (q *queue) done(t *taken) {
	q.db.hub.untrack(t)
	q.mu.Lock()
	defer q.mu.Unlock()
	l := t.line
	if l.dropped {
		return
	}
	l.rows[0] = row{}
	l.rows = l.rows[1:]
	q.held--
	switch {
	case len(l.rows) > 0:
		q.offer(l)
	case l.spilled != place{}:
		q.drained = append(q.drained, l)
	default:
		delete(q.lines, l.key)
	}
	q.broadcast()
}

// again lets a row be handled once more, at its due time.
func (q *queue) again(t *taken) {
	q.giveBack(t, func(l *line) {
		l.rows[0] = t.row
		q.offer(l)
	})
}

// giveBack takes a row from its handler, and holds q.mu while into puts the row into
// its line again. One that its handler's commit has removed after all is done.
func (q *queue) giveBack(t *taken, into func(*line)) {
	if t.gone.Load() {
		q.done(t)
		return
	}
	q.db.hub.untrack(t)
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.line.dropped {
		return
	}
	into(t.line)
	q.broadcast()
}
