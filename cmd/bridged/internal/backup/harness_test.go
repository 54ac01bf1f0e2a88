package backup_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bridged/cmd/bridged/internal/backup"
	"bridged/conversations"
	"bridged/media"
	"bridged/store"
	"bridged/store/sqlite"
	"bridged/store/storetest"
)

var epoch = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// installation is one whose store is open.
type installation struct {
	backup.Installation

	dir   string
	db    *store.DB
	files *media.Directory
	ids   []conversations.MediaID
}

// at is the place of an installation in a folder.
func at(dir string) backup.Installation {
	return backup.Installation{Database: filepath.Join(dir, "bridged.db"), Media: filepath.Join(dir, "media")}
}

// newInstallation makes one with three files.
func newInstallation(t *testing.T) *installation {
	t.Helper()
	dir := t.TempDir()
	i := &installation{Installation: at(dir), dir: dir}
	storetest.WriteMigrated(t, i.Database)
	steps, err := store.Migrations()
	require.NoError(t, err)
	b, err := sqlite.Open(t.Context(), i.Database, steps)
	require.NoError(t, err)
	i.db, err = store.Open(t.Context(), b, store.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, i.db.Close()) })
	now := epoch
	i.files, err = media.OpenDirectory(media.Config{Path: i.Media, Owner: "us", Now: func() time.Time { return now }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, i.files.Close()) })
	for _, text := range []string{"the first", "the second", strings.Repeat("the third ", 1000)} {
		now = now.Add(10 * time.Hour) // in a folder of its own
		kept, err := i.files.Keep(strings.NewReader(text), "text/plain")
		require.NoError(t, err)
		i.ids = append(i.ids, kept.ID)
		require.NoError(t, i.db.Update(t.Context(), func(tx *store.Tx) error {
			return tx.InsertMedia(conversations.MediaFile{
				ID: kept.ID, Service: "5e", ContentType: kept.ContentType, Size: kept.Size, SHA256: kept.SHA256, Created: now, Updated: now,
			})
		}))
	}
	return i
}

// maker makes its backups.
func (i *installation) maker(log io.Writer) *backup.Maker {
	return backup.NewMaker(backup.MakerConfig{
		Database: i.Database, Files: i.files, Room: func(int64) error { return nil }, Program: "1.2.3",
		Now: func() time.Time { return epoch }, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
}

// archive is a backup of it.
func (i *installation) archive(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, i.writeBackup(t.Context(), &out))
	return out.Bytes()
}

func (i *installation) writeBackup(ctx context.Context, to io.Writer) error {
	b, err := i.maker(io.Discard).Begin(ctx)
	if err != nil {
		return err
	}
	return errors.Join(b.Write(ctx, to), b.Close())
}

// restore restores a backup to a place.
func restore(t *testing.T, to backup.Installation, text []byte, replace bool) (backup.Restored, error) {
	t.Helper()
	lock, err := sqlite.Lock(to.Database)
	require.NoError(t, err)
	defer func() { require.NoError(t, lock.Close()) }()
	return to.Restore(t.Context(), bytes.NewReader(text), int64(len(text)), replace, epoch)
}

// tree is the contents of all files below a folder, and the folders.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Name() == sqlite.LockName {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if e.IsDir() {
			all[name] = "a folder"
			return nil
		}
		text, err := os.ReadFile(path)
		sum := sha256.Sum256(text)
		all[name] = hex.EncodeToString(sum[:])
		return err
	}))
	return all
}
