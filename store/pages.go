package store

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"bridged/conversations"
)

// listed is a list whose entries have a place in an order of one or two columns.
type listed[T any] struct {
	columns string // what is selected, for scan
	from    string // "FROM … WHERE …", with its arguments as $1 to $n
	args    []any
	major   string // column of the order
	minor   string // second column; empty where major is unique
	text    bool   // major is a text, whose place is the cursor's Text
	scan    func(scanner) (T, error)
	cursor  func(T) conversations.Cursor
}

// page reads one page by keyset: it costs the same wherever in the list it is.
func (l listed[T]) page(q querier, p conversations.Page) (conversations.Listing[T], error) {
	backward := p.Before != nil
	// Going backward reads the list in the other direction and turns it round.
	descending := p.Descending != backward
	where, args := l.from, slices.Clone(l.args)
	if c := cmpOr(p.After, p.Before); c != nil {
		where, args = l.beyond(*c, descending)
	}
	query := fmt.Sprintf("SELECT %s %s ORDER BY %s LIMIT $%d", l.columns, where, l.order(descending), len(args)+1)
	// One row more than the page says whether there is another page.
	items, err := all(q, l.scan, query, append(args, p.Size+1)...)
	if err != nil {
		return conversations.Listing[T]{}, err
	}
	more := len(items) > p.Size
	if more {
		items = items[:p.Size]
	}
	if backward {
		slices.Reverse(items)
	}
	out := conversations.Listing[T]{Items: items}
	if len(items) == 0 {
		return out, nil
	}
	firstItem, last := l.cursor(items[0]), l.cursor(items[len(items)-1])
	if more || backward {
		out.Next = &last
	}
	if p.After != nil || backward && more {
		out.Previous = &firstItem
	}
	return out, nil
}

// beyond adds the condition that leaves out all up to the cursor.
func (l listed[T]) beyond(c conversations.Cursor, descending bool) (where string, args []any) {
	sign := ">"
	if descending {
		sign = "<"
	}
	args = slices.Clone(l.args)
	if l.text {
		args = append(args, c.Text)
	} else {
		args = append(args, c.Major)
	}
	n := len(args)
	if l.minor == "" {
		return fmt.Sprintf("%s AND %s %s $%d", l.from, l.major, sign, n), args
	}
	return fmt.Sprintf("%s AND (%s, %s) %s ($%d, $%d)", l.from, l.major, l.minor, sign, n, n+1), append(args, c.Minor)
}

func (l listed[T]) order(descending bool) string {
	direction := "ASC"
	if descending {
		direction = "DESC"
	}
	if l.minor == "" {
		return l.major + " " + direction
	}
	return l.major + " " + direction + ", " + l.minor + " " + direction
}

func cmpOr(a, b *conversations.Cursor) *conversations.Cursor {
	if a != nil {
		return a
	}
	return b
}

// among adds the condition that a column has one of the values, if there are any.
// The last one is repeated until their number is a power of two: each number makes
// another query, and the statements of all are kept.
func among[T ~string | ~int64](from string, args []any, column string, values []T) (string, []any) {
	if len(values) == 0 {
		return from, args
	}
	places := make([]string, 1<<bits.Len(uint(len(values)-1)))
	for i := range places {
		args = append(args, values[min(i, len(values)-1)])
		places[i] = fmt.Sprintf("$%d", len(args))
	}
	return from + " AND " + column + " IN (" + strings.Join(places, ", ") + ")", args
}
