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

// beyond is the code of a question about a transaction's number that the server has
// not given, or no more: it has crashed, and nothing of the transaction remains.
const beyond = "22023"

// committed says how a transaction has ended, once it has. That it is over is what the
// server says of its number. Whether it came through is what its mark says: a number
// that no record on the disk has when the server crashes is given again, to somebody
// else's transaction.
func committed(ctx context.Context, db *sql.DB, lost *store.LostCommitError) (bool, error) {
	var status *string
	err := db.QueryRowContext(ctx, "SELECT pg_xact_status($1::text::xid8)", strconv.FormatInt(lost.Transaction, 10)).Scan(&status)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == beyond {
		err = nil
	}
	switch {
	case err != nil:
		return false, err
	case status != nil && *status == "in progress":
		return false, fmt.Errorf("transaction %d is in progress still", lost.Transaction)
	}
	var came bool
	err = db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM commit_marks WHERE session = $1 AND mark = $2)", lost.Session, lost.Mark).Scan(&came)
	return came, err
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
