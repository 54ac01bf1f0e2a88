package store

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Peers is how processes that work on one database share it. What they share out
// are leases: of proxy numbers, and with them their order and pace, and of queues
// whose tasks belong to no number. Who holds a lease handles its tasks.
type Peers interface {
	// Renew prolongs all that the process holds, its sign of life included.
	Renew(ctx context.Context, process string, life time.Duration) (Standing, error)
	// Take gives the process up to n leases that nobody holds any more.
	Take(ctx context.Context, process string, life time.Duration, n int) (names []string, err error)
	// Release frees some of the leases that the process holds.
	Release(ctx context.Context, process string, names []string) error
	// Leave frees all, and takes back the sign of life.
	Leave(ctx context.Context, process string) error
	// Tell sends a word to all processes.
	Tell(ctx context.Context, word string) error
	// Listen hears what is told until ctx is done. After it was deaf for a while
	// it hears an empty word: anything may have been told. While a process listens
	// the others know that it is alive.
	Listen(ctx context.Context, process string, hear func(word string))
}

// Standing is what a process holds, and of how much.
type Standing struct {
	Held      []string
	Names     int // of all leases
	Processes int // that are alive
}

// share is how many of the leases one process should hold.
func (s Standing) share() int { return (s.Names + s.Processes - 1) / max(1, s.Processes) }

// The words that peers tell one another beside the names of queues.
const (
	wordLeases = "!leases" // some are free
	wordGroups = "!groups" // there is a new consumer group
)

// leases knows which leases this process holds, and keeps them.
type leases struct {
	db    *DB
	peers Peers
	life  time.Duration

	mu   sync.Mutex
	held map[string]bool
	// leaving are those of which nothing more begins, since when.
	leaving map[string]time.Time
	known   map[string]bool // names that the table has
	until   time.Time       // all that is held is this process's until then

	tookOver chan struct{}

	told    map[string]bool // words to be told
	tell    chan struct{}
	nudged  chan struct{}
	stop    context.CancelFunc
	running sync.WaitGroup
}

func newLeases(db *DB) *leases {
	return &leases{
		db: db, peers: db.backend.Peers, life: db.cfg.Lease,
		held: make(map[string]bool), leaving: make(map[string]time.Time), known: make(map[string]bool), told: make(map[string]bool),
		tookOver: make(chan struct{}, 1), tell: make(chan struct{}, 1), nudged: make(chan struct{}, 1), stop: func() {},
	}
}

// start takes the first leases. Without peers there is nothing to share.
func (l *leases) start(ctx context.Context) error {
	if l.peers == nil {
		return nil
	}
	// A database that was moved has tasks, and nobody who ever had a lease.
	err := l.db.Update(ctx, func(tx *Tx) error {
		return tx.run("INSERT INTO leases (name, holder, until) SELECT DISTINCT lease, '', 0 FROM outbox WHERE true ON CONFLICT (name) DO NOTHING")
	})
	if err != nil {
		return err
	}
	if err := l.keep(ctx); err != nil {
		return err
	}
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.running.Go(func() { l.peers.Listen(ctx, l.db.process, l.hear) })
	l.running.Go(func() { l.keepOn(ctx) })
	l.running.Go(func() { l.tellOn(ctx) })
	return nil
}

// close gives everything to the others. Where that fails they wait a little.
func (l *leases) close() {
	l.stop()
	l.running.Wait()
	if l.peers == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	err := l.peers.Leave(ctx, l.db.process)
	if err == nil {
		err = l.peers.Tell(ctx, wordLeases)
	}
	if err != nil {
		l.db.cfg.Log.Warn("cannot release the leases; they end by themselves", "error", err)
	}
}

// holds says whether the lease is this process's for some time more, by both
// clocks that a machine has: one stands still while it sleeps, the other may be
// set.
func (l *leases) holds(name string, more time.Duration) bool {
	if l.peers == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, isLeaving := l.leaving[name]
	now := time.Now().Add(more)
	return (l.held[name] || isLeaving) && now.Before(l.until) && now.Round(0).Before(l.until.Round(0))
}

// begins says whether a task of the lease may be begun.
func (l *leases) begins(name string) bool { return l.has(name) && l.holds(name, l.life/3) }

// has says whether the lease was this process's when it last looked, to be kept.
func (l *leases) has(name string) bool {
	if l.peers == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[name]
}

// knows says whether the table has the name.
func (l *leases) knows(name string) bool {
	if l.peers == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[name]
}

// learn keeps in mind that the table has the names, which may be new.
func (l *leases) learn(names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range names {
		l.known[name] = true
	}
	l.nudge()
}

func (l *leases) nudge() {
	select {
	case l.nudged <- struct{}{}:
	default:
	}
}

// longestLook is how long a process looks away from what the others do.
const longestLook = time.Second

