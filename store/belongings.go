package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bridged/conversations"
)

// Traces is how a database is looked through for words, wherever they stand.
type Traces struct {
	// Columns is a query for all columns in which words can stand: their tables, their
	// names, and what kind of column they are.
	Columns string
	// Contains is the condition that a column of a kind has a text ($n) in it.
	Contains func(column, kind, parameter string) string
	// Compact removes what is left of rows that are gone, given a session outside of a
	// transaction; nothing is written meanwhile. Optional.
	Compact func(ctx context.Context, s Statements) error
	// CompactBeside does so while others write. Optional.
	CompactBeside func(ctx context.Context) error
}

// belongings are rows of one kind: those of a table that tell by one of their
// columns that they are a person's.
type belongings struct {
	kind    string
	from    string // the table, with others beside it
	table   string // from which the row goes; empty: there is more to do than that
	key     string
	columns []string
	where   string // what else has to be true; empty for nothing
	// author says that the columns are whole addresses, and not words with some in them.
	author bool
	// orphans says that they are rows whose message is gone, which the column tells of.
	// They are nobody's, but may tell how files were named.
	orphans bool
	// renamed is the column in which the name is replaced, where the row stays.
	renamed string
}

// The kinds of belongings that package bridge deals with, which knows what hangs on
// them.
const (
	kindMessages     = "messages"
	kindDeliveries   = "deliveries"
	kindParticipants = "participants"
	kindIndexed      = "search entries"
)

// allBelongings are the kinds in the order in which they are removed. What is
// unfinished and not the person's alone is left until it is finished.
func allBelongings() []belongings {
	list := []belongings{
		{
			kind: kindMessages, from: "messages m LEFT JOIN participants p ON p.id = m.participant_id", key: "m.id",
			columns: []string{"m.author", "p.address"}, author: true,
		},
		{kind: kindDeliveries, from: "deliveries", key: "seq", columns: []string{"address"}, where: "(progress >= 4 OR others IS NULL)", author: true},
		{kind: kindParticipants, from: "participants", key: "seq", columns: []string{"address"}, author: true},
	}
	list = append(list, goneBelongings()...)
	list = append(list, renamedBelongings()...)
	return append(list, belongings{
		kind: "events of deliveries", from: "events", table: "events", key: "seq", columns: []string{"after"}, orphans: true,
		where: "type = '" + string(conversations.DeliveryUpdated) + `' AND (after LIKE '%"Files":[%' OR after NOT LIKE '%"Prefix":""%')`,
	}, belongings{
		kind: kindIndexed, key: "e.place",
		from: "search_entries e LEFT JOIN messages m ON m.id = e.resource_id LEFT JOIN participants p ON p.id = e.resource_id",
		where: `(e.kind = '` + string(conversations.SearchMessage) + `' AND m.id IS NULL
			OR e.kind = '` + string(conversations.SearchParticipant) + `' AND p.id IS NULL)`,
	})
}

// goneBelongings are rows that go, and nothing else with them.
func goneBelongings() []belongings {
	gone := func(kind, table, key, where string, columns ...string) belongings {
		return belongings{kind: kind, from: table, table: table, key: key, where: where, columns: columns}
	}
	// What goes to a group is not the person's alone. What populates a conversation, or
	// comes in, is done first.
	const ownTasks = `queue NOT IN ('inbound', 'populate') AND (queue NOT LIKE 'outbound.%' OR task_key LIKE '%>%')`
	return []belongings{
		gone("inbound messages", "inbound", "seq", "state <> 0", "sender"),
		gone("calls of inbound webhooks", "inbound_calls", "seq", "", "sender"),
		gone("status reports", "statuses", "seq", "", "pair_key"),
		gone("tasks", "outbox", "seq", ownTasks, "task_key", "payload", "metadata"),
		gone("dead letters", "dead_letters", "seq", "", "task_key", "payload", "source", "reason"),
		gone("events", "events", "seq", "", "after", "before", "origin", "actor"),
		gone("answers to repeated requests", "answers", "request_key", "", "body"),
		gone("opt-outs", "opt_outs", "seq", "", "match_key", "name", "address"),
		gone("windows", "windows", "seq", "", "match_key", "address"),
		gone("alias conflicts", "alias_conflicts", "seq", "", "alias", "root"),
		gone("pairs", "pairs", "match_key", "", "match_key"),
		gone("aliases", "aliases", "alias", "", "alias", "root"),
	}
}

