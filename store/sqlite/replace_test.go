package sqlite_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/store/sqlite"
)

// plant makes files, by their paths below a folder.
func plant(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
}

// harvest reads all files below a folder, but the lock.
func harvest(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == sqlite.LockName {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = string(text)
		return err
	}))
	return files
}

// replacement is one of a database and two folders, of which one is new.
func replacement(dir string) sqlite.Replacement {
	at := func(name string) string { return filepath.Join(dir, name) }
	return sqlite.Replacement{
		Aside: []sqlite.Move{{at("b.db"), at("b.db.old")}, {at("b.db-wal"), at("b.db.old-wal")}, {at("media/aaa"), at("media/old/aaa")}},
		In:    []sqlite.Move{{at("b.db.new"), at("b.db")}, {at("media/new/aaa"), at("media/aaa")}, {at("media/new/bbb"), at("media/bbb")}},
	}
}

func oldAndNew() (before, after map[string]string) {
	before = map[string]string{
		"b.db": "old", "b.db-wal": "wal", "media/aaa/1": "old picture",
		"b.db.new": "new", "media/new/aaa/1": "new picture", "media/new/bbb/2": "another",
	}
	after = map[string]string{
		"b.db.old": "old", "b.db.old-wal": "wal", "media/old/aaa/1": "old picture",
		"b.db": "new", "media/aaa/1": "new picture", "media/bbb/2": "another",
	}
	return before, after
}

func TestAReplacementMovesEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before, after := oldAndNew()
	plant(t, dir, before)
	require.NoError(t, sqlite.Replace(filepath.Join(dir, "b.db"), replacement(dir)))
	assert.Equal(t, after, harvest(t, dir))
	assert.False(t, sqlite.Replacing(filepath.Join(dir, "b.db")))
}

// Wherever a crash interrupts it, the next start finishes it.
func TestAReplacementThatACrashInterruptsIsFinished(t *testing.T) {
	t.Parallel()
	for done := range 7 {
		dir := t.TempDir()
		path := filepath.Join(dir, "b.db")
		before, after := oldAndNew()
		plant(t, dir, before)
		r := replacement(dir)
		text, err := json.Marshal(r)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path+".replacing", text, 0o600))
		for _, m := range slices.Concat(r.Aside, r.In)[:done] {
			require.NoError(t, os.MkdirAll(filepath.Dir(m.To), 0o700))
			require.NoError(t, os.Rename(m.From, m.To))
		}
		assert.True(t, sqlite.Replacing(path))
		lock, err := sqlite.Lock(path)
		require.NoError(t, err)
		require.NoError(t, lock.Close())
		assert.Equal(t, after, harvest(t, dir), "after %d moves", done)
	}
}

func TestAReplacementThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before, _ := oldAndNew()
	before["media/bbb"] = "in the way"
	plant(t, dir, before)
	require.ErrorContains(t, sqlite.Replace(filepath.Join(dir, "b.db"), replacement(dir)), "media/bbb is in the way")
	assert.Equal(t, before, harvest(t, dir))

	delete(before, "media/new/bbb/2") // what should move in is not there
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "media/new/bbb")))
	require.NoError(t, os.Remove(filepath.Join(dir, "media/bbb")))
	delete(before, "media/bbb")
	require.ErrorIs(t, sqlite.Replace(filepath.Join(dir, "b.db"), replacement(dir)), fs.ErrNotExist)
	assert.Equal(t, before, harvest(t, dir))
}

func TestAReplacementThatCannotBeReadStopsTheStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "b.db")
	require.NoError(t, os.WriteFile(path+".replacing", []byte("{"), 0o600))
	_, err := sqlite.Open(t.Context(), path, migrations(t))
	require.ErrorContains(t, err, "finish the restore that was begun")
	assert.NoFileExists(t, path)
	require.NoError(t, os.Remove(path+".replacing"))
	openFile(t, path)
}
