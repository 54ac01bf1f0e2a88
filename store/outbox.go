package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"bridged/conversations"
)

// entry is one row to be put into the outbox.
type entry struct {
	key, uuid string
	lease     string // empty: the queue's own
	payload   []byte
	metadata  *string
}

// Enqueue adds a task to the commit. The message that a Subscriber makes of it
// has the row's number as its UUID, for Finish.
func (tx *Tx) Enqueue(t conversations.Task) error {
	return tx.put(t.Topic, entry{key: t.Key, lease: t.Lease, payload: t.Payload})
}

// put adds one row for each consumer group of the topic.
func (tx *Tx) put(topic string, e entry) error {
	for _, queue := range tx.db.hub.queuesOf(topic) {
		if err := tx.putInto(queue, e); err != nil {
			return err
		}
	}
	return nil
}

// putInto adds one row to a queue.
func (tx *Tx) putInto(queue string, e entry) error {
	lease := cmp.Or(e.lease, queue)
	if err := tx.ensureLease(lease); err != nil {
		return err
	}
	err := tx.run(`INSERT INTO outbox (queue, lease, task_key, uuid, payload, metadata, attempts, due)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0)`, queue, lease, e.key, e.uuid, e.payload, e.metadata)
	if err != nil {
		return err
	}
	tx.effects.woken = append(tx.effects.woken, wake{queue, lease})
	return nil
}

// ensureLease adds a lease that there may not be yet; somebody will take it.
func (tx *Tx) ensureLease(name string) error {
	if tx.db.leases.knows(name) || slices.Contains(tx.effects.leases, name) {
		return nil
	}
	tx.effects.leases = append(tx.effects.leases, name)
	return tx.run("INSERT INTO leases (name, holder, until) VALUES ($1, '', 0) ON CONFLICT (name) DO NOTHING", name)
}

// Finish removes the row of the task that this commit carries out. A seq of 0 is
// none.
func (tx *Tx) Finish(seq int64) error {
	if seq == 0 {
		return nil
	}
	tx.effects.finished = append(tx.effects.finished, seq)
	return tx.run("DELETE FROM outbox WHERE seq = $1", seq)
}

// Publisher is a watermill publisher into the outbox. A verb that enqueues in
// its own commit uses Tx.Enqueue instead.
type Publisher struct{ db *DB }

// NewPublisher makes a Publisher.
func NewPublisher(db *DB) *Publisher { return &Publisher{db: db} }

// Publish stores the messages, all in one commit. The key of a message is its
// metadata conversations.TaskKey: of those with the same key one is handled at a
// time, in order.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	entries := make([]entry, len(messages))
	for i, m := range messages {
		e := entry{key: m.Metadata.Get(conversations.TaskKey), uuid: m.UUID, payload: m.Payload}
		if len(m.Metadata) > 0 {
			b, err := json.Marshal(m.Metadata)
			if err != nil {
				return fmt.Errorf("encode metadata: %w", err)
			}
			text := string(b)
			e.metadata = &text
		}
		entries[i] = e
	}
	return p.db.UpdateBeside(context.Background(), func(tx *Tx) error {
		for _, e := range entries {
			if err := tx.put(topic, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// Close does nothing: what was published is stored.
func (p *Publisher) Close() error { return nil }

// row is one row of the outbox in memory.
type row struct {
	place
	lease    string
	key      string
	uuid     string
	payload  []byte
	metadata *string
	attempts int
	due      int64 // not before this time, in microseconds
}

// place is where a row stands among those of its queue: in the order of the
// transactions that made them, and within one in the order of their numbers.
// Numbers alone do not do: of two transactions side by side the one with the
// lower number may be committed later, when a reader has passed it.
type place struct{ xid, seq int64 }

const rowColumns = "xid, seq, lease, task_key, uuid, payload, metadata, attempts, due"

func (r *row) into() []any {
	return []any{&r.xid, &r.seq, &r.lease, &r.key, &r.uuid, &r.payload, &r.metadata, &r.attempts, &r.due}
}

func scanRow(s scanner) (r row, err error) {
	err = s.Scan(r.into()...)
	return r, err
}

// letterOf is the dead letter of a row that failed too often.
func letterOf(queue string, r row, reason string, now time.Time) conversations.DeadLetter {
	return conversations.DeadLetter{
		Topic: queue, Key: r.key, Channel: channelOf(queue), Payload: r.payload, Lease: r.lease, Reason: reason, Created: now,
	}
}

// bury moves a row to the dead letters.
func (tx *Tx) bury(r row, l conversations.DeadLetter) error {
	if err := tx.run("DELETE FROM outbox WHERE seq = $1", r.seq); err != nil {
		return err
	}
	return tx.InsertDeadLetter(l)
}

// postpone stores that a row has failed once more and when it may be tried again.
func (tx *Tx) postpone(r row) error {
	return tx.run("UPDATE outbox SET attempts = $2, due = $3 WHERE seq = $1", r.seq, r.attempts, r.due)
}
