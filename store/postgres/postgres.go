// Package postgres opens a PostgreSQL database as a backend of package store.
//
// It holds what only PostgreSQL needs: its spelling of the schema, the session's
// settings, and which of its errors void a transaction. The driver is pgx.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"bridged/store"
)

// others are the connections beside those of Options, in a pool: for the leases, to
// ask how a commit ended, and to migrate. One more listens.
const others = 3

// Options are the settings of a backend. The zero value is good.
type Options struct {
	Writers int // transactions that write at once, at least 2; default 8
	Readers int // connections that read; default 4
}

func (o *Options) setDefaults() {
	if o.Writers == 0 {
		o.Writers = 8
	}
	o.Writers = max(o.Writers, 2) // one of them is for what has to be alone
	if o.Readers == 0 {
		o.Readers = 4
	}
}

// connectTime bounds how long a connection may take to be made, and idleTime how
// long a transaction may wait for its process: one that is suspended, or whose
// machine is gone, must not keep its locks.
const (
	connectTime = 5 * time.Second
	idleTime    = 10 * time.Second
)

// Open connects to the database of a URL (postgres://user@host/db) and migrates
// it to the schema of steps (store.Migrations).
func Open(ctx context.Context, url string, steps fs.FS, o Options) (store.Backend, error) {
	o.setDefaults()
	config, err := configure(url)
	if err != nil {
		return store.Backend{}, err
	}
	patient := config.Copy()
	patient.DialFunc, config.DialFunc = dial, dialImpatient
	write := stdlib.OpenDB(*config)
	write.SetMaxOpenConns(others)
	write.SetMaxIdleConns(others)
	if err := migrate(ctx, write, steps); err != nil {
		return store.Backend{}, errors.Join(err, write.Close())
	}
	readOnly := config.Copy()
	readOnly.RuntimeParams["default_transaction_read_only"] = "on"
	read := stdlib.OpenDB(*readOnly)
	read.SetMaxOpenConns(o.Readers)
	read.SetMaxIdleConns(o.Readers)
	return store.Backend{
		Write: write, Read: read, Writers: o.Writers,
		Connect: func(ctx context.Context) (store.Session, error) { return connect(ctx, config) },
		Judge:   judge,
		Clean:   clean,
		Committed: func(ctx context.Context, lost *store.LostCommitError) (bool, error) {
			return committed(ctx, write, lost)
		},
		Lock:      "SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k",
		ForUpdate: " FOR UPDATE",
		Compare: func(operator, xid, seq string) string {
			return fmt.Sprintf("(xid, seq) %s (%s, %s)", operator, xid, seq)
		},
		Settled: "xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
		Words:   words(),
		Traces:  traces(write),
		Peers:   &peers{db: write, config: patient},
	}, nil
}

func configure(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the store's URL: %w", err)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTime
	}
	for name, value := range map[string]string{
		"application_name":                    "bridged",
		"synchronous_commit":                  "on", // what is acknowledged is on disk, whatever the server's default
		"idle_in_transaction_session_timeout": strconv.FormatInt(idleTime.Milliseconds(), 10),
	} {
		if _, given := config.RuntimeParams[name]; !given {
			config.RuntimeParams[name] = value
		}
	}
	return config, nil
}

// migrate holds a lock meanwhile, in case several processes start at once.
func migrate(ctx context.Context, db *sql.DB, steps fs.FS) error {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	if err := locker.SessionLock(ctx, conn); err != nil {
		return fmt.Errorf("wait for another process that migrates the database: %w", err)
	}
	err = store.Migrate(ctx, goose.DialectPostgres, db, dialect{steps}, func(int64) error { return nil })
	if err == nil {
		err = adopt(ctx, db)
	}
	return errors.Join(err, locker.SessionUnlock(context.WithoutCancel(ctx), conn))
}
