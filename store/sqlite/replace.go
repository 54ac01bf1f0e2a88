package sqlite

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"
)

// replacementMark ends the name of the file that says what a replacement still has to
// move, behind that of the database.
const replacementMark = ".replacing"

// Replacement is what puts another database, with its files, in the place of one: first
// what is there moves aside, then what is new moves in. All paths are absolute.
type Replacement struct {
	Aside []Move `json:"aside"`
	In    []Move `json:"in"`
}

// Move is a file or a folder that gets another name on the same file system.
type Move struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Lock locks the directory of a database file, which is made if it does not exist, and
// finishes a replacement that was interrupted. Closing the lock releases it.
func Lock(path string) (*flock.Flock, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	lock := flock.New(filepath.Join(dir, LockName), flock.SetPermissions(0o600))
	if ok, err := lock.TryLock(); err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	} else if !ok {
		return nil, fmt.Errorf("%w: %s", ErrLocked, dir)
	}
	if err := errors.Join(finishReplacement(path), removeSnapshots(path)); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// Replacing says whether a replacement was interrupted, which the next Lock finishes.
func Replacing(path string) bool {
	_, err := os.Lstat(path + replacementMark)
	return err == nil
}

// Replace carries a replacement out. The directory of the database is locked, and what
// moves in is on the disk. After an error everything is as it was; after a crash too, or
// the next Lock finishes it.
func Replace(path string, r Replacement) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := writeDurably(path+replacementMark, text); err != nil {
		return fmt.Errorf("note what is to be replaced: %w", err)
	}
	if err := finishReplacement(path); err != nil {
		return errors.Join(err, r.undo(path))
	}
	return nil
}

// undo moves everything back.
func (r Replacement) undo(path string) error {
	for _, m := range slices.Backward(slices.Concat(r.Aside, r.In)) {
		if exists(m.From) || !exists(m.To) {
			continue
		}
		if err := os.Rename(m.To, m.From); err != nil {
			return fmt.Errorf("undo it: %w", err)
		}
	}
	if err := errors.Join(syncFolders(r.In), syncFolders(r.Aside)); err != nil {
		return err
	}
	return os.Remove(path + replacementMark)
}

// writeDurably makes a file that is on the disk whole, or not at all.
func writeDurably(path string, text []byte) error {
	temp := path + ".new"
	file, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // beside the database
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return SyncFolder(filepath.Dir(path))
}

// finishReplacement does what is left to do.
func finishReplacement(path string) error {
	text, err := os.ReadFile(path + replacementMark) //nolint:gosec // beside the database
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var r Replacement
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err == nil {
		err = r.finish()
	}
	if err == nil {
		err = os.Remove(path + replacementMark)
	}
	if err == nil {
		err = SyncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("finish the restore that was begun (%s says what is to be renamed, in its order): %w", path+replacementMark, err)
	}
	return nil
}

// finish moves what has not been moved. The names that things move aside to are new:
// what is there has been moved.
func (r Replacement) finish() error {
	for _, m := range r.Aside {
		if exists(m.To) {
			continue
		}
		if err := m.do(); err != nil {
			return err
		}
	}
	if err := syncFolders(r.Aside); err != nil {
		return err
	}
	for _, m := range r.In {
		if !exists(m.From) && exists(m.To) {
			continue
		}
		if exists(m.To) {
			return fmt.Errorf("%s is in the way", m.To)
		}
		if err := m.do(); err != nil {
			return err
		}
	}
	return syncFolders(r.In)
}

func (m Move) do() error {
	if err := os.MkdirAll(filepath.Dir(m.To), 0o700); err != nil {
		return err
	}
	return os.Rename(m.From, m.To)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// syncFolders brings the names that were moved to the disk.
func syncFolders(moves []Move) error {
	var folders []string
	for _, m := range moves {
		folders = append(folders, filepath.Dir(m.From), filepath.Dir(m.To), filepath.Dir(filepath.Dir(m.To)))
	}
	slices.Sort(folders)
	for _, folder := range slices.Compact(folders) {
		if !exists(folder) {
			continue
		}
		if err := SyncFolder(folder); err != nil {
			return err
		}
	}
	return nil
}

// SyncFolder brings the names of the files in a folder to the disk: those that were made
// in it, renamed or removed.
func SyncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // of the installation
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
