package postgres_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/store"
	"bridged/store/postgres"
	"bridged/store/storetest/pgserver"
)

// A server that crashes forgets the transactions of which nothing is on the disk, and
// gives their numbers again: somebody else's commit is no answer to ours.
func TestACommitIsNotTakenForAnothersAfterACrash(t *testing.T) {
	t.Parallel()
	server, err := pgserver.Start(t.Context(), pgserver.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	url, err := server.CreateDatabase(t.Context(), "")
	require.NoError(t, err)
	steps, err := store.Migrations()
	require.NoError(t, err)
	b, err := postgres.Open(t.Context(), url, steps, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, b.Write.Close())
		assert.NoError(t, b.Read.Close())
	})

	lost := &store.LostCommitError{Session: "ours", Mark: 1}
	ours, err := b.Write.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, ours.QueryRowContext(t.Context(), "SELECT pg_current_xact_id()::text::bigint").Scan(&lost.Transaction))
	require.NoError(t, server.Kill())
	require.Error(t, ours.Commit())
	require.NoError(t, server.Resume(t.Context()))

	committed := func() bool {
		came, err := b.Committed(t.Context(), lost)
		for n := 0; err != nil && n < 10; n++ { // connections of before the crash are found dead first
			came, err = b.Committed(t.Context(), lost)
		}
		require.NoError(t, err)
		return came
	}
	assert.False(t, committed(), "nobody has the number")
	for last := int64(0); last < lost.Transaction; {
		require.NoError(t, numbered(b.Write).Scan(&last))
	}
	assert.False(t, committed(), "somebody else has it")
	_, err = b.Write.ExecContext(t.Context(), "INSERT INTO commit_marks (session, mark, at) VALUES ('ours', 1, now())")
	require.NoError(t, err)
	assert.True(t, committed(), "its mark is there")
}

// numbered commits a transaction that has a number.
func numbered(db *sql.DB) *sql.Row {
	return db.QueryRow("SELECT pg_current_xact_id()::text::bigint")
}
