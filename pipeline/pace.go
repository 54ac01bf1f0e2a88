package pipeline

import (
	"errors"
	"slices"
	"sync"
	"time"

	"bridged/channels"
)

// Pace is what may go out of one channel, counted in requests to the carrier: each
// part of a message, and each attempt.
type Pace struct {
	Channel Rate            // of this process, over all numbers
	Numbers map[string]Rate // by proxy address
	Pair    Rate            // of each pair of a person and a proxy address
}

// The names of the scopes, for the metrics.
const (
	byPair    = "pair"
	byNumber  = "number"
	byChannel = "channel"
)

const (
	// graceOfWaiting is how long somebody who does not come when it is their turn
	// keeps it: their number may be another process's by now.
	graceOfWaiting = 2 * time.Second
	// recheck is how soon a wait is looked at again that rests on a learned pace,
	// which may grow meanwhile; later where many wait.
	recheck        = 2 * time.Second
	recheckOfEach  = 5 * time.Millisecond
	paceSweepEvery = 10 * time.Second
	// longestUnsaid bounds how long a channel is held by a carrier that does not say
	// whose sends were too many.
	longestUnsaid = 30 * time.Second
)

// pacer decides which sends of a channel may go now, and tells the others when to
// come again. Nobody waits in it: the tasks are handed back to the outbox. Those
// who have asked keep their turn, first come first served, at each scope that
// makes them wait; a pair's own pace comes first, so that a pair which has to wait
// takes no turn from others.
type pacer struct {
	pace Pace
	now  func() time.Time

	mu      sync.Mutex
	channel *scope
	numbers map[string]*scope
	pairs   map[string]*scope
	waiting map[string]*waiter // by pair
	swept   time.Time
}

// scope is a bucket, and who waits for it.
type scope struct {
	bucket
	learned

	name       string
	configured bucket
	line       []*waiter
}

// waiter is a pair whose next send has to wait.
type waiter struct {
	pair     string
	since    time.Time
	promised time.Time // when to come again
	by       string    // the scope that it waits for
}

func newPacer(p Pace, now func() time.Time) *pacer {
	return &pacer{
		pace: p, now: now, channel: newScope(byChannel, p.Channel),
		numbers: map[string]*scope{}, pairs: map[string]*scope{}, waiting: map[string]*waiter{},
	}
}

func newScope(name string, r Rate) *scope {
	b := newBucket(r)
	return &scope{name: name, bucket: b, configured: b}
}

// turn is the answer to who asks to send.
type turn struct {
	wait   time.Duration // 0: go now
	by     string        // the scope that made it wait last; empty for none
	waited time.Duration // of who may go
}

// ask says whether the pair's next send may go now. If so, it counts.
func (p *pacer) ask(pair, number string) turn {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.sweep(now)
	w := p.waiting[pair]
	if w == nil {
		w = &waiter{pair: pair, since: now}
	}
	scopes := p.scopes(pair, number)
	for i, s := range scopes {
		at := s.due(w, now)
		if !at.After(now) {
			continue
		}
		w.promised, w.by = at, s.name
		for j, other := range scopes {
			if j <= i {
				other.join(w)
			} else {
				other.leave(w)
			}
		}
		p.waiting[pair] = w
		// Rounded up: a time that lies between two ticks would be asked for twice.
		return turn{wait: at.Sub(now).Truncate(time.Millisecond) + time.Millisecond, by: s.name}
	}
	for _, s := range scopes {
		s.leave(w)
		s.take(now)
	}
	delete(p.waiting, pair)
	return turn{by: w.by, waited: now.Sub(w.since)}
}

// goOn says whether a further send of the pair may go at once, before all who
// wait: only if nobody does. If so, it counts.
func (p *pacer) goOn(pair, number string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, scopes := p.now(), p.scopes(pair, number)
	for _, s := range scopes {
		if s.due(nil, now).After(now) {
			return false
		}
	}
	for _, s := range scopes {
		s.take(now)
	}
	return true
}

// giveBack takes back what ask has counted: nothing was sent.
func (p *pacer) giveBack(pair, number string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.scopes(pair, number) {
		s.giveBack()
	}
}

