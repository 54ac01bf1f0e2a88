package bridge

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"bridged/bindings"
	"bridged/conversations"
)

// overRate is why a message does not reach its conversation that came too soon
// after others of its sender.
const overRate = "it is over the sender's rate (limits.sender_rate)"

// maxSenders bounds how many senders are remembered at a time.
const maxSenders = 100_000

// SenderRate bounds how many messages a person may send to one of our numbers.
type SenderRate struct {
	PerSecond float64 // 0: no bound
	Burst     int     // so many at once; at least 1
}

// floods counts what each sender writes to each of our numbers. It is of this
// process alone, and what it has counted ends with it.
type floods struct {
	rate SenderRate

	mu    sync.Mutex
	byKey map[string]*sender
	swept time.Time
}

type sender struct {
	*rate.Limiter

	isOver bool
}

func newFloods(r SenderRate) *floods {
	r.Burst = max(1, r.Burst)
	return &floods{rate: r, byKey: map[string]*sender{}}
}

// take counts a message of the pair, and says whether it is over the rate, and if
// so whether it is the first after one that was not.
func (f *floods) take(matchKey string, now time.Time) (over, begins bool) {
	if f.rate.PerSecond == 0 {
		return false, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sweep(now)
	s, known := f.byKey[matchKey]
	if !known {
		s = &sender{Limiter: rate.NewLimiter(rate.Limit(f.rate.PerSecond), f.rate.Burst)}
		f.byKey[matchKey] = s
	}
	over = !s.AllowN(now, 1)
	begins = over && !s.isOver
	s.isOver = over
	return over, begins
}

// sweep forgets, once a second, the senders who may have a whole burst again:
// they are as good as new ones. Where more than maxSenders are left, any one makes
// room for the next.
func (f *floods) sweep(now time.Time) {
	if since := now.Sub(f.swept); since < 0 || since >= time.Second {
		f.swept = now
		for key, s := range f.byKey {
			if s.TokensAt(now) >= float64(f.rate.Burst) {
				delete(f.byKey, key)
			}
		}
	}
	if len(f.byKey) < maxSenders {
		return
	}
	for key := range f.byKey {
		delete(f.byKey, key)
		return
	}
}

// intake is what becomes of the messages of one request. A commit may be tried
// more than once, and each message counts against its sender once.
type intake struct {
	counted map[int]bool // by the place in the request: is it over the rate?
	fresh   int
	over    int
}

// isOver says whether a message that was not there before is over its sender's rate.
func (b *Bridge) isOver(in *intake, i int, r conversations.InboundRecord) bool {
	over, counted := in.counted[i]
	if counted {
		return over
	}
	key := r.MatchKey
	if r.CopyKey != "" { // the key of a group message is its group's
		key = bindings.MatchKey(r.From, r.To)
	}
	over, begins := b.floods.take(key, r.Received)
	in.counted[i] = over
	if begins {
		b.cfg.Log.Warn("a sender is over the rate; what is too much is listed as unrouted",
			"channel", r.Channel, "from", r.From, "to", r.To)
	}
	return over
}
