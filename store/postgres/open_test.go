package postgres_test

import (
	"context"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/store"
	"bridged/store/postgres"
	"bridged/store/storetest"
	"bridged/store/storetest/pgserver"
)

func TestTwoProcessesMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	server, err := pgserver.Start(t.Context(), pgserver.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	url, err := server.CreateDatabase(t.Context(), "")
	require.NoError(t, err)
	steps, err := store.Migrations()
	require.NoError(t, err)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			b, err := postgres.Open(context.Background(), url, steps, postgres.Options{})
			if assert.NoError(t, err) {
				assert.NoError(t, b.Write.Close())
				assert.NoError(t, b.Read.Close())
			}
		})
	}
	wait.Wait()
}

func TestANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	place := storetest.NewPostgreSQL(t)
	_, err := postgres.Open(t.Context(), place.URL, fstest.MapFS{
		"00001_first.sql": {Data: []byte("-- +goose Up\nSELECT 1;\n")},
	}, postgres.Options{})
	require.ErrorIs(t, err, store.ErrNewerSchema)
}

func TestAnErrorHasNoPassword(t *testing.T) {
	t.Parallel()
	steps, err := store.Migrations()
	require.NoError(t, err)
	for _, url := range []string{
		"postgres://user:hunter2@127.0.0.1:1/db", "postgres://user:hunter2@127.0.0.1:1/db?connect_timeout=x", "postgres://user:hunter2@[::1",
	} {
		_, err := postgres.Open(t.Context(), url, steps, postgres.Options{})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}

func TestCommitsAreSyncedAndReadersDoNotWrite(t *testing.T) {
	t.Parallel()
	b := storetest.NewPostgreSQL(t).Backend(t)
	t.Cleanup(func() { assert.NoError(t, b.Write.Close()); assert.NoError(t, b.Read.Close()) })
	var synced string
	require.NoError(t, b.Write.QueryRowContext(t.Context(), "SHOW synchronous_commit").Scan(&synced))
	assert.Equal(t, "on", synced)
	_, err := b.Read.ExecContext(t.Context(), "DELETE FROM answers")
	require.ErrorContains(t, err, "read-only")
}
