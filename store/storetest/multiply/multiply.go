// Package multiply makes a large SQLite store for benchmarks out of one conversation,
// faster than any program could write it message by message: each table's rows of the
// conversation are copied by one statement, with other identifiers, numbers and times.
package multiply

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Original says what is replaced in the rows of the conversation that is copied.
type Original struct {
	// IDs is what all of its identifiers begin with: 12 hexadecimal digits, the moment
	// at which all of it was made.
	IDs string
	// Serial are the seven digits that its numbers and words are told from others' by.
	Serial string
	// Carrier are 16 hexadecimal digits in the identifiers that its carriers gave.
	Carrier string
	// At is the moment.
	At time.Time
}

// tables are those that hold a conversation, but for its events, which are kept for
// some hours only.
var tables = []string{ //nolint:gochecknoglobals // a constant
	"conversations", "participants", "pairs", "windows", "messages", "inbound", "deliveries", "attempts", "statuses", "search_entries",
}

// Run copies the only conversation of a database until there are as many as wanted. Each
// copy is later than the one before by the step, and its serial is its number, from 0
// on; the original keeps its own. The connection must be the database's only one. If it
// fails, the database is of no use any more.
func Run(ctx context.Context, db *sql.DB, o Original, conversations int, step time.Duration) error {
	for _, statement := range []string{
		"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -500000", "PRAGMA temp_store = MEMORY",
		"CREATE TEMP TABLE copies (n INTEGER PRIMARY KEY, ids TEXT, serial TEXT, reversed TEXT, carrier TEXT, shift INTEGER)",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	if err := nameCopies(ctx, db, o, conversations, step); err != nil {
		return err
	}
	for _, table := range tables {
		if err := copyTable(ctx, db, o, table); err != nil {
			return fmt.Errorf("multiply %s: %w", table, err)
		}
	}
	for _, statement := range []string{
		"INSERT INTO search_words (search_words) VALUES ('rebuild')",
		"DROP TABLE copies", "PRAGMA synchronous = FULL", "PRAGMA journal_mode = WAL",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// nameCopies says what each copy has in the place of what the original has. It is the
// same in every run.
func nameCopies(ctx context.Context, db *sql.DB, o Original, conversations int, step time.Duration) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // it does nothing after the commit
	insert, err := tx.PrepareContext(ctx, "INSERT INTO copies (n, ids, serial, reversed, carrier, shift) VALUES ($1, $2, $3, $4, $5, $6)")
	if err != nil {
		return err
	}
	defer insert.Close() //nolint:errcheck // so does this
	random := rand.New(rand.NewPCG(1, 2))
	for n := range conversations - 1 {
		shift := time.Duration(n+1) * step
		serial := fmt.Sprintf("%07d", n)
		_, err := insert.ExecContext(ctx, n, fmt.Sprintf("%012x", o.At.Add(shift).UnixMilli()), serial, reversed(serial),
			fmt.Sprintf("%016x", random.Uint64()), shift.Microseconds())
		if err != nil {
			return err
		}
	}
	return tx.Commit()
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// copyTable copies the rows of a table for all copies.
func copyTable(ctx context.Context, db *sql.DB, o Original, table string) error {
	names, values, err := columns(ctx, db, table)
	if err != nil {
		return err
	}
	for _, statement := range []string{
		"CREATE TEMP TABLE original AS SELECT rowid AS original_row, * FROM " + table,
		"INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") SELECT " + strings.Join(values, ", ") +
			" FROM copies k CROSS JOIN original o ORDER BY k.n, o.original_row",
		"DROP TABLE original",
	} {
		var args []any
		if strings.HasPrefix(statement, "INSERT") {
			args = []any{o.IDs, o.Serial, reversed(o.Serial), o.Carrier}
		}
		if _, err := db.ExecContext(ctx, statement, args...); err != nil {
			return fmt.Errorf("%.60s: %w", statement, err)
		}
	}
	return nil
}

// columns returns the columns of a table and what a copy has in them.
func columns(ctx context.Context, db *sql.DB, table string) (names, values []string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT name, type FROM pragma_table_info($1)", table)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says what went wrong
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, nil, err
		}
		value := "o." + name
		switch {
		case name == "seq": // the table numbers its rows by itself
			continue
		case name == "place": // microseconds, and ten bits beside them
			value += " + 1024 * k.shift"
		case kind == "TEXT":
			value = "replace(replace(replace(replace(" + value + ", $1, k.ids), $2, k.serial), $3, k.reversed), $4, k.carrier)"
		default: // what is as large is a time
			value = "CASE WHEN " + value + " > 1000000000000000 THEN " + value + " + k.shift ELSE " + value + " END"
		}
		names, values = append(names, name), append(values, value)
	}
	return names, values, rows.Err()
}

// Indexed says whether the search index has all events.
func Indexed(ctx context.Context, db *sql.DB) (bool, error) {
	var behind, filled int
	err := db.QueryRowContext(ctx, `SELECT
		(SELECT COUNT(*) FROM events e JOIN event_readers r ON r.name = 'search' WHERE e.type NOT LIKE 'onDelivery%' AND e.seq > r.event),
		(SELECT COUNT(*) FROM event_readers WHERE name = 'search' AND state LIKE '% done g')`).Scan(&behind, &filled)
	return err == nil && behind == 0 && filled == 1, err
}
