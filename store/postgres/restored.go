package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// restored says whether the database came from another server: a row has the number of
// a transaction that this server has not begun yet.
const restored = `SELECT coalesce(max(xid), 0) >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint FROM (
	SELECT max(xid) AS xid FROM outbox UNION ALL SELECT max(xid) FROM events
	UNION ALL SELECT max(xid) FROM event_readers UNION ALL SELECT max(xid) FROM event_horizon) AS rows`

// adoption makes all rows those of one transaction that ended long ago. Who reads the
// events goes on before the first one that it has not read; it may read some again that
// transactions side by side had made.
func adoption() []string {
	unread := func(table string) string {
		return "(SELECT min(e.seq) - 1 FROM events e WHERE (e.xid, e.seq) > (" + table + ".xid, " + table + ".event))"
	}
	last := "(SELECT max(seq) FROM events)"
	return []string{
		"UPDATE event_readers SET xid = 0, event = coalesce(" + unread("event_readers") + ", " + last + ", event)",
		"UPDATE event_horizon SET xid = 0, event = coalesce(" + unread("event_horizon") + ", " + last + ", event)",
		"UPDATE events SET xid = 0",
		"UPDATE outbox SET xid = 0",
	}
}

// adopt makes a database that was restored from a dump of another server one of this
// one, whose transactions have lower numbers: else its rows would wait until this server
// has come so far, and whoever reads the events would miss what comes until then. No
// other process runs on such a database yet; in case one does, it waits.
func adopt(ctx context.Context, db *sql.DB) (err error) {
	var foreign bool
	if err := db.QueryRowContext(ctx, restored).Scan(&foreign); err != nil || !foreign {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if e := tx.Rollback(); !errors.Is(e, sql.ErrTxDone) {
			err = errors.Join(err, e)
		}
	}()
	if _, err := tx.ExecContext(ctx, "LOCK TABLE outbox, events, event_readers, event_horizon IN ACCESS EXCLUSIVE MODE"); err != nil {
		return err
	}
	// Another process may have done it meanwhile.
	if err := tx.QueryRowContext(ctx, restored).Scan(&foreign); err != nil || !foreign {
		return err
	}
	for _, statement := range adoption() {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("take over the database of another server: %w", err)
		}
	}
	return tx.Commit()
}
