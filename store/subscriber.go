package store

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"bridged/conversations"
)

// SubscriberConfig are the settings of a Subscriber.
type SubscriberConfig struct {
	// Group is the consumer group; each gets every message of a topic that is
	// published after it first subscribed. Empty: the one queue of a topic that
	// has no groups.
	Group string
	// InFlight bounds how many messages of one subscription are handled at once;
	// default 64.
	InFlight int
	// Aside bounds how many more may be handled because they have stepped aside
	// (conversations.StepAside). Where there are more, who waits keeps its place.
	// Default 0: everybody does.
	Aside int
	// Poll is how often the outbox is looked at without having been woken;
	// default 5 s.
	Poll time.Duration
	// Backoff is how long a message that was nacked waits, given how often it
	// was. Default: 100 ms doubling up to a minute.
	Backoff func(attempts int) time.Duration
	// Attempts is how often a message is handled before it becomes a dead
	// letter; 0 means for ever.
	Attempts int
	// SetAside removes a task that was handled that often and puts it aside. What the
	// letter says is all but whom it is about. Optional; the letter is stored.
	SetAside func(ctx context.Context, task int64, l conversations.DeadLetter) error
}

func (c *SubscriberConfig) setDefaults() {
	if c.InFlight == 0 {
		c.InFlight = 64
	}
	if c.Poll == 0 {
		c.Poll = 5 * time.Second
	}
	if c.Backoff == nil {
		c.Backoff = func(attempts int) time.Duration {
			return min(time.Minute, 100*time.Millisecond<<min(attempts, 10))
		}
	}
}

// Subscriber is a watermill subscriber to the outbox. Messages of one key are
// given out one at a time and in order, whoever subscribes; a key that waits
// does not hold up the others. A message that is acked is gone for good; one
// that is neither acked nor nacked when the subscription ends is given out again.
type Subscriber struct {
	db     *DB
	config SubscriberConfig

	mu      sync.Mutex
	closing chan struct{}
	running sync.WaitGroup
}

// NewSubscriber makes a Subscriber.
func NewSubscriber(db *DB, c SubscriberConfig) *Subscriber {
	c.setDefaults()
	return &Subscriber{db: db, config: c, closing: make(chan struct{})}
}

// SubscribeInitialize makes the consumer group known without reading from it.
func (s *Subscriber) SubscribeInitialize(topic string) error {
	return s.db.hub.register(context.Background(), topic, s.config.Group)
}

// errSubscriberClosed is returned to who subscribes after Close.
var errSubscriberClosed = errors.New("the subscriber is closed")

// Subscribe gives out the messages of a topic until ctx is done or the
// subscriber is closed; then the channel is closed.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if err := s.db.hub.register(ctx, topic, s.config.Group); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		return nil, errSubscriberClosed
	default:
	}
	ctx, cancel := context.WithCancel(ctx)
	sub := &subscription{
		config: s.config,
		queue:  s.db.hub.queue(queueName(topic, s.config.Group)),
		out:    make(chan *message.Message),
		slots:  make(chan struct{}, s.config.InFlight),
		aside:  make(chan struct{}, s.config.Aside),
	}
	s.running.Add(2)
	go func() {
		defer s.running.Done()
		defer cancel()
		sub.run(ctx)
	}()
	go func() {
		defer s.running.Done()
		select {
		case <-s.closing:
			cancel()
		case <-ctx.Done():
		}
	}()
	return sub.out, nil
}

// Close ends all subscriptions and waits until they have let go of their
// messages.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	select {
	case <-s.closing:
	default:
		close(s.closing)
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// subscription is one call of Subscribe.
type subscription struct {
	config SubscriberConfig
	queue  *queue
	out    chan *message.Message
	slots  chan struct{}
	aside  chan struct{}
	held   sync.WaitGroup
}

func (s *subscription) run(ctx context.Context) {
	defer close(s.out)
	defer s.held.Wait()
	for {
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		t := s.queue.take(ctx, s.config.Poll)
		if t == nil {
			return
		}
		s.held.Add(1)
		go s.give(ctx, t)
	}
}

// leasePause is how long a task waits whose lease is not known to be held.
const leasePause = 200 * time.Millisecond

