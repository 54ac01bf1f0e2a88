package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"bridged/conversations"
)

// errClosed is the error of an operation that comes after Close.
var errClosed = fmt.Errorf("%w: it is closed", conversations.ErrUnavailable)

// effects are what an operation wants to have happened after its commit.
type effects struct {
	woken    []wake   // queues that got rows
	finished []int64  // outbox rows that are gone
	leases   []string // names that nobody had ever used
	recorded bool     // there are new events

	outside func(Statements) // runs before anything else is written; nil: nothing
}

// wake is a queue that got rows, and the lease that they need.
type wake struct{ queue, lease string }

// operation is one waiting call of Update.
type operation struct {
	run     func(*Tx) error
	done    chan error
	err     error
	effects effects
}

// writer takes operations and commits them. Where the database can have one
// writer only it is one goroutine: it takes an operation, drains what else is
// waiting, and commits it all at once, so that the more is waiting, the fewer
// commits each operation costs. Where transactions can run side by side there are
// several such lanes, and one of them is for the operations that have to be alone.
type writer struct {
	alone  chan *operation
	beside chan *operation

	mu       sync.RWMutex // held for reading while an operation is handed over
	isClosed bool
	closing  chan struct{}
	lanes    sync.WaitGroup

	underWay  atomic.Int64 // operations that somebody waits for
	committed atomic.Int64 // when the last commit succeeded, in nanoseconds; 0 where the last failed
}

const (
	// manyUnderWay is how many operations are a line that takes time to wait in, and
	// wellTime for how long a commit says that the next ones succeed too.
	manyUnderWay = 32
	wellTime     = 2 * time.Second

	// batchBeside bounds how many operations share a commit that runs beside
	// others. Each keeps its locks until the end, and those of two long batches
	// would meet.
	batchBeside = 1
	// batchAlone bounds how many share one that is alone where others could run
	// beside it: they wait, and servers keep few savepoints at hand.
	batchAlone = 60
)

func newWriter(db *DB) *writer {
	batch := db.cfg.MaxBatch
	if db.backend.Writers > 1 {
		batch = min(batch, batchAlone)
	}
	w := &writer{
		alone: make(chan *operation, 2*db.cfg.MaxBatch), beside: make(chan *operation, 2*db.cfg.MaxBatch),
		closing: make(chan struct{}),
	}
	if db.backend.Writers <= 1 {
		w.beside = w.alone
	}
	w.start(newLane(db, w, w.alone, batch, true))
	for range db.backend.Writers - 1 {
		w.start(newLane(db, w, w.beside, batchBeside, false))
	}
	return w
}

func (w *writer) start(l *lane) { w.lanes.Go(l.loop) }

// do hands an operation over and waits for its commit.
func (w *writer) do(ctx context.Context, run func(*Tx) error, alone bool) error {
	w.underWay.Add(1)
	defer w.underWay.Add(-1)
	op := &operation{run: run, done: make(chan error, 1)}
	if err := w.hand(ctx, op, alone); err != nil {
		return err
	}
	return <-op.done
}

// isBusyAndWell says whether many operations are under way, and commits succeed.
func (w *writer) isBusyAndWell() bool {
	return w.underWay.Load() >= manyUnderWay && time.Since(time.Unix(0, w.committed.Load())) < wellTime
}

// doLater hands an operation over and does not wait. It is for what may be lost.
func (w *writer) doLater(run func(*Tx) error) {
	_ = w.hand(context.Background(), &operation{run: run, done: make(chan error, 1)}, false)
}

func (w *writer) hand(ctx context.Context, op *operation, alone bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.isClosed {
		return errClosed
	}
	waiting := w.beside
	if alone {
		waiting = w.alone
	}
	select {
	case waiting <- op:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close lets what is waiting be committed and ends the goroutines.
func (w *writer) close() {
	w.mu.Lock()
	already := w.isClosed
	w.isClosed = true
	w.mu.Unlock()
	if !already {
		close(w.closing)
		close(w.alone)
		if w.beside != w.alone {
			close(w.beside)
		}
	}
	w.lanes.Wait()
}
