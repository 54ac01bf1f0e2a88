package pipeline

import (
	"container/heap"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/channels"
)

// day is when these tests begin.
var day = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// street is a pacer, and pairs that have something to send. Its clock jumps from
// one visit to the next.
type street struct {
	*pacer

	at     time.Time
	visits visits
	went   []visit
	asked  int
	order  int
	answer func(v visit) error // the carrier; nil takes everything
}

// visit is one coming of a pair with its next message.
type visit struct {
	at           time.Time
	order        int
	pair, number string
	message      int // which of the pair's, from 0
	left         int // how many more it has
}

type visits []visit

func (v visits) Len() int      { return len(v) }
func (v visits) Swap(i, j int) { v[i], v[j] = v[j], v[i] }
func (v visits) Less(i, j int) bool {
	if v[i].at.Equal(v[j].at) {
		return v[i].order < v[j].order
	}
	return v[i].at.Before(v[j].at)
}
func (v *visits) Push(x any) { *v = append(*v, x.(visit)) }
func (v *visits) Pop() any {
	last := (*v)[len(*v)-1]
	*v = (*v)[:len(*v)-1]
	return last
}

func newStreet(p Pace) *street {
	s := &street{at: day}
	s.pacer = newPacer(p, func() time.Time { return s.at })
	return s
}

// brings has a pair come at a time with so many messages.
func (s *street) brings(pair, number string, at time.Duration, messages int) {
	s.come(visit{at: day.Add(at), pair: pair, number: number, left: messages - 1})
}

func (s *street) come(v visit) {
	s.order++
	v.order = s.order
	heap.Push(&s.visits, v)
}

// run lets everybody come until all has gone, or until the end.
func (s *street) run(end time.Duration) {
	for s.visits.Len() > 0 {
		v := heap.Pop(&s.visits).(visit)
		if v.at.Sub(day) > end {
			return
		}
		s.at = v.at
		s.asked++
		if t := s.ask(v.pair, v.number); t.wait > 0 {
			v.at = v.at.Add(t.wait)
			s.come(v)
			continue
		}
		var err error
		if s.answer != nil {
			err = s.answer(v)
		}
		s.answered(v.number, v.pair, s.at, err)
		if err == nil {
			s.went = append(s.went, v)
			v.message, v.left = v.message+1, v.left-1
		}
		if v.left >= 0 {
			s.come(v)
		}
	}
}

// times are when messages went, of those that the filter takes.
func (s *street) times(of func(visit) bool) (list []time.Duration) {
	for _, v := range s.went {
		if of(v) {
			list = append(list, v.at.Sub(day))
		}
	}
	return list
}

func everything(visit) bool { return true }

// evenly requires that no more went in any time than a rate and its burst allow.
func evenly(t require.TestingT, times []time.Duration, r Rate) {
	every := time.Duration(float64(time.Second) / r.PerSecond)
	for i := range times {
		for j := i + r.Burst; j < len(times); j += 7 {
			least := time.Duration(j-i-r.Burst+1) * every
			require.GreaterOrEqual(t, times[j]-times[i], least-time.Microsecond, "sends %d to %d", i, j)
		}
	}
}

func TestNothingWaitsWhereNoPaceIsSet(t *testing.T) {
	t.Parallel()
	s := newStreet(Pace{})
	for i := range 1000 {
		s.brings(fmt.Sprint("pair ", i%10), "one", 0, 1)
	}
	s.run(0)
	assert.Len(t, s.went, 1000)
	assert.Zero(t, s.waitingNow())
}

func TestANumbersRateIsKeptAndDoesNotHoldTheOtherBack(t *testing.T) {
	t.Parallel()
	rate := Rate{PerSecond: 10, Burst: 1}
	s := newStreet(Pace{Numbers: map[string]Rate{"slow": rate}})
	for i := range 50 {
		s.brings(fmt.Sprint("pair ", i), "slow", 0, 4)
		s.brings(fmt.Sprint("other ", i), "fast", 0, 4)
	}
	s.run(time.Hour)
	slow := s.times(func(v visit) bool { return v.number == "slow" })
	require.Len(t, slow, 200)
	evenly(t, slow, rate)
	assert.InDelta(t, 19.9, slow[199].Seconds(), 0.5, "and it is used in full")
	for _, at := range s.times(func(v visit) bool { return v.number == "fast" }) {
		assert.Zero(t, at)
	}
	assert.LessOrEqual(t, s.asked, 200+2*200+50, "who waits asks once, and once more when it is their turn")
}

