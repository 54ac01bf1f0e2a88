package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"bridged/conversations"
)

// EventReaderConfig is what follows the events (design, State 10).
type EventReaderConfig struct {
	// Name is whose cursor it is. Several processes on one database have readers of
	// the same name; one of them at a time reads.
	Name string
	// Wants says which events Step looks into, by all but their resources; the others
	// come without these. Optional: all.
	Wants func(conversations.Event) bool
	// Step says what to do for the next events, in the order of their commits. There
	// may be none. State is what the last step left; empty at first.
	Step func(ctx context.Context, state string, events []conversations.Event) (Step, error)
	// Batch bounds how many events Step is given at once; default 128.
	Batch int
	// Linger is how long a reader waits after it was woken, so that one commit does
	// for many events; default 100 ms.
	Linger time.Duration
	// Poll is how often it looks without being woken; default 5 s.
	Poll time.Duration
	// Rest is how long a reader that is behind rests after a commit, as a multiple of
	// what the commit took, so that others get theirs through; default 4. It is a
	// quarter of a second at most.
	Rest int
}

func (c *EventReaderConfig) setDefaults() {
	if c.Wants == nil {
		c.Wants = func(conversations.Event) bool { return true }
	}
	if c.Batch == 0 {
		c.Batch = 128
	}
	if c.Linger == 0 {
		c.Linger = 100 * time.Millisecond
	}
	if c.Poll == 0 {
		c.Poll = 5 * time.Second
	}
	if c.Rest == 0 {
		c.Rest = 4
	}
}

// Step is one step of a reader.
type Step struct {
	// Through is how many of the events are done with it; the others come again.
	Through int
	// State is what the reader keeps beside its cursor.
	State string
	// Apply writes what there is to write, in the commit that moves the cursor. Like
	// every operation it may run more than once. Optional.
	Apply func(*Tx) error
	// More says that there is something to do even without events.
	More bool
}

// EventReader follows the events until it is closed. What it does for an event and
// the place of its cursor change in one commit: no event is left out, and none is
// acted on twice.
type EventReader struct {
	db   *DB
	cfg  EventReaderConfig
	stop context.CancelFunc
	done chan struct{}

	// passed is how far the events are done with beyond the cursor, which stands at
	// passedFrom: they took no commit. Only the reader's goroutine knows it.
	passed, passedFrom place
	skipped            int // how many those are

	woken    chan struct{}
	own      atomic.Bool // this process has recorded events
	patience time.Duration
}

const (
	readerPrefix = "reader/" // begins the name of its lease
	// failurePause is how long a reader waits after its first failure, and
	// longestPause after many.
	failurePause = time.Second
	longestPause = time.Minute
	// longestRest is the most that a reader rests between two commits.
	longestRest = 250 * time.Millisecond
)

// errOvertaken says that another process has moved the cursor.
var errOvertaken = errors.New("another process has moved the reader's cursor")

// readerPosition is a row of event_readers.
type readerPosition struct {
	place
	state string
}

// FollowEvents starts a reader. One of a new name begins with what happens from
// now on; on PostgreSQL it may also see what happened just before. It ends with
// Close, or with the store.
func (db *DB) FollowEvents(ctx context.Context, cfg EventReaderConfig) (*EventReader, error) {
	cfg.setDefaults()
	r := &EventReader{db: db, cfg: cfg, done: make(chan struct{}), woken: make(chan struct{}, 1)}
	if err := r.register(ctx); err != nil {
		return nil, fmt.Errorf("start the reader %s: %w", cfg.Name, err)
	}
	ctx, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	db.hub.readers.add(r)
	go r.run(ctx)
	return r, nil
}

// Close lets the step that is under way end, and ends the reader.
func (r *EventReader) Close() {
	r.stop()
	<-r.done
	r.db.hub.readers.remove(r)
}

func (r *EventReader) lease() string { return readerPrefix + r.cfg.Name }

// register makes the reader's row and lease, where there are none.
func (r *EventReader) register(ctx context.Context) error {
	end, err := r.db.LastEvent(ctx)
	if err != nil {
		return err
	}
	return r.db.UpdateBeside(ctx, func(tx *Tx) error {
		if err := tx.ensureLease(r.lease()); err != nil {
			return err
		}
		return tx.run("INSERT INTO event_readers (name, xid, event, state) VALUES ($1, $2, $3, '') ON CONFLICT (name) DO NOTHING",
			r.cfg.Name, end.Major, end.Minor)
	})
}

// lastEvent is the place of the last event before which no other can come any
// more.
func (db *DB) lastEvent(ctx context.Context) (end place, err error) {
	b := db.backend
	err = db.reader(ctx).one("SELECT xid, seq FROM events WHERE "+b.Compare(">", "$1", "$2")+" AND "+b.Settled+
		" ORDER BY xid DESC, seq DESC LIMIT 1", []any{0, 0}, &end.xid, &end.seq)
	if conversations.NotFound.Is(notFound(err, "event")) {
		return place{}, nil
	}
	return end, err
}

