package pipeline

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// askedAt lets one thing be due at a time by a clock that may jump, and returns when
// it was asked for that, counted from now, until it was done. Afterwards nothing is.
func askedAt(t *testing.T, due time.Duration, jumps func(p *Pipeline, clock *atomic.Int64)) (asked []time.Duration) {
	t.Helper()
	begin := time.Now()
	var ahead atomic.Int64 // how far the clock has jumped, in nanoseconds
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())).Round(0) }
	p := &Pipeline{cfg: Config{Now: now, Log: slog.New(slog.DiscardHandler)}, deliveriesDue: newAlarm(), timersDue: newAlarm(), erasuresDue: newAlarm()}
	at := now().Add(due)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.doWhenDue(ctx, dueWork{name: "a test", alarm: p.timersDue, take: func(context.Context) (time.Time, error) {
			asked = append(asked, time.Since(begin))
			if !now().Before(at) {
				cancel()
			}
			return at, nil
		}})
	}()
	synctest.Wait()
	if jumps != nil {
		jumps(p, &ahead)
	}
	<-done
	return asked
}

func TestWhatIsDueIsDoneInTime(t *testing.T) {
	t.Parallel()
	const second = time.Second
	for name, c := range map[string]struct {
		due   time.Duration
		jumps func(p *Pipeline, clock *atomic.Int64)
		asked []time.Duration
	}{
		"due already":    {0, nil, []time.Duration{0}},
		"due soon":       {7 * second, nil, []time.Duration{0, 7 * second}},
		"due in a while": {70 * second, nil, []time.Duration{0, 30 * second, 60 * second, 70 * second}},
		"the clock jumps forward": {24 * time.Hour, func(_ *Pipeline, clock *atomic.Int64) {
			time.Sleep(45 * second)
			clock.Store(int64(24 * time.Hour))
		}, []time.Duration{0, 30 * second, 60 * second}},
		"the clock jumps back": {10 * second, func(_ *Pipeline, clock *atomic.Int64) {
			time.Sleep(5 * second)
			clock.Store(int64(-20 * second))
		}, []time.Duration{0, 10 * second, 30 * second}},
		"something earlier was set": {25 * second, func(p *Pipeline, _ *atomic.Int64) {
			p.TimersAt(p.cfg.Now().Add(3 * second))
		}, []time.Duration{0, 3 * second, 25 * second}},
		"something later was set": {25 * second, func(p *Pipeline, _ *atomic.Int64) {
			p.TimersAt(p.cfg.Now().Add(28 * second))
		}, []time.Duration{0, 25 * second}},
		"something else was set": {25 * second, func(p *Pipeline, _ *atomic.Int64) {
			p.WakeAt(p.cfg.Now().Add(3 * second))
		}, []time.Duration{0, 25 * second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				assert.Equal(t, c.asked, askedAt(t, c.due, c.jumps))
			})
		})
	}
}
