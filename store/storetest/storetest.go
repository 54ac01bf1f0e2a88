// Package storetest opens real stores for tests.
package storetest

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/store"
	"bridged/store/sqlite"
)

// Open opens an empty store that is closed at the end of the test.
func Open(t testing.TB) *store.DB {
	t.Helper()
	return OpenFile(t, filepath.Join(t.TempDir(), "bridged.db"))
}

// OpenFile opens the store in a file that may exist.
func OpenFile(t testing.TB, path string) *store.DB {
	t.Helper()
	steps, err := store.Migrations()
	require.NoError(t, err)
	backend, err := sqlite.Open(t.Context(), path, steps)
	require.NoError(t, err)
	db, err := store.Open(t.Context(), backend, store.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}
