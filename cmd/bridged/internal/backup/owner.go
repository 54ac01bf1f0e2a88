package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"bridged/store/sqlite"
)

// handOver gives what root restores to whoever has the data directory: a service runs
// as a user of its own, who could not open it otherwise. For anybody else than root
// there is nothing to do.
func (i Installation) handOver() error {
	dir := filepath.Dir(i.Database)
	uid, gid, known, err := ownerOf(dir)
	if err != nil || !known || os.Geteuid() != 0 || uid == 0 {
		return err
	}
	give := func(path string) error {
		err := os.Lchown(path, uid, gid)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	err = errors.Join(give(i.Database+stagingMark), give(filepath.Join(dir, sqlite.LockName)))
	if owner, _, _, statErr := ownerOf(i.Media); statErr == nil && owner == 0 {
		err = errors.Join(err, give(i.Media)) // this restore has made it
	}
	return errors.Join(err, filepath.WalkDir(filepath.Join(i.Media, stagingFolder), func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, give(path))
	}))
}
