package webhooks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"bridged/conversations"
)

func TestABreakerOpensAfterFailuresInARow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	var b breaker
	for range failuresToOpen - 1 {
		assert.False(t, b.failed(now))
	}
	assert.False(t, b.succeeded(), "it was not open")
	for n := range failuresToOpen {
		allowed, _ := b.ask(now)
		assert.True(t, allowed)
		assert.Equal(t, n == failuresToOpen-1, b.failed(now), "the success in between counts")
	}
	assert.Equal(t, conversations.WebhookOpen, b.health())
	assert.False(t, b.failed(now), "a call that was under way changes nothing")

	for _, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		pause := time.Duration(seconds) * time.Second
		allowed, wait := b.ask(now)
		assert.False(t, allowed)
		assert.Equal(t, pause, wait)
		now = now.Add(wait)
		allowed, _ = b.ask(now)
		assert.True(t, allowed, "a probe")
		assert.Equal(t, conversations.WebhookProbing, b.health())
		allowed, wait = b.ask(now)
		assert.False(t, allowed, "one at a time")
		assert.Equal(t, pause, wait)
		b.failed(now)
	}
	now = now.Add(time.Hour)
	allowed, _ := b.ask(now)
	assert.True(t, allowed)
	b.withdrawn()
	allowed, _ = b.ask(now)
	assert.True(t, allowed, "the probe was not made")
	assert.True(t, b.succeeded())
	assert.Equal(t, conversations.WebhookClosed, b.health())
	allowed, _ = b.ask(now)
	assert.True(t, allowed)
}

func TestAnEndpointTakesSoManyCallsAtOnce(t *testing.T) {
	t.Parallel()
	now := time.Now()
	e := newEndpoint()
	for range firstCalls {
		assert.True(t, e.admit(t.Context(), "a", now).granted)
	}
	waited := make(chan admission)
	go func() { waited <- e.admit(t.Context(), "a", now) }()
	assert.Eventually(t, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.waiting) == 1
	}, 10*time.Second, time.Millisecond)
	e.ended("a", conversations.WebhookCall{Took: time.Millisecond}, now)
	assert.True(t, (<-waited).granted, "when one has ended")

	for range firstCalls - 1 {
		go func() { waited <- e.admit(t.Context(), "a", now) }()
	}
	// One more is allowed after a success; the others wait until the breaker opens.
	assert.Eventually(t, func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.flying+len(e.waiting) == 2*firstCalls-1
	}, 10*time.Second, time.Millisecond)
	var opened bool
	for range failuresToOpen {
		_, _, opens := e.ended("a", conversations.WebhookCall{Error: "it is down"}, now)
		opened = opened || opens
	}
	assert.True(t, opened)
	blocked := 0
	for range firstCalls - 1 {
		if (<-waited).blocked {
			blocked++
		}
	}
	assert.NotZero(t, blocked)
	assert.Equal(t, admission{wait: firstProbe, blocked: true}, e.admit(t.Context(), "b", now))
	assert.Contains(t, e.resume(), conversations.WebhookListener("b"))
	assert.Equal(t, conversations.WebhookClosed, e.breaker.health())
}

func TestWhoIsSetAsideComesAtTheRateAtWhichCallsEnd(t *testing.T) {
	t.Parallel()
	now := time.Now()
	e := newEndpoint()
	e.limit, e.queue.usual = 1, 100*time.Millisecond
	e.flying = 1
	e.waiting = []chan bool{make(chan bool, 1)}
	for n := range 5 {
		a := e.admit(t.Context(), "a", now)
		assert.False(t, a.granted || a.blocked)
		assert.Equal(t, time.Duration(n+1)*50*time.Millisecond, a.wait)
	}
}

// Whoever finds a host busy comes again at the rate at which its calls end, and does
// not ask again and again: of a host that hangs there are many who wait.
func TestWhoFindsAHostBusyComesAtTheRateAtWhichItsCallsEnd(t *testing.T) {
	t.Parallel()
	now, m := time.Now(), newEndpoints()
	for range mostOfHost {
		assert.Zero(t, m.enter("a", now))
	}
	assert.Zero(t, m.enter("b", now), "another host is not busy")
	var last time.Duration
	const waiting = 10_000
	for range waiting {
		last = max(last, m.enter("a", now))
	}
	assert.InDelta(t, waiting*usualOfHost/(2*mostOfHost), last, float64(time.Millisecond))

	for range mostOfHost / 2 {
		m.leave("a", 5*time.Second)
		assert.Zero(t, m.enter("a", now))
	}
	later := now.Add(time.Minute)
	for range 1000 {
		last = m.enter("a", later)
	}
	assert.Greater(t, last, 15*time.Second, "calls take seconds, it seems")
	for range mostOfHost {
		m.leave("a", time.Millisecond)
	}
	assert.NotContains(t, m.hosts, "a")
	assert.Contains(t, m.hosts, "b")
}
