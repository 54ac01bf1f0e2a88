package bridge

import (
	"time"

	"bridged/conversations"
)

// tries counts the attempts at one part: those that count against it, and those
// that the carrier throttled, which do not.
type tries struct {
	counted   int
	throttled int
	since     time.Time // when the first of either began
}

// triesOf counts those at one part of a delivery among all of its attempts.
func triesOf(attempts []conversations.Attempt, part int) (t tries) {
	for _, a := range attempts {
		if a.Part != part {
			continue
		}
		if t.since.IsZero() {
			t.since = a.Started
		}
		if a.Throttled {
			t.throttled++
		} else {
			t.counted++
		}
	}
	return t
}

// patientThrottles is how many throttled attempts wait just as long as the carrier
// asks. After them the waits double, so that a carrier which always asks for a
// second is not asked every second for hours.
const patientThrottles = 10

// after says how long a delivery waits that was refused for now, or that it is
// given up instead.
func (p RetryPolicy) after(t tries, r Result, now time.Time, jitter float64) (wait time.Duration, isOver bool) {
	if r.Throttled {
		return p.throttled(t, r.After, now, jitter)
	}
	if t.counted >= p.Attempts {
		return 0, true
	}
	return max(r.After, p.Wait(t.counted, jitter)), false
}

// throttleLife is how long a delivery may be throttled before it is a dead letter.
const throttleLife = 24 * time.Hour

// throttled says how long a delivery waits that was throttled t.throttled times,
// and whether it is given up instead.
func (p RetryPolicy) throttled(t tries, after time.Duration, now time.Time, jitter float64) (wait time.Duration, isOver bool) {
	if now.Sub(t.since) >= throttleLife {
		return 0, true
	}
	n := t.throttled
	if after > 0 {
		if n <= patientThrottles {
			return after, false
		}
		n -= patientThrottles
	}
	return max(after, p.Wait(n, jitter)), false
}
