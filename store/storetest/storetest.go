// Package storetest opens real stores for tests: on SQLite, or on PostgreSQL
// where the environment has TEST_STORE=postgres. A test that is not about
// one of them in particular does not know which it runs on.
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // for SQL
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bridged/store"
	"bridged/store/postgres"
	"bridged/store/sqlite"
	"bridged/store/storetest/pgserver"
)

// Variable is the environment's choice of the database.
const Variable = "TEST_STORE"

// OnPostgreSQL says whether the tests run on PostgreSQL.
func OnPostgreSQL(t testing.TB) bool {
	t.Helper()
	switch choice := os.Getenv(Variable); choice {
	case "", "sqlite":
		return false
	case "postgres":
		return true
	default:
		require.FailNow(t, "unknown store", "%s=%s: use sqlite or postgres", Variable, choice)
		return false
	}
}

// Open opens an empty store that is closed at the end of the test.
func Open(t testing.TB) *store.DB {
	t.Helper()
	return New(t).Open(t)
}

// Place is an empty database for a store, which may be opened again and again.
type Place struct {
	// URL is what a configuration has as store.url.
	URL string

	driver, dsn string // of database/sql
	open        func(context.Context) (store.Backend, error)
}

// New makes a place that is gone at the end of the test.
func New(t testing.TB) *Place {
	t.Helper()
	if OnPostgreSQL(t) {
		return NewPostgreSQL(t)
	}
	steps, err := store.Migrations()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "bridged.db")
	WriteMigrated(t, path)
	return &Place{
		URL: "sqlite:" + path, driver: "sqlite",
		dsn:  "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)",
		open: func(ctx context.Context) (store.Backend, error) { return sqlite.Open(ctx, path, steps) },
	}
}

// WriteMigrated makes an SQLite file with all tables and nothing in them.
func WriteMigrated(t testing.TB, path string) {
	t.Helper()
	empty, err := migrated()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, empty, 0o600))
}

// migrated is an SQLite file with all tables and nothing in them. To copy it is much
// faster than to make another one.
var migrated = sync.OnceValues(func() (file []byte, err error) { //nolint:gochecknoglobals // it is one per process
	dir, err := os.MkdirTemp("", "bridged-template-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	steps, err := store.Migrations()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "bridged.db")
	b, err := sqlite.Open(context.Background(), path, steps)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(b.Read.Close(), b.Write.Close(), b.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path) //nolint:gosec // it was made just now
})

// NewPostgreSQL is New on PostgreSQL, whatever the environment says.
func NewPostgreSQL(t testing.TB) *Place {
	t.Helper()
	steps, err := store.Migrations()
	require.NoError(t, err)
	at := newDatabase(t)
	return &Place{URL: at, driver: "pgx", dsn: at, open: func(ctx context.Context) (store.Backend, error) {
		return postgres.Open(ctx, at, steps, postgres.Options{Writers: 4, Readers: 2})
	}}
}

// Backend opens the database without a store on it.
func (p *Place) Backend(t testing.TB) store.Backend {
	t.Helper()
	backend, err := p.open(t.Context())
	require.NoError(t, err)
	return backend
}

// Open opens a store that is closed at the end of the test, if not before.
func (p *Place) Open(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), p.Backend(t), store.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// SQL connects to the same database, for tests that look at rows.
func (p *Place) SQL(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open(p.driver, p.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// CutOff ends all connections to the database, which must be on PostgreSQL, and has
// it take no other, until it is mended.
func (p *Place) CutOff(t testing.TB) (mend func()) {
	t.Helper()
	s, err := server()
	require.NoError(t, err)
	require.NoError(t, s.CutOff(t.Context(), p.URL))
	return func() {
		t.Helper()
		require.NoError(t, s.Mend(context.Background(), p.URL))
	}
}

// template is the database that others are copied from, migrated.
const template = "test1"

// server is the one PostgreSQL of this process. It ends with it.
var server = sync.OnceValues(func() (*pgserver.Server, error) { //nolint:gochecknoglobals // it is one per process
	ctx := context.Background()
	s, err := pgserver.Start(ctx, pgserver.Options{})
	if err != nil {
		return nil, err
	}
	url, err := s.CreateDatabase(ctx, "")
	if err != nil {
		return nil, err
	}
	steps, err := store.Migrations()
	if err != nil {
		return nil, err
	}
	b, err := postgres.Open(ctx, url, steps, postgres.Options{})
	if err != nil {
		return nil, err
	}
	if err := b.Write.Close(); err != nil {
		return nil, err
	}
	return s, b.Read.Close()
})

// creating keeps copies of the template apart, which has one at a time.
var creating sync.Mutex //nolint:gochecknoglobals // like the server

func newDatabase(t testing.TB) (url string) {
	t.Helper()
	s, err := server()
	require.NoError(t, err)
	creating.Lock()
	defer creating.Unlock()
	url, err = s.CreateDatabase(t.Context(), template)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.DropDatabase(context.Background(), url)) })
	return url
}

// NoLeaks runs the tests of a package and fails if they leave anything running,
// but for the database server, which ends with the process.
func NoLeaks(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("bridged/store/storetest/pgserver.(*process).wait"))
}
