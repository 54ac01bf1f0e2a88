package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"time"

	"bridged/conversations"
)

// Backend is a database that has been opened and migrated, with what the store
// has to know of its dialect. SQL that both dialects share is not here.
type Backend struct {
	Write *sql.DB // a pool that may write; see Connect
	Read  *sql.DB // a pool that never writes

	// Writers is how many transactions may be under way at once; default 1, which
	// has the database to itself.
	Writers int
	// Begin is the statement that begins a transaction which writes.
	Begin string
	// Connect makes a connection that writes. Optional: one of Write.
	Connect func(ctx context.Context) (Session, error)
	// Committed says how a transaction ended whose commit was not answered.
	Committed func(ctx context.Context, lost *LostCommitError) (bool, error)
	// Judge says what an error of a statement means for its transaction.
	Judge func(err error) Verdict

	// Clean makes the arguments of statements as the database takes them. Optional.
	Clean func(args []any) []any
	// Lock is the statement that takes locks until the end of the transaction,
	// given an array of numbers. Empty where transactions are alone anyway.
	Lock string
	// ForUpdate ends a query whose rows are to be locked.
	ForUpdate string
	// Compare is the condition that a row's place (xid, seq) is before or beyond
	// another, which two parameters give.
	Compare func(operator, xid, seq string) string
	// Settled is the condition on a row's xid that no transaction under way can
	// add a row before it any more.
	Settled string
	// Words is how the search index is asked.
	Words WordIndex

	// Traces is how the database is looked through for words.
	Traces Traces

	// Peers is how processes on one database find one another; nil where this one
	// has the database to itself.
	Peers Peers
	// Close is called after both pools are closed. Optional.
	Close func() error
}

// Verdict is what the error of a statement means for its transaction.
type Verdict int

// The verdicts.
const (
	// Refused is the fault of the statement, and of its operation alone.
	Refused Verdict = iota
	// Conflict is that of another transaction: run again, it may succeed.
	Conflict
	// Duplicate is a row that another transaction has inserted too: run again, the
	// operation finds it. One that does not is at fault itself.
	Duplicate
	// Void is that of the database, for the whole transaction: there is no room,
	// no access, a lock.
	Void
	// Lost is the end of the connection.
	Lost
)

// Config are the store's settings. The zero value is good.
type Config struct {
	// MaxBatch bounds how many operations share a commit; default 512.
	MaxBatch int
	// Lease is how long another process waits for this one's sign of life before
	// it takes over its work; default 30 s. Only with Backend.Peers.
	Lease time.Duration
	// Committed is told of every commit, for the metrics. Optional.
	Committed func(operations int, took time.Duration)
	// Log is told of what the store survives. Optional.
	Log *slog.Logger
}

func (c *Config) setDefaults() {
	if c.MaxBatch == 0 {
		c.MaxBatch = 512
	}
	if c.Lease == 0 {
		c.Lease = 30 * time.Second
	}
	if c.Committed == nil {
		c.Committed = func(int, time.Duration) {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// DB is the store.
type DB struct {
	backend Backend
	cfg     Config
	process string // this process's name among its peers
	writer  *writer
	hub     *hub
	reads   *statements
	leases  *leases

	closing sync.Once
	closed  error
}

// Open starts a store on a backend. The caller closes it.
func Open(ctx context.Context, b Backend, cfg Config) (*DB, error) {
	cfg.setDefaults()
	if b.Clean == nil {
		b.Clean = func(args []any) []any { return args }
	}
	if b.Connect == nil {
		b.Connect = func(ctx context.Context) (Session, error) { return connectSQL(ctx, b) }
	}
	db := &DB{backend: b, cfg: cfg, process: rand.Text(), reads: newStatements(b.Read)}
	db.hub = newHub(db)
	if err := db.hub.loadGroups(ctx); err != nil {
		return nil, err
	}
	db.writer = newWriter(db)
	db.leases = newLeases(db)
	if err := db.leases.start(ctx); err != nil {
		db.writer.close()
		return nil, err
	}
	return db, nil
}

// Update runs op in the next commit and returns when it is on disk. Op sees the
// database as if it were alone, and may run more than once. When it returns an
// error, nothing that it wrote remains, and that error is returned; an error that
// wraps conversations.ErrUnavailable means that the database could not commit.
// Once op has been taken up, ctx does not matter any more: a nil error always
// means committed, and an error never does.
func (db *DB) Update(ctx context.Context, op func(*Tx) error) error {
	return db.writer.do(ctx, op, true)
}

// UpdateBeside is Update for an operation that may run beside others of its kind,
// where the database can do that. Op has to see to it: by Tx.Lock, and by the
// locks of the rows that Tx finds. Nothing that runs by Update is under way
// meanwhile.
func (db *DB) UpdateBeside(ctx context.Context, op func(*Tx) error) error {
	return db.writer.do(ctx, op, false)
}

// Close finishes the operations that are waiting and closes the database.
func (db *DB) Close() error {
	db.closing.Do(func() {
		db.hub.close()
		db.writer.close()
		db.leases.close()
		errs := []error{db.reads.close(), db.backend.Write.Close(), db.backend.Read.Close()}
		if db.backend.Close != nil {
			errs = append(errs, db.backend.Close())
		}
		db.closed = errors.Join(errs...)
	})
	return db.closed
}

// micros is how a time is stored: microseconds since 1970, 0 for none.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros reads a time back.
func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// notFound makes the domain's error of database/sql's.
func notFound(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return conversations.Refuse(conversations.NotFound, "no such %s", what)
	}
	return err
}
