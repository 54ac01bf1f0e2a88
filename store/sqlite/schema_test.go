package sqlite_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/sqlite"
)

// steps are the program's migrations.
type steps struct{ fs.FS }

// with returns the migrations and one more, which is not the program's. Its
// number is far beyond those that the program will have.
func (s steps) with(t *testing.T, statement string) fs.FS {
	t.Helper()
	all := fstest.MapFS{"99999_test.sql": {Data: []byte("-- +goose Up\n" + statement + "\n")}}
	names, err := fs.Glob(s, "*.sql")
	require.NoError(t, err)
	for _, name := range names {
		data, err := fs.ReadFile(s, name)
		require.NoError(t, err)
		all[name] = &fstest.MapFile{Data: data}
	}
	return all
}

// A migration that has been released is never changed: databases have run it.
func TestTheFirstMigrationIsUnchanged(t *testing.T) {
	t.Parallel()
	data, err := fs.ReadFile(migrations(t), "00001_first.sql")
	require.NoError(t, err)
	sum := sha256.Sum256(data)
	assert.Equal(t, "11d4cc7da08fced1f8c973d582ddfb7c3793820f3f1f78215ced3825d12c0176", hex.EncodeToString(sum[:]))
}

// frozen makes a database as the first version of the program left it.
func frozen(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "bridged.db")
	dump, err := os.ReadFile(filepath.Join("testdata", "schema-1.sql"))
	require.NoError(t, err)
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "PRAGMA journal_mode = WAL;"+string(dump))
	require.NoError(t, err)
	require.NoError(t, db.Close())
	return path
}

func openSteps(t *testing.T, path string, steps fs.FS) *store.DB {
	t.Helper()
	b, err := sqlite.Open(t.Context(), path, steps)
	require.NoError(t, err)
	db, err := store.Open(t.Context(), b, store.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func backups(t *testing.T, path string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.bak"))
	require.NoError(t, err)
	return list
}

func TestTheFrozenFirstSchemaMigrates(t *testing.T) {
	t.Parallel()
	path := frozen(t)
	db := openSteps(t, path, migrations(t).with(t, "ALTER TABLE conversations ADD COLUMN test TEXT;"))
	checkFrozen(t, db)
	require.NoError(t, db.Close())

	made := backups(t, path)
	require.Len(t, made, 1)
	assert.Contains(t, made[0], "bridged.db.v1-")
	// The copy is a whole database of the old schema: it opens on its own.
	backup := filepath.Join(t.TempDir(), "bridged.db")
	require.NoError(t, os.Rename(made[0], backup))
	checkFrozen(t, openSteps(t, backup, migrations(t)))
}

// Timers that were set before they could fire do so after the upgrade.
func TestTimersOfOldDatabasesAreDue(t *testing.T) {
	t.Parallel()
	at := func(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
	for _, c := range []struct {
		state            string
		inactive, closed int64 // in seconds since 1970
		due              time.Time
	}{
		{"active", 10, 20, at(10)},
		{"active", 20, 10, at(10)},
		{"active", 10, 0, at(10)},
		{"active", 0, 20, at(20)},
		{"inactive", 0, 20, at(20)},
		{"active", 0, 0, time.Time{}},
		{"closed", 10, 20, time.Time{}},
		{"initializing", 10, 20, time.Time{}},
	} {
		path := frozen(t)
		db, err := sql.Open("sqlite", path)
		require.NoError(t, err)
		_, err = db.ExecContext(t.Context(), "UPDATE conversations SET state = $1, date_inactive = $2, date_closed = $3",
			c.state, c.inactive*1e6, c.closed*1e6)
		require.NoError(t, err)
		require.NoError(t, db.Close())
		upgraded := openSteps(t, path, migrations(t))
		require.NoError(t, upgraded.Update(t.Context(), func(tx *store.Tx) error {
			due, err := tx.NextDueConversation()
			assert.Equal(t, c.due, due, "%+v", c)
			return err
		}))
	}
}

func TestADatabaseOfTheCurrentSchemaIsNotCopied(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridged.db")
	for range 2 {
		require.NoError(t, openSteps(t, path, migrations(t)).Close())
	}
	assert.Empty(t, backups(t, path), "nor is a new one")
}

func TestAMigrationThatFailsLeavesTheDataAndACopy(t *testing.T) {
	t.Parallel()
	path := frozen(t)
	_, err := sqlite.Open(t.Context(), path, migrations(t).with(t, "DELETE FROM messages; SELECT nonsense FROM nowhere;"))
	require.ErrorContains(t, err, "migrate the database from version")
	assert.Len(t, backups(t, path), 1)
	checkFrozen(t, openSteps(t, path, migrations(t)))
}

func TestANewerSchemaIsRefusedAndUntouched(t *testing.T) {
	t.Parallel()
	path := frozen(t)
	newer := migrations(t).with(t, "CREATE TABLE newer (id BIGINT);")
	require.NoError(t, openSteps(t, path, newer).Close())
	copies := len(backups(t, path))
	before, err := os.ReadFile(path)
	require.NoError(t, err)

	_, err = sqlite.Open(t.Context(), path, migrations(t))
	require.ErrorIs(t, err, store.ErrNewerSchema)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, sha256.Sum256(before), sha256.Sum256(after), "the file is as it was")
	assert.Len(t, backups(t, path), copies)
	checkFrozen(t, openSteps(t, path, newer))
}

// checkFrozen reads, through the store, the rows of testdata/schema-1.sql.
func checkFrozen(t *testing.T, db *store.DB) {
	t.Helper()
	const service = "5e"
	defaults, err := db.EnsureDefaults(t.Context(), store.Defaults{})
	require.NoError(t, err)
	assert.EqualValues(t, service, defaults.Service.ID)
	roles, err := db.Roles(t.Context(), service, conversations.Page{Size: 10})
	require.NoError(t, err)
	assert.Len(t, roles.Items, 3, "the roles that the service only named")
	c, err := db.Conversation(t.Context(), service, conversations.ConversationKey{UniqueName: "frozen"})
	require.NoError(t, err)
	assert.EqualValues(t, 1, c.NextIndex)
	assert.Equal(t, time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), c.Created)
	chat, err := db.Participant(t.Context(), c.ID, conversations.ParticipantKey{Identity: "ada"})
	require.NoError(t, err)
	assert.False(t, chat.Native())
	messages, err := db.Messages(t.Context(), c.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, messages.Items, 1)
	assert.Equal(t, "It's frozen", *messages.Items[0].Body)
	receipts, err := db.Receipts(t.Context(), c.ID, messages.Items[0].ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, receipts.Items, 1)
	detail, err := db.DeliveryDetail(t.Context(), receipts.Items[0].ID)
	require.NoError(t, err)
	assert.Len(t, detail.Attempts, 1)
	assert.Len(t, detail.Reports, 1)
	letters, err := db.DeadLetters(t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 10})
	require.NoError(t, err)
	assert.Len(t, letters.Items, 1)
	require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
		p, _, err := tx.Resolve("sms:+15550000001>sms:+15550100001")
		if err != nil {
			return err
		}
		assert.True(t, p.Native())
		inbound, err := tx.FindInbound(1)
		assert.Equal(t, "body", inbound.Body)
		return err
	}))
}