// answered tells how the carrier answered a send from a number to a person. It
// returns for how long it holds others back by that, and which.
func (p *pacer) answered(number, person string, started time.Time, err error) (held time.Duration, by string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if err == nil {
		for _, s := range []*scope{p.number(number), p.channel} {
			s.accepted(now, started)
			s.adjust()
		}
		return 0, ""
	}
	var e *channels.SendError
	if !errors.As(err, &e) || e.Verdict != channels.Throttled {
		return 0, ""
	}
	s, after := p.channel, e.After
	switch e.Scope {
	case channels.ScopePair:
		return 0, "" // the delivery itself waits, and those of its pair behind it
	case channels.ScopeNumber:
		s = p.number(number)
	case channels.ScopeUnsaid:
		if !s.confirms(person, now) {
			return 0, ""
		}
		after = min(after, longestUnsaid)
	case channels.ScopeChannel:
	}
	guess := s.refused(now, started, s.limit())
	if after == 0 {
		after = guess
	}
	s.adjust()
	s.hold(now.Add(after))
	return after, s.name
}

// waitingNow counts those who wait for their turn.
func (p *pacer) waitingNow() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting)
}

// scopes are those that a send counts in, in the order in which they are asked.
func (p *pacer) scopes(pair, number string) []*scope {
	if p.pace.Pair.PerSecond == 0 {
		return []*scope{p.number(number), p.channel}
	}
	s, ok := p.pairs[pair]
	if !ok {
		s = newScope(byPair, p.pace.Pair)
		p.pairs[pair] = s
	}
	return []*scope{s, p.number(number), p.channel}
}

func (p *pacer) number(number string) *scope {
	s, ok := p.numbers[number]
	if !ok {
		s = newScope(byNumber, p.pace.Numbers[number])
		p.numbers[number] = s
	}
	return s
}

// sweep forgets pairs that have their whole burst again, and who did not come
// although it was their turn long ago.
func (p *pacer) sweep(now time.Time) {
	if since := now.Sub(p.swept); since >= 0 && since < paceSweepEvery {
		return
	}
	p.swept = now
	for key, w := range p.waiting {
		if now.Sub(w.promised) > paceSweepEvery {
			delete(p.waiting, key)
			p.channel.leave(w)
			for _, s := range p.numbers {
				s.leave(w)
			}
		}
	}
	for key, s := range p.pairs {
		if _, waits := p.waiting[key]; !waits && s.isFull(now) {
			delete(p.pairs, key)
		}
	}
}

// due is when it is the waiter's turn; of nil, when it would be that of a new one.
func (s *scope) due(w *waiter, now time.Time) time.Time {
	for len(s.line) > 0 && s.line[0] != w && now.Sub(s.line[0].promised) > graceOfWaiting {
		s.line = slices.Delete(s.line, 0, 1)
	}
	place := slices.Index(s.line, w)
	if place < 0 {
		place = len(s.line)
	}
	at := s.at(now, place)
	if s.perSecond == 0 {
		return at
	}
	soon := latest(now, s.held).Add(max(recheck, time.Duration(len(s.line))*recheckOfEach))
	if at.After(soon) {
		return soon
	}
	return at
}

func (s *scope) join(w *waiter) {
	if !slices.Contains(s.line, w) {
		s.line = append(s.line, w)
	}
}

func (s *scope) leave(w *waiter) {
	if i := slices.Index(s.line, w); i >= 0 {
		s.line = slices.Delete(s.line, i, i+1)
	}
}

// limit is the configured rate per second; 0 for none.
func (s *scope) limit() float64 {
	if s.configured.every == 0 {
		return 0
	}
	return float64(time.Second) / float64(s.configured.every)
}

// adjust makes the slower of the configured and the learned pace count. While one
// is learned there are no bursts.
func (s *scope) adjust() {
	s.every, s.slack = s.configured.every, s.configured.slack
	if gap := s.gap(); gap > 0 {
		s.every, s.slack = max(s.every, gap), 0
	}
}
