package store

import (
	"context"
	"sync"
	"time"

	"bridged/conversations"
)

const (
	// watchLinger is how long those who wait for events are left to wait after one
	// was recorded, so that they read several at once.
	watchLinger = 50 * time.Millisecond
	// watchPoll is how often it is looked for the events of other processes.
	watchPoll = time.Second
)

// eventWatch wakes those who wait for new events, all at once. While nobody does it
// does nothing. The writer wakes one goroutine, however many wait.
type eventWatch struct {
	db     *DB
	nudged chan struct{} // has room for one: this process has recorded events

	mu       sync.Mutex
	watchers int
	changed  chan struct{} // closed when there may be new events
	stop     context.CancelFunc
	running  sync.WaitGroup
	isClosed bool
}

func newEventWatch(db *DB) *eventWatch {
	return &eventWatch{db: db, nudged: make(chan struct{}, 1), changed: make(chan struct{})}
}

// nudge says that there are new events.
func (w *eventWatch) nudge() {
	select {
	case w.nudged <- struct{}{}:
	default:
	}
}

// WatchEvents lets somebody wait for new events: Changed returns what is closed when
// there may be some that were not there when it was called. Whoever has called
// WatchEvents calls Close.
func (db *DB) WatchEvents() conversations.EventWatch {
	w := db.hub.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers++; w.watchers == 1 && !w.isClosed {
		var ctx context.Context
		ctx, w.stop = context.WithCancel(context.Background())
		w.running.Go(func() { w.run(ctx) })
	}
	return conversations.EventWatch{Changed: w.next, Close: sync.OnceFunc(w.leave)}
}

// next is closed at the next change.
func (w *eventWatch) next() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// EventWatchers is how many wait for new events.
func (db *DB) EventWatchers() int {
	w := db.hub.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.watchers
}

func (w *eventWatch) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers--; w.watchers == 0 && !w.isClosed {
		w.stop()
	}
}

// wakeAll wakes all who wait.
func (w *eventWatch) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.changed)
	w.changed = make(chan struct{})
}

// run wakes the watchers for as long as there are some. Beside other processes it
// looks for what they have recorded: once for all who wait.
func (w *eventWatch) run(ctx context.Context) {
	var poll <-chan time.Time
	if w.db.backend.Peers != nil {
		ticker := time.NewTicker(watchPoll)
		defer ticker.Stop()
		poll = ticker.C
	}
	var last place
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.nudged:
			wait(ctx, watchLinger)
		case <-poll:
			now, err := w.db.newestEvent(ctx)
			if err != nil || now == last {
				continue // who waits is not helped by an error; the next look may succeed
			}
			last = now
		}
		w.wakeAll()
	}
}

// close lets nobody wait any longer.
func (w *eventWatch) close() {
	w.mu.Lock()
	w.isClosed = true
	if w.stop != nil {
		w.stop()
	}
	w.mu.Unlock()
	w.running.Wait()
	w.wakeAll()
}

// newestEvent is the place of the last event, others before which may still come.
func (db *DB) newestEvent(ctx context.Context) (p place, err error) {
	err = db.reader(ctx).one("SELECT xid, seq FROM events WHERE "+db.backend.Compare(">", "$1", "$2")+
		" ORDER BY xid DESC, seq DESC LIMIT 1", []any{0, 0}, &p.xid, &p.seq)
	if conversations.NotFound.Is(notFound(err, "event")) {
		return p, nil
	}
	return p, err
}
