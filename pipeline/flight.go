package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// flight counts the tasks that are in flight: from before the router has one until
// its handler has ended. The router counts for itself, but begins when it has the
// task: one that it gets while it closes it may not wait for, and then a carrier's
// answer would find nobody to record it.
type flight struct{ tasks sync.WaitGroup }

// counted is a subscriber whose tasks count as in flight until landed.
type counted struct {
	message.Subscriber
	flight *flight
}

// Subscribe implements message.Subscriber.
func (c counted) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	in, err := c.Subscriber.Subscribe(ctx, topic)
	if err != nil {
		return nil, err
	}
	out := make(chan *message.Message)
	go func() {
		defer close(out)
		for m := range in {
			c.flight.tasks.Add(1)
			out <- m // the router takes all until the channel is closed
		}
	}()
	return out, nil
}

// landed is the middleware that ends what counted began.
func (f *flight) landed(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		defer f.tasks.Done()
		return next(m)
	}
}

// wait waits until nothing is in flight, but no longer than that. It is to be
// called when no subscription is left.
func (f *flight) wait(longest time.Duration) (empty bool) {
	done := make(chan struct{})
	go func() {
		f.tasks.Wait()
		close(done)
	}()
	timer := time.NewTimer(longest)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