// renamedBelongings are rows of others in which the person is named.
func renamedBelongings() (list []belongings) {
	renamed := func(kind, table, where string, columns ...string) {
		for _, c := range columns {
			list = append(list, belongings{kind: kind, from: table, table: table, key: "seq", columns: []string{c}, where: where, renamed: c})
		}
	}
	renamed("other inbound messages", "inbound", "state <> 0", "others", "match_key", "copy_key", "reason")
	renamed("other deliveries", "deliveries", "progress >= 4", "others", "pair_key", "reason")
	renamed("other status reports", "statuses", "", "detail")
	for _, c := range []string{"pair_key", "line", "detail"} {
		list = append(list, belongings{
			kind: "other attempts", from: "attempts", table: "attempts", key: "delivery_id", columns: []string{c}, renamed: c,
			where: "EXISTS (SELECT 1 FROM deliveries d WHERE d.id = delivery_id AND d.progress >= 4)",
		})
	}
	return append(list, belongings{kind: "other files", from: "media", table: "media", key: "id", columns: []string{"author"}, renamed: "author"})
}

// BelongingKinds are the kinds of what can be a person's, in the order in which it is
// removed.
func (db *DB) BelongingKinds() (kinds []string) {
	for _, b := range allBelongings() {
		kinds = append(kinds, b.kind)
	}
	return slices.Compact(kinds)
}

// Belongings gives what a person has of one kind, up to size at once, until there is
// no more or give fails. It does not hold up who writes.
func (db *DB) Belongings(ctx context.Context, kind string, s conversations.Spellings, size int, give func([]conversations.Belonging) error) error {
	columns, err := db.wordColumns(ctx)
	if err != nil {
		return err
	}
	for _, b := range allBelongings() {
		if b.kind != kind {
			continue
		}
		if err := db.belongings(ctx, b, columns, s, size, give); err != nil {
			return fmt.Errorf("look for %s: %w", kind, err)
		}
	}
	return nil
}

func (db *DB) belongings(ctx context.Context, b belongings, known []wordColumn, s conversations.Spellings, size int, give func([]conversations.Belonging) error) error {
	var after any
	for {
		query, args := db.belongingsQuery(b, known, s, after, size)
		found, last, n, err := db.readBelongings(ctx, b, s, query, args)
		if err != nil {
			return err
		}
		if b.orphans {
			if found, err = db.withoutMessage(ctx, found); err != nil {
				return err
			}
		}
		if len(found) > 0 {
			if err := give(found); err != nil {
				return err
			}
		}
		if n < size {
			return nil
		}
		after = last
	}
}

func (db *DB) belongingsQuery(b belongings, known []wordColumn, s conversations.Spellings, after any, size int) (string, []any) {
	var (
		args       []any
		conditions = []string{"1 = 1"}
	)
	if len(b.columns) > 0 && !b.orphans {
		var words []string
		for _, name := range s {
			args = append(args, name)
			for _, c := range b.columns {
				words = append(words, db.backend.Traces.Contains(c, kindOf(known, b, c), fmt.Sprintf("$%d", len(args))))
			}
		}
		conditions = append(conditions, "("+strings.Join(words, " OR ")+")")
	}
	if b.where != "" {
		conditions = append(conditions, b.where)
	}
	if after != nil {
		args = append(args, after)
		conditions = append(conditions, fmt.Sprintf("%s > $%d", b.key, len(args)))
	}
	args = append(args, size)
	return fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT $%d", strings.Join(append([]string{b.key}, b.columns...), ", "),
		b.from, strings.Join(conditions, " AND "), b.key, len(args)), args
}

// readBelongings reads a page. Not all that has the words in it is the person's: a
// number may be the beginning of another one.
func (db *DB) readBelongings(ctx context.Context, b belongings, s conversations.Spellings, query string, args []any) (found []conversations.Belonging, last any, n int, err error) {
	rows, err := db.backend.Read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, nil, 0, err
	}
	defer rows.Close() //nolint:errcheck // Err is asked
	for ; rows.Next(); n++ {
		values := make([]*string, len(b.columns))
		into := []any{&last}
		for i := range values {
			into = append(into, &values[i])
		}
		if err := rows.Scan(into...); err != nil {
			return nil, nil, 0, err
		}
		if text, ok := last.([]byte); ok {
			last = string(text)
		}
		one := conversations.Belonging{Kind: b.kind, Key: last}
		is := len(values) == 0 || b.orphans
		for _, v := range values {
			if v == nil {
				one.Values = append(one.Values, "")
				continue
			}
			one.Values = append(one.Values, *v)
			is = is || b.author && s.Are(conversations.Address(*v)) || !b.author && s.In(*v)
		}
		if is {
			found = append(found, one)
		}
	}
	return found, last, n, rows.Err()
}

