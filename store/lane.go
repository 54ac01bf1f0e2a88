package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"runtime/debug"
	"slices"
	"time"

	"bridged/conversations"
)

const (
	// tries is how often a batch runs that meets others' transactions.
	tries = 8
	// connectTime bounds the wait for a connection, before operations fail.
	connectTime = 5 * time.Second
	// outcomePause is between two questions about a commit whose answer was lost.
	outcomePause = 100 * time.Millisecond
)

// Tx is the writer's transaction as one operation sees it. Its methods are the
// rows of the store; see the files named after the resources.
type Tx struct {
	querier
	db      *DB
	effects effects
}

// Lock waits for the named things and keeps them until the commit, first to last.
// Operations that lock more than one have to agree on an order. An operation that
// is alone need not lock, but may.
func (tx *Tx) Lock(names ...string) error {
	if tx.db.backend.Lock == "" || len(names) == 0 {
		return nil
	}
	numbers := make([]int64, len(names))
	for i, name := range names {
		hash := fnv.New64a()
		_, _ = hash.Write([]byte(name))
		numbers[i] = int64(hash.Sum64())
	}
	return tx.failed(tx.statements.Run(tx.ctx, tx.db.backend.Lock, numbers))
}

// forUpdate ends a query of which the rows of one table are to be locked.
func (tx *Tx) forUpdate(table string) string {
	if tx.db.backend.ForUpdate == "" {
		return ""
	}
	return tx.db.backend.ForUpdate + " OF " + table
}

// lane is one goroutine that writes, and its connection.
type lane struct {
	db       *DB
	writer   *writer
	waiting  <-chan *operation
	maxBatch int
	alone    bool

	session   Session // nil: to be made
	conflicts int     // that the current batch has met
}

func newLane(db *DB, w *writer, waiting <-chan *operation, maxBatch int, alone bool) *lane {
	return &lane{db: db, writer: w, waiting: waiting, maxBatch: maxBatch, alone: alone}
}

func (l *lane) loop() {
	defer l.disconnect()
	batch := make([]*operation, 0, l.maxBatch)
	for op := range l.waiting {
		batch = l.drain(append(batch[:0], op))
		l.process(batch)
		clear(batch) // the operations hold messages: let them go
	}
}

func (l *lane) drain(batch []*operation) []*operation {
	for len(batch) < l.maxBatch {
		select {
		case op, ok := <-l.waiting:
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
func (l *lane) process(batch []*operation) {
	start := time.Now()
	if err := l.commit(batch); err != nil {
		l.writer.committed.Store(0)
		l.db.cfg.Log.Error("the store cannot commit", "operations", len(batch), "error", err)
		err = fmt.Errorf("%w: %w", conversations.ErrUnavailable, err)
		for _, op := range batch {
			op.done <- err
		}
		return
	}
	l.writer.committed.Store(time.Now().UnixNano())
	l.db.cfg.Committed(len(batch), time.Since(start))
	l.db.hub.committed(effectsOf(batch))
	l.runOutside(batch)
	for _, op := range batch {
		op.done <- op.err
	}
}

// runOutside runs what operations want to have run outside of a transaction.
func (l *lane) runOutside(batch []*operation) {
	for _, op := range batch {
		if op.err == nil && op.effects.outside != nil {
			op.effects.outside(l.session)
		}
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
		e.leases = append(e.leases, op.effects.leases...)
		e.recorded = e.recorded || op.effects.recorded
		for _, w := range op.effects.woken {
			if !slices.Contains(e.woken, w) {
				e.woken = append(e.woken, w)
			}
		}
	}
	return e
}

// commit runs a batch until it is committed: again where it met other
// transactions, and once more on a new connection where the old one was lost.
func (l *lane) commit(batch []*operation) error {
	l.conflicts = 0
	for reconnected := false; ; {
		err := l.run(batch)
		if err == nil {
			return nil
		}
		switch l.judge(err) {
		case Conflict:
			if l.conflicts++; l.conflicts >= tries {
				return err
			}
		case Lost:
			l.disconnect()
			if reconnected {
				return err
			}
			reconnected = true
		case Refused, Duplicate, Void:
			return err
		}
	}
}

// judge is the backend's Judge, but that a duplicate is nobody's fault at first.
func (l *lane) judge(err error) Verdict {
	v := l.db.backend.Judge(err)
	switch {
	case v != Duplicate:
		return v
	case l.conflicts < tries/2:
		return Conflict
	default:
		return Refused
	}
}

// run runs a batch.
//
// The first try runs without savepoints, which few batches need. When an
// operation fails after it has written something, the batch is rolled back and
// run again with a savepoint for each, so that one failure takes no neighbor
// with it.
func (l *lane) run(batch []*operation) error {
	if err := l.connect(); err != nil {
		return err
	}
	err := l.try(batch, false)
	if !errors.Is(err, errNeedsSavepoints) {
		return err
	}
	if len(batch) == 1 {
		return nil // nothing of it remains, and it has its error
	}
	return l.try(batch, true)
}

// errNeedsSavepoints says that a batch has to be run again with savepoints.
var errNeedsSavepoints = errors.New("an operation failed after it had written")

// try runs a batch in one transaction. A nil error means that it is committed
// and that each operation has its own error; otherwise nothing remains.
func (l *lane) try(batch []*operation, savepoints bool) error {
	ctx := context.Background()
	if err := l.session.Begin(ctx, l.alone); err != nil {
		return err
	}
	err := l.runAll(batch, savepoints)
	if err == nil {
		if err = l.session.Commit(ctx); err != nil && !savepoints && l.judge(err) == Refused {
			// It is of the last statements of an operation, who knows which.
			batch[0].err = cmp.Or(batch[0].err, err)
			err = errNeedsSavepoints
		}
	}
	if lost, ok := errors.AsType[*LostCommitError](err); ok {
		return l.outcome(lost)
	}
	if err != nil {
		l.session.Rollback(ctx)
	}
	return err
}

// outcome finds out how a transaction ended whose commit was not answered. Until
// the database can be asked, its operations wait: to call them failed would be
// wrong as often as to call them done.
func (l *lane) outcome(lost *LostCommitError) error {
	l.disconnect()
	l.db.cfg.Log.Warn("asking how a commit ended", "error", lost)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), connectTime)
		committed, err := l.db.backend.Committed(ctx, lost)
		cancel()
		switch {
		case err == nil && committed:
			return nil
		case err == nil:
			return lost.Cause
		}
		select {
		case <-time.After(outcomePause):
		case <-l.writer.closing:
			return fmt.Errorf("the program ended before it was known how a commit ended: %w", lost.Cause)
		}
	}
}

