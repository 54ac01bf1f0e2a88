package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Session is a connection that writes, and the transaction on it.
type Session interface {
	Statements
	// Begin begins a transaction. One that is alone excludes all others.
	Begin(ctx context.Context, alone bool) error
	// Commit ends it. Where its answer is lost, but may be asked for, the error is
	// a *LostCommitError.
	Commit(ctx context.Context) error
	// Rollback ends it and leaves nothing of it.
	Rollback(ctx context.Context)
	// Close gives the connection back. What is wrong with it then nobody needs.
	Close()
}

// Statements runs statements, by their text with $1-style parameters.
type Statements interface {
	// Run runs a statement whose outcome nobody waits for: it may be carried out
	// with the next one, and its error come with that.
	Run(ctx context.Context, query string, args ...any) error
	// Exec runs a statement and returns how many rows it touched.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Query runs a statement that returns rows, which the caller closes before the
	// next one.
	Query(ctx context.Context, query string, args ...any) (Rows, error)
}

// Rows are the result of a query.
type Rows interface {
	Next() bool
	Scan(into ...any) error
	Err() error
	Close() error
}

// LostCommitError is the error of a commit whose answer was lost.
type LostCommitError struct {
	Transaction int64  // its number, which the server may give again after a crash
	Session     string // the connection's own name
	Mark        int64  // which of the connection's transactions it was
	Cause       error
}

// Error implements error.
func (e *LostCommitError) Error() string {
	return fmt.Sprintf("the connection was lost in the commit of transaction %d: %v", e.Transaction, e.Cause)
}

// Unwrap returns the cause.
func (e *LostCommitError) Unwrap() error { return e.Cause }

// sqlSession is a connection of database/sql.
type sqlSession struct {
	*statements
	conn  *sql.Conn
	begin string
}

func connectSQL(ctx context.Context, b Backend) (Session, error) {
	conn, err := b.Write.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to write: %w", err)
	}
	return &sqlSession{statements: newStatements(conn), conn: conn, begin: b.Begin}, nil
}

// Begin implements Session.
func (s *sqlSession) Begin(ctx context.Context, _ bool) error { return s.Run(ctx, s.begin) }

// Commit implements Session.
func (s *sqlSession) Commit(ctx context.Context) error { return s.Run(ctx, "COMMIT") }

// Rollback implements Session. After some errors the engine has rolled back
// already and says so.
func (s *sqlSession) Rollback(ctx context.Context) { _ = s.Run(ctx, "ROLLBACK") }

// Close implements Session.
func (s *sqlSession) Close() { _, _ = s.close(), s.conn.Close() }