// Those who have much to say take turns with those who have little.
func TestTheConversationsOfANumberTakeTurns(t *testing.T) {
	t.Parallel()
	s := newStreet(Pace{Numbers: map[string]Rate{"one": {PerSecond: 10, Burst: 1}}})
	s.brings("chatty", "one", 0, 100)
	s.brings("busy", "one", 0, 100)
	s.brings("quiet", "one", time.Second, 1)
	s.run(5 * time.Second)
	quiet := s.times(func(v visit) bool { return v.pair == "quiet" })
	require.Len(t, quiet, 1)
	assert.LessOrEqual(t, quiet[0], 1400*time.Millisecond, "only those who waited before it go first")
	chatty := s.times(func(v visit) bool { return v.pair == "chatty" })
	assert.InDelta(t, len(s.went)/2, len(chatty), 2)
}

func TestABurstGoesAtOnce(t *testing.T) {
	t.Parallel()
	rate := Rate{PerSecond: 2, Burst: 5}
	s := newStreet(Pace{Channel: rate})
	for i := range 10 {
		s.brings(fmt.Sprint(i), "one", time.Hour, 1)
	}
	s.run(2 * time.Hour)
	times := s.times(everything)
	require.Len(t, times, 10)
	assert.Equal(t, time.Hour, times[4])
	assert.Greater(t, times[5], time.Hour)
	evenly(t, times, rate)
}

// Meta's limit of a pair: one in six seconds, with a burst of 45.
func TestThePairLimitIsEachPairsOwn(t *testing.T) {
	t.Parallel()
	rate := Rate{PerSecond: 1.0 / 6, Burst: 45}
	s := newStreet(Pace{Pair: rate, Channel: Rate{PerSecond: 50, Burst: 1}})
	s.brings("flood", "one", 0, 60)
	s.brings("other", "one", 2*time.Second, 10)
	s.run(time.Hour)
	flood := s.times(func(v visit) bool { return v.pair == "flood" })
	require.Len(t, flood, 60)
	evenly(t, flood, rate)
	assert.Less(t, flood[44], 2*time.Second)
	assert.Greater(t, flood[45], 5*time.Second)
	other := s.times(func(v visit) bool { return v.pair == "other" })
	require.Len(t, other, 10)
	assert.Less(t, other[9], 3*time.Second, "whom the flooded pair takes no turn from")
}

// Whatever is set, nothing goes too early, each pair's messages go in order, all go
// in the end, and somebody who never comes back holds nobody up for long.
func TestPace_property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rates := rapid.Custom(func(t *rapid.T) Rate {
			if rapid.Bool().Draw(t, "none") {
				return Rate{}
			}
			return Rate{rapid.SampledFrom([]float64{0.5, 3, 10, 80}).Draw(t, "rate"), rapid.IntRange(1, 5).Draw(t, "burst")}
		})
		p := Pace{
			Channel: rates.Draw(t, "channel"), Pair: rates.Draw(t, "pair"),
			Numbers: map[string]Rate{"a": rates.Draw(t, "a"), "b": rates.Draw(t, "b")},
		}
		s := newStreet(p)
		total := 0
		for i := range rapid.IntRange(1, 12).Draw(t, "pairs") {
			number := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "number")
			n := rapid.IntRange(1, 8).Draw(t, "messages")
			s.brings(fmt.Sprint(i), number, time.Duration(rapid.IntRange(0, 3000).Draw(t, "at"))*time.Millisecond, n)
			total += n
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "lost") {
			s.ask(fmt.Sprint("lost ", i), "a")
		}
		s.went = nil
		s.run(time.Hour)
		require.Len(t, s.went, total)
		check := func(r Rate, of func(visit) bool) {
			if r.PerSecond > 0 {
				evenly(t, s.times(of), r)
			}
		}
		check(p.Channel, everything)
		for number, r := range p.Numbers {
			check(r, func(v visit) bool { return v.number == number })
		}
		next := map[string]int{}
		for _, v := range s.went {
			check(p.Pair, func(other visit) bool { return other.pair == v.pair })
			require.Equal(t, next[v.pair], v.message, "in order")
			next[v.pair]++
		}
		s.at = s.at.Add(time.Hour)
		s.ask("last", "b")
		assert.LessOrEqual(t, s.waitingNow(), 1, "nobody is remembered who is gone")
	})
}

func slowDown(scope channels.Scope, after time.Duration) error {
	return &channels.SendError{Verdict: channels.Throttled, Scope: scope, After: after}
}

func TestAThrottledScopeIsHeldAsLongAsTheCarrierAsks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope              channels.Scope
		same, other, apart bool // who is held: another pair of the number, another number, the pair itself
	}{
		"the pair's":    {scope: channels.ScopePair},
		"the number's":  {scope: channels.ScopeNumber, same: true},
		"the channel's": {scope: channels.ScopeChannel, same: true, other: true},
		"nobody's":      {scope: channels.ScopeUnsaid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStreet(Pace{})
			require.Zero(t, s.ask("bob", "one").wait)
			s.answered("one", "bob", s.at, slowDown(c.scope, time.Minute))
			assert.Equal(t, c.same, s.ask("carla", "one").wait > 59*time.Second)
			assert.Equal(t, c.other, s.ask("dora", "two").wait > 59*time.Second)
			s.at = s.at.Add(time.Minute)
			assert.Zero(t, s.ask("carla", "one").wait, "and no longer")
		})
	}
}