// give hands one message out and waits for what becomes of it.
func (s *subscription) give(ctx context.Context, t *taken) {
	defer s.held.Done()
	place := &slot{subscription: s, places: s.slots}
	defer place.end()
	if !s.queue.db.leases.begins(t.lease) {
		// It is another's by now, or the database cannot be reached to renew it.
		t.due = micros(time.Now().Add(leasePause))
		s.queue.again(t)
		return
	}
	messageContext, cancel := context.WithCancel(ctx)
	defer cancel()
	m := t.message()
	m.SetContext(conversations.WithStepAside(messageContext, func(wait func(context.Context)) {
		place.stepAside()
		wait(messageContext)
	}))
	select {
	case s.out <- m:
	case <-ctx.Done():
		s.queue.again(t)
		return
	}
	select {
	case <-m.Acked():
	case <-m.Nacked():
		if wait, err := time.ParseDuration(m.Metadata.Get(conversations.TaskWait)); err == nil {
			s.queue.later(t, wait)
			return
		}
		if wait, err := time.ParseDuration(m.Metadata.Get(conversations.TaskAgain)); err == nil {
			s.putBack(t, m, wait)
			return
		}
		s.nack(t, m.Metadata.Get(conversations.TaskError))
		return
	case <-ctx.Done():
		// Both can be so at once, and then select takes either: an ack that came
		// before the end counts.
		if !isClosed(m.Acked()) {
			s.queue.again(t)
			return
		}
	}
	s.ack(t)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// message makes a watermill message of a row.
func (t *taken) message() *message.Message {
	uuid := t.uuid
	if uuid == "" {
		uuid = strconv.FormatInt(t.seq, 10)
	}
	m := message.NewMessage(uuid, t.payload)
	if t.metadata != nil {
		// It was encoded by Publish; a row that was not has no metadata.
		_ = json.Unmarshal([]byte(*t.metadata), &m.Metadata)
	}
	m.Metadata.Set(conversations.TaskKey, t.key)
	m.Metadata.Set(conversations.TaskLease, t.lease)
	m.Metadata.Set(conversations.TaskAttempts, strconv.Itoa(t.attempts))
	return m
}

// ack lets the next message of the key go. The row of a message whose handler
// did not remove it in its own commit is removed now, without waiting: should
// the process die before that, the message is given out again.
func (s *subscription) ack(t *taken) {
	if !t.gone.Load() {
		s.queue.db.writer.doLater(func(tx *Tx) error { return tx.run("DELETE FROM outbox WHERE seq = $1", t.seq) })
	}
	s.queue.done(t)
}

// putBack stores what a handler has left of a message, and when it is given out
// again. Where the store cannot commit, it is only kept in memory.
func (s *subscription) putBack(t *taken, m *message.Message, wait time.Duration) {
	if t.gone.Load() {
		s.queue.done(t)
		return
	}
	t.payload, t.due = m.Payload, micros(time.Now().Add(wait))
	if n, err := strconv.Atoi(m.Metadata.Get(conversations.TaskAttempts)); err == nil {
		t.attempts = n
	}
	left := t.row
	if err := s.queue.db.UpdateBeside(context.Background(), func(tx *Tx) error { return tx.putBack(left) }); err != nil {
		s.queue.db.cfg.Log.Warn("cannot store what is left of a task", "queue", s.queue.name, "error", err)
	}
	s.queue.again(t)
}

// nack makes a message wait, or a dead letter of it. While the store cannot
// commit, attempts do not count: nothing is given up because a disk is full.
func (s *subscription) nack(t *taken, reason string) {
	if t.gone.Load() {
		s.queue.done(t)
		return
	}
	failed := t.row
	failed.attempts++
	now := time.Now()
	failed.due = micros(now.Add(s.config.Backoff(failed.attempts)))
	dead := s.config.Attempts > 0 && failed.attempts >= s.config.Attempts
	var err error
	switch {
	case dead && s.config.SetAside != nil:
		err = s.config.SetAside(context.Background(), failed.seq, letterOf(s.queue.name, failed, reason, now))
	case dead:
		err = s.queue.db.UpdateBeside(context.Background(), func(tx *Tx) error {
			return tx.bury(failed, letterOf(s.queue.name, failed, reason, now))
		})
	default:
		err = s.queue.db.UpdateBeside(context.Background(), func(tx *Tx) error { return tx.postpone(failed) })
	}
	switch {
	case err != nil:
		if dead && !errors.Is(err, conversations.ErrUnavailable) {
			s.queue.db.cfg.Log.Error("a task cannot be put aside and will be tried again", "queue", s.queue.name, "task", failed.seq, "error", err)
		}
		t.due = failed.due
		s.queue.again(t)
	case dead:
		s.queue.db.cfg.Log.Error("a task became a dead letter", "queue", s.queue.name, "attempts", failed.attempts, "reason", reason)
		s.queue.done(t)
	default:
		t.row = failed
		s.queue.again(t)
	}
}
