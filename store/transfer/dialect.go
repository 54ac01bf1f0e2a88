package transfer

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"unicode/utf8"
)

// Dialect is what the two kinds of database do not share. SQLite and PostgreSQL
// make the two that there are.
type Dialect struct {
	settings []string // statements that a transaction begins with
	// catalog lists table, column, type, whether it is of the primary key, and
	// whether it is counted up, in the order of tables and columns. What an index
	// keeps in tables of its own is made anew by the target.
	catalog string
	// lock ends the statement that keeps all others away from the tables; empty
	// where the transaction has the database to itself.
	lock string
	// parameters is how many a statement may have, and has without being slow.
	parameters int
	// accepts says why a text cannot be stored.
	accepts func(s string) error
	// numbers are the highest that the database has given to rows of the tables
	// that it numbers.
	numbers func(ctx context.Context, tx *sql.Tx, tables []table) (map[string]int64, error)
	// rebuild makes the indexes anew that do not follow their tables. Optional.
	rebuild func(ctx context.Context, tx *sql.Tx) error
	// setNumber lets it go on beyond n.
	setNumber func(ctx context.Context, tx *sql.Tx, t table, n int64) error
}

// SQLite is the dialect of a SQLite file.
func SQLite() Dialect {
	return Dialect{
		catalog: `SELECT t.name, c.name, c.type, c.pk > 0, c.pk > 0 AND t.sql LIKE '%AUTOINCREMENT%'
			FROM sqlite_schema AS t JOIN pragma_table_list AS l ON l.name = t.name AND l.schema = 'main'
			JOIN pragma_table_info(t.name) AS c
			WHERE l.type = 'table' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
			ORDER BY t.name, c.cid`,
		parameters: 1000, // of 32,766; it looks $1 and the like up by their names, one by one
		accepts:    func(string) error { return nil },
		numbers:    sqliteNumbers,
		rebuild:    rebuildSQLite,
		setNumber:  setSQLiteNumber,
	}
}

func sqliteNumbers(ctx context.Context, tx *sql.Tx, _ []table) (map[string]int64, error) {
	rows, err := tx.QueryContext(ctx, "SELECT name, seq FROM sqlite_sequence")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	given := map[string]int64{}
	for rows.Next() {
		var (
			name string
			n    int64
		)
		if err := rows.Scan(&name, &n); err != nil {
			return nil, err
		}
		given[name] = n
	}
	return given, rows.Err()
}

// rebuildSQLite has each index of words read the table that it is of.
func rebuildSQLite(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual'")
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		names = append(names, quote(name))
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, name := range names {
		//nolint:gosec // the catalog gave the name, and it is quoted
		if _, err := tx.ExecContext(ctx, "INSERT INTO "+name+" ("+name+") VALUES ('rebuild')"); err != nil {
			return err
		}
	}
	return nil
}

func setSQLiteNumber(ctx context.Context, tx *sql.Tx, t table, n int64) error {
	// The table has no key, and a row for a table only once that had a row.
	if _, err := tx.ExecContext(ctx, "DELETE FROM sqlite_sequence WHERE name = $1", t.name); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)", t.name, n)
	return err
}

// PostgreSQL is the dialect of a PostgreSQL database; the tables are in the first
// schema of the search path.
func PostgreSQL() Dialect {
	return Dialect{
		// A move is one long transaction, which waits while the other side is read.
		settings: []string{"SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0"},
		catalog: `SELECT t.relname, c.attname, y.typname, COALESCE(c.attnum = ANY (k.indkey), false), c.attidentity <> ''
			FROM pg_class AS t
			JOIN pg_attribute AS c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
			JOIN pg_type AS y ON y.oid = c.atttypid
			LEFT JOIN pg_index AS k ON k.indrelid = t.oid AND k.indisprimary
			WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind IN ('r', 'p')
			ORDER BY t.relname, c.attnum`,
		lock:       " IN ACCESS EXCLUSIVE MODE",
		parameters: 65_535,
		accepts:    postgresText,
		numbers:    postgresNumbers,
		setNumber:  setPostgresNumber,
	}
}

// postgresText says why PostgreSQL refuses a text.
func postgresText(s string) error {
	switch {
	case strings.ContainsRune(s, 0):
		return errors.New("it has a NUL character, which PostgreSQL refuses")
	case !utf8.ValidString(s):
		return errors.New("it is not valid UTF-8, which PostgreSQL refuses")
	}
	return nil
}

func postgresNumbers(ctx context.Context, tx *sql.Tx, tables []table) (map[string]int64, error) {
	given := map[string]int64{}
	for _, t := range tables {
		key, ok := t.number()
		if !ok {
			continue
		}
		var sequence sql.NullString
		err := tx.QueryRowContext(ctx, "SELECT pg_get_serial_sequence($1, $2)", quote(t.name), key).Scan(&sequence)
		if err != nil {
			return nil, err
		}
		if !sequence.Valid {
			continue
		}
		var n int64
		// The function has quoted the name.
		err = tx.QueryRowContext(ctx, "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM "+sequence.String).Scan(&n)
		if err != nil {
			return nil, err
		}
		given[t.name] = n
	}
	return given, nil
}

func setPostgresNumber(ctx context.Context, tx *sql.Tx, t table, n int64) error {
	key, ok := t.number()
	if !ok {
		return errors.New("the target does not number its rows")
	}
	// This is not rolled back with the transaction, and does no harm when it stays.
	_, err := tx.ExecContext(ctx, "SELECT setval(pg_get_serial_sequence($1, $2)::regclass, $3)", quote(t.name), key, n)
	return err
}

func (d Dialect) lockTables(ctx context.Context, tx *sql.Tx, tables []table) error {
	if d.lock == "" || len(tables) == 0 {
		return nil
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = quote(t.name)
	}
	_, err := tx.ExecContext(ctx, "LOCK TABLE "+strings.Join(names, ", ")+d.lock)
	return err
}