// A bare 429 may be about one person only. That it is not shows when another gets
// one too.
func TestABare429IsTheChannelsWhenTwoPeopleMeetIt(t *testing.T) {
	t.Parallel()
	s := newStreet(Pace{})
	for range 3 {
		held, _ := s.answered("one", "bob", s.at, slowDown(channels.ScopeUnsaid, time.Hour))
		assert.Zero(t, held)
	}
	s.at = s.at.Add(6 * time.Second)
	held, _ := s.answered("one", "carla", s.at, slowDown(channels.ScopeUnsaid, time.Hour))
	assert.Zero(t, held, "it is too long ago")
	held, by := s.answered("two", "dora", s.at, slowDown(channels.ScopeUnsaid, time.Hour))
	assert.Equal(t, longestUnsaid, held, "long enough, for something that nobody said")
	assert.Equal(t, byChannel, by)
}

func TestACarrierThatDoesNotSayHowLongIsLeftAloneLongerAndLonger(t *testing.T) {
	t.Parallel()
	s := newStreet(Pace{})
	for _, seconds := range []float64{1, 2, 4, 8, 16, 32, 60, 60} {
		held, _ := s.answered("one", "bob", s.at, slowDown(channels.ScopeNumber, 0))
		assert.InDelta(t, seconds, held.Seconds(), 0)
		again, _ := s.answered("one", "carla", s.at.Add(-time.Millisecond), slowDown(channels.ScopeNumber, 0))
		assert.Equal(t, held, again, "what was under way at the same time says nothing new")
		s.at = s.at.Add(held)
	}
	s.answered("one", "bob", s.at, nil)
	held, _ := s.answered("one", "bob", s.at, slowDown(channels.ScopeNumber, 0))
	assert.Equal(t, time.Second, held, "it has taken one meanwhile")
}

// A carrier that takes ten a second, and no pace is set: everything arrives, in
// not much more time than it must take, and few sends are in vain.
func TestThePaceOfAThrottlingCarrierIsLearned(t *testing.T) {
	t.Parallel()
	s := newStreet(Pace{})
	carrier := newBucket(Rate{PerSecond: 10, Burst: 10})
	refused := 0
	s.answer = func(v visit) error {
		if at := carrier.at(v.at, 0); at.After(v.at) {
			refused++
			return slowDown(channels.ScopeChannel, time.Second)
		}
		carrier.take(v.at)
		return nil
	}
	for i := range 200 {
		s.brings(fmt.Sprint(i), "one", 0, 5)
	}
	s.run(time.Hour)
	require.Len(t, s.went, 1000)
	assert.Less(t, s.went[999].at.Sub(day), 150*time.Second)
	assert.Less(t, refused, 100)
	assert.Less(t, s.asked, 20_000)
}

func TestATurnThatIsGivenBackCanBeTaken(t *testing.T) {
	t.Parallel()
	s := newStreet(Pace{Channel: Rate{PerSecond: 1, Burst: 1}})
	require.Zero(t, s.ask("bob", "one").wait)
	s.giveBack("bob", "one")
	assert.Zero(t, s.ask("carla", "one").wait)
	assert.Positive(t, s.ask("dora", "one").wait)
}

func TestTheNextPartGoesOnOnlyWhereNobodyWaits(t *testing.T) {
	t.Parallel()
	s := newStreet(Pace{Channel: Rate{PerSecond: 1, Burst: 2}})
	require.Zero(t, s.ask("bob", "one").wait)
	assert.True(t, s.goOn("bob", "one"), "the burst allows it")
	assert.False(t, s.goOn("bob", "one"))
	require.Positive(t, s.ask("carla", "one").wait)
	s.at = s.at.Add(time.Second)
	assert.False(t, s.goOn("bob", "one"), "it is Carla's turn")
	assert.Equal(t, turn{by: byChannel, waited: time.Second}, s.ask("carla", "one"))
}

func TestPairsAreForgottenWhenTheyAreAsGoodAsNew(t *testing.T) {
	t.Parallel()
	s := newStreet(Pace{Pair: Rate{PerSecond: 1, Burst: 1}})
	for i := range 100 {
		s.ask(fmt.Sprint(i), "one")
	}
	s.at = s.at.Add(time.Minute)
	s.ask("last", "one")
	assert.Len(t, s.pairs, 1)
}
