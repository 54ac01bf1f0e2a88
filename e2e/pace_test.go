package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/fakecarrier"
)

// throttle is a carrier that takes so many messages a second, and a burst of as
// many; beyond it 429.
type throttle struct {
	perSecond float64
	after     time.Duration
	body      string // of its 429

	mu       sync.Mutex
	tokens   float64
	last     time.Time
	accepted []fakecarrier.Sent
	refused  int
}

func (l *throttle) fault(s fakecarrier.Sent) fakecarrier.Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.last.IsZero() {
		l.tokens = l.perSecond
	} else {
		l.tokens = min(l.perSecond, l.tokens+now.Sub(l.last).Seconds()*l.perSecond)
	}
	l.last = now
	if l.tokens < 1 {
		l.refused++
		return fakecarrier.Fault{
			Status: http.StatusTooManyRequests, Body: l.body,
			Header: http.Header{"Retry-After": {strconv.FormatFloat(l.after.Seconds(), 'f', -1, 64)}},
		}
	}
	l.tokens--
	s.At = now
	l.accepted = append(l.accepted, s)
	return fakecarrier.Fault{}
}

func (l *throttle) taken() (accepted []fakecarrier.Sent, refused int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]fakecarrier.Sent(nil), l.accepted...), l.refused
}

// crowd makes a conversation with each of so many people on WhatsApp.
func (w *world) crowd(people int) (list []string) {
	w.t.Helper()
	for i := range people {
		c := w.newConversation()
		w.join(c, fmt.Sprintf("whatsapp:+1555040%04d", i), whatsappProxy)
		list = append(list, c)
	}
	return list
}

