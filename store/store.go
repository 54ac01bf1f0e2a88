package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bridged/conversations"
)

// Backend is a database that has been opened and migrated, with what the store
// has to know of its dialect.
type Backend struct {
	Write *sql.DB // its one connection belongs to the writer
	Read  *sql.DB // a pool that never writes
	Begin string  // begins a transaction that writes
	// Broken says that err makes the whole transaction void, not one statement:
	// no room, no access, a lock.
	Broken func(err error) bool
	// Close is called after both pools are closed. Optional.
	Close func() error
}

// Config are the store's settings. The zero value is good.
type Config struct {
	// MaxBatch bounds how many operations share a commit; default 512.
	MaxBatch int
	// Committed is told of every commit, for the metrics. Optional.
	Committed func(operations int, took time.Duration)
	// Log is told of what the store survives. Optional.
	Log *slog.Logger
}

// DB is the store.
type DB struct {
	backend Backend
	cfg     Config
	writer  *writer
	hub     *hub
	reads   *statements

	closing sync.Once
	closed  error
}

// Open starts a store on a backend. The caller closes it.
func Open(ctx context.Context, b Backend, cfg Config) (*DB, error) {
	if cfg.MaxBatch == 0 {
		cfg.MaxBatch = 512
	}
	if cfg.Committed == nil {
		cfg.Committed = func(int, time.Duration) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	db := &DB{backend: b, cfg: cfg, reads: newStatements(b.Read)}
	conn, err := b.Write.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to write: %w", err)
	}
	db.hub = newHub(db)
	if err := db.hub.loadGroups(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	db.writer = newWriter(conn, b, cfg, db.hub)
	return db, nil
}

// Update runs op in the next commit and returns when it is on disk. Op may run
// more than once. When it returns an error, nothing that it wrote remains, and
// that error is returned; an error that wraps conversations.ErrUnavailable means
// that the database could not commit. Once op has been taken up, ctx does not
// matter any more: a nil error always means committed, and an error never does.
func (db *DB) Update(ctx context.Context, op func(*Tx) error) error {
	return db.writer.do(ctx, op)
}

// Close finishes the operations that are waiting and closes the database.
func (db *DB) Close() error {
	db.closing.Do(func() {
		db.hub.close()
		errs := []error{db.writer.close(), db.reads.close(), db.backend.Write.Close(), db.backend.Read.Close()}
		if db.backend.Close != nil {
			errs = append(errs, db.backend.Close())
		}
		db.closed = errors.Join(errs...)
	})
	return db.closed
}

// reader is a querier for one request.
func (db *DB) reader(ctx context.Context) querier { return querier{ctx: ctx, statements: db.reads} }

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
