package transfer

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

const (
	// versionTable is the migrations' own record, which the target has already.
	versionTable = "goose_db_version"
	// leasesTable holds what running processes hold: nobody has it after a move.
	leasesTable = "leases"
	// marksTable holds by which connections know their last commits: theirs alone.
	marksTable = "commit_marks"
	// xidColumn is the transaction of the target that made a row. Rows that come
	// from elsewhere have 0, which is before every transaction.
	xidColumn = "xid"
)

// kind is what the values of a column are. SQLite takes any value in any column;
// the target's kind decides what a value is brought to.
type kind int

const (
	integer kind = iota
	text
	blob
)

// table is a table with the columns that are moved.
type table struct {
	name    string
	columns []column
	rows    int64 // of the source
}

type column struct {
	name string
	kind kind
	key  bool // part of the primary key
	// counted says that the database counts it up.
	counted bool
}

// readCatalog lists the tables of the program, by name.
func readCatalog(ctx context.Context, tx *sql.Tx, d Dialect) ([]table, error) {
	for _, statement := range d.settings {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return nil, err
		}
	}
	rows, err := tx.QueryContext(ctx, d.catalog)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has it
	var list []table
	for rows.Next() {
		var (
			name, typ string
			c         column
		)
		if err := rows.Scan(&name, &c.name, &typ, &c.key, &c.counted); err != nil {
			return nil, err
		}
		if name == versionTable || name == marksTable {
			continue
		}
		if c.kind, err = kindOf(typ); err != nil {
			return nil, fmt.Errorf("table %s, column %s: %w", name, c.name, err)
		}
		if len(list) == 0 || list[len(list)-1].name != name {
			list = append(list, table{name: name})
		}
		last := &list[len(list)-1]
		last.columns = append(last.columns, c)
	}
	slices.SortFunc(list, func(a, b table) int { return strings.Compare(a.name, b.name) })
	return list, rows.Err()
}

// kindOf reads the types that the migrations have, in either dialect's spelling.
func kindOf(typ string) (kind, error) {
	switch strings.ToUpper(typ) {
	case "INTEGER", "BIGINT", "INT8", "TRANSACTION_ID":
		return integer, nil
	case "TEXT":
		return text, nil
	case "BLOB", "BYTEA":
		return blob, nil
	}
	return 0, fmt.Errorf("values of the type %s cannot be moved", typ)
}

// match returns the source's tables as they are moved: its columns, of the kinds
// that they have at the target. What the target lacks is an error; what only the
// target has keeps its default.
func match(here, there []table) ([]table, error) {
	var list []table
	for _, t := range here {
		if t.name == leasesTable {
			continue
		}
		i := slices.IndexFunc(there, func(o table) bool { return o.name == t.name })
		if i < 0 {
			return nil, fmt.Errorf("the source has a table %s, which is not of this program: remove it, or rename it out of the file", t.name)
		}
		for c := range t.columns {
			j := slices.IndexFunc(there[i].columns, func(o column) bool { return o.name == t.columns[c].name })
			if j < 0 {
				return nil, fmt.Errorf("the source has a column %s.%s, which is not of this program: remove it", t.name, t.columns[c].name)
			}
			t.columns[c].kind = there[i].columns[j].kind
		}
		list = append(list, t)
	}
	return list, nil
}

// names are the columns as they stand in a statement.
func (t table) names() string {
	list := make([]string, len(t.columns))
	for i, c := range t.columns {
		list[i] = quote(c.name)
	}
	return strings.Join(list, ", ")
}

// number is the column that the database counts up, if the table has one.
func (t table) number() (name string, ok bool) {
	for _, c := range t.columns {
		if c.counted {
			return c.name, true
		}
	}
	return "", false
}

// quote writes a name as SQL has it.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