// keepOn renews what is held, several times in each lease's life.
func (l *leases) keepOn(ctx context.Context) {
	ticker := time.NewTicker(min(l.life/6, longestLook))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-l.nudged:
		}
		limited, cancel := context.WithTimeout(ctx, l.life/3)
		if err := l.keep(limited); err != nil && ctx.Err() == nil {
			l.db.cfg.Log.Error("cannot renew the leases", "error", err)
		}
		cancel()
	}
}

// keep renews what is held and moves toward a fair share of it.
func (l *leases) keep(ctx context.Context) error {
	start := time.Now()
	s, err := l.peers.Renew(ctx, l.db.process, l.life)
	if err != nil {
		return err
	}
	gained, lost := l.settle(s.Held, start.Add(l.life))
	l.db.hub.lost(lost)
	surplus := len(s.Held) - s.share()
	if surplus <= 0 {
		l.stay()
	}
	switch {
	case surplus < 0:
		taken, err := l.peers.Take(ctx, l.db.process, l.life, -surplus)
		if err != nil {
			return err
		}
		gained = append(gained, l.add(taken)...)
	case surplus > 0:
		if err := l.giveAway(ctx, surplus); err != nil {
			return err
		}
	}
	if len(gained) > 0 {
		l.db.cfg.Log.Info("took over work", "leases", gained)
		l.db.hub.gained(gained)
		select {
		case l.tookOver <- struct{}{}:
		default: // nobody has looked at the last time yet
		}
	}
	return nil
}

// settle makes of what the table says what this process believes.
func (l *leases) settle(names []string, until time.Time) (gained, lost []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.held
	l.held, l.until = make(map[string]bool, len(names)), until
	for _, name := range names {
		l.known[name] = true
		if _, isLeaving := l.leaving[name]; isLeaving {
			continue
		}
		l.held[name] = true
		if !before[name] {
			gained = append(gained, name)
		}
	}
	for name := range before {
		if !l.held[name] {
			lost = append(lost, name)
		}
	}
	return gained, lost
}

func (l *leases) add(names []string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range names {
		l.held[name], l.known[name] = true, true
	}
	return names
}

// giveAway frees up to n leases for processes that have fewer. First nothing more
// begins of them; they are released when what had begun has ended, now or at one
// of the next looks.
func (l *leases) giveAway(ctx context.Context, n int) error {
	l.db.hub.lost(l.letGo(n))
	free := l.free(l.db.hub.busyLeases())
	if len(free) == 0 {
		return nil
	}
	if err := l.peers.Release(ctx, l.db.process, free); err != nil {
		return err
	}
	return l.peers.Tell(ctx, wordLeases)
}

// letGo has this process begin nothing more of some leases, so that n are leaving.
func (l *leases) letGo(n int) (names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name := range l.held {
		if len(l.leaving) >= n {
			break
		}
		l.leaving[name] = time.Now()
		delete(l.held, name)
		names = append(names, name)
	}
	return names
}

// stay keeps what was leaving: the others have enough.
func (l *leases) stay() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.leaving) > 0 {
		clear(l.leaving)
		l.nudge()
	}
}

// free returns the leases that are leaving and not busy any more. One that stays
// busy for too long is kept after all: the next Renew finds it among those held.
func (l *leases) free(busy map[string]bool) (names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, since := range l.leaving {
		switch {
		case !busy[name]:
			names = append(names, name)
			delete(l.leaving, name)
		case time.Since(since) > l.life:
			delete(l.leaving, name)
		}
	}
	return names
}

// hear acts on what a peer has told.
func (l *leases) hear(word string) {
	switch {
	case word == "":
		l.nudge()
		l.db.hub.reloadGroups()
		l.db.hub.wakeAll()
	case word == wordLeases:
		l.nudge()
	case word == wordGroups:
		l.db.hub.reloadGroups()
	case !strings.HasPrefix(word, "!"):
		l.db.hub.wake(word)
	}
}

// tellLater tells a word soon; the same word twice becomes one.
func (l *leases) tellLater(word string) {
	if l.peers == nil {
		return
	}
	l.mu.Lock()
	l.told[word] = true
	l.mu.Unlock()
	select {
	case l.tell <- struct{}{}:
	default:
	}
}

// tellOn tells what is to be told. What is not heard is found by the next poll.
func (l *leases) tellOn(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.tell:
		}
		l.mu.Lock()
		words := make([]string, 0, len(l.told))
		for word := range l.told {
			words = append(words, word)
		}
		clear(l.told)
		l.mu.Unlock()
		slices.Sort(words)
		for _, word := range words {
			if err := l.peers.Tell(ctx, word); err != nil && ctx.Err() == nil {
				l.db.cfg.Log.Warn("cannot tell the other processes of new work; they will find it", "error", err)
			}
		}
	}
}

// TookOver says when the work of other processes has become this one's; some of it
// may have been interrupted.
func (db *DB) TookOver() <-chan struct{} { return db.leases.tookOver }

// Holds says whether this process may act for the name, a proxy number or a
// queue, for some time more. Where it has the database to itself it always may.
func (db *DB) Holds(name string, more time.Duration) bool { return db.leases.holds(name, more) }
