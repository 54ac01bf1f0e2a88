package transfer_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/store/transfer"
)

func TestEverythingIsMoved(t *testing.T) {
	t.Parallel()
	from := side(t)
	to := side(t)
	fill(t, from.DB, many)
	o := &observer{}
	moved, err := transfer.Run(t.Context(), from, to, o)
	require.NoError(t, err)
	checkMoved(t, from, to, moved)

	var names []string
	var rows int64
	for _, m := range moved {
		names = append(names, m.Table)
		rows += m.Rows
	}
	assert.IsIncreasing(t, names)
	assert.Equal(t, 2*rows, o.total, "every row is copied and checked")
	assert.Equal(t, o.total, o.rows)
	assert.Len(t, o.steps, 2*len(moved))
	assert.Equal(t, "copying address_configurations", o.steps[0])
	assert.Equal(t, "checking windows", o.steps[len(o.steps)-1])
}

// checkMoved compares the two sides after a move of what fill has made.
func checkMoved(t *testing.T, from, to transfer.Side, moved []transfer.Moved) {
	t.Helper()
	execute(t, from.DB, "UPDATE outbox SET xid = 0; UPDATE events SET xid = 0; UPDATE event_readers SET xid = 0; UPDATE event_horizon SET xid = 0") // as they are moved
	counts := map[string]int64{}
	for _, m := range moved {
		counts[m.Table] = m.Rows
	}
	for _, table := range tables(t, from.DB) {
		if table == "leases" {
			assert.NotContains(t, counts, table)
			assert.Empty(t, contents(t, to.DB, table), "what processes hold is not moved")
			continue
		}
		want := contents(t, from.DB, table)
		assert.Equal(t, want, contents(t, to.DB, table), table)
		assert.EqualValues(t, len(want), counts[table], table)
	}
	assert.Empty(t, contents(t, to.DB, "statuses"))
	assert.Len(t, contents(t, to.DB, "messages"), many)
	checkNumber(t, to.DB, "statuses", 4)
	checkNumber(t, to.DB, "deliveries", 9007199254740994)
	checkNumber(t, to.DB, "outbox", many+1)
}

// checkNumber adds a row to a table that numbers its rows.
func checkNumber(t *testing.T, db *sql.DB, table string, want int64) {
	t.Helper()
	var n int64
	values := map[string]string{
		"statuses": `(channel, provider_id, pair_key, status, error_code, carrier_code, detail, at, received)
			VALUES ('', '', '', '', 0, '', '', 0, 0)`,
		"deliveries": `(id, conversation_id, message_id, participant_id, channel, address, proxy, pair_key, status, error_code,
			provider_id, progress, attempts, parts, due, reason, created, updated)
			VALUES ($1, '', '', '', '', '', '', '', '', 0, '', 0, 0, 0, 0, '', 0, 0)`,
		"outbox": `(queue, task_key, uuid, attempts, due) VALUES ('', '', '', 0, 0)`,
	}
	statement := "INSERT INTO " + table + " " + values[table] + " RETURNING seq"
	var args []any
	if strings.Contains(statement, "$1") {
		args = []any{fmt.Sprint("new ", want)}
	}
	require.NoError(t, db.QueryRowContext(t.Context(), statement, args...).Scan(&n))
	assert.Equal(t, want, n, "%s: a number is never given twice", table)
}

func TestAnEmptyStoreIsMoved(t *testing.T) {
	t.Parallel()
	from := side(t)
	to := side(t)
	moved, err := move(t.Context(), from, to)
	require.NoError(t, err)
	for _, m := range moved {
		assert.Zero(t, m.Rows, m.Table)
	}
}

func TestATargetThatIsNotEmptyIsRefused(t *testing.T) {
	t.Parallel()
	from := side(t)
	fill(t, from.DB, few)
	for table, statement := range map[string]string{
		"pairs":  "INSERT INTO pairs VALUES ('k', 'p', 'c'), ('l', 'p', 'c')",
		"leases": "INSERT INTO leases (name, holder, until) VALUES ('process/x', 'x', 1), ('y', 'x', 1)",
	} {
		to := side(t)
		execute(t, to.DB, statement)
		_, err := move(t.Context(), from, to)
		require.EqualError(t, err, "the target is not empty: its table "+table+" has 2 rows; name a new database")
		assert.Len(t, contents(t, to.DB, table), 2)
		assert.Empty(t, contents(t, to.DB, "messages"))
	}
}