func (l *lane) runAll(batch []*operation, savepoints bool) error {
	run := l.runOne
	if savepoints {
		run = l.runSaved
	}
	for _, op := range batch {
		clean, err := run(op)
		switch {
		case err == nil:
		case l.judge(err) != Refused:
			return err
		case !clean:
			return errNeedsSavepoints
		}
	}
	return nil
}

// runSaved runs an operation between savepoints, so that it leaves the
// transaction as it was when it fails.
func (l *lane) runSaved(op *operation) (clean bool, err error) {
	if err := l.execute("SAVEPOINT operation"); err != nil {
		return false, err
	}
	_, err = l.runOne(op)
	if err == nil {
		if err = l.execute("RELEASE operation"); err == nil {
			return true, nil
		}
		op.err = err // of its last statements
	}
	if l.judge(err) != Refused {
		return false, err
	}
	if err := l.execute("ROLLBACK TO operation"); err != nil {
		return false, err
	}
	return true, l.execute("RELEASE operation")
}

// runOne runs an operation and keeps its error and effects. A panic is its error.
// It says whether the transaction is as it was before.
func (l *lane) runOne(op *operation) (clean bool, err error) {
	var (
		wrote bool
		fault error
	)
	tx := &Tx{
		querier: querier{ctx: context.Background(), statements: l.session, wrote: &wrote, fault: &fault, backend: &l.db.backend},
		db:      l.db,
	}
	defer func() {
		if p := recover(); p != nil {
			l.db.cfg.Log.Error("an operation of the store panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("operation panicked: %v", p)
		}
		// What the engine refused is not hidden by an operation that goes on.
		if fault != nil && (err == nil || l.judge(fault) != Refused) {
			err = fault
		}
		clean = !wrote && fault == nil
		op.err, op.effects = err, tx.effects
	}()
	err = op.run(tx)
	return clean, err
}

// execute runs a statement now, with all that waits to be run before it.
func (l *lane) execute(statement string) error {
	_, err := l.session.Exec(context.Background(), statement)
	return err
}

func (l *lane) connect() (err error) {
	if l.session != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	l.session, err = l.db.backend.Connect(ctx)
	return err
}

func (l *lane) disconnect() {
	if l.session != nil {
		l.session.Close()
		l.session = nil
	}
}
