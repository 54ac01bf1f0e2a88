package bridge_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// hand settles a claim and returns the claim of the next part, which there must
// be.
func (w *world) hand(c bridge.Claim, r bridge.Result) bridge.Claim {
	w.t.Helper()
	next, err := w.Settle(w.t.Context(), c, r, words)
	require.NoError(w.t, err)
	require.NotNil(w.t, next)
	return *next
}

func reportOf(providerID string, s conversations.Status) conversations.StatusReport {
	return conversations.StatusReport{Channel: "wa", ProviderID: providerID, Status: s}
}

func TestADeliveryIsDeliveredWhenItsLastPartIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "one two three")
	assert.Equal(t, []string{"one", "two", "three"}, w.sendAll(words))
	for _, id := range []string{"out3", "out1"} {
		w.report(reportOf(id, conversations.StatusDelivered))
		assert.Equal(t, conversations.StatusSent, w.deliveries()[0].Status, id)
	}
	w.report(reportOf("out2", conversations.StatusDelivered))
	d := w.deliveries()[0]
	assert.Equal(t, conversations.StatusDelivered, d.Status)
	assert.Equal(t, "out1", d.ProviderID, "the carrier's id of the first part")
	assert.Equal(t, 3, d.Parts)
	assert.Equal(t, 1, w.count("SELECT count(*) FROM events WHERE type = 'onDeliveryUpdated' AND after LIKE '%\"delivered\"%'"))
}

func TestADeliveryHasFailedWhenOneOfItsPartsHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "one two")
	w.sendAll(words)
	r := reportOf("out2", conversations.StatusUndelivered)
	r.ErrorCode = 30003
	w.report(reportOf("out1", conversations.StatusDelivered), r)
	d := w.deliveries()[0]
	assert.Equal(t, conversations.StatusUndelivered, d.Status)
	assert.Equal(t, 30003, d.ErrorCode)
}

// Parts that the carrier never took make a failure of the whole, whatever becomes
// of the parts that it did take.
func TestAReportOfOnePartDoesNotMendTheLossOfAnother(t *testing.T) {
	t.Parallel()
	t.Run("refused for good", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.say(w.conversation(alice, carla), string(alice), "one two")
		w.settle(w.hand(w.claimOnly(words), w.accepted()), failed)
		w.report(reportOf("out1", conversations.StatusDelivered))
		d := w.deliveries()[0]
		assert.Equal(t, conversations.StatusFailed, d.Status)
		assert.Equal(t, failed.ErrorCode, d.ErrorCode)
	})
	t.Run("given up", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, func(c *bridge.Config) { c.Retry.Attempts = 1 })
		w.say(w.conversation(alice, carla), string(alice), "one two")
		w.settle(w.hand(w.claimOnly(words), w.accepted()), refused)
		w.report(reportOf("out1", conversations.StatusRead))
		d := w.deliveries()[0]
		assert.Equal(t, conversations.ProgressDead, d.Progress)
		assert.Equal(t, conversations.StatusFailed, d.Status)
		assert.Equal(t, 30008, d.ErrorCode)
	})
}

func TestNoPartFollowsOneThatHasFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.say(key, string(alice), "one two")
	w.say(key, string(alice), "next")
	c := w.claimOnly(words)
	w.report(reportOf("X", conversations.StatusFailed)) // overtakes the carrier's answer
	w.settle(c, bridge.Result{Outcome: conversations.OutcomeAccepted, ProviderID: "X"})
	d := w.deliveries()[0]
	assert.Equal(t, conversations.ProgressDone, d.Progress)
	assert.Equal(t, conversations.StatusFailed, d.Status)
	assert.Equal(t, []string{"next"}, w.sendAll(words))
	w.report(reportOf("X", conversations.StatusDelivered))
	assert.Equal(t, conversations.StatusFailed, w.deliveries()[0].Status, "the second part was never sent")
}

func TestACrashBetweenPartsGoesOnWithThePartWhoseFateIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "one two three")
	assert.Equal(t, "two", w.hand(w.claimOnly(words), w.accepted()).Part.Text)
	w.crash()
	w.resume()
	assert.Equal(t, []string{"two", "three"}, w.sendAll(words), "what the carrier has is not sent again")
	d := w.deliveries()[0]
	assert.Equal(t, conversations.StatusSent, d.Status)
	assert.Equal(t, 4, d.Delivery.Attempts, "three parts, one of them twice")
}

func TestARefusedPartIsRepeatedWithoutTheOnesBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "one two")
	w.settle(w.hand(w.claimOnly(words), w.accepted()), refused)
	d := w.deliveries()[0]
	assert.Equal(t, w.cfg.Retry.First, d.Due.Sub(w.clock.now()), "each part counts its own attempts")
	w.resume()
	assert.Equal(t, []string{"two"}, w.sendAll(words))
}

func TestASecondTaskForADeliveryClaimsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "once")
	first := w.sends()[0]
	require.NoError(t, w.cfg.Commit(t.Context(), func(tx bridge.Tx) error {
		return tx.Enqueue(conversations.Task{Topic: first.topic, Key: first.key, Payload: []byte(first.payload)})
	}))
	sends := w.sends()
	require.Len(t, sends, 2)
	c := w.claim(sends[0], whole)
	require.NotNil(t, c)
	assert.Nil(t, w.claim(sends[1], whole))
	w.settle(*c, w.accepted())
	assert.Nil(t, w.claim(first, whole), "nor when it is done")
	assert.Empty(t, w.sends())
}

// A carrier that gives no id must not get the reports of other messages.
func TestAnAcceptanceWithoutAnIDTakesNoReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "once")
	w.report(reportOf("of something else", conversations.StatusRead))
	w.settle(w.claimOnly(whole), bridge.Result{Outcome: conversations.OutcomeAccepted})
	d := w.deliveries()[0]
	assert.Equal(t, conversations.StatusSent, d.Status)
	assert.Empty(t, d.Reports)
}

// The event of a receipt has the delivery as it was before the commit.
func TestTheEventOfAReceiptHasTheDeliveryBeforeAndAfter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "once")
	w.sendAll(whole)
	w.report(reportOf("out1", conversations.StatusDelivered))
	const of = " FROM events WHERE type = 'onDeliveryUpdated' ORDER BY seq"
	before, after := w.texts("SELECT before"+of), w.texts("SELECT after"+of)
	require.Len(t, after, 2)
	for i, status := range []string{`"Status":""`, `"Status":"sent"`} {
		assert.Contains(t, before[i], status)
	}
	for i, status := range []string{`"Status":"sent"`, `"Status":"delivered"`} {
		assert.Contains(t, after[i], status)
	}
	assert.Equal(t, []string{"WHATSAPP", "WHATSAPP"}, w.texts("SELECT source FROM events WHERE type = 'onDeliveryUpdated'"))
}

// The only part that had failed arrives after all, while another is under way still:
// then the delivery has not failed any more, as if the reports had come the other way.
func TestADeliveryWhoseFailedPartArrivesHasNotFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "one two")
	w.sendAll(words)
	lost := reportOf("out2", conversations.StatusUndelivered)
	lost.ErrorCode = 30003
	w.report(lost)
	assert.Equal(t, conversations.StatusUndelivered, w.deliveries()[0].Status)
	w.report(reportOf("out2", conversations.StatusDelivered))
	d := w.deliveries()[0]
	assert.Equal(t, conversations.StatusSent, d.Status)
	assert.Zero(t, d.ErrorCode)
	assert.Equal(t, 3, w.count("SELECT count(*) FROM events WHERE type = 'onDeliveryUpdated'"))
}
