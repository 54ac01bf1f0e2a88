package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"bridged/store"
)

// traces looks through all tables of the schema.
func traces(db *sql.DB) store.Traces {
	return store.Traces{
		Columns: `SELECT table_name, column_name, data_type FROM information_schema.columns
			WHERE table_schema = current_schema() AND data_type IN ('text', 'character varying', 'bytea', 'json', 'jsonb')
			ORDER BY table_name, ordinal_position`,
		Contains: func(column, kind, parameter string) string {
			if kind == "bytea" {
				return fmt.Sprintf("position(convert_to(%s::text, 'UTF8') in %s) > 0", parameter, column)
			}
			return fmt.Sprintf("strpos(%s::text, %s::text) > 0", column, parameter)
		},
		CompactBeside: func(ctx context.Context) error { return vacuum(ctx, db) },
	}
}

// vacuum gives the room of rows that are gone to new ones, while others write. Until
// those come the server may keep the bytes, as it does in its write-ahead log; see
// docs/operations.md.
func vacuum(ctx context.Context, db *sql.DB) error {
	for _, table := range []string{
		"messages", "participants", "deliveries", "attempts", "statuses", "inbound", "inbound_calls", "outbound_texts", "media",
		"events", "outbox", "dead_letters", "answers", "aliases", "alias_conflicts", "windows", "opt_outs", "pairs",
		"search_entries", "erasures",
	} {
		if _, err := db.ExecContext(ctx, "VACUUM "+table); err != nil {
			return fmt.Errorf("clean the table %s: %w", table, err)
		}
	}
	return nil
}
