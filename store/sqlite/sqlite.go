// Package sqlite opens a SQLite file as a backend of package store.
//
// It holds what only SQLite needs: the pragmas, the lock on the data directory,
// copies for backups and before a migration, and which of its errors void a transaction. The
// driver is modernc.org/sqlite, which needs no C compiler.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"bridged/store"
)

// LockName is the file in the data directory that a running daemon holds locked.
const LockName = "bridged.lock"

// ErrLocked means that another process has the data directory.
var ErrLocked = errors.New("another bridged is running on this data directory")

// busyTimeout is how long a write waits for a lock that another program holds
// before the hooks are answered 503.
const busyTimeout = 2 * time.Second

// readers is how many connections read.
const readers = 4

// Open opens the database file, which is made if it does not exist, locks its
// directory, and migrates it to the schema of steps (store.Migrations). Closing
// the store releases the lock.
func Open(ctx context.Context, path string, steps fs.FS) (store.Backend, error) {
	lock, err := Lock(path)
	if err != nil {
		return store.Backend{}, err
	}
	b, err := open(ctx, path, steps)
	if err != nil {
		return store.Backend{}, errors.Join(err, lock.Close())
	}
	b.Close = lock.Close
	return b, nil
}

func open(ctx context.Context, path string, steps fs.FS) (store.Backend, error) {
	if err := touch(path); err != nil {
		return store.Backend{}, err
	}
	write, err := sql.Open("sqlite", dsn(path, "journal_mode(WAL)", "synchronous(FULL)", "wal_autocheckpoint(4000)"))
	if err != nil {
		return store.Backend{}, err
	}
	write.SetMaxOpenConns(1)
	err = store.Migrate(ctx, goose.DialectSQLite3, write, steps, func(version int64) error {
		return copyFile(ctx, write, path, version)
	})
	if err != nil {
		return store.Backend{}, errors.Join(err, write.Close())
	}
	read, err := sql.Open("sqlite", dsn(path, "query_only(1)"))
	if err != nil {
		return store.Backend{}, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return store.Backend{
		Write: write, Read: read, Begin: "BEGIN IMMEDIATE", Judge: judge, Compare: compare, Settled: "1", Words: words(),
		Traces: traces(),
	}, nil
}

// touch makes the file if it does not exist, for its owner alone: it holds what
// people write to one another. SQLite gives its other files the same mode.
func touch(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the operator names the path
	if err != nil {
		return fmt.Errorf("make the database file: %w", err)
	}
	return file.Close()
}

// dsn is the data source name of the file with the pragmas that all connections
// have, and some more.
func dsn(path string, pragmas ...string) string {
	pragmas = append([]string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"temp_store(MEMORY)",
		"cache_size(-8000)", // kilobytes
	}, pragmas...)
	query := url.Values{"_pragma": pragmas}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}

// copyFile copies the whole database beside itself, as one file that needs no
// write-ahead log.
func copyFile(ctx context.Context, db *sql.DB, path string, version int64) error {
	target := fmt.Sprintf("%s.v%d-%s.bak", path, version, time.Now().UTC().Format("20060102T150405Z"))
	if err := touch(target); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, "VACUUM INTO ?", target)
	return err
}

// compare knows that there is one transaction at a time, and so no need to number
// them: xid is 0 everywhere. Said in this way, the index is used to the end.
func compare(operator, xid, seq string) string {
	return fmt.Sprintf("xid = %s AND seq %s %s", xid, operator, seq)
}

// judge finds the errors after which the engine cannot carry on with the
// transaction: there is no room, no access, or a lock. After some of these it has
// rolled back the whole transaction, savepoints included.
func judge(err error) store.Verdict {
	var e *driver.Error
	if !errors.As(err, &e) {
		return store.Refused
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOTADB:
		return store.Void
	}
	return store.Refused
}
