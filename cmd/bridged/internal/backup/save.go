package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"bridged/store/sqlite"
)

// The ends of the names of a backup that is not whole yet, and of the database in it
// while that is checked.
const (
	partMark  = ".part"
	checkMark = ".part.db"
)

// ExistsError says that a backup would overwrite a file.
type ExistsError struct{ Path string }

// Error implements error.
func (e *ExistsError) Error() string {
	return e.Path + " exists: name another file, or overwrite it with --force"
}

// File is where a backup is saved.
type File struct {
	Path  string
	Force bool // may replace a file that is there
}

// Check returns an error where a backup could not be saved anyway.
func (f File) Check() error {
	switch info, err := os.Stat(f.Path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no file", f.Path)
	case !f.Force:
		return &ExistsError{f.Path}
	}
	folder, err := os.Stat(filepath.Dir(f.Path))
	if err == nil && !folder.IsDir() {
		err = fmt.Errorf("%s is no folder", filepath.Dir(f.Path))
	}
	return err
}

// Save saves what write writes. The file is there only when it is whole, checked and
// on the disk; where Save fails nothing of it is left. Who may read it is its owner
// alone.
func (f File) Save(ctx context.Context, write func(io.Writer) error) (c Contents, err error) {
	part, check := f.Path+partMark, f.Path+checkMark
	if err := remove(part, check); err != nil { // those of a backup that was killed
		return c, err
	}
	file, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // G304: the operator names it
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, remove(part, check)) }()
	c, err = f.fill(ctx, file, check, write)
	if err = errors.Join(err, file.Close()); err != nil {
		return c, err
	}
	return c, f.settle(part)
}

// fill writes the file, brings it to the disk, and reads it from there.
func (f File) fill(ctx context.Context, file *os.File, check string, write func(io.Writer) error) (c Contents, err error) {
	if err := write(file); err != nil {
		return c, err
	}
	if err := file.Sync(); err != nil {
		return c, err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return c, err
	}
	return Check(ctx, file, size, Place{Database: check})
}

// settle gives the file its name.
func (f File) settle(part string) error {
	if f.Force {
		if err := os.Rename(part, f.Path); err != nil {
			return err
		}
		return sqlite.SyncFolder(filepath.Dir(f.Path))
	}
	// Unlike a rename, a link does not replace what is there. Some file systems have
	// no links.
	switch err := os.Link(part, f.Path); {
	case errors.Is(err, fs.ErrExist):
		return &ExistsError{f.Path}
	case err != nil:
		if err := os.Rename(part, f.Path); err != nil {
			return err
		}
	}
	return sqlite.SyncFolder(filepath.Dir(f.Path))
}

func remove(paths ...string) error {
	var errs []error
	for _, path := range paths {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
