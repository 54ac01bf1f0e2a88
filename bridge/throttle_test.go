package bridge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

func throttled(after time.Duration) bridge.Result {
	return bridge.Result{
		Outcome: conversations.OutcomeRefused, Retry: true, Throttled: true, After: after, Detail: "slow down",
	}
}

// again settles the pair's next claim and lets the time go by that it then waits.
func (w *world) again(r bridge.Result) (wait time.Duration) {
	w.t.Helper()
	w.settle(w.claimOnly(whole), r)
	d := w.deliveries()[0]
	require.Equal(w.t, conversations.ProgressRetry, d.Progress)
	wait = d.Due.Sub(w.clock.now())
	w.clock.advance(wait)
	_, err := w.Resume(w.t.Context())
	require.NoError(w.t, err)
	return wait
}

// What comes too soon is not at fault: however often the carrier says so, the
// delivery keeps the attempts that it has.
func TestAThrottledAttemptDoesNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "patience")
	for range w.cfg.Retry.Attempts - 1 {
		w.again(refused)
	}
	for range 10 {
		assert.Equal(t, 2*time.Second, w.again(throttled(2*time.Second)), "as long as the carrier asks, and no longer")
	}
	w.settle(w.claimOnly(whole), w.accepted())
	d := w.deliveries()[0]
	assert.Equal(t, conversations.StatusSent, d.Status)
	require.Len(t, d.Attempts, w.cfg.Retry.Attempts+10)
	assert.False(t, d.Attempts[0].Throttled)
	assert.True(t, d.Attempts[w.cfg.Retry.Attempts].Throttled, "which ones they were is kept")
}

// A real refusal after many throttled attempts is the first.
func TestARefusalAfterThrottledAttemptsIsTheFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "patience")
	for range 9 {
		w.again(throttled(time.Second))
	}
	assert.Equal(t, w.cfg.Retry.First, w.again(refused))
	assert.Equal(t, 2*w.cfg.Retry.First, w.again(refused))
}

func TestACarrierThatDoesNotSayHowLongIsAskedMoreAndMoreSeldom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "patience")
	assert.Equal(t, w.cfg.Retry.First, w.again(throttled(0)))
	assert.Equal(t, 2*w.cfg.Retry.First, w.again(throttled(0)))
	assert.Equal(t, 4*w.cfg.Retry.First, w.again(throttled(0)))
}

func TestWhatIsThrottledForADayIsADeadLetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "doomed")
	attempts, waited := 0, time.Duration(0)
	for ; waited < 24*time.Hour; attempts++ {
		wait := w.again(throttled(time.Second))
		assert.LessOrEqual(t, wait, w.cfg.Retry.Max)
		waited += wait
	}
	assert.Less(t, attempts, 60, "a carrier that asks for a second each time is not asked each second")
	w.settle(w.claimOnly(whole), throttled(time.Second))
	d := w.deliveries()[0]
	assert.Equal(t, conversations.ProgressDead, d.Progress)
	assert.Equal(t, []string{"the carrier had no room for it for too long; its last words: slow down"}, w.texts("SELECT reason FROM dead_letters"))
}

// The count is of what goes out, over all parts, on a channel that has segments.
func TestTheSegmentsOfADeliveryAreStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	counting := &bridge.Outlet{Split: strings.Fields, Segments: func(text string) int { return len(text) }, Spell: strings.ToUpper}
	w.say(w.conversation(alice), "", "one three")
	assert.Equal(t, []string{"ONE", "THREE"}, w.sendAll(counting))
	w.say(w.conversation(carla), "", "one three")
	assert.Equal(t, []string{"one", "three"}, w.sendAll(words))
	segments := map[string]int{}
	for _, d := range w.deliveries() {
		segments[d.Channel] = d.Segments
	}
	assert.Equal(t, map[string]int{"sms": len("one") + len("three"), "wa": 0}, segments)
}
