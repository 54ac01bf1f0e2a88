package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bridged/e2e/fakecarrier"
)

const (
	// overloadBacklog is the daemon's limits.backlog in this part.
	overloadBacklog = 2000
	// overloadFactor is how many times as many connections carry messages as in the flood.
	overloadFactor = 10
	// slowCarrier is how long the carriers take for each send.
	slowCarrier = 100 * time.Millisecond
)

// overloaded is what the overload found.
type overloaded struct {
	mu                sync.Mutex
	out               map[string]int // how often each message came out
	took              map[int64]bool // the messages that were answered 200
	accept, refuse    latencies
	accepted, refused atomic.Int64
	others            atomic.Int64 // answers that are neither
	admin             probed
	row               []string // what to tell of it
}

// overloadPart gives a daemon with a short backlog and slow carriers far more messages
// than it can relay, over far more connections, for as long as the steady rate lasts. It
// says what was refused, that all that was accepted came out once, and whether
// admin.listen answered meanwhile.
func overloadPart(ctx context.Context, o options, report *section) error {
	var runs, admin [][]string
	for n := range o.runs {
		found, err := overload(ctx, o)
		if err != nil {
			return err
		}
		runs = append(runs, append([]string{strconv.Itoa(n + 1)}, found.row...))
		for i, path := range adminPaths() {
			took := found.admin.Took[i]
			admin = append(admin, []string{strconv.Itoa(n + 1), "`" + path + "`", took.p(50).String(), took.p(99).String(), took.p(100).String()})
		}
	}
	report.note("%d connections without a pause, each send takes the carrier %s, `limits.backlog` is %d:", overloadFactor*o.connections, slowCarrier, overloadBacklog)
	report.table([]string{"run", "for", "accepted", "refused with 503", "other answers", "accept p50 / p99", "refuse p50 / p99", "times not ready", "recovered after", "peak RSS MB"}, runs...)
	report.note("What `admin.listen` took meanwhile:")
	report.table([]string{"run", "path", "p50", "p99", "longest"}, admin...)
	return nil
}

// overload is one run.
func overload(ctx context.Context, o options) (*overloaded, error) {
	found := &overloaded{out: make(map[string]int), took: make(map[int64]bool)}
	o.config = fmt.Sprintf("[limits]\nbacklog = %d\n", overloadBacklog)
	s, err := newStage(ctx, o, func(m fakecarrier.Sent, _ bool) {
		found.mu.Lock()
		defer found.mu.Unlock()
		found.out[m.Body[:8]]++
	})
	if err != nil {
		return nil, err
	}
	slow := func(fakecarrier.Sent) fakecarrier.Fault { return fakecarrier.Fault{Delay: slowCarrier} }
	s.twilio.Fault, s.cloud.Fault = slow, slow
	err = found.measure(ctx, s, o)
	return found, errors.Join(err, s.close())
}

func (f *overloaded) measure(ctx context.Context, s *stage, o options) error {
	start := time.Now()
	watched, err := startProbe(ctx, s.Admin)
	if err != nil {
		return err
	}
	err = f.press(ctx, s, o)
	pressed := time.Since(start)
	if err == nil {
		err = f.recover(ctx, s)
	}
	recovered := time.Since(start) - pressed
	found, watchErr := watched()
	if err = errors.Join(err, watchErr); err != nil {
		return err
	}
	f.admin = found
	rss, err := s.memory("VmHWM")
	if err != nil {
		return err
	}
	f.row = []string{
		pressed.Round(time.Millisecond).String(), strconv.FormatInt(f.accepted.Load(), 10), strconv.FormatInt(f.refused.Load(), 10),
		strconv.FormatInt(f.others.Load(), 10), f.accept.p(50).String() + " / " + f.accept.p(99).String(),
		f.refuse.p(50).String() + " / " + f.refuse.p(99).String(), strconv.Itoa(f.admin.Unready),
		recovered.Round(time.Millisecond).String(), strconv.Itoa(rss >> 20),
	}
	return nil
}

// press posts messages over many connections, each as soon as the last is answered.
func (f *overloaded) press(ctx context.Context, s *stage, o options) error {
	until := time.Now().Add(o.steady)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range overloadFactor * o.connections {
		group.Go(func() error {
			for time.Now().Before(until) {
				if err := f.post(ctx, s, next.Add(1)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

func (f *overloaded) post(ctx context.Context, s *stage, n int64) error {
	start := time.Now()
	status, err := s.deliver(ctx, n)
	if err != nil { // a connection that was closed while it was idle: a carrier would come again
		f.others.Add(1)
		return ctx.Err()
	}
	took := time.Since(start)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch status {
	case http.StatusOK:
		f.accepted.Add(1)
		f.accept, f.took[n] = append(f.accept, took), true
	case http.StatusServiceUnavailable:
		f.refused.Add(1)
		f.refuse = append(f.refuse, took)
	default:
		f.others.Add(1)
	}
	return nil
}

// recover waits until all that was accepted came out, a new message is accepted, and the
// daemon says that it is ready; then nothing may have come out twice.
func (f *overloaded) recover(ctx context.Context, s *stage) error {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	tick := time.NewTicker(adminPause)
	defer tick.Stop()
	for !f.isRelayed() || !isReady(ctx, s) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("it has not recovered: not all of %d were relayed", f.accepted.Load())
		case <-tick.C:
		}
	}
	const last = 99_999_999
	if status, err := s.deliver(ctx, last); err != nil || status != http.StatusOK {
		return errors.Join(err, fmt.Errorf("a message after the overload was answered %d", status))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, times := range f.out {
		if times > 1 {
			return fmt.Errorf("message %s was relayed %d times", id, times)
		}
	}
	return nil
}

func (f *overloaded) isRelayed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := range f.took {
		if f.out[body(n)[:8]] == 0 {
			return false
		}
	}
	return true
}

func isReady(ctx context.Context, s *stage) bool {
	status, _, err := get(ctx, s.client, s.Admin+"/readyz")
	return err == nil && status == http.StatusOK
}
