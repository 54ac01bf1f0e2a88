package pipeline

import "time"

// How a pace is learned from a carrier that throttles without saying what it would
// take: it is lowered at each refusal, and then grows with each acceptance, by one a
// second at least. It begins with what was taken shortly before, which may be far too
// little: so it doubles each second until it was lowered twice, and again when it was
// not for long, and grows by a tenth otherwise.
const (
	lowering     = 0.7
	growth       = 0.1 // of itself, each second
	fastGrowth   = 1.0
	settledFor   = 30 * time.Second
	leastGrowth  = 1.0    // per second, each second
	leastLearned = 1.0    // per second
	mostLearned  = 1000.0 // beyond it there is nothing to bound

	firstHold   = time.Second // of a carrier that does not say for how long; then doubling
	longestHold = time.Minute
)

// learned is what answers of a carrier tell about the pace that it likes.
type learned struct {
	perSecond float64   // 0: nothing is known
	lowered   time.Time // last
	settled   bool      // it was lowered more than once
	strikes   int       // refusals in a row, each sent after the pace was lowered for the one before

	second  time.Time // of accepted
	count   int       // accepted in that second
	earlier int       // and in the one before

	suspect   string // whom a bare 429 was for last
	suspected time.Time
}

// accepted counts a send that the carrier took.
func (l *learned) accepted(now, started time.Time) {
	l.turn(now)
	l.count++
	if !started.Before(l.lowered) {
		l.strikes = 0
	}
	if l.perSecond == 0 {
		return
	}
	share := fastGrowth
	if l.settled && now.Sub(l.lowered) < settledFor {
		share = growth
	}
	if l.perSecond += max(leastGrowth, share*l.perSecond) / l.perSecond; l.perSecond > mostLearned {
		l.perSecond, l.settled = 0, false
	}
}

// refused lowers the pace, once for all that were under way together. It returns
// for how long to hold, where the carrier does not say.
func (l *learned) refused(now, started time.Time, limit float64) (hold time.Duration) {
	l.turn(now)
	if !started.Before(l.lowered) {
		base := l.perSecond
		if base == 0 {
			base = float64(max(l.count, l.earlier))
		}
		if limit > 0 {
			base = min(base, limit)
		}
		l.settled = l.perSecond > 0
		l.perSecond = max(leastLearned, base*lowering)
		l.lowered = now
		l.strikes++
	}
	return min(longestHold, firstHold<<min(max(l.strikes, 1)-1, 10))
}

// gap is the least time between two sends by what was learned.
func (l *learned) gap() time.Duration {
	if l.perSecond == 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / l.perSecond)
}

func (l *learned) turn(now time.Time) {
	switch since := now.Sub(l.second); {
	case since >= 2*time.Second || since < 0:
		l.second, l.earlier, l.count = now, 0, 0
	case since >= time.Second:
		l.second, l.earlier, l.count = now, l.count, 0
	}
}

// confirms says whether a bare 429 is about more than the one person whom it was
// for: another got one shortly before.
func (l *learned) confirms(person string, now time.Time) bool {
	const shortly = 5 * time.Second
	confirmed := l.suspect != "" && l.suspect != person && now.Sub(l.suspected) < shortly
	l.suspect, l.suspected = person, now
	return confirmed
}