// floods writes so many messages into each conversation, into all at once.
func (w *world) floods(list []string, messages int) {
	w.t.Helper()
	var writing sync.WaitGroup
	errs := make(chan error, len(list))
	for _, c := range list {
		writing.Go(func() {
			for n := range messages {
				_, err := w.api.CreateConversationMessage(c, &conversations.CreateConversationMessageParams{Body: ptr(strconv.Itoa(n))})
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	writing.Wait()
	close(errs)
	for err := range errs {
		require.NoError(w.t, err)
	}
}

// A throttling carrier is fed 1,000 messages for 20 people: none is lost, none is
// taken twice, each gets theirs in order, and the other carrier's messages pass by.
// BRIDGED_LONG=1 has it take 10 a second.
func TestAThrottlingCarrierGetsEverythingInTheEnd(t *testing.T) {
	t.Parallel()
	const people, each = 20, 50
	carrier := &throttle{perSecond: 200, after: 200 * time.Millisecond, body: `{"error":{"code":130429,"message":"Rate limit hit"}}`}
	wait := 4 * patience // it is throttled for five seconds of it
	if os.Getenv("BRIDGED_LONG") != "" {
		carrier.perSecond, carrier.after = 10, time.Second
		wait = 10 * time.Minute
	}
	w := newWorld(t, setup{cloudFault: carrier.fault})
	crowd := w.crowd(people)
	other := w.newConversation()
	w.join(other, alice, smsProxy)

	begin := time.Now()
	var writing sync.WaitGroup
	writing.Go(func() { w.floods(crowd, each) })
	for n, tick := 0, time.NewTicker(50*time.Millisecond); ; n++ {
		if accepted, _ := carrier.taken(); len(accepted) >= people*each {
			tick.Stop()
			break
		}
		require.Less(t, time.Since(begin), wait, "all of it arrives")
		wrote := time.Now()
		w.write(other, strconv.Itoa(n))
		eventually(t, func() bool { return len(w.twilio.Sent()) > n }, "the other carrier gets its own")
		assert.Less(t, w.twilio.Sent()[n].At.Sub(wrote), 2*time.Second, "without waiting for anybody")
		<-tick.C
	}
	writing.Wait()

	accepted, refused := carrier.taken()
	t.Logf("%s, %d refused", accepted[len(accepted)-1].At.Sub(begin), refused)
	require.Len(t, accepted, people*each, "nothing is taken twice")
	next := map[string]int{}
	for _, s := range accepted {
		require.Equal(t, strconv.Itoa(next[s.To]), s.Body, "%s gets theirs in order", s.To)
		next[s.To]++
	}
	assert.Len(t, next, people)
	assert.Less(t, refused, people*each/2, "the sends of all wait when one is throttled")
	assert.Empty(t, w.deadLetters())
}

// rate requires that nothing was sent before its time, where everything was written
// after begin.
func rate(t *testing.T, begin time.Time, sent []fakecarrier.Sent, perSecond float64, burst int) {
	t.Helper()
	for i := burst; i < len(sent); i++ {
		least := time.Duration(float64(i-burst+1) / perSecond * float64(time.Second))
		assert.GreaterOrEqual(t, sent[i].At.Sub(begin), least, "send %d", i)
	}
}

// A number's rate is its own: the other number of the channel is not held back.
func TestTheRateOfANumberDoesNotHoldTheOtherBack(t *testing.T) {
	t.Parallel()
	const second, carol = "+15550100002", "+15550200003"
	w := newWorld(t, setup{
		numbers: []string{second},
		config:  "[[numbers]]\naddress = \"" + smsProxy + "\"\nrate = 4\n",
	})
	slow, fast := w.newConversation(), w.newConversation()
	w.join(slow, alice, smsProxy)
	w.join(fast, carol, second)
	begin := time.Now()
	for n := range 6 {
		w.write(slow, fmt.Sprint("slow ", n))
	}
	for n := range 6 {
		w.write(fast, fmt.Sprint("fast ", n))
	}
	of := func(number string) (list []fakecarrier.Sent) {
		for _, s := range w.twilio.Sent() {
			if s.From == number {
				list = append(list, s)
			}
		}
		return list
	}
	eventually(t, func() bool { return w.metric(`bridged_pace_waiting{channel="sms-main"}`) == "1" }, "somebody waits")
	eventually(t, func() bool { return len(of(smsProxy)) == 6 && len(of(second)) == 6 }, "all arrive")
	assert.Equal(t, []string{"slow 0", "slow 1", "slow 2", "slow 3", "slow 4", "slow 5"}, bodies(of(smsProxy)))
	rate(t, begin, of(smsProxy), 4, 1)
	assert.Less(t, of(second)[5].At, of(smsProxy)[5].At, "the other number's have gone long before")
	waited, err := strconv.ParseFloat(w.metric(`bridged_pace_seconds_count{by="number",channel="sms-main"}`), 64)
	require.NoError(t, err)
	assert.Positive(t, waited, "who had to wait is counted")
	assert.LessOrEqual(t, waited, 5.0, "the first had not to, nor what came a quarter of a second later on a busy machine")
}

// The parts of a long message are messages of the carrier: each waits for its turn,
// and none overtakes.
func TestThePairRateHoldsForEachPart(t *testing.T) {
	t.Parallel()
	const carol = "+15550200003"
	w := newWorld(t, setup{channel: "pair_rate = 4\npair_burst = 2\n"})
	one, two := w.newConversation(), w.newConversation()
	w.join(one, alice, smsProxy)
	w.join(two, carol, smsProxy)
	text := ""
	for n := range 6000 / 5 {
		text += fmt.Sprintf("%04d ", n)
	}
	begin := time.Now()
	w.write(one, text)
	w.write(one, "the end")
	w.write(two, "meanwhile")
	of := func(person string) (list []fakecarrier.Sent) {
		for _, s := range w.twilio.Sent() {
			if s.To == person {
				list = append(list, s)
			}
		}
		return list
	}
	eventually(t, func() bool { return len(of(alice)) == 5 }, "four parts and the end")
	rate(t, begin, of(alice), 4, 2)
	whole := ""
	for _, s := range of(alice) {
		whole += s.Body
	}
	assert.Equal(t, text+"the end", whole)
	require.Len(t, of(carol), 1)
	assert.Less(t, of(carol)[0].At, of(alice)[4].At, "the other pair is not held back")
	eventually(t, func() bool { d := w.detailOf(one, 1); return d != nil && d.Status == "sent" }, "it is recorded")
	d := w.detailOf(one, 0)
	assert.Equal(t, []string{"accepted", "accepted", "accepted", "accepted"}, d.outcomes(), "waiting is no attempt")
}

// One curly mark makes three segments of one; smart_encoding keeps it at one.
func TestSmartEncodingSavesSegments(t *testing.T) {
	t.Parallel()
	const plain = "It's a long way to the station, and the last bus has gone; would you mind to come and get me? I am at the old bridge, on the side of the river."
	const curly = "It’s a long way to the station, and the last bus has gone; would you mind to come and get me? I am at the old bridge, on the side of the river."
	for on, want := range map[bool]struct {
		text     string
		segments int
	}{true: {plain, 1}, false: {curly, 3}} {
		t.Run(strconv.FormatBool(on), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, setup{channel: fmt.Sprintf("smart_encoding = %t\n", on)})
			conversation := w.newConversation()
			w.join(conversation, alice, smsProxy)
			w.write(conversation, curly)
			eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Status == "sent" }, "it is sent")
			assert.Equal(t, []string{want.text}, bodies(w.twilio.Sent()))
			assert.Equal(t, want.segments, w.detailOf(conversation, 0).Segments)
			assert.Equal(t, curly, *w.messages(conversation)[0].Body, "the conversation keeps it as it was written")
		})
	}
}
