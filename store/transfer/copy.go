package transfer

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// maxRows and maxBytes bound what is in memory: the rows of one statement, and
// their texts and blobs.
const (
	maxRows  = 500
	maxBytes = 4 << 20
)

// copyTable copies all rows of a table, and returns what it has read.
func (m *move) copyTable(ctx context.Context, t table) (copied sum, err error) {
	b := newBatch(m.to, t, m.toDialect.parameters)
	err = m.readTable(ctx, m.from, t, func(row []any) error {
		for i, c := range t.columns {
			s, ok := row[i].(string)
			if !ok {
				continue
			}
			if err := m.toDialect.accepts(s); err != nil {
				return fmt.Errorf("table %s, %s: column %s cannot be moved: %w", t.name, t.rowName(row), c.name, err)
			}
		}
		copied.add(row)
		return b.add(ctx, row)
	})
	if err != nil {
		return sum{}, err
	}
	return copied, b.flush(ctx)
}

// readTable calls each with every row of a table. The values are nil, int64,
// string or []byte, as the columns' kinds say, and each may keep them, but not
// the slice.
func (m *move) readTable(ctx context.Context, tx *sql.Tx, t table, each func(row []any) error) error {
	rows, err := tx.QueryContext(ctx, "SELECT "+t.names()+" FROM "+quote(t.name)) //nolint:gosec // names of the catalog, quoted
	if err != nil {
		return fmt.Errorf("read table %s: %w", t.name, err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	row, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range row {
		into[i] = &row[i]
	}
	const report = 100 // rows
	n := 0
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("read table %s: %w", t.name, err)
		}
		if err := t.bring(row, tx == m.from); err != nil {
			return err
		}
		if err := each(row); err != nil {
			return err
		}
		if n++; n == report {
			m.observer.Rows(n)
			n = 0
		}
	}
	m.observer.Rows(n)
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read table %s: %w", t.name, err)
	}
	return nil
}

// bring gives the values of a row the form that the target has them in.
func (t table) bring(row []any, isSource bool) error {
	for i, c := range t.columns {
		if isSource && c.name == xidColumn {
			row[i] = int64(0)
		}
		switch v := row[i].(type) {
		case nil:
			continue
		case int64:
			if c.kind == integer {
				continue
			}
		case string:
			switch c.kind {
			case text:
				continue
			case blob:
				row[i] = []byte(v)
				continue
			case integer:
			}
		case []byte:
			switch c.kind {
			case text:
				row[i] = string(v)
				continue
			case blob:
				row[i] = append([]byte{}, v...) // an empty one is not NULL
				continue
			case integer:
			}
		}
		return fmt.Errorf("table %s, %s: column %s holds a value of a wrong type (%T)", t.name, t.rowName(row), c.name, row[i])
	}
	return nil
}

// rowName says which row it is, by its primary key.
func (t table) rowName(row []any) string {
	var parts []string
	for i, c := range t.columns {
		if !c.key {
			continue
		}
		value := row[i]
		if raw, ok := value.([]byte); ok {
			value = string(raw)
		}
		if s, ok := value.(string); ok {
			value = strconv.Quote(s)
		}
		parts = append(parts, fmt.Sprintf("%s %v", c.name, value))
	}
	return strings.Join(parts, ", ")
}

// batch collects rows for one INSERT.
type batch struct {
	tx    *sql.Tx
	table table
	most  int    // rows
	full  string // the statement for that many
	args  []any
	bytes int
}

func newBatch(tx *sql.Tx, t table, parameters int) *batch {
	b := &batch{tx: tx, table: t, most: min(maxRows, parameters/len(t.columns))}
	b.full = b.statement(b.most)
	return b
}

func (b *batch) add(ctx context.Context, row []any) error {
	b.args = append(b.args, row...)
	for _, value := range row {
		switch v := value.(type) {
		case string:
			b.bytes += len(v)
		case []byte:
			b.bytes += len(v)
		}
	}
	if len(b.args) == b.most*len(row) || b.bytes >= maxBytes {
		return b.flush(ctx)
	}
	return nil
}

// flush writes what has been collected.
func (b *batch) flush(ctx context.Context) error {
	rows := len(b.args) / len(b.table.columns)
	if rows == 0 {
		return nil
	}
	statement := b.full
	if rows < b.most {
		statement = b.statement(rows)
	}
	if _, err := b.tx.ExecContext(ctx, statement, b.args...); err != nil {
		return fmt.Errorf("write table %s: %w", b.table.name, err)
	}
	clear(b.args) // let the texts go
	b.args, b.bytes = b.args[:0], 0
	return nil
}

// statement is the INSERT of that many rows.
func (b *batch) statement(rows int) string {
	var s strings.Builder
	s.WriteString("INSERT INTO " + quote(b.table.name) + " (" + b.table.names() + ") VALUES ")
	parameter := 0
	for r := range rows {
		if r > 0 {
			s.WriteByte(',')
		}
		s.WriteByte('(')
		for c := range b.table.columns {
			if c > 0 {
				s.WriteByte(',')
			}
			parameter++
			s.WriteString("$" + strconv.Itoa(parameter))
		}
		s.WriteByte(')')
	}
	return s.String()
}
