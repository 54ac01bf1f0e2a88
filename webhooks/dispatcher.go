package webhooks

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strconv"
	"time"

	"bridged/conversations"
)

// How a listener that does not take what it is told is tried again.
const (
	firstRetry   = time.Second
	longestRetry = 5 * time.Minute
	// blindPause is how long a notice waits whose listener could not be looked up.
	blindPause = time.Second
	// replayPage is how many messages are told anew before that is stored.
	replayPage = 20
)

// Listeners is where the Dispatcher learns where listeners are.
type Listeners interface {
	Directory
	// MessagesBetween returns up to limit messages in order.
	MessagesBetween(ctx context.Context, c conversations.ConversationID, r conversations.Replay, limit int) ([]conversations.Message, error)
}

// DispatcherConfig is what a Dispatcher needs. Fields are required unless their
// comment says otherwise.
type DispatcherConfig struct {
	Account   string // the account's SID
	Client    Teller
	Listeners Listeners
	Flows     map[string]string // URLs of flows, by their SIDs
	// RetryFor is how long after an event its listeners are tried.
	RetryFor time.Duration
	// Fallback is a URL that is told what a listener has not taken. Optional.
	Fallback string
	// Hurry has what is set aside for listeners tried at once. Optional.
	Hurry func(map[conversations.WebhookListener]bool)
	// Observe is told of every call: the kind of its listener, its outcome and how
	// long it took. Optional.
	Observe func(kind, outcome string, took time.Duration)
	Now     func() time.Time // optional; time.Now
	Jitter  func() float64   // optional; random in [0,1)
	Log     *slog.Logger     // optional; discards
}

// Dispatcher tells listeners what has happened. It is safe for concurrent use.
type Dispatcher struct {
	cfg       DispatcherConfig
	endpoints *endpoints
	targets   *targets
	stats     *stats
}

