package bridge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// deliveredTo is a report of Carla's carrier about a message with this id.
func deliveredTo(address conversations.Address, providerID string) conversations.StatusReport {
	return conversations.StatusReport{
		Channel: "wa", ProviderID: providerID, Status: conversations.StatusDelivered,
		Address: address, Proxy: waProxy,
	}
}

// resume lets the time of unknown outcomes pass.
func (w *world) resume() {
	w.t.Helper()
	w.clock.advance(w.cfg.Retry.UnknownWait + time.Second)
	_, err := w.Resume(w.t.Context())
	require.NoError(w.t, err)
}

// A late report about the first attempt at one delivery must not end another
// delivery that nobody has taken.
func TestALateReportDoesNotEndAnotherDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.say(key, string(alice), "first")
	w.settle(w.claimOnly(whole), unknown) // it was taken as X, which nobody knows
	w.resume()
	w.settle(w.claimOnly(whole), w.accepted()) // and again as out1
	w.say(key, string(alice), "second")
	w.settle(w.claimOnly(whole), unknown) // this one never arrived

	w.report(deliveredTo(carla, "X"))
	list := w.deliveries()
	require.Len(t, list, 2)
	assert.Equal(t, conversations.StatusDelivered, list[0].Status, "the first has arrived, by its first attempt")
	assert.Equal(t, "X", list[0].Attempts[0].ProviderID)
	assert.Equal(t, conversations.ProgressUnknown, list[1].Progress, "of the second still nobody can say")
	w.resume()
	assert.Equal(t, []string{"second"}, w.sendAll(whole), "so it goes out again")
}

func TestAReportWhileTheResendIsWaitingSparesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "once")
	w.settle(w.claimOnly(whole), unknown)
	w.resume()
	require.Len(t, w.sends(), 1)
	w.report(deliveredTo(carla, "X"))
	assert.Empty(t, w.sendAll(whole), "nothing is left to send")
	d := w.deliveries()[0]
	assert.Equal(t, conversations.ProgressDone, d.Progress)
	assert.Equal(t, conversations.StatusDelivered, d.Status)
}

func TestAReportWhileTheResendIsUnderWayCountsWhateverItsAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]bridge.Result{"refused for now": refused, "refused for good": failed, "unknown": unknown} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.say(w.conversation(alice, carla), string(alice), "once")
			w.settle(w.claimOnly(whole), unknown)
			w.resume()
			c := w.claimOnly(whole)
			w.report(deliveredTo(carla, "X"))
			w.settle(c, answer)
			assert.Empty(t, w.sendAll(whole))
			d := w.deliveries()[0]
			assert.Equal(t, conversations.ProgressDone, d.Progress)
			assert.Equal(t, conversations.StatusDelivered, d.Status)
		})
	}
}

func TestAnAdoptedPartGoesOnWithTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "one two three")
	w.settle(w.claimOnly(words), unknown)
	w.report(deliveredTo(carla, "X"))
	assert.Equal(t, []string{"two", "three"}, w.sendAll(words))
	d := w.deliveries()[0]
	assert.Equal(t, conversations.ProgressDone, d.Progress)
	assert.Equal(t, conversations.StatusSent, d.Status, "delivered when all parts are")
	w.report(deliveredTo(carla, "out1"), deliveredTo(carla, "out2"))
	assert.Equal(t, conversations.StatusDelivered, w.deliveries()[0].Status)
}

func TestAReportThatCameBeforeTheTimeoutSettlesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "once")
	c := w.claimOnly(whole)
	w.report(deliveredTo(carla, "X")) // early: nobody knows X yet
	w.settle(c, unknown)
	d := w.deliveries()[0]
	assert.Equal(t, conversations.ProgressDone, d.Progress)
	assert.Equal(t, conversations.StatusDelivered, d.Status)
}

// A report may overtake the answer to its own send. An attempt at an earlier
// message that never reached the carrier must not take it meanwhile.
func TestAReportThatOvertakesItsAnswerIsNoOtherMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.say(key, string(alice), "first")
	w.settle(w.claimOnly(whole), unknown) // it never arrived
	w.resume()
	w.settle(w.claimOnly(whole), w.accepted())
	w.say(key, string(alice), "second")
	c := w.claimOnly(whole)
	w.report(deliveredTo(carla, "X"))
	w.settle(c, bridge.Result{Outcome: conversations.OutcomeAccepted, ProviderID: "X"})

	list := w.deliveries()
	assert.Equal(t, conversations.StatusSent, list[0].Status, "nobody reported the first")
	assert.Empty(t, list[0].Attempts[0].ProviderID)
	assert.Equal(t, conversations.StatusDelivered, list[1].Status)
}

// While a send is under way nobody can say whose a report is; its answer tells.
func TestAReportDuringAnotherSendWaitsForItsAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]bridge.Result{
		"accepted": {Outcome: conversations.OutcomeAccepted, ProviderID: "Y"}, "refused for now": refused,
		"refused for good": failed, "unknown": unknown,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			key := w.conversation(alice, carla)
			w.say(key, string(alice), "first")
			w.settle(w.claimOnly(whole), unknown) // it was taken as X, which nobody knows
			w.resume()
			w.settle(w.claimOnly(whole), w.accepted())
			w.say(key, string(alice), "second")
			c := w.claimOnly(whole)
			w.report(deliveredTo(carla, "X"))
			assert.Equal(t, conversations.StatusSent, w.deliveries()[0].Status)
			w.settle(c, answer)

			list := w.deliveries()
			assert.Equal(t, conversations.StatusDelivered, list[0].Status)
			assert.Equal(t, "X", list[0].Attempts[0].ProviderID)
			assert.NotEqual(t, conversations.StatusDelivered, list[1].Status)
		})
	}
}

func TestAReportOfAnotherPairSettlesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "once")
	w.settle(w.claimOnly(whole), unknown)
	w.report(deliveredTo("whatsapp:+15550000009", "X"))
	assert.Equal(t, conversations.ProgressUnknown, w.deliveries()[0].Progress)
	require.NoError(t, w.Tidy(t.Context()))
	assert.Equal(t, 1, w.count("SELECT count(*) FROM statuses"), "kept for an hour")
	w.clock.advance(time.Hour + time.Second)
	require.NoError(t, w.Tidy(t.Context()))
	assert.Zero(t, w.count("SELECT count(*) FROM statuses"), "then dropped")
	assert.Contains(t, w.notes.taken(), "reported wa dropped")
}

// A report that stayed over from before the clock was set back is of no send after it,
// though that seems to have begun earlier.
func TestAReportFromBeforeAStepOfTheClockSettlesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.report(deliveredTo(carla, "X"))
	w.clock.advance(-20 * time.Minute)
	w.say(key, string(alice), "second")
	w.settle(w.claimOnly(whole), unknown) // it never arrived
	d := w.deliveries()[0]
	assert.Equal(t, conversations.ProgressUnknown, d.Progress)
	assert.Empty(t, d.Attempts[0].ProviderID)
	w.resume()
	assert.Equal(t, []string{"second"}, w.sendAll(whole), "so it goes out again")
}

// The same for what was in line already when the report came.
func TestAReportFromBeforeAStepOfTheClockIsOfNothingInLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.say(key, string(alice), "first")
	c := w.claimOnly(whole)
	w.say(key, string(alice), "second")
	w.report(deliveredTo(carla, "X")) // early, since a send is under way
	w.settle(c, w.accepted())         // it was not this one
	w.clock.advance(-20 * time.Minute)
	w.settle(w.claimOnly(whole), unknown) // it never arrived
	d := w.deliveries()[1]
	assert.Equal(t, conversations.ProgressUnknown, d.Progress)
	assert.Empty(t, d.Attempts[0].ProviderID)
	w.resume()
	assert.Equal(t, []string{"second"}, w.sendAll(whole), "so it goes out again")
}

func TestACrashDuringASendIsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "once")
	w.claimOnly(whole)
	w.crash()
	d := w.deliveries()[0]
	assert.Equal(t, conversations.ProgressUnknown, d.Progress)
	assert.Equal(t, conversations.OutcomeUnknown, d.Attempts[0].Outcome)
	assert.Empty(t, w.sends(), "it waits")
	w.resume()
	assert.Equal(t, []string{"once"}, w.sendAll(whole))
}

func TestAnUnknownOutcomeIsADeadLetterWhereResendingIsOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *bridge.Config) { c.Retry.ResendUnknown = false })
	key := w.conversation(alice, carla)
	w.say(key, string(alice), "first")
	w.say(key, string(alice), "second")
	w.settle(w.claimOnly(whole), unknown)
	w.resume()
	assert.Equal(t, conversations.ProgressDead, w.deliveries()[0].Progress)
	assert.Equal(t, 1, w.count("SELECT count(*) FROM dead_letters"))
	assert.Equal(t, []string{"second"}, w.sendAll(whole), "the line goes on")
}

// A process that was silent for too long has lost its delivery to another one, and
// then comes the answer that it waited for.
func TestAnAnswerAfterATakeoverIsRecorded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer   bridge.Result
		sent     []string // by the new one
		outcomes []conversations.Outcome
	}{
		"accepted": {bridge.Result{Outcome: conversations.OutcomeAccepted, ProviderID: "X"}, nil, []conversations.Outcome{"accepted"}},
		"refused":  {refused, []string{"once"}, []conversations.Outcome{"refused", "accepted"}},
		"unknown":  {unknown, nil, []conversations.Outcome{"unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.say(w.conversation(alice, carla), string(alice), "once")
			claim := w.claimOnly(whole)
			w.crash() // takes over
			w.settle(claim, c.answer)
			w.settle(claim, c.answer) // and again, which changes nothing
			assert.Equal(t, c.sent, w.sendAll(whole))
			var outcomes []conversations.Outcome
			for _, a := range w.deliveries()[0].Attempts {
				outcomes = append(outcomes, a.Outcome)
			}
			assert.Equal(t, c.outcomes, outcomes)
		})
	}
}

// Both processes have handed it over: the operator sees both attempts.
func TestAnAnswerAfterARepeatSaysThatItWasSentTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "once")
	claim := w.claimOnly(whole)
	w.crash()
	w.resume()
	assert.Equal(t, []string{"once"}, w.sendAll(whole))
	w.settle(claim, bridge.Result{Outcome: conversations.OutcomeAccepted, ProviderID: "X"})
	d := w.deliveries()[0]
	assert.Equal(t, conversations.ProgressDone, d.Progress)
	require.Len(t, d.Attempts, 2)
	assert.Equal(t, conversations.OutcomeAccepted, d.Attempts[0].Outcome)
	assert.Equal(t, "X", d.Attempts[0].ProviderID)
	assert.Contains(t, d.Attempts[0].Detail, "may have been sent twice")
	w.report(deliveredTo(carla, "X"))
	assert.Equal(t, conversations.StatusDelivered, w.deliveries()[0].Status)
}
