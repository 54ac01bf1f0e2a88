package simulator

import (
	"container/heap"
	"context"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"bridged/channels"
	"bridged/conversations"
)

const (
	reporters    = 4  // goroutines that report at the same time
	batchSize    = 64 // messages whose statuses are reported in one call
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 15 * time.Second
)

// journey is a message whose statuses are still to be reported. It is in one
// place at a time, the heap or one batch, so that its statuses keep their order.
type journey struct {
	report   conversations.StatusReport // what all its reports have in common
	code     int                        // of the statuses of failure
	steps    []conversations.Status     // still to be reported
	delay    time.Duration              // before each
	due      time.Time                  // of the first of steps
	number   uint64                     // breaks ties of due
	failures int                        // of the report that is due
}

// ripe is how many of the steps are due together with the first.
func (j *journey) ripe() int {
	if j.delay > 0 {
		return 1
	}
	return len(j.steps)
}

// reports makes the reports that are due.
func (j *journey) reports(at time.Time) []conversations.StatusReport {
	due := make([]conversations.StatusReport, 0, j.ripe())
	for _, status := range j.steps[:j.ripe()] {
		r := j.report
		r.Status, r.At = status, at
		if status == conversations.StatusFailed || status == conversations.StatusUndelivered {
			r.ErrorCode, r.CarrierCode = j.code, strconv.Itoa(j.code)
			r.Detail = "failed, as the simulated handset's behaviour says"
		}
		due = append(due, r)
	}
	return due
}

// journeys is a heap, the one due first on top.
type journeys []*journey

func (s journeys) Len() int      { return len(s) }
func (s journeys) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s journeys) Less(i, j int) bool {
	if !s[i].due.Equal(s[j].due) {
		return s[i].due.Before(s[j].due)
	}
	return s[i].number < s[j].number
}

// Push implements heap.Interface.
func (s *journeys) Push(x any) { *s = append(*s, x.(*journey)) }

// Pop implements heap.Interface.
func (s *journeys) Pop() any {
	last := len(*s) - 1
	j := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return j
}

type reporterConfig struct {
	pending int
	now     func() time.Time // stamps reports; due times are on the process's clock
	log     *slog.Logger
	accept  func(context.Context, []conversations.StatusReport) error
}

// reporter reports statuses at their time: one goroutine hands out what is due,
// a few others report it.
type reporter struct {
	cfg    reporterConfig
	ctx    context.Context // ends with close
	cancel context.CancelFunc
	wake   chan struct{}
	work   chan []*journey
	done   sync.WaitGroup

	mu      sync.Mutex
	waiting journeys
	pending int // journeys in waiting and in batches
	number  uint64
}

func startReporter(cfg reporterConfig) *reporter {
	ctx, cancel := context.WithCancel(context.Background())
	r := &reporter{
		cfg: cfg, ctx: ctx, cancel: cancel,
		wake: make(chan struct{}, 1),
		work: make(chan []*journey),
	}
	r.done.Go(r.schedule)
	for range reporters {
		r.done.Go(r.reportBatches)
	}
	return r
}

func (r *reporter) close() {
	r.cancel()
	r.done.Wait()
}

// add takes up a message, to one receiver or to several, or says why it cannot.
func (r *reporter) add(all ...*journey) *channels.SendError {
	r.mu.Lock()
	defer r.mu.Unlock()
	silent := !slices.ContainsFunc(all, func(j *journey) bool { return len(j.steps) > 0 })
	switch {
	case r.ctx.Err() != nil:
		return &channels.SendError{Verdict: channels.Retry, Detail: "the simulated carrier is closed"}
	case silent:
		return nil
	case r.pending >= r.cfg.pending:
		return &channels.SendError{
			Verdict: channels.Throttled, Code: codeQueueOverflow, After: overflowWait,
			Detail: "too many messages of the simulated carrier have statuses to come",
		}
	}
	for _, j := range all {
		if len(j.steps) == 0 {
			continue
		}
		r.pending++
		j.due = time.Now().Add(j.delay)
		r.push(j)
	}
	return nil
}

// push puts j into the heap and sees to it that it is not slept through. The
// caller holds mu.
func (r *reporter) push(j *journey) {
	r.number++
	j.number = r.number
	heap.Push(&r.waiting, j)
	if r.waiting[0] != j {
		return
	}
	select {
	case r.wake <- struct{}{}:
	default: // it is about to look anyway
	}
}

// schedule hands out what is due and sleeps until the next is.
func (r *reporter) schedule() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		batch, wait, some := r.due()
		if len(batch) > 0 {
			select {
			case r.work <- batch:
				continue
			case <-r.ctx.Done():
				return
			}
		}
		var alarm <-chan time.Time
		if some {
			timer.Reset(wait)
			alarm = timer.C
		}
		select {
		case <-alarm:
		case <-r.wake:
		case <-r.ctx.Done():
			return
		}
	}
}

// due takes a batch of what is due now, or says when the next one will be, if
// there is some.
func (r *reporter) due() (batch []*journey, wait time.Duration, some bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for len(r.waiting) > 0 && len(batch) < batchSize && !r.waiting[0].due.After(now) {
		batch = append(batch, heap.Pop(&r.waiting).(*journey))
	}
	if len(batch) > 0 || len(r.waiting) == 0 {
		return batch, 0, false
	}
	return nil, r.waiting[0].due.Sub(now), true
}

func (r *reporter) reportBatches() {
	for {
		select {
		case batch := <-r.work:
			r.report(batch)
		case <-r.ctx.Done():
			return
		}
	}
}

func (r *reporter) report(batch []*journey) {
	at := r.cfg.now().UTC()
	reports := make([]conversations.StatusReport, 0, len(batch))
	for _, j := range batch {
		reports = append(reports, j.reports(at)...)
	}
	err := r.cfg.accept(r.ctx, reports)
	if err != nil && r.ctx.Err() == nil {
		r.cfg.log.Warn("status reports of the simulated carrier were not accepted and will be repeated",
			"messages", len(batch), "error", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, j := range batch {
		r.advance(j, err != nil)
	}
}

// advance puts j back for its next report, or for the same one when it failed.
// The caller holds mu.
func (r *reporter) advance(j *journey, failed bool) {
	if failed {
		j.due = time.Now().Add(min(firstBackoff<<min(j.failures, 16), maxBackoff))
		j.failures++
		r.push(j)
		return
	}
	j.steps, j.failures = j.steps[j.ripe():], 0
	if len(j.steps) == 0 {
		r.pending--
		return
	}
	j.due = time.Now().Add(j.delay)
	r.push(j)
}
