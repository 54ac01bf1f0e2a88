package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/cmd/bridged/internal/backup"
	"bridged/conversations"
	"bridged/media"
	"bridged/store"
	"bridged/store/sqlite"
)

func TestABackupIsSavedAndRestored(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	path := filepath.Join(t.TempDir(), "backup.tar")
	saved, err := backup.File{Path: path}.Save(t.Context(), func(to io.Writer) error { return i.writeBackup(t.Context(), to) })
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.EqualValues(t, 0o600, info.Mode().Perm())
	assert.Equal(t, info.Size(), saved.Size)
	assert.EqualValues(t, 3, saved.Files)
	assert.EqualValues(t, 3, saved.Rows["media"])
	assert.Equal(t, "1.2.3", saved.Program)
	assert.Empty(t, saved.Absent)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing else is left")
	assert.NotContains(t, strings.Join(names(t, i.dir), " "), ".backup-")

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	to := at(filepath.Join(t.TempDir(), "made", "new"))
	done, err := restore(t, to, text, false)
	require.NoError(t, err)
	assert.Empty(t, done.Aside)
	assert.Equal(t, saved, done.Contents)
	for _, id := range i.ids {
		want, err := os.ReadFile(filepath.Join(i.Media, media.Place(id)))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(to.Media, media.Place(id)))
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	assert.ElementsMatch(t, []string{"bridged.db", "bridged.lock", "media"}, names(t, filepath.Dir(to.Database)))
	steps, err := store.Migrations()
	require.NoError(t, err)
	b, err := sqlite.Open(t.Context(), to.Database, steps)
	require.NoError(t, err)
	db, err := store.Open(t.Context(), b, store.Config{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.AnyMedia(t.Context(), i.ids[0])
	require.NoError(t, err)
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// Files that are removed while the backup is made, and files that the disk has
// altered, are told of and keep nobody from having a backup.
func TestABackupTellsOfFilesThatItDoesNotHave(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	var log bytes.Buffer
	b, err := i.maker(&log).Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, i.files.Remove(i.ids[0])) // the copy tells of it
	require.NoError(t, os.WriteFile(filepath.Join(i.Media, media.Place(i.ids[2])), []byte("rotten"), 0o600))
	var out bytes.Buffer
	require.NoError(t, b.Write(t.Context(), &out))
	require.NoError(t, b.Close())
	assert.Contains(t, log.String(), "files are missing in the backup")

	to := at(t.TempDir())
	done, err := restore(t, to, out.Bytes(), false)
	require.NoError(t, err)
	assert.Equal(t, []string{string(i.ids[0])}, done.Absent)
	assert.Equal(t, []string{string(i.ids[2])}, done.Altered)
	assert.EqualValues(t, 2, done.Files)
	text, err := os.ReadFile(filepath.Join(to.Media, media.Place(i.ids[2])))
	require.NoError(t, err)
	assert.Equal(t, "rotten", string(text), "it may be of use all the same")
}

func TestOneBackupIsMadeAtATime(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	m := i.maker(io.Discard)
	first, err := m.Begin(t.Context())
	require.NoError(t, err)
	_, err = m.Begin(t.Context())
	require.True(t, conversations.Conflict.Is(err), "%v", err)
	broken := errors.New("hung up")
	require.ErrorIs(t, first.Write(t.Context(), brokenWriter{broken}), broken)
	require.NoError(t, first.Close())
	assert.NotContains(t, strings.Join(names(t, i.dir), " "), ".backup-")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = m.Begin(ctx)
	require.ErrorIs(t, err, context.Canceled)
	again, err := m.Begin(t.Context())
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

func TestADiskWithoutRoomIsToldOf(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	full := errors.New("no room")
	m := backup.NewMaker(backup.MakerConfig{Database: i.Database, Room: func(int64) error { return full }})
	for range 2 {
		_, err := m.Begin(t.Context())
		require.ErrorIs(t, err, full, "nor is it busy for ever")
	}
	assert.NotContains(t, strings.Join(names(t, i.dir), " "), ".backup-")
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestABackupThatIsNotSoundIsNotSaved(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	whole := i.archive(t)
	broken := errors.New("the disk is full")
	for what, write := range map[string]func(io.Writer) error{
		"an error": func(to io.Writer) error { _, _ = to.Write(whole); return broken },
		"a cut":    func(to io.Writer) error { _, err := to.Write(whole[:len(whole)-1]); return err },
		"nothing":  func(io.Writer) error { return nil },
		"a flipped bit": func(to io.Writer) error {
			_, err := to.Write(flipped(whole, len(whole)/2))
			return err
		},
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "b.tar.part"), []byte("of a backup that was killed"), 0o600))
		_, err := backup.File{Path: filepath.Join(dir, "b.tar")}.Save(t.Context(), write)
		require.Error(t, err, what)
		assert.Empty(t, names(t, dir), what)
	}
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 4
	return b
}

func TestABackupOverwritesNothingUnlessItMay(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	whole := i.archive(t)
	write := func(to io.Writer) error { _, err := to.Write(whole); return err }
	dir := t.TempDir()
	path := filepath.Join(dir, "b.tar")
	require.NoError(t, backup.File{Path: path}.Check())
	var exists *backup.ExistsError
	_, err := backup.File{Path: path}.Save(t.Context(), func(to io.Writer) error {
		require.NoError(t, os.WriteFile(path, []byte("another's"), 0o600)) // meanwhile
		return write(to)
	})
	require.ErrorAs(t, err, &exists)
	require.ErrorAs(t, backup.File{Path: path}.Check(), &exists)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "another's", string(text))

	require.NoError(t, backup.File{Path: path, Force: true}.Check())
	_, err = backup.File{Path: path, Force: true}.Save(t.Context(), write)
	require.NoError(t, err)
	text, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, whole, text)
	assert.Equal(t, []string{"b.tar"}, names(t, dir))
	require.ErrorContains(t, backup.File{Path: dir, Force: true}.Check(), "is no file")
	require.Error(t, backup.File{Path: filepath.Join(dir, "none", "b.tar")}.Check())
	require.ErrorContains(t, backup.File{Path: filepath.Join(path, "b.tar")}.Check(), "not a directory")
}
