package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"bridged/conversations"
	"bridged/media"
	"bridged/store"
	"bridged/store/sqlite"
)

const (
	// stagingMark ends the name of a database, and stagingFolder is that of the files
	// in media.dir, as long as they are not in place.
	stagingMark   = ".restoring"
	stagingFolder = "restoring"
	// asideMark stands in the names of what is replaced, before the time.
	asideMark  = "replaced-"
	asideStamp = "20060102T150405.000Z"
)

// Installation is where a backup is restored to. The paths are absolute.
type Installation struct {
	Database string
	Media    string // media.dir
}

// OccupiedError says that there is an installation already.
type OccupiedError struct{ Path string }

// Error implements error.
func (e *OccupiedError) Error() string {
	return fmt.Sprintf("there is an installation already: %s exists; --replace moves it aside", e.Path)
}

// Restored is what a restore has done.
type Restored struct {
	Contents

	Aside []string // where the things are that it has replaced; nothing removes them
}

// Restore checks an archive of so many bytes and puts it in the place of what is there,
// which moves aside if that is wanted. The directory of the database is locked. After
// an error everything is as it was; after a crash too, or the next start finishes it.
func (i Installation) Restore(ctx context.Context, from io.Reader, size int64, replace bool, now time.Time) (r Restored, err error) {
	there, err := i.occupied()
	if err != nil {
		return r, err
	}
	if len(there) > 0 && !replace {
		return r, &OccupiedError{there[0]}
	}
	newest, err := store.Schema()
	if err != nil {
		return r, err
	}
	if err := i.removeStaging(); err != nil { // that of a restore which was killed
		return r, err
	}
	defer func() { err = errors.Join(err, i.removeStaging()) }()
	folders := newFolders(filepath.Join(i.Media, stagingFolder))
	if err := folders.make(""); err != nil {
		return r, fmt.Errorf("media.dir: %w", err)
	}
	r.Contents, err = Check(ctx, from, size, Place{Database: i.Database + stagingMark, File: folders.file, Newest: newest})
	if err != nil {
		return r, err
	}
	if err := errors.Join(i.handOver(), folders.sync()); err != nil {
		return r, err
	}
	moves := sqlite.Replacement{Aside: i.aside(there, now)}
	moves.In = append(moves.In, sqlite.Move{From: i.Database + stagingMark, To: i.Database})
	for name := range folders.made {
		if name != "" {
			moves.In = append(moves.In, sqlite.Move{From: filepath.Join(i.Media, stagingFolder, name), To: filepath.Join(i.Media, name)})
		}
	}
	if err := sqlite.Replace(i.Database, moves); err != nil {
		return r, err
	}
	for _, m := range moves.Aside {
		r.Aside = append(r.Aside, m.To)
	}
	return r, nil
}

// occupied are the paths of what an installation has there.
func (i Installation) occupied() (paths []string, err error) {
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		switch _, err := os.Lstat(i.Database + end); {
		case err == nil:
			paths = append(paths, i.Database+end)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	names, err := media.Own(i.Media)
	for _, name := range names {
		paths = append(paths, filepath.Join(i.Media, name))
	}
	return paths, err
}

// aside says where what is there moves to: the files of the database are called alike,
// so that it can be opened there, and those of media.dir are in one folder.
func (i Installation) aside(there []string, now time.Time) (moves []sqlite.Move) {
	stamp := asideMark + now.UTC().Format(asideStamp)
	for _, path := range there {
		to := filepath.Join(i.Media, stamp, filepath.Base(path))
		if end, ok := cutPrefix(path, i.Database); ok {
			to = i.Database + "." + stamp + end
		}
		moves = append(moves, sqlite.Move{From: path, To: to})
	}
	return moves
}

// cutPrefix is what a path has beyond that of the database, if it is one of its files.
func cutPrefix(path, database string) (end string, ok bool) {
	if filepath.Dir(path) != filepath.Dir(database) || len(path) < len(database) || path[:len(database)] != database {
		return "", false
	}
	return path[len(database):], true
}

// removeStaging removes what is not in place, unless a replacement has begun that needs
// it.
func (i Installation) removeStaging() error {
	if sqlite.Replacing(i.Database) {
		return nil
	}
	err := os.Remove(i.Database + stagingMark)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(filepath.Join(i.Media, stagingFolder)))
}

// Interrupted says, for the log, what a restore that was killed has left and what
// becomes of it at this start; empty where there is nothing.
func (i Installation) Interrupted() string {
	if sqlite.Replacing(i.Database) {
		return "it had begun to put the backup in place, and is finished now"
	}
	if _, err := os.Lstat(i.Database + stagingMark); err == nil {
		return "it was interrupted before it replaced anything: run it again, or remove " +
			i.Database + stagingMark + " and " + filepath.Join(i.Media, stagingFolder)
	}
	return ""
}

// folders are those that files are written to.
type folders struct {
	root string
	made map[string]bool // by their names below root
}

func newFolders(root string) *folders { return &folders{root: root, made: map[string]bool{}} }

func (f *folders) make(name string) error {
	if f.made[name] {
		return nil
	}
	f.made[name] = true
	return os.MkdirAll(filepath.Join(f.root, name), 0o700)
}

// file makes the file of an ID.
func (f *folders) file(id conversations.MediaID) (*os.File, error) {
	place := filepath.FromSlash(media.Place(id))
	if err := f.make(filepath.Dir(place)); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(f.root, place), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the ID has been checked
}

// sync brings the names of all files to the disk.
func (f *folders) sync() error {
	for name := range f.made {
		if err := sqlite.SyncFolder(filepath.Join(f.root, name)); err != nil {
			return err
		}
	}
	return nil
}
