package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
)

// preparer is a connection, or a pool of them.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// statements keeps prepared statements. All query texts of the package are
// constants, or come in as many variants as there are kinds of pages, so the map
// does not grow.
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

// querier runs statements, in the writer's transaction or on the reading pool.
// The queries of the resources are written against it, once for both.
type querier struct {
	ctx        context.Context //nolint:containedctx // a querier lives as long as one request
	statements *statements
	wrote      *bool  // set by exec; nil when reading
	fault      *error // the last error of a statement; nil when reading
}

// failed keeps an error of a statement, so that the writer knows of it even when
// an operation does not pass it on: it may have voided the transaction.
func (q querier) failed(err error) error {
	if err != nil && q.fault != nil {
		*q.fault = err
	}
	return err
}

func (q querier) exec(query string, args ...any) (sql.Result, error) {
	stmt, err := q.statements.get(query)
	if err != nil {
		return nil, err
	}
	*q.wrote = true
	result, err := stmt.ExecContext(q.ctx, args...)
	return result, q.failed(err)
}

// run is exec for those who do not ask how many rows it was.
func (q querier) run(query string, args ...any) error {
	_, err := q.exec(query, args...)
	return err
}

// insert runs an INSERT … RETURNING seq.
func (q querier) insert(query string, args ...any) (seq int64, err error) {
	*q.wrote = true
	err = q.one(query, args, &seq)
	return seq, err
}

// one scans the single row of a query; sql.ErrNoRows when there is none.
func (q querier) one(query string, args []any, into ...any) error {
	stmt, err := q.statements.get(query)
	if err != nil {
		return err
	}
	return q.failed(stmt.QueryRowContext(q.ctx, args...).Scan(into...))
}

// scanner is a row to be scanned.
type scanner interface{ Scan(into ...any) error }

// all scans every row of a query.
func all[T any](q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	stmt, err := q.statements.get(query)
	if err != nil {
		return nil, err
	}
	rows, err := stmt.QueryContext(q.ctx, args...)
	if err != nil {
		return nil, q.failed(err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has what matters
	var list []T
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, q.failed(rows.Err())
}

// first scans the first row of a query; sql.ErrNoRows when there is none.
func first[T any](q querier, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	var none T
	stmt, err := q.statements.get(query)
	if err != nil {
		return none, err
	}
	item, err := scan(stmt.QueryRowContext(q.ctx, args...))
	return item, q.failed(err)
}
