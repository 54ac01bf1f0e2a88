package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"bridged/store"
)

const (
	// clock is the time by which leases end: the database's, the one clock that
	// all processes see alike.
	clock = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
	// sign begins the name of a process's sign of life among the leases.
	sign = "process/"
	// channel is where processes tell one another of new work.
	channel = "bridged"
	// deafPause is between two tries to listen again.
	deafPause = 200 * time.Millisecond
	// grace is how long a process may be without its session, at most, before it
	// counts as dead: it has time to connect again.
	grace = 2 * time.Second
)

// The session in which a process listens holds an advisory lock of its name.
// Where nobody holds it, the process is gone, or has lost its connections.
const (
	holdSession = "SELECT pg_advisory_lock_shared(25203, hashtext($1))"
	isGone      = `NOT EXISTS (SELECT 1 FROM pg_locks k WHERE k.locktype = 'advisory' AND k.granted AND k.classid = 25203
		AND k.objid::bigint = hashtext(l.holder)::bigint & 4294967295
		AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database()))`
)

// peers are the processes on one database, by its table leases.
type peers struct {
	db     *sql.DB
	config *pgx.ConnConfig      // of a connection that may wait for ever
	gone   map[string]time.Time // processes without a session, since when; Renew's own
}

// Renew implements store.Peers.
func (p *peers) Renew(ctx context.Context, process string, life time.Duration) (store.Standing, error) {
	var s store.Standing
	_, err := p.db.ExecContext(ctx, `INSERT INTO leases (name, holder, until) VALUES ($1, $2, `+clock+` + $3)
		ON CONFLICT (name) DO UPDATE SET until = excluded.until`, sign+process, process, life.Microseconds())
	if err != nil {
		return s, fmt.Errorf("give a sign of life: %w", err)
	}
	s.Held, err = p.names(ctx, `UPDATE leases SET until = `+clock+` + $2 WHERE holder = $1 AND name NOT LIKE 'process/%'
		RETURNING name`, process, life.Microseconds())
	if err != nil {
		return s, err
	}
	if err := p.expireDead(ctx, process, min(grace, life/6)); err != nil {
		return s, err
	}
	_, err = p.db.ExecContext(ctx, `DELETE FROM leases WHERE name LIKE 'process/%' AND until < `+clock+` - $1`, life.Microseconds())
	if err != nil {
		return s, fmt.Errorf("forget dead processes: %w", err)
	}
	err = p.db.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE name NOT LIKE 'process/%'),
		count(*) FILTER (WHERE name LIKE 'process/%' AND until >= `+clock+`) FROM leases`).Scan(&s.Names, &s.Processes)
	if err != nil {
		return s, fmt.Errorf("count the leases: %w", err)
	}
	return s, nil
}

// expireDead ends the leases of processes that have had no session for some time.
// One that is suspended has its session still, and keeps them until they end.
func (p *peers) expireDead(ctx context.Context, self string, after time.Duration) error {
	missing, err := p.names(ctx, "SELECT DISTINCT l.holder FROM leases l WHERE l.holder NOT IN ('', $1) AND "+isGone, self)
	if err != nil {
		return err
	}
	gone, now := make(map[string]time.Time, len(missing)), time.Now()
	var dead []string
	for _, holder := range missing {
		since, known := p.gone[holder]
		if !known {
			since = now
		}
		gone[holder] = since
		if now.Sub(since) >= after {
			dead = append(dead, holder)
		}
	}
	p.gone = gone
	if len(dead) == 0 {
		return nil
	}
	_, err = p.db.ExecContext(ctx, "UPDATE leases l SET until = 0 WHERE l.holder = ANY($1) AND "+isGone, dead)
	if err != nil {
		return fmt.Errorf("end the leases of dead processes: %w", err)
	}
	return nil
}

// Take implements store.Peers.
func (p *peers) Take(ctx context.Context, process string, life time.Duration, n int) ([]string, error) {
	return p.names(ctx, `UPDATE leases SET holder = $1, until = `+clock+` + $2 WHERE name IN (
			SELECT name FROM leases WHERE until < `+clock+` AND name NOT LIKE 'process/%'
			ORDER BY name LIMIT $3 FOR UPDATE SKIP LOCKED)
		RETURNING name`, process, life.Microseconds(), n)
}

// Release implements store.Peers.
func (p *peers) Release(ctx context.Context, process string, names []string) error {
	_, err := p.db.ExecContext(ctx, "UPDATE leases SET holder = '', until = 0 WHERE holder = $1 AND name = ANY($2)", process, names)
	if err != nil {
		return fmt.Errorf("release leases: %w", err)
	}
	return nil
}

// Leave implements store.Peers.
func (p *peers) Leave(ctx context.Context, process string) error {
	_, err := p.db.ExecContext(ctx, "DELETE FROM leases WHERE name = $1", sign+process)
	if err == nil {
		_, err = p.db.ExecContext(ctx, "UPDATE leases SET holder = '', until = 0 WHERE holder = $1", process)
	}
	if err != nil {
		return fmt.Errorf("release all leases: %w", err)
	}
	return nil
}

// Tell implements store.Peers.
func (p *peers) Tell(ctx context.Context, word string) error {
	_, err := p.db.ExecContext(ctx, "SELECT pg_notify('"+channel+"', $1)", word)
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// Listen implements store.Peers.
func (p *peers) Listen(ctx context.Context, process string, hear func(word string)) {
	for ctx.Err() == nil {
		_ = p.listen(ctx, process, hear) // whatever it was: others tell of the database, this is heard again
		select {
		case <-ctx.Done():
		case <-time.After(deafPause):
		}
	}
}

func (p *peers) listen(ctx context.Context, process string, hear func(word string)) error {
	conn, err := pgx.ConnectConfig(ctx, p.config)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it is over
	if _, err := conn.Exec(ctx, holdSession, process); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	hear("")
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		hear(n.Payload)
	}
}

func (p *peers) names(ctx context.Context, query string, args ...any) (names []string, err error) {
	rows, err := p.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("take leases: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err has what matters
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
