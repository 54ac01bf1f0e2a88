package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/store/storetest"
)

// A dump that is restored on a new server has rows of transactions that this server
// has yet to come to.
func TestADatabaseOfAnotherServerIsTakenOver(t *testing.T) {
	t.Parallel()
	place := storetest.NewPostgreSQL(t)
	db := place.SQL(t)
	execute := func(query string) {
		t.Helper()
		_, err := db.ExecContext(t.Context(), query)
		require.NoError(t, err)
	}
	rows := func(query string) (list []int64) {
		t.Helper()
		found, err := db.QueryContext(t.Context(), query)
		require.NoError(t, err)
		defer found.Close()
		for found.Next() {
			var a, b int64
			require.NoError(t, found.Scan(&a, &b))
			list = append(list, a, b)
		}
		require.NoError(t, found.Err())
		return list
	}
	// Two transactions side by side made the events: the later number has the earlier row.
	execute("DELETE FROM event_readers; DELETE FROM event_horizon")
	execute(`INSERT INTO events (seq, xid, type, conversation_id, source, actor, after, at)
		SELECT s, x, 'onMessageAdded', 'c', 'API', '', '', 0 FROM (VALUES (10, 4000000000), (11, 4000000002), (12, 4000000001), (13, 4000000003)) AS v (s, x)`)
	execute(`INSERT INTO event_readers (name, xid, event, state) VALUES
		('ahead', 4000000003, 13, ''), ('between', 4000000001, 12, 'kept'), ('behind', 0, 0, '')`)
	execute("INSERT INTO event_horizon (id, xid, event) VALUES (1, 3999999999, 9)")

	db2 := place.Open(t)
	assert.Equal(t, []int64{0, 10, 0, 11, 0, 12, 0, 13}, rows("SELECT xid, seq FROM events ORDER BY seq"))
	assert.Equal(t, []int64{0, 13, 0, 9, 0, 10}, rows("SELECT xid, event FROM event_readers WHERE name IN ('ahead', 'behind', 'between') ORDER BY name"),
		"nothing that was not read is passed over")
	assert.Equal(t, []int64{0, 9}, rows("SELECT xid, event FROM event_horizon"))
	require.NoError(t, db2.Close())

	execute("UPDATE events SET xid = pg_current_xact_id()::text::bigint WHERE seq = 13")
	before := rows("SELECT xid, seq FROM events ORDER BY seq")
	require.NoError(t, place.Open(t).Close())
	assert.Equal(t, before, rows("SELECT xid, seq FROM events ORDER BY seq"), "what is of this server stays")
}
