package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"bridged/conversations"
)

// errClosed is the error of an operation that comes after Close.
var errClosed = fmt.Errorf("%w: it is closed", conversations.ErrUnavailable)

// Tx is the writer's transaction as one operation sees it. Its methods are the
// rows of the store; see the files named after the resources.
type Tx struct {
	querier
	hub     *hub
	effects effects
}

// effects are what an operation wants to have happened after its commit.
type effects struct {
	woken    []string // queues that got rows
	finished []int64  // outbox rows that are gone
}

// operation is one waiting call of Update.
type operation struct {
	run     func(*Tx) error
	done    chan error
	err     error
	effects effects
}

// writer is the one goroutine that writes. It takes an operation, drains what
// else is waiting, and commits it all at once: the more is waiting, the fewer
// commits each operation costs.
type writer struct {
	conn       *sql.Conn
	backend    Backend
	cfg        Config
	hub        *hub
	statements *statements

	mu       sync.RWMutex // held for reading while an operation is handed over
	isClosed bool
	waiting  chan *operation
	stopped  chan struct{}
}

func newWriter(conn *sql.Conn, b Backend, cfg Config, h *hub) *writer {
	w := &writer{
		conn: conn, backend: b, cfg: cfg, hub: h, statements: newStatements(conn),
		waiting: make(chan *operation, 2*cfg.MaxBatch),
		stopped: make(chan struct{}),
	}
	go w.loop()
	return w
}

// do hands an operation over and waits for its commit.
func (w *writer) do(ctx context.Context, run func(*Tx) error) error {
	op := &operation{run: run, done: make(chan error, 1)}
	if err := w.hand(ctx, op); err != nil {
		return err
	}
	return <-op.done
}

// doLater hands an operation over and does not wait. It is for what may be lost.
func (w *writer) doLater(run func(*Tx) error) {
	_ = w.hand(context.Background(), &operation{run: run, done: make(chan error, 1)})
}

func (w *writer) hand(ctx context.Context, op *operation) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.isClosed {
		return errClosed
	}
	select {
	case w.waiting <- op:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close lets what is waiting be committed and ends the goroutine.
func (w *writer) close() error {
	w.mu.Lock()
	already := w.isClosed
	w.isClosed = true
	w.mu.Unlock()
	if !already {
		close(w.waiting)
	}
	<-w.stopped
	return errors.Join(w.statements.close(), w.conn.Close())
}

func (w *writer) loop() {
	defer close(w.stopped)
	batch := make([]*operation, 0, w.cfg.MaxBatch)
	for op := range w.waiting {
		batch = w.drain(append(batch[:0], op))
		w.process(batch)
		clear(batch) // the operations hold messages: let them go
	}
}

func (w *writer) drain(batch []*operation) []*operation {
	for len(batch) < w.cfg.MaxBatch {
		select {
		case op, ok := <-w.waiting:
			if !ok {
				return batch
			}
			batch = append(batch, op)
		default:
			return batch
		}
	}
	return batch
}

// process commits a batch and answers its operations.
//
// The first try runs without savepoints, which few batches need. When an
// operation fails after it has written something, the batch is rolled back and
// run again with a savepoint for each, so that one failure takes no neighbour
// with it.
func (w *writer) process(batch []*operation) {
	start := time.Now()
	err := w.try(batch, false)
	if errors.Is(err, errNeedsSavepoints) {
		err = w.try(batch, true)
	}
	if err != nil {
		w.cfg.Log.Error("the store cannot commit", "operations", len(batch), "error", err)
		err = fmt.Errorf("%w: %w", conversations.ErrUnavailable, err)
		for _, op := range batch {
			op.done <- err
		}
		return
	}
	w.cfg.Committed(len(batch), time.Since(start))
	w.hub.committed(effectsOf(batch))
	for _, op := range batch {
		op.done <- op.err
	}
}

// effectsOf puts together the effects of the operations that were committed, so
// that a queue is woken once however many of them enqueued to it.
func effectsOf(batch []*operation) effects {
	var e effects
	for _, op := range batch {
		if op.err != nil {
			continue
		}
		e.finished = append(e.finished, op.effects.finished...)
		for _, queue := range op.effects.woken {
			if !slices.Contains(e.woken, queue) {
				e.woken = append(e.woken, queue)
			}
		}
	}
	return e
}

// errNeedsSavepoints says that a batch has to be run again with savepoints.
var errNeedsSavepoints = errors.New("an operation failed after it had written")

// try runs a batch in one transaction. A nil error means that it is committed
// and that each operation has its own error; otherwise nothing remains.
func (w *writer) try(batch []*operation, savepoints bool) error {
	if err := w.execute(w.backend.Begin); err != nil {
		return err
	}
	err := w.runAll(batch, savepoints)
	if err == nil {
		err = w.execute("COMMIT")
	}
	if err != nil {
		// After some errors the engine has rolled back already and says so.
		_ = w.execute("ROLLBACK")
	}
	return err
}

func (w *writer) runAll(batch []*operation, savepoints bool) error {
	for _, op := range batch {
		if savepoints {
			if err := w.execute("SAVEPOINT operation"); err != nil {
				return err
			}
		}
		wrote, err := w.runOne(op)
		switch {
		case err == nil:
		case w.backend.Broken(err):
			return err
		case !wrote:
		case !savepoints:
			return errNeedsSavepoints
		default:
			if err := w.execute("ROLLBACK TO operation"); err != nil {
				return err
			}
		}
		if savepoints {
			if err := w.execute("RELEASE operation"); err != nil {
				return err
			}
		}
	}
	return nil
}

// runOne runs an operation and keeps its error and effects. A panic is its error.
func (w *writer) runOne(op *operation) (wrote bool, err error) {
	var fault error
	tx := &Tx{
		querier: querier{ctx: context.Background(), statements: w.statements, wrote: &wrote, fault: &fault},
		hub:     w.hub,
	}
	defer func() {
		if p := recover(); p != nil {
			w.cfg.Log.Error("an operation of the store panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("operation panicked: %v", p)
		}
		if fault != nil && w.backend.Broken(fault) {
			err = fault
		}
		op.err, op.effects = err, tx.effects
	}()
	err = op.run(tx)
	return wrote, err
}

func (w *writer) execute(statement string) error {
	stmt, err := w.statements.get(statement)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(context.Background())
	return err
}
