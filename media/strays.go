package media

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"bridged/conversations"
)

// portion is how many files are given together.
const portion = 200

// Untouched gives the IDs of files, in portions, that were made after since and
// that nobody has written to after until, those that were never written to their
// end among them. It stops at the first error, of which give's are some. In a
// directory that belongs to another installation there are none.
func (d *Directory) Untouched(since, until time.Time, give func([]conversations.MediaID) error) error {
	if d.foreign {
		return nil
	}
	folders, err := d.list(".")
	if err != nil {
		return err
	}
	first := shard(timeID(since))
	for _, folder := range folders {
		if len(folder) != shardDigits || folder < first || !isHex(folder) {
			continue
		}
		if err := d.untouchedIn(folder, until, give); err != nil {
			return err
		}
	}
	return nil
}

// list returns the names in a folder, sorted.
func (d *Directory) list(name string) ([]string, error) {
	folder, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	names, err := folder.Readdirnames(-1)
	slices.Sort(names)
	return names, errors.Join(err, folder.Close())
}

func (d *Directory) untouchedIn(name string, until time.Time, give func([]conversations.MediaID) error) (err error) {
	folder, err := d.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was removed with its last file
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	for {
		entries, err := folder.ReadDir(portion)
		if ids := untouched(entries, name, until); len(ids) > 0 {
			if err := give(ids); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) || err == nil && len(entries) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func untouched(entries []os.DirEntry, folder string, until time.Time) (ids []conversations.MediaID) {
	for _, entry := range entries {
		id := conversations.MediaID(strings.TrimSuffix(entry.Name(), partial))
		if !conversations.ValidID(string(id)) || shard(id) != folder {
			continue // it is nothing that was put here by Keep
		}
		// A file that has gone meanwhile needs no removing.
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && info.ModTime().Before(until) {
			ids = append(ids, id)
		}
	}
	return ids
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}
