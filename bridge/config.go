package bridge

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"bridged/conversations"
)

// RetryPolicy says how often and when a send is tried (contract, [retry]).
type RetryPolicy struct {
	First    time.Duration // wait after the first refusal; then doubling
	Max      time.Duration // longest wait
	Attempts int           // per part, then a dead letter
	// UnknownWait is how long a send of unknown outcome waits for a status.
	UnknownWait time.Duration
	// ResendUnknown says whether it is then sent again, or becomes a dead letter.
	ResendUnknown bool
}

// DefaultRetry is the policy of the contract.
func DefaultRetry() RetryPolicy {
	return RetryPolicy{
		First: 5 * time.Second, Max: time.Hour, Attempts: 8,
		UnknownWait: 30 * time.Second, ResendUnknown: true,
	}
}

// Wait is how long to wait after the n-th try, n counting from 1: doubling, and
// a fifth of jitter (from 0 to 1) to either side so that what failed together does
// not come back together.
func (p RetryPolicy) Wait(n int, jitter float64) time.Duration {
	d := p.First
	for range n - 1 {
		if d *= 2; d >= p.Max {
			break
		}
	}
	return time.Duration(float64(min(d, p.Max)) * (0.8 + 0.4*jitter))
}

// Observer is told what happens to messages, for the metrics. Channel is the
// configured name. A lag is the time since the message, or the delivery, was
// stored.
type Observer interface {
	Accepted(channel string, fresh, repeated int)
	// OverRate is told how many of the fresh ones were over their sender's rate.
	OverRate(channel string, messages int)
	Routed(channel string, state conversations.InboundState, lag time.Duration)
	Settled(channel string, result Settlement, lag time.Duration)
	Reported(channel string, fate ReportFate)
}

// Settlement is how an attempt to send left its delivery.
type Settlement string

// The settlements.
const (
	SettledSent    Settlement = "sent"    // all parts are with the carrier
	SettledFailed  Settlement = "failed"  // refused for good
	SettledRetry   Settlement = "retry"   // refused for now
	SettledUnknown Settlement = "unknown" // nobody can say
	SettledDead    Settlement = "dead"    // given up
)

// ReportFate is what became of a carrier's status report.
type ReportFate string

// The fates of a status report.
const (
	ReportAdvanced ReportFate = "advanced" // it moved its delivery on
	ReportStale    ReportFate = "stale"    // its delivery was further already
	ReportEarly    ReportFate = "early"    // of a message not known yet; kept
	ReportDropped  ReportFate = "dropped"  // of a message that never became known
)

type nobody struct{}

func (nobody) Accepted(string, int, int)                                {}
func (nobody) OverRate(string, int)                                     {}
func (nobody) Routed(string, conversations.InboundState, time.Duration) {}
func (nobody) Settled(string, Settlement, time.Duration)                {}
func (nobody) Reported(string, ReportFate)                              {}

type endless struct{}

func (endless) Tight() bool { return false }

type noFiles struct{}

func (noFiles) Remove(conversations.MediaID) error { return nil }

func (noFiles) Untouched(time.Time, time.Time, func([]conversations.MediaID) error) error { return nil }

func (c *Config) setDefaults() {
	if c.CommitBeside == nil {
		c.CommitBeside = c.Commit
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Jitter == nil {
		c.Jitter = rand.Float64
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Space == nil {
		c.Space = endless{}
	}
	if c.Files == nil {
		c.Files = noFiles{}
	}
	if c.EventRetention == 0 {
		c.EventRetention = defaultRetention
	}
	if c.MediaLife == 0 {
		c.MediaLife = 5 * time.Minute
	}
	if c.Observer == nil {
		c.Observer = nobody{}
	}
	if c.Forget == nil {
		c.Forget = func(conversations.Spellings) {}
	}
	if c.ErasePause == 0 {
		c.ErasePause = erasePause
	}
	if c.EraseNow == nil {
		c.EraseNow = func() {}
	}
	if c.Due == nil {
		c.Due = func(time.Time) {}
	}
	if c.TimersDue == nil {
		c.TimersDue = func(time.Time) {}
	}
}
