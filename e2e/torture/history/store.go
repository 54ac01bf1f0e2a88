package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the database of the runs on PostgreSQL
	_ "modernc.org/sqlite"             // the database of the others
)

// Store is what the daemon has in its database. Only what the checks need.
type Store struct {
	At            int64 // microseconds since 1970, as the daemon's clock shows it
	Conversations []Conversation
	Messages      []Message // in the order of their conversations and indexes
	Participants  []Participant
	Pairs         []Pair
	Deliveries    []Delivery // in the order in which they were made
	Attempts      []Attempt
	Pending       int // inbound messages that were not routed
	Outbox        int // tasks
	DeadLetters   []DeadLetter
	Integrity     string // "ok"
}

// Conversation is one row.
type Conversation struct {
	ID, State string
	Next      int64 // the next message's index
}

// Message is one row.
type Message struct {
	ID, Conversation string
	Index            int64
	Author, Token    string
}

// Participant is somebody outside chat with a pair of addresses.
type Participant struct{ ID, Conversation, Address, Proxy, State string }

// Pair is a row of the live pairs.
type Pair struct{ Participant, Conversation string }

// Delivery is one row. Due is in microseconds, 0 for none.
type Delivery struct {
	Seq                           int64
	ID, Message                   string
	Channel, Address, Proxy       string
	Status, Provider, Reason      string
	Progress, Parts, Code, Notice int64
	Due                           int64
	Lead                          string
}

// Attempt is one row.
type Attempt struct{ Delivery, Outcome, Provider string }

// DeadLetter is one row.
type DeadLetter struct{ Topic, Delivery, Reason string }

// Open opens a database of a store.url for reading.
func Open(url string) (*sql.DB, error) {
	if path, ok := sqlitePath(url); ok {
		return sql.Open("sqlite", "file:"+path+"?_pragma=query_only(1)&_pragma=busy_timeout(10000)")
	}
	return sql.Open("pgx", url)
}

func sqlitePath(url string) (path string, ok bool) {
	const scheme = "sqlite:"
	if len(url) > len(scheme) && url[:len(scheme)] == scheme {
		return url[len(scheme):], true
	}
	return "", false
}

// Read reads a store in one transaction, so that what it says was true at one moment.
// With the integrity check of SQLite, which reads all of it again, if it is asked for.
func Read(ctx context.Context, url string, thorough bool) (s Store, err error) {
	db, err := Open(url)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, isSQLite := sqlitePath(url)
	level := sql.LevelRepeatableRead
	if isSQLite {
		level = sql.LevelDefault
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: level, ReadOnly: !isSQLite})
	if err != nil {
		return s, err
	}
	defer tx.Rollback() // it has written nothing
	s.At, s.Integrity = time.Now().UnixMicro(), "ok"
	if isSQLite && thorough {
		if err := tx.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&s.Integrity); err != nil {
			return s, err
		}
	}
	for _, read := range []func(context.Context, *sql.Tx, *Store) error{readConversations, readDeliveries, readCounts} {
		if err := read(ctx, tx, &s); err != nil {
			return s, err
		}
	}
	for i := range s.Messages { // of the texts only what tells them apart
		s.Messages[i].Token = Token(s.Messages[i].Token)
	}
	return s, nil
}

func readConversations(ctx context.Context, tx *sql.Tx, s *Store) error {
	return errors.Join(
		query(ctx, tx, &s.Conversations, "SELECT id, state, next_index FROM conversations ORDER BY seq",
			func(c *Conversation) []any { return []any{&c.ID, &c.State, &c.Next} }),
		query(ctx, tx, &s.Messages, "SELECT id, conversation_id, idx, author, COALESCE(body, '') FROM messages ORDER BY conversation_id, idx",
			func(m *Message) []any { return []any{&m.ID, &m.Conversation, &m.Index, &m.Author, &m.Token} }),
		query(ctx, tx, &s.Participants, `SELECT p.id, p.conversation_id, p.address, p.proxy, c.state FROM participants p
			JOIN conversations c ON c.id = p.conversation_id WHERE p.address IS NOT NULL AND p.proxy IS NOT NULL ORDER BY p.seq`,
			func(p *Participant) []any { return []any{&p.ID, &p.Conversation, &p.Address, &p.Proxy, &p.State} }),
		query(ctx, tx, &s.Pairs, "SELECT participant_id, conversation_id FROM pairs ORDER BY match_key",
			func(p *Pair) []any { return []any{&p.Participant, &p.Conversation} }),
	)
}

