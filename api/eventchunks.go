package api

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"bridged/conversations"
	"bridged/twilio"
)

const (
	// chunkEvents bounds how many events are read at once.
	chunkEvents = 100
	// keptChunks bounds how many chunks are kept for others who ask for them.
	keptChunks = 8
	// chunkTime bounds how long reading one may take.
	chunkTime = 30 * time.Second
)

// toldEvent is an event as clients are told it.
type toldEvent struct {
	place        conversations.Cursor
	id           string
	kind         conversations.EventType
	conversation conversations.ConversationID
	data         json.RawMessage
}

// eventChunk is some events in the order of their commits.
type eventChunk struct {
	events    []toldEvent
	unsettled bool // see conversations.EventBatch
}

// eventChunks reads events for clients, many of whom stand at the same place and are
// woken at the same time: what one of them reads does for all. What follows a place
// never changes, so it can be kept.
type eventChunks struct {
	read func(ctx context.Context, from conversations.Cursor) (eventChunk, error)

	mu    sync.Mutex
	begun int64 // how many readings
	list  []*chunkReading
}

// chunkReading is one reading of a chunk. What it has found is good when done is
// closed.
type chunkReading struct {
	from conversations.Cursor
	// changed is what is closed when there is more than it may have found.
	changed <-chan struct{}
	number  int64
	done    chan struct{}
	chunk   eventChunk
	err     error
}

// errBrokenOff is the error of a reading that panicked.
var errBrokenOff = errors.New("reading the events broke off")

// isEmpty says whether it has found out that there was nothing.
func (r *chunkReading) isEmpty() bool {
	select {
	case <-r.done:
		return len(r.chunk.events) == 0
	default:
		return false
	}
}

// holds says whether there is nothing still, for somebody who hears of changes.
func (r *chunkReading) holds(changed <-chan struct{}) bool {
	return changed != nil && r.changed == changed && r.err == nil && !r.chunk.unsettled
}

// after returns the events beyond a place as they are now. That there are none was
// found out after the call or, for a caller who has what is closed at the next change,
// after the last one.
func (c *eventChunks) after(ctx context.Context, from conversations.Cursor, changed <-chan struct{}) (eventChunk, error) {
	c.mu.Lock()
	called := c.begun
	c.mu.Unlock()
	for {
		reading, mine := c.join(from, changed)
		if mine {
			c.carryOut(ctx, reading)
		}
		select {
		case <-ctx.Done():
			return eventChunk{}, ctx.Err()
		case <-reading.done:
		}
		if len(reading.chunk.events) > 0 || reading.number > called || reading.holds(changed) {
			return reading.chunk, reading.err
		}
	}
}

// join returns the reading from a place. Mine says that the caller carries it out.
func (c *eventChunks) join(from conversations.Cursor, changed <-chan struct{}) (r *chunkReading, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, r := range c.list {
		if r.from != from {
			continue
		}
		if !r.isEmpty() || r.holds(changed) {
			return r, false
		}
		c.list = slices.Delete(c.list, i, i+1)
		break
	}
	c.begun++
	r = &chunkReading{from: from, changed: changed, number: c.begun, done: make(chan struct{}), err: errBrokenOff}
	if c.list = append(c.list, r); len(c.list) > keptChunks {
		c.list = slices.Delete(c.list, 0, 1)
	}
	return r, true
}

// carryOut reads, for others too: that the caller's client hangs up is not their
// business.
func (c *eventChunks) carryOut(ctx context.Context, r *chunkReading) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), chunkTime)
	defer cancel()
	defer close(r.done)
	r.chunk, r.err = c.read(ctx, r.from)
}

// readEvents reads the events beyond a place as clients are told them.
func (s *server) readEvents(ctx context.Context, from conversations.Cursor) (eventChunk, error) {
	batch, err := s.cfg.Store.EventsAfter(ctx, from, chunkEvents)
	if err != nil || len(batch.Events) == 0 {
		return eventChunk{unsettled: batch.Unsettled}, err
	}
	services, err := s.cfg.Store.EventServices(ctx, batch.Events)
	if err != nil {
		return eventChunk{}, err
	}
	service, err := s.cfg.Store.DefaultService(ctx)
	if err != nil {
		return eventChunk{}, err
	}
	scope := twilio.Scope{PublicURL: s.cfg.PublicURL, Account: s.cfg.Account.SID, Service: service.ID}
	chunk := eventChunk{events: make([]toldEvent, len(batch.Events)), unsettled: batch.Unsettled}
	for i, e := range batch.Events {
		shown := scope.Event(e, services[e.Conversation])
		data, err := twilio.EncodeEvent(shown)
		if err != nil {
			return eventChunk{}, err
		}
		chunk.events[i] = toldEvent{place: e.Place, id: shown.ID, kind: e.Type, conversation: e.Conversation, data: data}
	}
	return chunk, nil
}