// wake says that there may be events. Own are those of this process.
func (r *EventReader) wake(own bool) {
	if own {
		r.own.Store(true)
	}
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

func (r *EventReader) run(ctx context.Context) {
	defer close(r.done)
	for failures := 0; ctx.Err() == nil; {
		again, err := r.round(ctx)
		switch {
		case err == nil, errors.Is(err, errOvertaken):
			failures = 0
		case ctx.Err() != nil || errors.Is(err, errClosed):
			return
		default:
			r.db.cfg.Log.Error("a reader of the events failed; it tries again", "reader", r.cfg.Name, "error", err)
			again = min(failurePause<<min(failures, 6), longestPause)
			failures++
		}
		if again == 0 {
			r.idle(ctx)
			again = r.cfg.Linger
		}
		wait(ctx, again)
	}
}

// idle waits to be woken.
func (r *EventReader) idle(ctx context.Context) {
	timer := time.NewTimer(r.cfg.Poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-r.woken:
	case <-timer.C:
		// Nothing should be missed; this is in case something is.
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// round takes one step. It returns after what time there may be more to do; 0
// when there is nothing for now.
func (r *EventReader) round(ctx context.Context) (again time.Duration, err error) {
	own := r.own.Swap(false)
	if !r.db.leases.begins(r.lease()) {
		if own { // who reads may be another process, which has not seen this one's commit
			r.db.leases.tellLater(r.lease())
		}
		return 0, nil
	}
	at, err := r.position(ctx)
	if err != nil {
		return 0, err
	}
	from := at.place
	if r.skipped > 0 && r.passedFrom == from {
		from = r.passed
	} else {
		r.skipped = 0
	}
	rows, unsettled, err := r.db.readEvents(ctx, eventQuery{from: from, limit: r.cfg.Batch, wants: r.cfg.Wants, who: r.cfg.Name})
	if err != nil {
		return 0, err
	}
	events := make([]conversations.Event, len(rows))
	for i := range rows {
		events[i] = rows[i].event
	}
	step, err := r.cfg.Step(ctx, at.state, events)
	if err != nil {
		return 0, err
	}
	isBehind := step.More || step.Through < len(rows) || len(rows) == r.cfg.Batch
	var took time.Duration
	next := readerPosition{from, step.State}
	if step.Through > 0 {
		next.place = rows[step.Through-1].place
	}
	// Where there is nothing to write, one commit does for many events; after a crash
	// they are read again.
	if step.Apply != nil || step.State != at.state || r.skipped+step.Through >= r.cfg.Batch {
		start := time.Now()
		if err := r.commit(ctx, at, next, step.Apply); err != nil {
			return 0, err
		}
		took = time.Since(start)
		r.skipped = 0
	} else if step.Through > 0 {
		r.passed, r.passedFrom = next.place, at.place
		r.skipped += step.Through
	}
	switch {
	case isBehind:
		return max(min(time.Duration(r.cfg.Rest)*took, longestRest), time.Millisecond), nil
	case unsettled:
		r.patience = min(max(2*r.patience, unsettledFirst), unsettledMax)
		return r.patience, nil
	}
	r.patience = 0
	return 0, nil
}

func (r *EventReader) position(ctx context.Context) (p readerPosition, err error) {
	err = r.db.reader(ctx).one("SELECT xid, event, state FROM event_readers WHERE name = $1", []any{r.cfg.Name}, &p.xid, &p.seq, &p.state)
	return p, err
}

// commit moves the cursor from where it was, and no other process may have moved
// it meanwhile.
func (r *EventReader) commit(ctx context.Context, from, to readerPosition, apply func(*Tx) error) error {
	return r.db.UpdateBeside(ctx, func(tx *Tx) error {
		n, err := tx.exec(`UPDATE event_readers SET xid = $2, event = $3, state = $4
			WHERE name = $1 AND xid = $5 AND event = $6 AND state = $7`,
			r.cfg.Name, to.xid, to.seq, to.state, from.xid, from.seq, from.state)
		switch {
		case err != nil:
			return err
		case n == 0:
			return errOvertaken
		case apply == nil:
			return nil
		}
		return apply(tx)
	})
}

// decodeResource reads what encodeResource has written. What it is the type of the
// event says.
func decodeResource(t conversations.EventType, text *string) (r conversations.Resource, err error) {
	if text == nil {
		return r, nil
	}
	switch kind := strings.TrimPrefix(string(t), "on"); {
	case strings.HasPrefix(kind, "Conversation"):
		err = json.Unmarshal([]byte(*text), &r.Conversation)
	case strings.HasPrefix(kind, "Participant"):
		err = json.Unmarshal([]byte(*text), &r.Participant)
	case strings.HasPrefix(kind, "Message"):
		err = json.Unmarshal([]byte(*text), &r.Message)
	case strings.HasPrefix(kind, "Delivery"):
		err = json.Unmarshal([]byte(*text), &r.Delivery)
	case strings.HasPrefix(kind, "User"):
		err = json.Unmarshal([]byte(*text), &r.User)
	}
	if err != nil {
		err = fmt.Errorf("decode an event of type %s: %w", t, err)
	}
	return r, err
}
