package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"bridged/store"
)

// session is a connection that writes. A statement costs the server little, the
// way there and back much: those without an answer wait for the next one that has
// one, and go with it.
type session struct {
	conn        *pgx.Conn
	waiting     pgx.Batch
	transaction int64 // the number of the one under way; 0 while it is not known
	name        string
	mark        int64 // counts the transactions
}

func connect(ctx context.Context, config *pgx.ConnConfig) (store.Session, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to write: %w", err)
	}
	// Marks of connections that are gone are of no use any more.
	if _, err := conn.Exec(ctx, "DELETE FROM commit_marks WHERE at < now() - interval '1 day'"); err != nil {
		return nil, errors.Join(fmt.Errorf("remove old marks: %w", err), conn.Close(ctx))
	}
	return &session{conn: conn, name: rand.Text()}, nil
}

// Each transaction holds one advisory lock: alone, or shared with those that run
// beside it. It takes its number only then, because readers of the outbox wait
// for all that have one. It leaves a mark, by which it is known to have come through.
const (
	lockAlone  = "pg_advisory_xact_lock(25202, 0)"
	lockBeside = "pg_advisory_xact_lock_shared(25202, 0)"
	leaveMark  = "INSERT INTO commit_marks (session, mark, at) SELECT $1, $2, now() FROM %s" +
		" ON CONFLICT (session) DO UPDATE SET mark = excluded.mark, at = excluded.at RETURNING pg_current_xact_id()::text::bigint"
)

// Begin implements store.Session.
func (s *session) Begin(_ context.Context, alone bool) error {
	s.transaction = 0
	s.mark++
	s.waiting.Queue("BEGIN")
	lock := lockBeside
	if alone {
		lock = lockAlone
	}
	s.waiting.Queue(fmt.Sprintf(leaveMark, lock), s.name, s.mark).QueryRow(func(row pgx.Row) error { return row.Scan(&s.transaction) })
	return nil
}

// Commit implements store.Session.
func (s *session) Commit(ctx context.Context) error {
	if s.transaction == 0 {
		// Should the answer to a commit be lost, the number has to be known.
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	s.waiting.Queue("COMMIT")
	err := s.flush(ctx)
	if err != nil && judge(err) == store.Lost {
		return &store.LostCommitError{Transaction: s.transaction, Session: s.name, Mark: s.mark, Cause: err}
	}
	return err
}

// Rollback implements store.Session.
func (s *session) Rollback(ctx context.Context) {
	s.forget()
	if _, err := s.conn.Exec(ctx, "ROLLBACK"); err != nil {
		s.Close() // the next use finds it closed
	}
}

// Close implements store.Session.
func (s *session) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	_ = s.conn.Close(ctx)
}

// Run implements store.Statements.
func (s *session) Run(_ context.Context, query string, args ...any) error {
	s.waiting.Queue(query, args...)
	return nil
}

// Exec implements store.Statements.
func (s *session) Exec(ctx context.Context, query string, args ...any) (n int64, err error) {
	rows, err := s.Query(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	if err := rows.Close(); err != nil {
		return 0, err
	}
	return rows.(*answer).Rows.CommandTag().RowsAffected(), nil
}

// Query implements store.Statements.
func (s *session) Query(ctx context.Context, query string, args ...any) (store.Rows, error) {
	before := s.waiting.QueuedQueries
	results := s.send(ctx, query, args...)
	for _, q := range before {
		if err := s.skip(results, q); err != nil {
			_ = results.Close() // it is the same error
			return nil, err
		}
	}
	rows, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, err
	}
	return &answer{Rows: rows, results: results}, nil
}

// flush sends what waits and looks at every answer.
func (s *session) flush(ctx context.Context) error {
	waiting := s.waiting
	s.forget()
	return s.conn.SendBatch(ctx, &waiting).Close()
}

// send sends what waits, and one more statement.
func (s *session) send(ctx context.Context, query string, args ...any) pgx.BatchResults {
	waiting := s.waiting
	s.forget()
	waiting.Queue(query, args...)
	return s.conn.SendBatch(ctx, &waiting)
}

func (s *session) forget() { s.waiting = pgx.Batch{} }

// skip takes the answer of a statement whose answer nobody waits for.
func (*session) skip(results pgx.BatchResults, q *pgx.QueuedQuery) error {
	if q.Fn != nil {
		return q.Fn(results)
	}
	_, err := results.Exec()
	return err
}

// answer is the rows of the last statement of a batch.
type answer struct {
	pgx.Rows
	results pgx.BatchResults
}

// Close implements store.Rows.
func (a *answer) Close() error {
	a.Rows.Close()
	if err := a.results.Close(); err != nil {
		return err
	}
	return a.Err()
}