func readDeliveries(ctx context.Context, tx *sql.Tx, s *Store) error {
	return errors.Join(
		query(ctx, tx, &s.Deliveries, `SELECT seq, id, message_id, channel, address, proxy, status, provider_id, reason,
			progress, parts, error_code, notice, due, COALESCE(lead_id, '') FROM deliveries ORDER BY seq`,
			func(d *Delivery) []any {
				return []any{
					&d.Seq, &d.ID, &d.Message, &d.Channel, &d.Address, &d.Proxy, &d.Status, &d.Provider, &d.Reason,
					&d.Progress, &d.Parts, &d.Code, &d.Notice, &d.Due, &d.Lead,
				}
			}),
		query(ctx, tx, &s.Attempts, "SELECT delivery_id, outcome, COALESCE(provider_id, '') FROM attempts ORDER BY delivery_id, number",
			func(a *Attempt) []any { return []any{&a.Delivery, &a.Outcome, &a.Provider} }),
		query(ctx, tx, &s.DeadLetters, "SELECT topic, COALESCE(delivery_id, ''), reason FROM dead_letters ORDER BY seq",
			func(d *DeadLetter) []any { return []any{&d.Topic, &d.Delivery, &d.Reason} }),
	)
}

func readCounts(ctx context.Context, tx *sql.Tx, s *Store) error {
	return errors.Join(
		tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM outbox").Scan(&s.Outbox),
		tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM inbound WHERE state = 0").Scan(&s.Pending),
	)
}

// query reads rows into a list, field by field.
func query[T any](ctx context.Context, tx *sql.Tx, into *[]T, text string, fields func(*T) []any) error {
	rows, err := tx.QueryContext(ctx, text)
	if err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	defer rows.Close()
	for rows.Next() {
		var row T
		if err := rows.Scan(fields(&row)...); err != nil {
			return err
		}
		*into = append(*into, row)
	}
	return rows.Err()
}

// Unfinished says in a few words what a store has left to do; empty when there is
// nothing.
func Unfinished(ctx context.Context, db *sql.DB) (string, error) {
	var what strings.Builder
	for name, text := range map[string]string{
		"tasks":            "SELECT COUNT(*) FROM outbox",
		"inbound messages": "SELECT COUNT(*) FROM inbound WHERE state = 0",
		"deliveries":       "SELECT COUNT(*) FROM deliveries WHERE progress < 4",
		// The reader's place is stored when it has found something to tell.
		"events of webhooks": `SELECT COUNT(*) FROM events e JOIN event_readers r ON r.name = 'webhooks'
			WHERE e.type IN ('onMessageAdded', 'onConversationStateUpdated') AND e.webhooks <> 0
			AND (CAST(CAST(e.xid AS TEXT) AS BIGINT) > r.xid OR CAST(CAST(e.xid AS TEXT) AS BIGINT) = r.xid AND e.seq > r.event)`,
	} {
		var n int
		if err := db.QueryRowContext(ctx, text).Scan(&n); err != nil {
			return "", fmt.Errorf("%s: %w", text, err)
		}
		if n > 0 {
			fmt.Fprintf(&what, "%d %s; ", n, name)
		}
	}
	return what.String(), nil
}

// groupBy makes a map of lists.
func groupBy[K comparable, T any](list []T, key func(T) K) map[K][]T {
	groups := make(map[K][]T)
	for _, item := range list {
		k := key(item)
		groups[k] = append(groups[k], item)
	}
	return groups
}

// keyBy makes a map of single ones.
func keyBy[K comparable, T any](list []T, key func(T) K) map[K]T {
	found := make(map[K]T, len(list))
	for _, item := range list {
		found[key(item)] = item
	}
	return found
}
