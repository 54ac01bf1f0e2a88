package store

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// hub connects the writer with the queues: it tells them of new rows, and of
// rows that are gone because the commit of their handler removed them.
type hub struct {
	db *DB

	mu     sync.Mutex
	groups map[string][]string // consumer groups by topic
	queues map[string]*queue   // those that somebody has subscribed to
	taken  map[int64]*taken    // rows that are being handled

	readers readers // of the events
	watch   *eventWatch
}

// taken is a row that is being handled.
type taken struct {
	row
	line *line
	gone atomic.Bool // its handler's commit has removed it
}

func newHub(db *DB) *hub {
	return &hub{
		db:     db,
		groups: make(map[string][]string),
		queues: make(map[string]*queue),
		taken:  make(map[int64]*taken),
		watch:  newEventWatch(db),
	}
}

// reloadGroups reads the consumer groups that other processes may have added.
func (h *hub) reloadGroups() {
	if err := h.loadGroups(context.Background()); err != nil {
		h.db.cfg.Log.Error("cannot read the consumer groups", "error", err)
	}
}

// loadGroups reads which consumer groups there are.
func (h *hub) loadGroups(ctx context.Context) error {
	type group struct{ topic, name string }
	list, err := all(h.db.reader(ctx), func(s scanner) (g group, err error) {
		err = s.Scan(&g.topic, &g.name)
		return g, err
	}, "SELECT topic, name FROM outbox_groups ORDER BY topic, name")
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, g := range list {
		h.addGroup(g.topic, g.name)
	}
	return err
}

// queueName is the queue of a topic and a consumer group.
func queueName(topic, group string) string {
	if group == "" {
		return topic
	}
	return topic + "@" + group
}

// queuesOf returns the queues that a message of the topic goes to: one for each
// consumer group, or the topic's own where it has none.
func (h *hub) queuesOf(topic string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	groups := h.groups[topic]
	if len(groups) == 0 {
		return []string{topic}
	}
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = queueName(topic, g)
	}
	return names
}

// register makes a consumer group known, so that it gets what is published from
// now on.
func (h *hub) register(ctx context.Context, topic, group string) error {
	if group == "" || slices.Contains(h.groupsOf(topic), group) {
		return nil
	}
	err := h.db.Update(ctx, func(tx *Tx) error {
		return tx.run("INSERT INTO outbox_groups (topic, name) VALUES ($1, $2) ON CONFLICT (topic, name) DO NOTHING", topic, group)
	})
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.addGroup(topic, group)
	h.db.leases.tellLater(wordGroups)
	return nil
}

// addGroup makes a consumer group known here. The caller holds h.mu.
func (h *hub) addGroup(topic, group string) {
	if !slices.Contains(h.groups[topic], group) {
		h.groups[topic] = append(h.groups[topic], group)
	}
}

func (h *hub) groupsOf(topic string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.groups[topic])
}

// queue returns the queue of that name, which all its subscriptions share.
func (h *hub) queue(name string) *queue {
	h.mu.Lock()
	defer h.mu.Unlock()
	q, ok := h.queues[name]
	if !ok {
		q = newQueue(h.db, name)
		h.queues[name] = q
	}
	return q
}

// committed is called by the writer after a commit.
func (h *hub) committed(e effects) {
	if len(e.leases) > 0 {
		h.db.leases.learn(e.leases)
	}
	if e.recorded {
		h.readers.wake(true)
		h.watch.nudge()
	}
	if len(e.woken) == 0 && len(e.finished) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, seq := range e.finished {
		if t := h.taken[seq]; t != nil {
			t.gone.Store(true)
		}
	}
	for _, w := range e.woken {
		if !h.db.leases.has(w.lease) {
			h.db.leases.tellLater(w.queue)
		} else if q := h.queues[w.queue]; q != nil {
			q.wake()
		}
	}
}

// wake wakes one queue, where somebody has subscribed to it, or the reader of the
// events whose lease has the name.
func (h *hub) wake(name string) {
	h.readers.wakeNamed(name)
	h.mu.Lock()
	defer h.mu.Unlock()
	if q := h.queues[name]; q != nil {
		q.wake()
	}
}

// all are the queues that somebody has subscribed to.
func (h *hub) all() []*queue {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.queues))
}

func (h *hub) wakeAll() {
	h.readers.wake(false)
	for _, q := range h.all() {
		q.wake()
	}
}

// gained is called when leases have become this process's.
func (h *hub) gained(leases []string) {
	h.readers.wake(false)
	for _, q := range h.all() {
		q.catchUp(leases)
	}
}

// lost is called when they are another's.
func (h *hub) lost(leases []string) {
	for _, q := range h.all() {
		for _, lease := range leases {
			q.drop(lease)
		}
	}
}

// busyLeases are those of which a task is being handled.
func (h *hub) busyLeases() map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	busy := make(map[string]bool)
	for _, t := range h.taken {
		busy[t.lease] = true
	}
	return busy
}

func (h *hub) track(t *taken) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.taken[t.seq] = t
}

func (h *hub) untrack(t *taken) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.taken, t.seq)
}

// close ends the readers, and the waiting of all queues.
func (h *hub) close() {
	h.readers.close()
	h.watch.close()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, q := range h.queues {
		q.close()
	}
}
