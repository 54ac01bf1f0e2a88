// Package transfer moves all that a store holds into another, empty database.
//
// It knows no table of the store by name, with three exceptions (catalog.go): what
// there is to move it reads from the source's catalog, and columns go by name, so
// that a later migration needs no change here. Everything is written in one
// transaction of the target, read back there, and compared with what was read
// from the source; only then is it committed. So there is never half a move: the
// target has everything, or nothing. The source is only read.
//
// Run is the way in. Either side may be of either dialect; what they do not share
// is in dialect.go. Nobody else may write to either side meanwhile: the caller
// sees to it that the source is at rest, and the target is locked here.
package transfer

import (
	"context"
	"database/sql"
	"fmt"
)

// Side is one of the two databases. Both have the schema of the same program.
type Side struct {
	// DB is the pool that reads from the source, or writes to the target.
	DB      *sql.DB
	Dialect Dialect
}

// Observer is told how far a move has come.
type Observer interface {
	// Total says how many rows will be reported by Rows, once.
	Total(rows int64)
	// Begin says what is done now, with a table of that many rows.
	Begin(step Step, table string, rows int64)
	// Rows says that so many more rows are done.
	Rows(n int)
}

// Step is what is done with a table: all tables are copied, and then all are
// checked.
type Step string

// The steps.
const (
	Copying  Step = "copying"
	Checking Step = "checking"
)

// Moved is a table and how many rows of it were moved.
type Moved struct {
	Table string
	Rows  int64
}

// Run moves everything, and returns the tables in the order of their names. An
// error means that the target is as it was, but for a lost answer to the commit:
// then a second Run finds out.
func Run(ctx context.Context, from, to Side, o Observer) ([]Moved, error) {
	// One snapshot for all that is read.
	source, err := from.DB.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("begin to read the source: %w", err)
	}
	defer source.Rollback() //nolint:errcheck // it was only read
	// Its end does not depend on the context: a commit is not to be cut off.
	target, err := to.DB.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, fmt.Errorf("begin to write the target: %w", err)
	}
	defer target.Rollback() //nolint:errcheck // after a commit there is nothing to roll back, and else the reason is known
	m := &move{from: source, to: target, fromDialect: from.Dialect, toDialect: to.Dialect, observer: o}
	err = m.run(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("interrupted, nothing was moved: %w", ctx.Err())
	case err != nil:
		return nil, err
	}
	if err := target.Commit(); err != nil {
		return nil, fmt.Errorf("commit: %w; run the command again: if it says that the target is not empty, everything is there", err)
	}
	return m.moved, nil
}

// move is one move under way.
type move struct {
	from, to               *sql.Tx
	fromDialect, toDialect Dialect
	observer               Observer
	moved                  []Moved
}

func (m *move) run(ctx context.Context) error {
	tables, err := m.plan(ctx)
	if err != nil {
		return err
	}
	var total int64
	for i := range tables {
		if tables[i].rows, err = count(ctx, m.from, tables[i].name); err != nil {
			return err
		}
		total += 2 * tables[i].rows // once to copy it, once to check it
	}
	m.observer.Total(total)
	copied := make([]sum, len(tables))
	for i, t := range tables {
		m.observer.Begin(Copying, t.name, t.rows)
		if copied[i], err = m.copyTable(ctx, t); err != nil {
			return err
		}
	}
	if err := m.moveNumbers(ctx, tables); err != nil {
		return err
	}
	if m.toDialect.rebuild != nil {
		if err := m.toDialect.rebuild(ctx, m.to); err != nil {
			return fmt.Errorf("make the target's indexes: %w", err)
		}
	}
	for i, t := range tables {
		m.observer.Begin(Checking, t.name, t.rows)
		if err := m.check(ctx, t, copied[i]); err != nil {
			return err
		}
		m.moved = append(m.moved, Moved{Table: t.name, Rows: copied[i].rows})
	}
	return nil
}

// plan finds out what is to be moved, and makes sure that the target is empty
// and stays so for others.
func (m *move) plan(ctx context.Context) ([]table, error) {
	here, err := readCatalog(ctx, m.from, m.fromDialect)
	if err != nil {
		return nil, fmt.Errorf("read the source's schema: %w", err)
	}
	there, err := readCatalog(ctx, m.to, m.toDialect)
	if err != nil {
		return nil, fmt.Errorf("read the target's schema: %w", err)
	}
	if err := m.toDialect.lockTables(ctx, m.to, there); err != nil {
		return nil, fmt.Errorf("lock the target: %w", err)
	}
	for _, t := range there {
		switch rows, err := count(ctx, m.to, t.name); {
		case err != nil:
			return nil, err
		case rows > 0:
			return nil, fmt.Errorf("the target is not empty: its table %s has %d rows; name a new database", t.name, rows)
		}
	}
	return match(here, there)
}

func count(ctx context.Context, tx *sql.Tx, table string) (n int64, err error) {
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM "+quote(table)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the rows of %s: %w", table, err)
	}
	return n, nil
}

// check reads a table back and compares it with what was copied.
func (m *move) check(ctx context.Context, t table, copied sum) error {
	var found sum
	err := m.readTable(ctx, m.to, t, func(row []any) error {
		found.add(row)
		return nil
	})
	switch {
	case err != nil:
		return err
	case found != copied:
		return fmt.Errorf("table %s was not copied faithfully, and nothing was moved: the source has %s, the target %s", t.name, copied, found)
	}
	return nil
}

// moveNumbers sees to it that the target gives out no number that the source has
// given out, rows that are gone included.
func (m *move) moveNumbers(ctx context.Context, tables []table) error {
	given, err := m.highest(ctx, tables)
	if err != nil {
		return fmt.Errorf("read the source's numbers: %w", err)
	}
	for _, t := range tables {
		n := given[t.name]
		if n == 0 {
			continue
		}
		if err := m.toDialect.setNumber(ctx, m.to, t, n); err != nil {
			return fmt.Errorf("table %s: set the number to go on from: %w", t.name, err)
		}
	}
	set, err := m.toDialect.numbers(ctx, m.to, tables)
	if err != nil {
		return fmt.Errorf("read the target's numbers: %w", err)
	}
	for _, t := range tables {
		if set[t.name] != given[t.name] {
			return fmt.Errorf("table %s would go on from number %d, but the source was at %d; nothing was moved", t.name, set[t.name], given[t.name])
		}
	}
	return nil
}

// highest are the numbers beyond which the target goes on: what the source has
// given out, or a row has that came by its number in another way.
func (m *move) highest(ctx context.Context, tables []table) (map[string]int64, error) {
	given, err := m.fromDialect.numbers(ctx, m.from, tables)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		key, ok := t.number()
		if !ok || t.rows == 0 {
			continue
		}
		var n int64
		if err := m.from.QueryRowContext(ctx, "SELECT max("+quote(key)+") FROM "+quote(t.name)).Scan(&n); err != nil {
			return nil, err
		}
		given[t.name] = max(given[t.name], n)
	}
	return given, nil
}
