package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// snapshotMark stands in the names of snapshots, behind that of the database.
const snapshotMark = ".backup-"

// ErrFull means that the disk has no room for a copy of the database.
var ErrFull = errors.New("the disk has no room for a copy of the database")

// Snapshot copies the database, which may be in use, as it is at one moment: to a
// file beside it, which the caller removes. Whoever writes goes on meanwhile: the copy
// is read as a reader does, and the write-ahead log is kept until it is made. Before
// anything is written, room says whether so many bytes may be.
//
// The copy is not on the disk for good when Snapshot returns: after a crash the next
// Open removes it.
func Snapshot(ctx context.Context, path string, room func(bytes int64) error) (to string, err error) {
	// The pools do not do: those that read may not write the copy either, and the one
	// that writes has other things to do.
	db, err := sql.Open("sqlite", dsn(path, "synchronous(OFF)")+"&mode=ro")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	size, err := usedBytes(ctx, db)
	if err != nil {
		return "", fmt.Errorf("read the size of the database: %w", err)
	}
	if err := room(size); err != nil {
		return "", err
	}
	to = path + snapshotMark + rand.Text()
	if err := touch(to); err != nil {
		return "", err
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return "", errors.Join(copyError(ctx, err), RemoveSnapshot(to))
	}
	return to, nil
}

// usedBytes is how many bytes a copy of the database has at the most.
func usedBytes(ctx context.Context, db *sql.DB) (int64, error) {
	var size int64
	for _, row := range []struct {
		pragma string
		factor int64
	}{{"page_count", 1}, {"freelist_count", -1}} {
		var n int64
		if err := db.QueryRowContext(ctx, "PRAGMA "+row.pragma).Scan(&n); err != nil {
			return 0, err
		}
		size += row.factor * n
	}
	var page int64
	err := db.QueryRowContext(ctx, "PRAGMA page_size").Scan(&page)
	return size * page, err
}

// copyError tells that there was no room from whatever else went wrong.
func copyError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var e *driver.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_FULL {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return fmt.Errorf("copy the database: %w", err)
}

// RemoveSnapshot removes a copy that Snapshot has made.
func RemoveSnapshot(path string) error {
	err := os.Remove(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// removeSnapshots removes those that a crash has left. The directory is locked.
func removeSnapshots(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(path)+snapshotMark) {
			errs = append(errs, os.Remove(filepath.Join(filepath.Dir(path), e.Name())))
		}
	}
	return errors.Join(errs...)
}
