package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/store"
	"bridged/store/sqlite"
)

// recorder opens connections to a database and records what they prepare.
type recorder struct {
	dsn    string
	driver driver.Driver
	before func(query string) // called before a query is prepared; optional

	mu      sync.Mutex
	queries []string
}

func (r *recorder) Connect(context.Context) (driver.Conn, error) {
	c, err := r.driver.Open(r.dsn)
	return recordedConn{c, r}, err
}

func (r *recorder) Driver() driver.Driver { return r.driver }

// take returns what was prepared since the last call.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.queries
	r.queries = nil
	return taken
}

type recordedConn struct {
	driver.Conn
	recorder *recorder
}

func (c recordedConn) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	if before := c.recorder.before; before != nil {
		before(query)
	}
	c.recorder.mu.Lock()
	c.recorder.queries = append(c.recorder.queries, query)
	c.recorder.mu.Unlock()
	return c.Prepare(query)
}

// recordedStore is a store that tells what it asks of its database.
func recordedStore(t *testing.T, before func(query string)) (*store.DB, *recorder) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bridged.db")
	b, err := sqlite.Open(t.Context(), path, migrations(t))
	require.NoError(t, err)
	r := &recorder{dsn: path, driver: b.Read.Driver(), before: before}
	require.NoError(t, b.Write.Close())
	require.NoError(t, b.Read.Close())
	b.Write, b.Read = sql.OpenDB(r), sql.OpenDB(r)
	b.Write.SetMaxOpenConns(1)
	db, err := store.Open(t.Context(), b, store.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db, r
}