func TestACopyThatDiffersIsRolledBack(t *testing.T) {
	t.Parallel()
	from := side(t)
	fill(t, from.DB, few)
	for name, trigger := range map[string]string{
		"a row is lost":    "DELETE FROM messages WHERE id = new.id",
		"a value differs":  "UPDATE messages SET body = body || ' ' WHERE id = new.id",
		"a value is NULL":  "UPDATE messages SET body = NULL WHERE id = new.id",
		"a row comes from": "INSERT INTO messages (id, conversation_id, idx, author, attributes, created, updated) SELECT 'other', 'c', 7, author, attributes, created, updated FROM messages WHERE id = new.id",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := side(t)
			execute(t, to.DB, "CREATE TRIGGER corrupt AFTER INSERT ON messages WHEN new.idx = 14 BEGIN "+trigger+"; END")
			_, err := move(t.Context(), from, to)
			require.ErrorContains(t, err, "table messages was not copied faithfully, and nothing was moved: the source has 20 rows (")
			for _, table := range tables(t, to.DB) {
				assert.Empty(t, contents(t, to.DB, table), table)
			}
			execute(t, to.DB, "DROP TRIGGER corrupt")
			_, err = move(t.Context(), from, to)
			require.NoError(t, err, "it can be done again")
		})
	}
}

func TestAMoveThatIsInterruptedLeavesNothing(t *testing.T) {
	t.Parallel()
	from := side(t)
	fill(t, from.DB, few)
	for _, step := range []transfer.Step{transfer.Copying, transfer.Checking} {
		to := side(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err := transfer.Run(ctx, from, to, &observer{on: func(s transfer.Step, table string) {
			if s == step && table == "outbox" {
				cancel()
			}
		}})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "interrupted, nothing was moved")
		for _, table := range tables(t, to.DB) {
			assert.Empty(t, contents(t, to.DB, table), table)
		}
		_, err = move(t.Context(), from, to)
		require.NoError(t, err, "it can be done again")
	}
}

// The words of the search index are no table of the program: the target makes them
// of its own.
func TestTheSearchIndexIsMadeAnew(t *testing.T) {
	t.Parallel()
	from, to := side(t), side(t)
	fill(t, from.DB, few)
	_, err := move(t.Context(), from, to)
	require.NoError(t, err)
	assert.Equal(t, []string{"words 0", "words 1", "words 2"},
		column(t, to.DB, "SELECT words FROM search_words WHERE search_words MATCH '\"words\"' ORDER BY rowid"))
}

func TestWhatIsNotOfTheProgramIsAnError(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		"CREATE TABLE mine (id TEXT)":                      "the source has a table mine, which is not of this program",
		"ALTER TABLE messages ADD COLUMN mine TEXT":        "the source has a column messages.mine, which is not of this program",
		"ALTER TABLE messages ADD COLUMN mine REAL":        "table messages, column mine: values of the type REAL cannot be moved",
		"INSERT INTO pairs VALUES ('k', 'p', 'c')":         "",
		"UPDATE messages SET idx = 'x' WHERE id = 'id 12'": `table messages, id "id 12": column idx holds a value of a wrong type (string)`,
		"UPDATE messages SET idx = x'00' WHERE idx = 12":   `table messages, id "id 12": column idx holds a value of a wrong type ([]uint8)`,
		"UPDATE outbox SET payload = 1.5 WHERE seq = 12":   `table outbox, seq 12: column payload holds a value of a wrong type (float64)`,
	} {
		t.Run(statement, func(t *testing.T) {
			t.Parallel()
			from := side(t)
			to := side(t)
			fill(t, from.DB, few)
			execute(t, from.DB, statement)
			_, err := move(t.Context(), from, to)
			if want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, want)
			assert.Empty(t, contents(t, to.DB, "answers"))
		})
	}
}

// A column that only the target has keeps its default.
func TestColumnsGoByName(t *testing.T) {
	t.Parallel()
	from := side(t)
	to := side(t)
	fill(t, from.DB, few)
	execute(t, to.DB, "ALTER TABLE pairs RENAME TO old")
	execute(t, to.DB, "CREATE TABLE pairs (conversation_id TEXT NOT NULL, later BIGINT NOT NULL DEFAULT 7, match_key TEXT PRIMARY KEY, participant_id TEXT NOT NULL)")
	execute(t, to.DB, "DROP TABLE old")
	_, err := move(t.Context(), from, to)
	require.NoError(t, err)
	assert.Equal(t, `conversation_id="conversation_id 0" later=7 match_key="match_key 0" participant_id="participant_id 0"`, contents(t, to.DB, "pairs")[0])
}
