package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/sqlite"
)

// migrations are the program's own steps.
func migrations(t *testing.T) steps {
	t.Helper()
	fsys, err := store.Migrations()
	require.NoError(t, err)
	return steps{fsys}
}

func TestASecondOpenOfADirectoryIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "bridged.db")
	db := openFile(t, path)
	for _, name := range []string{"bridged.db", "another.db"} {
		_, err := sqlite.Open(t.Context(), filepath.Join(dir, name), migrations(t))
		require.ErrorIs(t, err, sqlite.ErrLocked)
		require.ErrorContains(t, err, dir)
	}
	assert.NoFileExists(t, filepath.Join(dir, "another.db"))
	require.NoError(t, db.Close())
	openFile(t, path)
}

func TestAPathMayHaveOddCharacters(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b%20#?.db", "ü&x=1;.db", "%00.db", "a+b.db", "file:x.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "made", "on the way?")
			path := filepath.Join(dir, name)
			db := openFile(t, path)
			require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
				return tx.KeepAnswer("key", conversations.Answer{Status: 201})
			}))
			require.NoError(t, db.Close())
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			var names []string
			for _, e := range entries {
				names = append(names, e.Name())
			}
			assert.ElementsMatch(t, []string{name, sqlite.LockName}, names, "nothing else is left in the directory")
			require.NoError(t, openFile(t, path).Update(t.Context(), func(tx *store.Tx) error {
				answer, ok, err := tx.Answer("key")
				assert.True(t, ok)
				assert.Equal(t, 201, answer.Status)
				return err
			}))
		})
	}
}

func TestTheWriterSyncsEveryCommitAndReadersDoNotWrite(t *testing.T) {
	t.Parallel()
	b, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "bridged.db"), migrations(t))
	require.NoError(t, err)
	db, err := store.Open(t.Context(), b, store.Config{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, db.Close()) }()
	_, err = b.Read.ExecContext(t.Context(), "DELETE FROM answers")
	require.ErrorContains(t, err, "readonly")

	var mode string
	require.NoError(t, b.Read.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode))
	assert.Equal(t, "wal", mode)
}

func TestWhatIsNoDatabaseIsLeftAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridged.db")
	text := []byte("This is no database, whatever its name says. It is long enough to have a header, though, so that it is read.")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	_, err := sqlite.Open(t.Context(), path, migrations(t))
	require.Error(t, err)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, text, after)
	require.NoError(t, os.Remove(path))
	openFile(t, path) // the lock was released
}
