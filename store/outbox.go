package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"bridged/conversations"
)

// entry is one row to be put into the outbox.
type entry struct {
	key, uuid string
	payload   []byte
	metadata  *string
}

// Enqueue adds a task to the commit. The message that a Subscriber makes of it
// has the row's number as its UUID, for Finish.
func (tx *Tx) Enqueue(t conversations.Task) error {
	return tx.put(t.Topic, entry{key: t.Key, payload: t.Payload})
}

// put adds one row for each consumer group of the topic.
func (tx *Tx) put(topic string, e entry) error {
	for _, queue := range tx.hub.queuesOf(topic) {
		err := tx.run(`INSERT INTO outbox (queue, task_key, uuid, payload, metadata, attempts, due)
			VALUES ($1, $2, $3, $4, $5, 0, 0)`, queue, e.key, e.uuid, e.payload, e.metadata)
		if err != nil {
			return err
		}
		tx.effects.woken = append(tx.effects.woken, queue)
	}
	return nil
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
	return p.db.Update(context.Background(), func(tx *Tx) error {
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
	seq      int64
	key      string
	uuid     string
	payload  []byte
	metadata *string
	attempts int
	due      int64 // not before this time, in microseconds
}

const rowColumns = "seq, task_key, uuid, payload, metadata, attempts, due"

func scanRow(s scanner) (r row, err error) {
	err = s.Scan(&r.seq, &r.key, &r.uuid, &r.payload, &r.metadata, &r.attempts, &r.due)
	return r, err
}

// bury moves a row to the dead letters.
func (tx *Tx) bury(queue string, r row, reason string, now int64) error {
	if err := tx.run("DELETE FROM outbox WHERE seq = $1", r.seq); err != nil {
		return err
	}
	return tx.InsertDeadLetter(conversations.DeadLetter{
		Topic: queue, Key: r.key, Payload: r.payload, Reason: reason, Created: fromMicros(now),
	})
}

// postpone stores that a row has failed once more and when it may be tried again.
func (tx *Tx) postpone(r row) error {
	return tx.run("UPDATE outbox SET attempts = $2, due = $3 WHERE seq = $1", r.seq, r.attempts, r.due)
}