// withoutMessage returns those of the events of deliveries whose message is gone.
func (db *DB) withoutMessage(ctx context.Context, list []conversations.Belonging) (gone []conversations.Belonging, err error) {
	for _, one := range list {
		var d struct {
			Conversation conversations.ConversationID
			Message      conversations.MessageID
		}
		if err := json.Unmarshal([]byte(one.Values[0]), &d); err != nil {
			return nil, fmt.Errorf("read the event of a delivery: %w", err)
		}
		if d.Message == "" || d.Conversation == "" {
			continue // of an inbound webhook's answer
		}
		found, err := all(db.reader(ctx), scanText, "SELECT id FROM messages WHERE id = $1", d.Message)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			gone = append(gone, conversations.Belonging{Kind: one.Kind, Key: one.Key})
		}
	}
	return gone, nil
}

// wordColumn is a column in which words can stand.
type wordColumn struct{ table, name, kind string }

// kindOf is what kind of column one of the belongings' is.
func kindOf(known []wordColumn, b belongings, name string) string {
	for _, c := range known {
		if c.table == b.table && c.name == name {
			return c.kind
		}
	}
	return ""
}

func (db *DB) wordColumns(ctx context.Context) (list []wordColumn, err error) {
	rows, err := db.backend.Read.QueryContext(ctx, db.backend.Traces.Columns)
	if err != nil {
		return nil, fmt.Errorf("list the columns: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err is asked
	for rows.Next() {
		var c wordColumn
		if err := rows.Scan(&c.table, &c.name, &c.kind); err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

// Leftovers looks through every column of every table in which words can stand, and
// says in how many rows a person is named. The rows of erasures are not looked at.
func (db *DB) Leftovers(ctx context.Context, s conversations.Spellings) (list []conversations.Leftover, err error) {
	columns, err := db.wordColumns(ctx)
	if err != nil {
		return nil, err
	}
	for len(columns) > 0 {
		table := columns[0].table
		end := slices.IndexFunc(columns, func(c wordColumn) bool { return c.table != table })
		if end < 0 {
			end = len(columns)
		}
		if table != "erasures" {
			left, err := db.leftoversIn(ctx, columns[:end], s)
			if err != nil {
				return nil, fmt.Errorf("look through the table %s: %w", table, err)
			}
			list = append(list, left...)
		}
		columns = columns[end:]
	}
	return list, nil
}

// leftoversIn looks through one table.
func (db *DB) leftoversIn(ctx context.Context, columns []wordColumn, s conversations.Spellings) (list []conversations.Leftover, err error) {
	query, args := db.leftoversQuery(columns, s)
	rows, err := db.backend.Read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // Err is asked
	counts := make([]int, len(columns))
	for rows.Next() {
		values, into := make([]*string, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, v := range values {
			if v != nil && s.In(*v) {
				counts[i]++
			}
		}
	}
	for i, n := range counts {
		if n > 0 {
			list = append(list, conversations.Leftover{Table: columns[i].table, Column: columns[i].name, Rows: n})
		}
	}
	return list, rows.Err()
}

func (db *DB) leftoversQuery(columns []wordColumn, s conversations.Spellings) (query string, args []any) {
	var names, words []string
	for _, name := range s {
		args = append(args, name)
		for _, c := range columns {
			words = append(words, db.backend.Traces.Contains(quoted(c.name), c.kind, fmt.Sprintf("$%d", len(args))))
		}
	}
	for _, c := range columns {
		names = append(names, quoted(c.name))
	}
	return "SELECT " + strings.Join(names, ", ") + " FROM " + quoted(columns[0].table) + " WHERE " + strings.Join(words, " OR "), args
}

func quoted(name string) string { return `"` + name + `"` }

// Unfinished are those of the leftovers that go when what they are part of is
// finished: they are in no words of others.
func (db *DB) Unfinished(left []conversations.Leftover) (list []conversations.Leftover) {
	for _, l := range left {
		if slices.ContainsFunc(allBelongings(), func(b belongings) bool {
			return firstWord(b.from) == l.Table && slices.ContainsFunc(b.columns, func(c string) bool {
				return c[strings.LastIndex(c, ".")+1:] == l.Column
			})
		}) {
			list = append(list, l)
		}
	}
	return list
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// Compact removes what rows that are gone have left in the files of the database.
func (db *DB) Compact(ctx context.Context) error {
	t := db.backend.Traces
	switch {
	case t.CompactBeside != nil:
		return t.CompactBeside(ctx)
	case t.Compact == nil:
		return nil
	}
	var failed error
	err := db.Update(ctx, func(tx *Tx) error {
		tx.effects.outside = func(s Statements) { failed = t.Compact(context.WithoutCancel(ctx), s) }
		return nil
	})
	if err != nil {
		return err
	}
	return failed
}
