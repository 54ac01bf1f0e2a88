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
	time.AfterFunc(wait, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.parked--
		if l.dropped {
			return
		}
		q.drained = append(q.drained, l)
		q.broadcast()
	})
}
