package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/robfig/cron/v3"

	"bridged/conversations"
)

const (
	// longestSleep bounds how long the pipeline trusts a computed due time, so
	// that a jump of the clock or a suspend is noticed.
	longestSleep = 30 * time.Second
	// afterFailure is the pause before due deliveries are looked for again when
	// the store could not commit.
	afterFailure = time.Second
	// tidyEvery is how often what is kept for a time only is removed.
	tidyEvery = 10 * time.Minute
)

// alarm keeps the earliest time at which something is due.
type alarm struct {
	mu   sync.Mutex
	at   time.Time
	rung chan struct{} // has room for one: something earlier was set
}

func newAlarm() *alarm { return &alarm{rung: make(chan struct{}, 1)} }

// set makes the alarm ring at t at the latest.
func (a *alarm) set(t time.Time) {
	a.mu.Lock()
	earlier := a.at.IsZero() || t.Before(a.at)
	if earlier {
		a.at = t
	}
	a.mu.Unlock()
	if !earlier {
		return
	}
	select {
	case a.rung <- struct{}{}:
	default:
	}
}

// take returns the time that is set and clears it.
func (a *alarm) take() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.at
	a.at = time.Time{}
	return t
}

// dueWork is what has to be done at times that the store knows.
type dueWork struct {
	name  string // in errors
	alarm *alarm // rings when something earlier was set
	// take does what is due and returns when the next of it is, zero for never.
	take func(context.Context) (next time.Time, err error)
}

// doWhenDue does what is due: at once, and then whenever the next of it is.
func (p *Pipeline) doWhenDue(ctx context.Context, work dueWork) {
	for ctx.Err() == nil {
		sleep := longestSleep
		next, err := work.take(ctx)
		switch {
		case err != nil:
			if !errors.Is(err, context.Canceled) {
				p.cfg.Log.Error("cannot do what is due", "what", work.name, "error", err)
			}
			sleep = afterFailure
		case !next.IsZero():
			sleep = min(sleep, max(0, next.Sub(p.cfg.Now())))
		}
		p.sleep(ctx, work.alarm, sleep)
	}
}

// recoverWhenTaken takes up what other processes have left behind.
func (p *Pipeline) recoverWhenTaken(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.cfg.TookOver:
		}
		_, err := backoff.Retry(ctx, func() (struct{}, error) {
			err := p.cfg.Verbs.Recover(ctx)
			if err != nil && ctx.Err() == nil {
				p.cfg.Log.Error("cannot take up the work of another process yet", "error", err)
			}
			return struct{}{}, err
		}, backoff.WithMaxElapsedTime(0))
		if err != nil {
			return // the pipeline is closed
		}
		p.deliveriesDue.set(p.cfg.Now())
	}
}

// sleep waits for d, or less when something earlier becomes due meanwhile.
func (p *Pipeline) sleep(ctx context.Context, alarm *alarm, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	until := p.cfg.Now().Add(d)
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			return
		case <-alarm.rung:
			if at := alarm.take(); at.Before(until) {
				until = at
				timer.Reset(max(0, at.Sub(p.cfg.Now())))
			}
		}
	}
}

// tidyRegularly removes what is kept for a time only.
func (p *Pipeline) tidyRegularly(ctx context.Context) {
	schedule := cron.New()
	_, err := schedule.AddFunc(fmt.Sprintf("@every %s", tidyEvery), func() {
		if err := p.cfg.Verbs.Tidy(ctx); err != nil && !errors.Is(err, conversations.ErrUnavailable) {
			p.cfg.Log.Error("cannot tidy up", "error", err)
		}
	})
	if err != nil { // the schedule is a constant
		p.cfg.Log.Error("cannot schedule the tidying", "error", err)
		return
	}
	schedule.Start()
	<-ctx.Done()
	<-schedule.Stop().Done()
}
