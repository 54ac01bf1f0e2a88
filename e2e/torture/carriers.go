package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"bridged/e2e/fakecarrier"
	"bridged/e2e/torture/history"
)

// How the carriers and the webhooks behave for a time.
const (
	usual  = iota // now and then something goes wrong
	calm          // all goes well
	silent        // no answer
	refuse        // an answer that refuses for now
)

// carrierFaults decides how sends are answered. Of one message to one receiver the
// n-th request is answered alike in every run with one seed, in usual times.
type carrierFaults struct {
	seed uint64
	mode atomic.Int32

	mu    sync.Mutex
	asked map[string]int
	tally map[string]int
}

func newCarrierFaults(seed uint64) *carrierFaults {
	return &carrierFaults{seed: seed, asked: make(map[string]int), tally: make(map[string]int)}
}

// dice are those of a message and a receiver.
func (c *carrierFaults) dice(key string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return rand.New(rand.NewPCG(c.seed, h.Sum64()))
}

// answers are the ways in which a carrier fails, with how often in a hundred.
var answers = []struct { //nolint:gochecknoglobals // a table
	name  string
	often int
	fault fakecarrier.Fault
}{
	{"429 with Retry-After", 2, fakecarrier.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}, Body: "{}"}},
	{"500", 3, fakecarrier.Fault{Status: http.StatusInternalServerError, Body: "it is broken"}},
	{"garbage", 1, fakecarrier.Fault{Status: http.StatusOK, Body: "<html>welcome</html>"}},
	{"garbage, and it has the message", 1, fakecarrier.Fault{Status: http.StatusOK, Body: "\x00\xff{{{", Keep: true}},
	{"half an answer", 1, halfAnswer(false)},
	{"half an answer, and it has the message", 1, halfAnswer(true)},
	{"the connection cut", 1, fakecarrier.Fault{Cut: true}},
	{"the connection cut, and it has the message", 1, fakecarrier.Fault{Cut: true, Keep: true}},
	{"nothing at all", 1, fakecarrier.Fault{Hang: true}},
	{"nothing at all, and it has the message", 1, fakecarrier.Fault{Hang: true, Keep: true}},
	{"slow", 3, fakecarrier.Fault{Delay: 150 * time.Millisecond}},
}

func halfAnswer(keep bool) fakecarrier.Fault {
	return fakecarrier.Fault{Status: http.StatusCreated, Body: `{"sid":"SM`, Header: http.Header{"Content-Length": {"400"}}, Keep: keep}
}

// refusals are what each carrier says of a person whom it cannot reach, for good.
var refusals = map[string]string{ //nolint:gochecknoglobals // a table
	smsChannel:      `{"code":21211,"message":"Invalid 'To' Phone Number","status":400}`,
	whatsappChannel: `{"error":{"message":"(#131026) Message undeliverable","type":"OAuthException","code":131026}}`,
	groupChannel:    `{"type":"request-validation","description":"no","fieldErrors":[{"fieldName":"to","description":"no number"}]}`,
}

// decide says how a send is answered.
func (c *carrierFaults) decide(channel string, s fakecarrier.Sent) fakecarrier.Fault {
	key := channel + history.Token(s.Raw) + s.To
	c.mu.Lock()
	c.asked[key]++
	dice := c.dice(fmt.Sprint(key, " ", c.asked[key]))
	c.mu.Unlock()
	switch c.mode.Load() {
	case calm:
		return fakecarrier.Fault{}
	case silent:
		c.count("nothing at all")
		return fakecarrier.Fault{Hang: dice.IntN(2) == 0, Cut: true, Keep: dice.IntN(2) == 0}
	case refuse:
		c.count("500")
		return fakecarrier.Fault{Status: http.StatusServiceUnavailable, Body: "come back later"}
	}
	n := dice.IntN(100)
	for _, a := range answers {
		if n < a.often {
			c.count(a.name)
			return a.fault
		}
		n -= a.often
	}
	if n < 1 {
		c.count("refused for good")
		return fakecarrier.Fault{Status: http.StatusBadRequest, Body: refusals[channel]}
	}
	return fakecarrier.Fault{}
}

func (c *carrierFaults) count(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally[name]++
}

func (c *carrierFaults) counts() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	copied := make(map[string]int, len(c.tally))
	for k, v := range c.tally {
		copied[k] = v
	}
	return copied
}

// report is a status that a carrier has yet to deliver to the hook.
type report struct {
	channel, status string
	sent            fakecarrier.Sent
}

// reporter delivers statuses, repeatedly where that is due, until they are answered
// with 2xx.
type reporter struct {
	w      *world
	ctx    context.Context
	cancel context.CancelFunc
	slots  chan struct{}

	mu      sync.Mutex
	pending int
	done    []history.Report
	group   sync.WaitGroup
}

func newReporter(w *world) *reporter {
	r := &reporter{w: w, slots: make(chan struct{}, 16)}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// received reports a message that a carrier has taken: a quarter of them before the
// answer to their send, some in the wrong order, some twice.
func (r *reporter) received(channel string, s fakecarrier.Sent) {
	handedOver := "sent"
	if channel == groupChannel {
		handedOver = "sending"
	}
	dice := r.w.faults.dice(s.ID)
	if !strings.Contains(s.To, ",") && dice.IntN(4) == 0 {
		ctx, cancel := context.WithTimeout(r.ctx, 300*time.Millisecond)
		defer cancel()
		early := report{channel, "delivered", s}
		if r.post(ctx, early) {
			r.note(early)
			return
		}
	}
	order := []string{handedOver, "delivered"}
	if dice.IntN(4) == 0 {
		order = []string{"delivered", handedOver, "delivered"}
	}
	for to := range strings.SplitSeq(s.To, ",") {
		one := s
		one.To = to
		r.queue(channel, one, order)
	}
}

// queue delivers the statuses of one message one after the other.
func (r *reporter) queue(channel string, s fakecarrier.Sent, order []string) {
	r.mu.Lock()
	r.pending++
	r.mu.Unlock()
	r.group.Go(func() {
		defer func() {
			r.mu.Lock()
			r.pending--
			r.mu.Unlock()
		}()
		for _, status := range order {
			if !r.deliver(report{channel, status, s}) {
				return
			}
		}
	})
}

func (r *reporter) deliver(what report) bool {
	for r.ctx.Err() == nil {
		r.slots <- struct{}{}
		ctx, cancel := context.WithTimeout(r.ctx, 3*time.Second)
		ok := r.post(ctx, what)
		cancel()
		<-r.slots
		if ok {
			r.note(what)
			return true
		}
		pause(r.ctx, 100*time.Millisecond)
	}
	return false
}

func (r *reporter) note(what report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done = append(r.done, history.Report{Channel: what.channel, Provider: what.sent.ID, Status: what.status})
}

// post calls the hook once.
func (r *reporter) post(ctx context.Context, what report) bool {
	base, err := r.w.target()
	if err != nil {
		return false
	}
	var status int
	switch hook := base + "/hooks/" + what.channel; what.channel {
	case smsChannel:
		status, err = r.w.twilio.Report(ctx, hook+"/status", what.sent, what.status, 0)
	case whatsappChannel:
		status, err = r.w.cloud.Report(ctx, hook, what.sent, what.status, 0)
	default:
		status, err = r.w.bandwidth.Report(ctx, hook, what.sent, what.status, 0)
	}
	return err == nil && status/100 == 2
}

func (r *reporter) waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pending
}

func (r *reporter) reports() []history.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]history.Report(nil), r.done...)
}

func (r *reporter) close() {
	r.cancel()
	r.group.Wait()
}

// pause waits, or until the context ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
