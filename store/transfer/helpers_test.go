package transfer_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/store"
	"bridged/store/sqlite"
	"bridged/store/transfer"
)

// side opens an empty SQLite store.
func side(t *testing.T) transfer.Side {
	t.Helper()
	steps, err := store.Migrations()
	require.NoError(t, err)
	b, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "bridged.db"), steps)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, errors.Join(b.Write.Close(), b.Read.Close(), b.Close())) })
	return transfer.Side{DB: b.Write, Dialect: transfer.SQLite()}
}

func execute(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), statement, args...)
	require.NoError(t, err, statement)
}

// few and many are how many rows the larger tables get: many take several
// statements.
const (
	few  = 20
	many = 1203
)

// fill puts rows into every table that is moved, n into some, with values that
// are odd.
func fill(t *testing.T, db *sql.DB, n int) {
	t.Helper()
	list := tables(t, db) // there is one connection only
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	for _, table := range list {
		if table == "leases" {
			continue
		}
		rows := 3
		if table == "outbox" || table == "messages" {
			rows = n
		}
		insert(t, tx, table, rows)
	}
	require.NoError(t, tx.Commit())
	execute(t, db, "INSERT INTO leases (name, holder, until) VALUES ('process/x', 'x', 1)")
	execute(t, db, "DELETE FROM statuses") // its numbers are used up all the same
	execute(t, db, "UPDATE deliveries SET seq = 9007199254740993 WHERE seq = 3")
	execute(t, db, "UPDATE messages SET body = $1 WHERE idx = 1", strings.Repeat("ü🙂\n", 10_000))
	execute(t, db, "UPDATE messages SET body = $1, attributes = '' WHERE idx = 2", []byte("a blob in a column of texts"))
	execute(t, db, "UPDATE outbox SET payload = 'a text in a column of blobs' WHERE seq = 2")
	execute(t, db, "UPDATE outbox SET payload = x'', due = -1 WHERE seq = 3")
	execute(t, db, "UPDATE outbox SET payload = NULL, xid = 77 WHERE seq = 4")
	execute(t, db, "UPDATE outbox SET payload = x'00ff80' WHERE seq = 5")
}

// insert adds rows with values that the types of the columns allow, NULL where
// that is possible now and then.
func insert(t *testing.T, tx *sql.Tx, table string, n int) {
	t.Helper()
	type spec struct {
		name, typ string
		nullable  bool
	}
	rows, err := tx.QueryContext(t.Context(), `SELECT name, type, "notnull" = 0 AND pk = 0 FROM pragma_table_info($1) WHERE name <> 'seq'`, table)
	require.NoError(t, err)
	defer rows.Close()
	var specs []spec
	var names, places []string
	for rows.Next() {
		var s spec
		require.NoError(t, rows.Scan(&s.name, &s.typ, &s.nullable))
		specs = append(specs, s)
		names = append(names, `"`+s.name+`"`)
		places = append(places, "?")
	}
	require.NoError(t, rows.Err())
	stmt, err := tx.PrepareContext(t.Context(), "INSERT INTO "+table+" ("+strings.Join(names, ",")+") VALUES ("+strings.Join(places, ",")+")")
	require.NoError(t, err)
	defer stmt.Close()
	for i := range n {
		values := make([]any, len(specs))
		for k, s := range specs {
			switch {
			case s.nullable && (i+k)%3 == 0:
			case s.typ == "BLOB":
				values[k] = fmt.Appendf(nil, "%s %d", s.name, i)
			case s.typ == "TEXT":
				values[k] = fmt.Sprintf("%s %d", s.name, i)
			default:
				values[k] = i
			}
		}
		_, err = stmt.ExecContext(t.Context(), values...)
		require.NoError(t, err, table)
	}
}

// tables lists the program's tables.
func tables(t *testing.T, db *sql.DB) []string {
	t.Helper()
	return column(t, db, `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
		AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name <> 'goose_db_version' ORDER BY name`)
}

// column reads texts.
func column(t *testing.T, db *sql.DB, query string, args ...any) (list []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	require.NoError(t, err, query)
	defer rows.Close()
	for rows.Next() {
		var s string
		require.NoError(t, rows.Scan(&s))
		list = append(list, s)
	}
	require.NoError(t, rows.Err())
	return list
}

// contents are all rows of a table as a person would see them, sorted. A text in
// the place of a blob counts as one.
func contents(t *testing.T, db *sql.DB, table string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
	require.NoError(t, err)
	defer rows.Close()
	names, err := rows.Columns()
	require.NoError(t, err)
	var list []string
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(t, rows.Scan(into...))
		parts := make([]string, len(names))
		for i, v := range values {
			if raw, ok := v.([]byte); ok {
				v = string(raw)
			}
			parts[i] = fmt.Sprintf("%s=%#v", names[i], v)
		}
		slices.Sort(parts)
		list = append(list, strings.Join(parts, " "))
	}
	require.NoError(t, rows.Err())
	slices.Sort(list)
	return list
}

// observer remembers what it was told, and calls on at each step.
type observer struct {
	total int64
	rows  int64
	steps []string
	on    func(step transfer.Step, table string)
}

func (o *observer) Total(rows int64) { o.total = rows }

func (o *observer) Begin(step transfer.Step, table string, _ int64) {
	o.steps = append(o.steps, string(step)+" "+table)
	if o.on != nil {
		o.on(step, table)
	}
}

func (o *observer) Rows(n int) { o.rows += int64(n) }

// move runs a move whose course does not matter.
func move(ctx context.Context, from, to transfer.Side) ([]transfer.Moved, error) {
	return transfer.Run(ctx, from, to, &observer{})
}