// NewDispatcher makes a Dispatcher.
func NewDispatcher(cfg DispatcherConfig) *Dispatcher {
	if cfg.Hurry == nil {
		cfg.Hurry = func(map[conversations.WebhookListener]bool) {}
	}
	if cfg.Observe == nil {
		cfg.Observe = func(string, string, time.Duration) {}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Dispatcher{
		cfg: cfg, endpoints: newEndpoints(), stats: newStats(),
		targets: &targets{listeners: cfg.Listeners, flows: cfg.Flows, now: cfg.Now, kept: make(map[conversations.WebhookListener]keptTarget)},
	}
}

// Tell tells a notice, which has failed so often before. Where its listener cannot be
// called now it says so without waiting. A notice is given up that failed, or that a
// listener's breaker holds back, for longer than the configuration allows.
func (d *Dispatcher) Tell(ctx context.Context, n conversations.Notice, attempts int) conversations.Telling {
	t, err := d.targets.find(ctx, n)
	switch {
	case conversations.NotFound.Is(err):
		return conversations.Telling{Over: true}
	case err != nil:
		d.cfg.Log.WarnContext(ctx, "cannot look up who listens to webhooks", "error", err)
		return conversations.Telling{Wait: blindPause}
	case n.Replay != nil:
		return d.replay(ctx, t, n, attempts)
	}
	form, err := readForm(n)
	if err != nil {
		return conversations.Telling{GivenUp: err.Error()}
	}
	return d.tell(ctx, t, n, form, attempts)
}

// tell makes one call, if it may be made now. What the listener has not taken, or is
// not asked to take while its breaker is open, the fallback is told.
func (d *Dispatcher) tell(ctx context.Context, t target, n conversations.Notice, form url.Values, attempts int) conversations.Telling {
	told, failure := d.try(ctx, t, n, form, attempts)
	if failure == nil || d.cfg.Fallback == "" {
		return told
	}
	return d.tellFallback(ctx, t, n, form, attempts, told, *failure)
}

// try calls a listener, if it may be called now. It also returns the call that failed:
// this one, or the last one of an endpoint whose breaker is open; nil where nothing has
// failed.
func (d *Dispatcher) try(ctx context.Context, t target, n conversations.Notice, form url.Values, attempts int) (conversations.Telling, *conversations.WebhookCall) {
	e := d.endpoints.of(t.endpoint())
	a, release := d.endpoints.admit(ctx, e, t.host(), n.Listener, d.cfg.Now())
	switch {
	case a.blocked:
		_, _, failure := e.state()
		if d.tooLate(n) {
			return conversations.Telling{GivenUp: d.reason(failure.Error, attempts)}, &failure
		}
		return conversations.Telling{Wait: a.wait}, &failure
	case !a.granted:
		return conversations.Telling{Wait: a.wait}, nil
	}
	defer release()
	call, _ := d.call(ctx, t, n, form, attempts)
	if call.Error != "" && ctx.Err() != nil {
		e.withdrawn()
		return conversations.Telling{Wait: firstRetry}, nil
	}
	told := d.judge(t, n, e, call, attempts)
	if told.Over {
		return told, nil
	}
	return told, &call
}

// call makes a call and notes how it went.
func (d *Dispatcher) call(ctx context.Context, t target, n conversations.Notice, form url.Values, attempts int) (conversations.WebhookCall, Answer) {
	form.Set("RetryCount", strconv.Itoa(attempts))
	call := conversations.WebhookCall{Event: n.Event, At: d.cfg.Now()}
	start := time.Now()
	answer, err := d.cfg.Client.Tell(ctx, t.method, t.url, form, n.Token)
	call.Took, call.Status = time.Since(start), answer.Status
	switch {
	case err != nil:
		call.Error = err.Error()
	case !answer.Good():
		call.Error = fmt.Sprintf("the webhook at %s answered %d", hostOf(t.url), answer.Status)
	}
	return call, answer
}

// judge says what follows from a call that was made.
func (d *Dispatcher) judge(t target, n conversations.Notice, e *endpoint, call conversations.WebhookCall, attempts int) conversations.Telling {
	wait := d.ended(t, n, e, call)
	d.stats.called(n.Listener, t, call)
	switch {
	case call.Error == "":
		return conversations.Telling{Over: true}
	case d.tooLate(n):
		return conversations.Telling{GivenUp: d.reason(call.Error, attempts+1)}
	case t.retries() > 0 && attempts >= t.retries():
		return conversations.Telling{GivenUp: fmt.Sprintf("tried %d times, as StudioRetryCount says: %s", attempts+1, call.Error)}
	case wait == 0: // the fault may be this one's
		wait = d.retryAfter(attempts + 1)
	}
	left := n.Since.Add(d.cfg.RetryFor).Sub(d.cfg.Now())
	return conversations.Telling{Failed: true, Wait: min(wait, max(left, firstRetry))}
}

// ended records a call that was made with its endpoint, and tells the operator. Where
// the breaker is open, wait is how long.
func (d *Dispatcher) ended(t target, n conversations.Notice, e *endpoint, call conversations.WebhookCall) (wait time.Duration) {
	freed, wait, opened := e.ended(n.Listener, call, d.cfg.Now())
	if call.Error != "" {
		d.cfg.Observe(t.kind, "failed", call.Took)
		if opened {
			d.cfg.Log.Warn("a webhook does not take what it is told, and is not called for a while", "host", hostOf(t.url), "error", call.Error)
		}
		return wait
	}
	d.cfg.Observe(t.kind, "told", call.Took)
	if len(freed) > 0 {
		d.cfg.Log.Info("a webhook is called again", "host", hostOf(t.url))
		d.cfg.Hurry(freed)
	}
	return 0
}

// retryAfter is how long to wait after so many failures: twice as long each time, of
// which a half is left to chance.
func (d *Dispatcher) retryAfter(failures int) time.Duration {
	full := min(longestRetry, firstRetry<<min(failures-1, 20))
	return full/2 + time.Duration(d.cfg.Jitter()*float64(full/2))
}

func (d *Dispatcher) tooLate(n conversations.Notice) bool {
	return d.cfg.Now().Sub(n.Since) > d.cfg.RetryFor
}

// reason says why a notice is given up.
func (d *Dispatcher) reason(failure string, attempts int) string {
	if attempts == 0 {
		return fmt.Sprintf("not called: it had failed again and again for %s: %s", d.cfg.RetryFor, failure)
	}
	return fmt.Sprintf("tried %d times for %s: %s", attempts, d.cfg.RetryFor, failure)
}
