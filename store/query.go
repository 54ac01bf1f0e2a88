package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"bridged/conversations"
)

// preparer is a connection, or a pool of them.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// statements keeps prepared statements. All query texts of the package are
// constants, or come in as many variants as there are kinds of pages and powers of
// two up to the longest list of values, so the map does not grow.
type statements struct {
	db   preparer
	mu   sync.RWMutex
	kept map[string]*sql.Stmt
}

func newStatements(db preparer) *statements {
	return &statements{db: db, kept: make(map[string]*sql.Stmt)}
}

func (s *statements) get(query string) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt, ok := s.kept[query]
	s.mu.RUnlock()
	if ok {
		return stmt, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt, ok := s.kept[query]; ok {
		return stmt, nil
	}
	stmt, err := s.db.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare %.60q: %w", query, err)
	}
	s.kept[query] = stmt
	return stmt, nil
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first error
	for _, stmt := range s.kept {
		if err := stmt.Close(); err != nil && first == nil {
			first = err
		}
	}
	clear(s.kept)
	return first
}

// Run implements Statements.
func (s *statements) Run(ctx context.Context, query string, args ...any) error {
	_, err := s.Exec(ctx, query, args...)
	return err
}

// Exec implements Statements.
func (s *statements) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := s.get(query)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// Query implements Statements.
func (s *statements) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	stmt, err := s.get(query)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(ctx, args...) //nolint:rowserrcheck // the caller checks
	if err != nil {
		return nil, err // not the rows, which would be an interface that is not nil
	}
	return rows, nil
}

// rereads is how often a query is made anew that met a lost connection: a pool
// keeps several, and they are lost together.
const rereads = 8

// querier runs statements, in the writer's transaction or on the reading pool.
// The queries of the resources are written against it, once for both.
type querier struct {
	ctx        context.Context //nolint:containedctx // a querier lives as long as one request
	statements Statements
	wrote      *bool  // set by what writes; nil when reading
	fault      *error // the last error of a statement; nil when reading
	backend    *Backend
}

// failed keeps an error of a statement, so that the writer knows of it even when
// an operation does not pass it on: it may have voided the transaction. Who reads
// is told where it is the database that cannot be used.
func (q querier) failed(err error) error {
	switch {
	case err == nil:
	case q.fault != nil:
		*q.fault = err
	case q.backend.Judge(err) != Refused:
		return fmt.Errorf("%w: %w", conversations.ErrUnavailable, err)
	}
	return err
}

// exec runs a statement and returns how many rows it touched.
func (q querier) exec(query string, args ...any) (int64, error) {
	*q.wrote = true
	n, err := q.statements.Exec(q.ctx, query, q.backend.Clean(args)...)
	return n, q.failed(err)
}

// run is exec for those who do not ask how many rows it was.
func (q querier) run(query string, args ...any) error {
	*q.wrote = true
	return q.failed(q.statements.Run(q.ctx, query, q.backend.Clean(args)...))
}

// insert runs an INSERT … RETURNING seq.
func (q querier) insert(query string, args ...any) (seq int64, err error) {
	*q.wrote = true
	err = q.one(query, args, &seq)
	return seq, err
}

// one scans the single row of a query; sql.ErrNoRows when there is none.
func (q querier) one(query string, args []any, into ...any) error {
	_, err := first(q, func(s scanner) (struct{}, error) { return struct{}{}, s.Scan(into...) }, query, args...)
	return err
}

// scanner is a row to be scanned.
type scanner interface{ Scan(into ...any) error }

// all scans every row of a query.
func all[T any](q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	var list []T
	err := q.each(query, args, func(s scanner) (bool, error) {
		item, err := scan(s)
		if err == nil {
			list = append(list, item)
		}
		return true, err
	})
	return list, err
}

// first scans the first row of a query; sql.ErrNoRows when there is none.
func first[T any](q querier, scan func(scanner) (T, error), query string, args ...any) (item T, err error) {
	found := false
	err = q.each(query, args, func(s scanner) (bool, error) {
		found = true
		item, err = scan(s)
		return false, err
	})
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return item, err
}

// each gives the rows of a query to scan, until it wants no more.
func (q querier) each(query string, args []any, scan func(scanner) (more bool, err error)) error {
	args = q.backend.Clean(args)
	rows, err := q.statements.Query(q.ctx, query, args...)
	for try := 0; err != nil && try < rereads && q.fault == nil && q.backend.Judge(err) == Lost; try++ {
		rows, err = q.statements.Query(q.ctx, query, args...)
	}
	if err != nil {
		return q.failed(err)
	}
	for more := true; more && rows.Next(); {
		if more, err = scan(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return q.failed(cmp.Or(rows.Err(), rows.Close()))
}
