package sqlite

import (
	"context"
	"fmt"

	"bridged/store"
)

// traces looks through all tables but the virtual one, whose own tables are among
// them.
func traces() store.Traces {
	return store.Traces{
		Columns: `SELECT m.name, c.name, c.type FROM sqlite_master m JOIN pragma_table_info(m.name) c
			WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' AND c.type NOT IN ('INTEGER', 'BIGINT', 'TIMESTAMP')
			ORDER BY m.name, c.cid`,
		Contains: func(column, kind, parameter string) string {
			if kind == "TEXT" {
				return fmt.Sprintf("instr(%s, %s) > 0", column, parameter)
			}
			return fmt.Sprintf("instr(CAST(%s AS BLOB), CAST(%s AS BLOB)) > 0", column, parameter)
		},
		Compact: compact,
	}
}

// compact writes the whole file anew, because a page may hold pieces of rows that
// were once on it, and empties the write-ahead log. The index of words is merged
// before: until then it only notes what was removed. What VACUUM gathers is on disk
// meanwhile and not in memory.
func compact(ctx context.Context, s store.Statements) (err error) {
	if _, err := s.Exec(ctx, "INSERT INTO search_words (search_words) VALUES ('optimize')"); err != nil {
		return fmt.Errorf("merge the search index: %w", err)
	}
	if _, err := s.Exec(ctx, "PRAGMA temp_store = FILE"); err != nil {
		return err
	}
	if _, err := s.Exec(ctx, "VACUUM"); err != nil {
		return fmt.Errorf("write the file anew: %w", err)
	}
	if _, err := s.Exec(ctx, "PRAGMA temp_store = MEMORY"); err != nil {
		return err
	}
	return truncateLog(ctx, s)
}

// truncateLog empties the write-ahead log. Who reads meanwhile may keep it from that;
// it waits for them as long as a write would.
func truncateLog(ctx context.Context, s store.Statements) error {
	rows, err := s.Query(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	if err != nil {
		return fmt.Errorf("empty the write-ahead log: %w", err)
	}
	var busy, frames, done int
	if rows.Next() {
		err = rows.Scan(&busy, &frames, &done)
	}
	if closed := rows.Close(); err == nil {
		err = closed
	}
	if err == nil && busy != 0 {
		err = fmt.Errorf("the write-ahead log could not be emptied while somebody read from it")
	}
	return err
}
