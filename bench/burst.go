package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// burst offers the daemon its messages within a second, however many it has answered by
// then. A message that it has no room for comes again, as a carrier's would.
func burst(ctx context.Context, o options) (f figures, err error) {
	w := newWatch(burstMessages)
	var offered time.Time
	var atOnce, most atomic.Int64
	start, err := w.measure(ctx, o, "burst", &f, func(ctx context.Context, s *stage) error {
		group, ctx := errgroup.WithContext(ctx)
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for begin, n := time.Now(), int64(0); n < burstMessages; {
			now := <-ticker.C
			for due := int64(now.Sub(begin) * burstMessages / burstTime); n < min(due, burstMessages); {
				n++
				message := n
				group.Go(func() error {
					raise(&most, atOnce.Add(1))
					defer atOnce.Add(-1)
					return w.insist(ctx, s, message)
				})
			}
		}
		offered = time.Now()
		return group.Wait()
	})
	f.offered, f.acknowledged, f.drained = offered.Sub(start), w.lastIn.Sub(start), w.lastOut.Sub(start)
	f.connections = most.Load()
	return f, err
}

// raise makes a number as large as another one.
func raise(n *atomic.Int64, to int64) {
	for have := n.Load(); have < to && !n.CompareAndSwap(have, to); have = n.Load() {
	}
}

// insist gives the daemon a message until it takes it, also where connections are lost.
// How long that took counts from the first time.
func (w *watch) insist(ctx context.Context, s *stage, n int64) error {
	start := time.Now()
	w.mu.Lock()
	w.given[n] = start
	w.mu.Unlock()
	for lost := 0; ; {
		err := s.send(ctx, n)
		if err == nil {
			w.taken(start)
			return nil
		}
		if !errors.Is(err, errTurnedAway) {
			if lost++; lost > mostLost {
				return err
			}
		}
		if err := pause(ctx, againAfter); err != nil {
			return err
		}
	}
}

// mostLost is how many times a message comes again whose connection was lost.
const mostLost = 5

// againAfter is when a message comes again that was turned away.
const againAfter = 200 * time.Millisecond
