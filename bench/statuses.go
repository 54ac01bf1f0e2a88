package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bridged/e2e/fakecarrier"
)

// reporters is how many status reports are under way at once.
const reporters = 160

// reports are the status reports that the fake carriers make of what they took.
type reports struct {
	mu     sync.Mutex
	sent   []report
	posted atomic.Int64
}

// report is a message that a carrier took.
type report struct {
	fakecarrier.Sent
	isCloud bool
}

// heard is told of a message that a carrier took.
func (r *reports) heard(s fakecarrier.Sent, isCloud bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, report{s, isCloud})
}

// any returns a message of those that the carriers took, the latest thousand more
// likely than those before; and whether there is one.
func (r *reports) any() (report, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.sent)
	if n == 0 {
		return report{}, false
	}
	if rand.IntN(10) > 0 {
		return r.sent[n-1-rand.IntN(min(n, 1000))], true
	}
	return r.sent[rand.IntN(n)], true
}

// post reports statuses to the daemon, a number each minute, until the context ends.
// They are of any message, in any order and repeated, as carriers' are.
func (r *reports) post(ctx context.Context, s *stage, perMinute int) error {
	group, ctx := errgroup.WithContext(ctx)
	due := make(chan struct{}, perMinute/60+1)
	group.Go(func() error {
		defer close(due)
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for start, given := time.Now(), 0; ; {
			select {
			case <-ctx.Done():
				return nil
			case now := <-ticker.C:
				for want := int(now.Sub(start).Minutes() * float64(perMinute)); given < want; given++ {
					select {
					case due <- struct{}{}:
					default: // the daemon is behind by a second: the figures tell
					}
				}
			}
		}
	})
	for range reporters {
		group.Go(func() error {
			for range due {
				if err := r.one(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// one reports a status, where a carrier has anything to report of.
func (r *reports) one(ctx context.Context, s *stage) error {
	of, ok := r.any()
	if !ok {
		return nil
	}
	word := []string{"sent", "delivered", "delivered", "read"}[rand.IntN(4)]
	var (
		status int
		err    error
	)
	if of.isCloud {
		status, err = s.cloud.Report(ctx, s.URL+"/hooks/whatsapp", of.Sent, word, 0)
	} else {
		if word == "read" { // on SMS nobody tells
			word = "undelivered"
		}
		status, err = s.twilio.Report(ctx, s.URL+"/hooks/sms/status", of.Sent, word, 30003*btoi(word == "undelivered"))
	}
	switch {
	case errors.Is(err, context.Canceled):
		err = nil // the load has ended
	case err == nil && status != http.StatusOK:
		return fmt.Errorf("the status hook answered %d", status)
	case err == nil:
		r.posted.Add(1)
	}
	return err
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// statusesPart measures the flood without and with status reports.
func statusesPart(ctx context.Context, o options, s *section) error {
	o.messages /= 2
	var perReport []float64
	err := compare(ctx, o, s, comparison{
		what: fmt.Sprintf("%d status reports a minute", o.perMinute), name: "statuses",
		with: func(ctx context.Context, o options) (figures, error) {
			o.statuses = o.perMinute
			return relay(ctx, o, "statuses")
		},
		head: []string{"reports/min", "daemon ms/report"},
		more: func(f figures) []string { return []string{whole(f.reported * 60), three(f.perReport())} },
		each: func(f figures) { perReport = append(perReport, f.perReport()) },
	})
	if err == nil {
		s.note("Median: %.3f ms of the daemon's processor time a report.", median(perReport))
	}
	return err
}
