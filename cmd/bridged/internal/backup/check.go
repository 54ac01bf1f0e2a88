package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"

	"bridged/archive"
	"bridged/conversations"
	"bridged/store"
	"bridged/store/sqlite"
)

// Contents are what a checked archive holds.
type Contents struct {
	archive.Manifest

	Size      int64 // of the archive
	Files     int64
	FileBytes int64
	// Absent and Altered are the IDs of files that the database tells of and that are
	// not in the archive, or not as it tells.
	Absent, Altered []string
}

// Place is where Check puts what is in an archive. It makes the files.
type Place struct {
	// Database is the path of the database.
	Database string
	// File opens a file to be written; nil where files are only checked.
	File func(conversations.MediaID) (*os.File, error)
	// Newest is the newest schema that the database may have; 0 for any.
	Newest int64
}

// Check reads an archive of so many bytes and returns an error unless it is whole and
// sound: every byte is as it was written, the database has no fault and the rows that
// the manifest tells, and the files are those of which the database tells. What it
// puts into the place is on the disk when it returns, also where it fails: the caller
// removes it.
func Check(ctx context.Context, from io.Reader, size int64, to Place) (c Contents, err error) {
	r, err := archive.Open(&cancellable{ctx: ctx, r: from}, size)
	if err != nil {
		return c, err
	}
	c.Manifest, c.Size = r.Manifest(), size
	if to.Newest != 0 && c.Schema > to.Newest {
		return c, fmt.Errorf("the backup is not for this program: %w: it is at version %d, the program at %d; run a newer program",
			store.ErrNewerSchema, c.Schema, to.Newest)
	}
	file, err := os.OpenFile(to.Database, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return c, err
	}
	if err := settle(file, r.Database(file)); err != nil {
		return c, err
	}
	db, err := sqlite.OpenCopy(to.Database)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := checkDatabase(ctx, db, c.Manifest); err != nil {
		return c, err
	}
	if err := checkFiles(ctx, r, db, to); err != nil {
		return c, err
	}
	c.Files, c.FileBytes = r.Files()
	c.Absent, c.Altered = r.Absent(), r.Altered()
	return c, nil
}

// cancellable reads until its context ends.
type cancellable struct {
	ctx context.Context //nolint:containedctx // an io.Reader is given none
	r   io.Reader
}

// Read implements io.Reader.
func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// settle closes a file whose writing ended so, and brings it to the disk.
func settle(file *os.File, err error) error {
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// checkDatabase compares the database with what the manifest says of it.
func checkDatabase(ctx context.Context, db *sqlite.Copy, m archive.Manifest) error {
	if err := db.Check(ctx); err != nil {
		return err
	}
	schema, err := db.Schema(ctx)
	if err != nil {
		return err
	}
	if schema != m.Schema {
		return fmt.Errorf("%w: its database is at schema %d, and the manifest says %d", archive.ErrDamaged, schema, m.Schema)
	}
	rows, err := db.Rows(ctx)
	if err != nil {
		return err
	}
	if !maps.Equal(rows, m.Rows) {
		return fmt.Errorf("%w: its database has not the rows that the manifest tells", archive.ErrDamaged)
	}
	return nil
}

// checkFiles reads all files and compares them with those of which the database tells.
// Both come in the same order.
func checkFiles(ctx context.Context, r *archive.Reader, db *sqlite.Copy, to Place) error {
	told := db.Files(ctx)
	next, stop := iter.Pull2(told)
	defer stop()
	absent, altered := []string{}, []string{}
	for {
		f, err := r.Next()
		whole := errors.Is(err, io.EOF)
		if err != nil && !whole {
			return err
		}
		of, passed, err := seek(next, f.ID)
		if err != nil {
			return err
		}
		if absent = append(absent, passed...); len(absent) > archive.MaxAbsent {
			return fmt.Errorf("%w: files of messages are missing", archive.ErrDamaged)
		}
		if whole {
			break
		}
		if of == nil {
			return fmt.Errorf("%w: its database does not tell of the file %s", archive.ErrDamaged, f.ID)
		}
		same, err := readFile(r, to, *of)
		if err != nil {
			return err
		}
		if !same {
			altered = append(altered, f.ID)
		}
	}
	if !slices.Equal(absent, r.Absent()) || !slices.Equal(altered, r.Altered()) {
		return fmt.Errorf("%w: files of messages are missing, or not as its database tells", archive.ErrDamaged)
	}
	return nil
}

// seek goes on to the file with an ID, or to the end where that is empty, and returns
// what it has passed. It returns no file where the database does not tell of it.
func seek(next func() (conversations.MediaFile, error, bool), id string) (found *conversations.MediaFile, passed []string, err error) {
	for {
		f, err, more := next()
		switch {
		case err != nil:
			return nil, passed, err
		case !more:
			return nil, passed, nil
		case string(f.ID) == id:
			return &f, passed, nil
		case id != "" && string(f.ID) > id || len(passed) > archive.MaxAbsent:
			return nil, passed, nil
		}
		passed = append(passed, string(f.ID))
	}
}

// readFile reads a file, to its place if there is one, and says whether it is as the
// database tells.
func readFile(r *archive.Reader, to Place, of conversations.MediaFile) (same bool, err error) {
	if to.File == nil {
		sum, err := r.File(io.Discard)
		return sum == of.SHA256, err
	}
	file, err := to.File(of.ID)
	if err != nil {
		return false, err
	}
	sum, err := r.File(file)
	return sum == of.SHA256, settle(file, err)
}
