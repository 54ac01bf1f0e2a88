package conversations

import (
	"context"
	"time"
)

// Task is one row of the outbox: something that has to be done after the commit
// that enqueued it. Tasks of one topic with the same key are done one after the
// other, in the order they were enqueued.
type Task struct {
	Topic   string
	Key     string
	Lease   string // proxy number whose holder handles it; empty: whoever has the queue
	Payload []byte
}

// DeadLetter is something that bridged gave up on and an operator should see: a
// delivery whose attempts are used up, or a task whose handler kept failing.
type DeadLetter struct {
	Seq       int64
	Topic     string
	Key       string
	Channel   string     // name of the channel that it was for; empty for none
	Delivery  DeliveryID // empty for a task that is no delivery
	Payload   []byte
	Lease     string // the task's
	Source    []byte // what else it takes to do it again; never shown
	ErrorCode int
	Reason    string
	Created   time.Time

	Discarded     time.Time // zero: it was not
	DiscardedBy   string
	DiscardReason string
}

// DeadLetterFilter says which dead letters are wanted. What is zero filters nothing,
// but for Discarded.
type DeadLetterFilter struct {
	Topic     string // "outbound" is that of every channel
	Channel   string
	ErrorCode int
	Listener  WebhookListener // of what it has not heard
	Since     time.Time       // given up then or later
	Discarded bool            // those that were discarded, instead of those that were not
}

// Answer is what was answered to a request that carried an idempotency key, kept
// so that the repeat gets it again.
type Answer struct {
	Fingerprint string // of the request: a key may not be reused for another
	Status      int
	Body        []byte
	At          time.Time
}

// The metadata of a task's message, by which store and pipeline speak.
const (
	TaskKey   = "key"   // the task's key
	TaskLease = "lease" // the task's lease
	TaskError = "error" // why a handler failed, for the dead letter
	// TaskWait is a time.Duration that a handler sets on a message that it nacks
	// because its time has not come: it is given out again then, and this is no failure.
	TaskWait = "wait"
	// TaskAttempts is how often the task has failed.
	TaskAttempts = "attempts"
	// TaskAgain is a time.Duration that a handler sets on a message that it nacks: it
	// is given out again then. TaskAttempts and the payload are stored as the handler
	// has left them.
	TaskAgain = "again"
)

type asideKey struct{}

// WithStepAside makes a context for the handler of a task that is one of so many in
// flight. Aside is to give the handler's place to another task and then to run what
// it is given, with a context that ends when nobody can wait any longer.
func WithStepAside(ctx context.Context, aside func(wait func(context.Context))) context.Context {
	return context.WithValue(ctx, asideKey{}, aside)
}

// StepAside waits, by wait, for somebody else. In the handler of a task that leaves
// its place among those in flight to another one.
func StepAside(ctx context.Context, wait func(context.Context)) {
	if aside, ok := ctx.Value(asideKey{}).(func(func(context.Context))); ok {
		aside(wait)
		return
	}
	wait(ctx)
}
