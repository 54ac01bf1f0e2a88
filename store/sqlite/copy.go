package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"bridged/conversations"
)

// Copy is a database file that nobody writes to: a snapshot, or one from a backup. It
// is opened so that nothing beside it is made.
type Copy struct{ db *sql.DB }

// OpenCopy opens a copy for reading. The caller closes it.
func OpenCopy(path string) (*Copy, error) {
	db, err := sql.Open("sqlite", dsn(path, "query_only(1)", "trusted_schema(0)", "cell_size_check(1)")+"&mode=ro&immutable=1")
	return &Copy{db}, err
}

// Close closes it.
func (c *Copy) Close() error { return c.db.Close() }

// Check returns an error unless the database is sound: every page, every index, and
// every reference between tables.
func (c *Copy) Check(ctx context.Context) error {
	var verdict string
	if err := c.db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("the database cannot be checked: %w", err)
	}
	if verdict != "ok" {
		return fmt.Errorf("the database is damaged: %s", verdict)
	}
	var table string
	switch err := c.db.QueryRowContext(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`).Scan(&table); {
	case err == nil:
		return fmt.Errorf("the database is damaged: rows of %s refer to what is not there", table)
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("the database cannot be checked: %w", err)
	}
	return nil
}

// Schema is the version that the database was migrated to.
func (c *Copy) Schema(ctx context.Context) (version int64, err error) {
	err = c.db.QueryRowContext(ctx, "SELECT max(version_id) FROM goose_db_version WHERE is_applied").Scan(&version)
	if err != nil {
		err = fmt.Errorf("read the schema's version: %w", err)
	}
	return version, err
}

// Rows counts the rows of every table, but for those that an index keeps for itself.
func (c *Copy) Rows(ctx context.Context) (map[string]int64, error) {
	tables, err := column[string](ctx, c.db,
		`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	rows := make(map[string]int64, len(tables))
	for _, table := range tables {
		counts, err := column[int64](ctx, c.db, `SELECT count(*) FROM "`+table+`"`)
		if err != nil {
			return nil, fmt.Errorf("count the rows of %s: %w", table, err)
		}
		rows[table] = counts[0]
	}
	return rows, nil
}

// column returns the rows of a query that has one column.
func column[T any](ctx context.Context, db *sql.DB, query string) (list []T, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// Files gives the files whose bytes are in media.dir, ascending by their IDs, and an
// error at the end where they cannot be read.
func (c *Copy) Files(ctx context.Context) iter.Seq2[conversations.MediaFile, error] {
	return func(yield func(conversations.MediaFile, error) bool) {
		rows, err := c.db.QueryContext(ctx, "SELECT id, size, sha256 FROM media WHERE state = $1 ORDER BY id", conversations.MediaKept)
		if err != nil {
			yield(conversations.MediaFile{}, fmt.Errorf("list the files: %w", err))
			return
		}
		defer rows.Close() //nolint:errcheck // nothing is written
		for rows.Next() {
			var f conversations.MediaFile
			if err := rows.Scan(&f.ID, &f.Size, &f.SHA256); err != nil {
				yield(f, err)
				return
			}
			if !yield(f, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(conversations.MediaFile{}, fmt.Errorf("list the files: %w", err))
		}
	}
}
