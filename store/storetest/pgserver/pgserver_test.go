package pgserver_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/store/storetest/pgserver"
)

func TestAServerKeepsItsDatabasesOverAStop(t *testing.T) {
	t.Parallel()
	s, err := pgserver.Start(t.Context(), pgserver.Options{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	url, err := s.CreateDatabase(t.Context(), "")
	require.NoError(t, err)
	run(t, url, "CREATE TABLE t (n INT)")
	require.NoError(t, s.Stop())
	_, err = pgx.Connect(t.Context(), url)
	require.Error(t, err, "it is stopped")
	require.NoError(t, s.Resume(t.Context()))
	run(t, url, "INSERT INTO t VALUES (1)")
	require.NoError(t, s.DropDatabase(t.Context(), url))
	_, err = pgx.Connect(t.Context(), url)
	require.ErrorContains(t, err, "does not exist")
}

func run(t *testing.T, url, query string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), query)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}
