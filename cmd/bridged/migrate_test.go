package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/cmd/bridged/internal/config"
	"bridged/store"
	"bridged/store/sqlite"
	"bridged/store/storetest"
	"bridged/store/transfer"
)

// installation makes a SQLite store as a first start does, and stops it.
func installation(t *testing.T) (path string, defaults store.Defaults) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "bridged.db")
	s, err := config.ParseStore("sqlite:" + path)
	require.NoError(t, err)
	return path, defaultsOf(t, s)
}

// defaultsOf opens a store as the daemon does, and closes it.
func defaultsOf(t *testing.T, s config.Store) store.Defaults {
	t.Helper()
	backend, err := openBackend(t.Context(), s)
	require.NoError(t, err)
	db, err := store.Open(t.Context(), backend, store.Config{})
	require.NoError(t, err)
	defaults, err := db.EnsureDefaults(t.Context(), freshDefaults(time.Now().Truncate(time.Microsecond).UTC()))
	require.NoError(t, err)
	require.NoError(t, db.Close())
	return defaults
}

// migrate runs the command as kong does.
func migrate(ctx context.Context, t *testing.T, path, to string) (stdout, stderr string, err error) {
	t.Helper()
	c := MigrateCmd{From: "sqlite:" + path, To: to}
	require.NoError(t, c.Validate())
	var out, errs bytes.Buffer
	err = c.Run(ctx, &environment{stdout: &out, stderr: &errs})
	return out.String(), errs.String(), err
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	path, defaults := installation(t)
	to := storetest.NewPostgreSQL(t).URL
	stdout, stderr, err := migrate(t.Context(), t, path, to)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^table +rows$`, stdout)
	assert.Regexp(t, `(?m)^services +1$`, stdout)
	assert.Regexp(t, `(?m)^messages +0$`, stdout)
	assert.Regexp(t, `\nset store.url to the new database and start bridged\n$`, stdout)
	assert.Contains(t, stderr, "copying services: 1 rows\n")
	assert.Regexp(t, `\nchecking all of it\n$`, stderr)

	target, err := config.ParseStore(to)
	require.NoError(t, err)
	assert.Equal(t, defaults, defaultsOf(t, target), "the same installation goes on there")

	stdout, _, err = migrate(t.Context(), t, path, to)
	require.ErrorContains(t, err, "the target is not empty: its table ")
	assert.Empty(t, stdout)

	source, err := config.ParseStore("sqlite:" + path)
	require.NoError(t, err)
	assert.Equal(t, defaults, defaultsOf(t, source), "the source is as it was, and free")
}

func TestMigrate_whileTheDaemonRuns(t *testing.T) {
	t.Parallel()
	path, _ := installation(t)
	steps, err := store.Migrations()
	require.NoError(t, err)
	daemon, err := sqlite.Open(t.Context(), path, steps)
	require.NoError(t, err)
	defer func() { assert.NoError(t, closeBackend(daemon)) }()
	to := storetest.NewPostgreSQL(t)
	_, _, err = migrate(t.Context(), t, path, to.URL)
	require.ErrorIs(t, err, sqlite.ErrLocked)
	require.ErrorContains(t, err, "stop it, and run this command again")
}

func TestMigrate_interrupted(t *testing.T) {
	t.Parallel()
	path, defaults := installation(t)
	to := storetest.NewPostgreSQL(t).URL
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := migrate(ctx, t, path, to)
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = migrate(t.Context(), t, path, to)
	require.NoError(t, err)
	target, err := config.ParseStore(to)
	require.NoError(t, err)
	assert.Equal(t, defaults, defaultsOf(t, target))
}

func TestProgress_onATerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := newProgress(&out)
	p.terminal = true
	p.Total(10)
	p.Begin(transfer.Copying, "messages", 5)
	p.Rows(5)
	p.Begin(transfer.Checking, "messages", 5)
	p.Stage("importing messages", 5)
	p.close()
	assert.Contains(t, out.String(), "copying messages")
	assert.Contains(t, out.String(), "(0/10)")
	assert.NotContains(t, out.String(), "importing messages: 5", "the bar has the count")
	assert.NotContains(t, out.String(), "\n", "it stays on its line")
}
