package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bridged/e2e/fakecarrier"
)

// drainTime bounds how long the last messages may take to be relayed.
const drainTime = 2 * time.Minute

// latencies are durations to take percentiles of.
type latencies []time.Duration

// p returns the n-th percentile.
func (l latencies) p(n int) time.Duration {
	if len(l) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(l))
	return sorted[(len(sorted)-1)*n/100].Round(10 * time.Microsecond)
}

// watch notes when messages were given to the daemon and when they came out.
type watch struct {
	mu       sync.Mutex
	given    []time.Time
	accept   latencies
	relay    latencies
	out      int
	lastOut  time.Time
	lastIn   time.Time
	expected int
	done     chan struct{}
	statuses int // reports a minute meanwhile
	reports  reports
}

func newWatch(expected int) *watch {
	return &watch{given: make([]time.Time, expected+1), expected: expected, done: make(chan struct{})}
}

// received is told of a message that came out. Its body begins with its number.
func (w *watch) received(s fakecarrier.Sent) {
	n, err := strconv.Atoi(s.Body[:8])
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastOut = time.Now()
	w.relay = append(w.relay, w.lastOut.Sub(w.given[n]))
	if w.out++; w.out == w.expected {
		close(w.done)
	}
}

// give delivers the n-th message and notes how long its acceptance took.
func (w *watch) give(ctx context.Context, s *stage, n int64) error {
	start := time.Now()
	w.mu.Lock()
	w.given[n] = start
	w.mu.Unlock()
	if err := s.send(ctx, n); err != nil {
		return err
	}
	w.taken(start)
	return nil
}

// taken notes that a message was acknowledged that was given at a time.
func (w *watch) taken(start time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastIn = time.Now()
	w.accept = append(w.accept, w.lastIn.Sub(start))
}

// drain waits until all messages have come out.
func (w *watch) drain(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		w.mu.Lock()
		defer w.mu.Unlock()
		return fmt.Errorf("only %d of %d messages were relayed", w.out, w.expected)
	}
}

// withReports runs a load while the carriers report statuses, where any are wanted.
func (w *watch) withReports(ctx context.Context, s *stage, load func() error) error {
	if w.statuses == 0 {
		return load()
	}
	ctx, cancel := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return w.reports.post(ctx, s, w.statuses) })
	err := load()
	cancel()
	return errors.Join(err, group.Wait())
}

// figures are what a load has found.
type figures struct {
	messages                int
	bare, accepted, relayed float64 // messages per second
	commits                 float64 // per message
	reported                float64 // status reports per second
	accept, relay           latencies
	idle, rss               int     // bytes: before the load, and the most
	processor               float64 // seconds that the daemon used, for all messages
	plain                   float64 // the same without what is compared
	reports                 int64   // status reports in all
	toldAfter               time.Duration

	// Of the burst: from its begin on; and how many connections it took.
	offered, acknowledged, drained time.Duration
	connections                    int64
}

// each is how many milliseconds of the processors a message has cost the daemon.
func (f figures) each() float64 { return f.processor * 1000 / float64(f.messages) }

// perReport is how many milliseconds of the processors a status report has cost the
// daemon, beyond what the messages cost it without any.
func (f figures) perReport() float64 {
	return (f.processor - f.plain) * 1000 / float64(max(f.reports, 1))
}

// relay gives the daemon as many messages as the connections carry, and meanwhile the
// status reports that the options want.
func relay(ctx context.Context, o options, name string) (f figures, err error) {
	w := newWatch(o.messages)
	w.statuses = o.statuses
	start, err := w.measure(ctx, o, name, &f, func(ctx context.Context, s *stage) error { return w.flood(ctx, o, s) })
	f.accepted = float64(o.messages) / w.lastIn.Sub(start).Seconds()
	f.relayed = float64(o.messages) / w.lastOut.Sub(start).Seconds()
	return f, err
}

// flood gives the daemon all messages over the connections.
func (w *watch) flood(ctx context.Context, o options, s *stage) error {
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range o.connections {
		group.Go(func() error {
			for n := next.Add(1); n <= int64(w.expected); n = next.Add(1) {
				if err := w.give(ctx, s, n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// steady gives the daemon messages at a fixed rate, whether it keeps up or not.
func steady(ctx context.Context, o options) (f figures, err error) {
	messages := int(o.steady.Seconds() * float64(o.rate))
	w := newWatch(messages)
	_, err = w.measure(ctx, o, "steady", &f, func(ctx context.Context, s *stage) error {
		ticker := time.NewTicker(time.Second / time.Duration(o.rate))
		defer ticker.Stop()
		group, ctx := errgroup.WithContext(ctx)
		for n := range int64(messages) {
			<-ticker.C
			group.Go(func() error { return w.give(ctx, s, n+1) })
		}
		return group.Wait()
	})
	return f, err
}

// measure runs a load against a new daemon and notes what it cost. The name is that of
// its profiles.
func (w *watch) measure(ctx context.Context, o options, name string, f *figures, load func(context.Context, *stage) error) (start time.Time, err error) {
	s, err := newStage(ctx, o, func(s fakecarrier.Sent, isCloud bool) {
		if w.statuses > 0 {
			w.reports.heard(s, isCloud)
		}
		w.received(s)
	})
	if err != nil {
		return start, err
	}
	defer s.close() // the figures are taken
	return w.measureOn(ctx, s, o, name, f, load)
}

// measureOn is measure for a daemon that runs.
func (w *watch) measureOn(ctx context.Context, s *stage, o options, name string, f *figures, load func(context.Context, *stage) error) (start time.Time, err error) {
	if o.hook != nil {
		if err := o.hook.configure(ctx, s); err != nil {
			return start, err
		}
	}
	if f.idle, err = s.memory("VmRSS"); err != nil {
		return start, err
	}
	before, err := s.used(ctx)
	if err != nil {
		return start, err
	}
	start = time.Now()
	if err := o.profiles.during(ctx, s, name, func() error {
		return w.withReports(ctx, s, func() error {
			if err := load(ctx, s); err != nil {
				return err
			}
			return w.drain(ctx)
		})
	}); err != nil {
		return start, err
	}
	if o.hook != nil {
		if err := o.hook.drain(ctx); err != nil {
			return start, err
		}
	}
	f.reports = w.reports.posted.Load()
	f.reported = float64(f.reports) / time.Since(start).Seconds()
	after, err := s.used(ctx)
	if err != nil {
		return start, err
	}
	f.messages = w.expected
	f.commits = (after.commits - before.commits) / float64(w.expected)
	f.processor = after.processor - before.processor
	f.accept, f.relay = w.accept, w.relay
	f.rss, err = s.memory("VmHWM")
	return start, err
}
