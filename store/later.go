package store

import "time"

// later lets a row be handled again when some time has gone by, without a commit
// and as if it had not been given out: its handler has found that its time has not
// come. Where many rows are in memory, the line's are left on disk until then, so
// that those who wait do not keep others from being read.
func (q *queue) later(t *taken, wait time.Duration) {
	q.giveBack(t, func(l *line) {
		if q.held > heldRows/2 && q.parked < parkedLines {
			q.park(l, wait)
			return
		}
		t.due = micros(time.Now().Add(wait))
		l.rows[0] = t.row
		q.offer(l)
	})
}

// park leaves the rows of a line on disk, and has them read back after a time. The
// caller holds q.mu.
func (q *queue) park(l *line, wait time.Duration) {
	q.held -= len(l.rows)
	l.alone = len(l.rows) == 1 && l.spilled == place{}
	l.spilled, l.rows = l.rows[0].place, nil
	q.parked++
	l.wait(wait, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		l.timer = nil
		q.parked--
		if l.dropped {
			return
		}
		q.drained = append(q.drained, l)
		q.broadcast()
	})
}

// Hurry gives out now what waits for its time, of the lines whose keys are wanted:
// what they waited for has come about sooner.
func (db *DB) Hurry(topic string, wanted func(key string) bool) {
	for _, name := range db.hub.queuesOf(topic) {
		db.hub.mu.Lock()
		q := db.hub.queues[name]
		db.hub.mu.Unlock()
		if q != nil {
			q.hurry(wanted)
		}
	}
}

func (q *queue) hurry(wanted func(key string) bool) {
	q.mu.Lock()
	var ends []func()
	for key, l := range q.lines {
		if l.timer != nil && wanted(key) && l.timer.Stop() {
			ends = append(ends, l.end)
		}
	}
	q.mu.Unlock()
	for _, end := range ends {
		end()
	}
}
