package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"bridged/store"
)

// committed waits until a transaction has ended and says how.
func committed(ctx context.Context, db *sql.DB, id int64) (bool, error) {
	var status *string
	err := db.QueryRowContext(ctx, "SELECT pg_xact_status($1::text::xid8)", strconv.FormatInt(id, 10)).Scan(&status)
	switch {
	case err != nil:
		return false, err
	case status == nil:
		return false, fmt.Errorf("transaction %d is too old to be asked for", id)
	case *status == "in progress":
		return false, fmt.Errorf("transaction %d is in progress still", id)
	}
	return *status == "committed", nil
}

// judge says what an error means for its transaction. On PostgreSQL every error
// of a statement voids it up to the last savepoint.
func judge(err error) store.Verdict {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return judgeDriver(err)
	}
	switch e.Code {
	case "40001", "40P01", "55P03": // serialization failure, deadlock, lock not available
		return store.Conflict
	case "23505":
		return store.Duplicate
	case "25006": // read only: the server has become a standby
		return store.Lost
	}
	switch e.Code[:2] {
	case "22", "23": // what a statement was given was wrong: bad data, a constraint
		return store.Refused
	case "08", "57": // the connection, an operator's intervention
		return store.Lost
	}
	return store.Void
}

// judgeDriver judges errors that the server did not send. What is no error of the
// connection comes from an operation itself.
func judgeDriver(err error) store.Verdict {
	if isOfConnection(err) {
		return store.Lost
	}
	return store.Refused
}
