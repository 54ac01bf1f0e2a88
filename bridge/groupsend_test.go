package bridge_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// familyWorld has a group text of an agent, a gateway and two people, with one
// message of the agent's that waits to be sent.
func familyWorld(t *testing.T, text string) *world {
	t.Helper()
	w := newGroupWorld(t)
	w.say(w.group(projected("agent", office), projected("", warehouse), byAddress(alice), byAddress(bob)), "agent", text)
	return w
}

// reportTo is a carrier's report of what office sent to one receiver; to all, where
// the address is empty.
func reportTo(address conversations.Address, providerID string, s conversations.Status) conversations.StatusReport {
	r := conversations.StatusReport{Channel: "groups", ProviderID: providerID, Status: s, Address: address}
	if address != "" {
		r.Proxy = office
	}
	return r
}

// statuses are what is known of each delivery, in the order in which they were made.
func (w *world) statuses() (list []conversations.Status) {
	for _, d := range w.deliveries() {
		list = append(list, d.Status)
	}
	return list
}

func (w *world) progress() (list []conversations.Progress) {
	for _, d := range w.deliveries() {
		list = append(list, d.Progress)
	}
	return list
}

const (
	none        = conversations.StatusNone
	sent        = conversations.StatusSent
	delivered   = conversations.StatusDelivered
	read        = conversations.StatusRead
	failedState = conversations.StatusFailed
	undelivered = conversations.StatusUndelivered
)

// "From three on a group message whose to holds all other members, other projected
// addresses included" (contract, 3).
func TestAGroupMessageIsSentOnceToAllOthers(t *testing.T) {
	t.Parallel()
	w := familyWorld(t, "welcome")
	c := w.claimOnly(whole)
	assert.Equal(t, office, c.Delivery.Proxy)
	assert.Equal(t, alice, c.Delivery.Address)
	assert.ElementsMatch(t, []conversations.Address{warehouse, bob}, c.Delivery.Others)
	assert.Equal(t, []conversations.Progress{conversations.ProgressSending, conversations.ProgressAlong}, w.progress())
	w.settle(c, w.accepted())
	assert.Empty(t, w.sends(), "there is no other")
	assert.Equal(t, []conversations.Status{sent, sent}, w.statuses())

	w.report(reportTo(bob, "out1", delivered))
	assert.Equal(t, []conversations.Status{sent, delivered}, w.statuses())
	w.report(reportTo(alice, "out1", undelivered))
	assert.Equal(t, []conversations.Status{undelivered, delivered}, w.statuses())
	w.report(reportTo(warehouse, "out1", read))
	assert.Equal(t, []conversations.Status{undelivered, delivered}, w.statuses(), "of our own number nobody asks")
	w.report(reportTo("", "out1", read))
	assert.Equal(t, []conversations.Status{read, read}, w.statuses(), "where none is named, all are meant")

	list := w.deliveries()
	assert.Equal(t, []conversations.Address{alice, bob}, []conversations.Address{list[0].Address, list[1].Address})
	for i, d := range list {
		assert.Equal(t, "out1", d.ProviderID)
		require.Len(t, d.Attempts, 1, i)
		assert.Equal(t, conversations.ProgressDone, d.Progress)
	}
	assert.Equal(t, 6, w.count("SELECT COUNT(*) FROM events WHERE type = 'onDeliveryUpdated'"), "each receipt has its own")
}

// What a member writes the carrier brings to the others; what a gateway writes goes
// out by its own number.
func TestWhoGetsAGroupMessage(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	key := w.group(projected("agent", office), projected("", warehouse), byAddress(alice), byAddress(bob))
	w.receive(groupMessage("in1", alice, "hello", office, bob, warehouse))
	assert.Empty(t, w.deliveries(), "the carrier has brought it to Bob")
	w.say(key, string(warehouse), "hello all")
	c := w.claimOnly(whole)
	assert.Equal(t, warehouse, c.Delivery.Proxy)
	assert.ElementsMatch(t, []conversations.Address{office, bob}, c.Delivery.Others)

	w.numbers["+14155559004"] = "groups"
	staff := w.group(projected("agent", office), projected("", warehouse), projected("boss", "+14155559004"))
	_, err := w.CreateMessage(t.Context(), system, service, staff, bridge.MessageFields{Author: ptr("agent"), Body: ptr("among us")})
	require.NoError(t, err, "nobody in it has a telephone")
	assert.Len(t, w.deliveries(), 2)
}

func TestGroupMessagesAreInOrderWhicheverNumberSendsThem(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	key := w.group(projected("agent", office), projected("", warehouse), byAddress(alice))
	for _, line := range []struct{ author, text string }{{"agent", "1"}, {string(warehouse), "2"}, {"agent", "3"}} {
		w.say(key, line.author, line.text)
	}
	require.Len(t, w.sends(), 1, "one after the other")
	assert.Equal(t, []string{"1", "2", "3"}, w.sendAll(whole))

	w.say(key, "agent", "4")
	w.say(key, "agent", "5")
	page, err := w.db.Messages(t.Context(), key.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.NoError(t, w.DeleteMessage(t.Context(), system, service, key, page.Items[3].ID))
	assert.Equal(t, []string{"5"}, w.sendAll(whole), "what is deleted holds up nobody")
}

func TestAGroupMessageInParts(t *testing.T) {
	t.Parallel()
	w := familyWorld(t, "two words")
	c := w.claimOnly(words)
	next, err := w.Settle(t.Context(), c, w.accepted(), words)
	require.NoError(t, err)
	require.NotNil(t, next)
	w.report(reportTo(bob, "out1", delivered), reportTo(alice, "out1", failedState))
	assert.Equal(t, []conversations.Status{none, none}, w.statuses()[:2], "it is under way")
	w.settle(*next, w.accepted())
	assert.Equal(t, []conversations.Status{failedState, sent}, w.statuses())
	w.report(reportTo(bob, "out2", delivered))
	assert.Equal(t, []conversations.Status{failedState, delivered}, w.statuses())
}

// A part that did not reach one receiver does not keep the rest from the others.
func TestAReportBeforeTheAnswerToAGroupMessage(t *testing.T) {
	t.Parallel()
	w := familyWorld(t, "two words")
	c := w.claimOnly(words)
	w.report(reportTo(alice, "out1", failedState), reportTo(bob, "out1", delivered))
	assert.Equal(t, []conversations.Status{none, none}, w.statuses(), "nobody knows the id yet")
	next, err := w.Settle(t.Context(), c, w.accepted(), words)
	require.NoError(t, err)
	require.NotNil(t, next, "Bob gets the second part")
	w.settle(*next, w.accepted())
	w.report(reportTo("", "out2", delivered))
	assert.Equal(t, []conversations.Status{failedState, delivered}, w.statuses())
}

func TestAGroupMessageIsRefused(t *testing.T) {
	t.Parallel()
	w := familyWorld(t, "welcome")
	w.settle(w.claimOnly(whole), refused)
	assert.Equal(t, []conversations.Progress{conversations.ProgressRetry, conversations.ProgressAlong}, w.progress())
	w.resume()
	w.settle(w.claimOnly(whole), failed)
	assert.Equal(t, []conversations.Status{failedState, failedState}, w.statuses())
	for _, d := range w.deliveries() {
		assert.Equal(t, conversations.ProgressDone, d.Progress)
		assert.Equal(t, 21610, d.ErrorCode)
		assert.Len(t, d.Attempts, 2)
		assert.Equal(t, "never", d.Attempts[1].Detail)
	}
}

func TestAGroupMessageIsGivenUp(t *testing.T) {
	t.Parallel()
	w := familyWorld(t, "welcome")
	for range w.cfg.Retry.Attempts {
		w.settle(w.claimOnly(whole), refused)
		w.clock.advance(w.cfg.Retry.Max)
		w.resume()
	}
	assert.Equal(t, []conversations.Progress{conversations.ProgressDead, conversations.ProgressDead}, w.progress())
	assert.Equal(t, []conversations.Status{failedState, failedState}, w.statuses())
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM dead_letters"), "it is one message")
	assert.Empty(t, w.sends())
}

// Contract, 11: "A status callback within retry.unknown_wait settles it", whichever
// receiver it names.
func TestAReportSettlesAGroupMessageOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, reported := range map[string]conversations.Address{"of the first": alice, "of another": bob} {
		for _, early := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := familyWorld(t, "welcome")
				c := w.claimOnly(whole)
				if early {
					w.report(reportTo(reported, "X", delivered))
				}
				w.settle(c, unknown)
				if !early {
					assert.Equal(t, []conversations.Progress{conversations.ProgressUnknown, conversations.ProgressAlong}, w.progress())
					w.report(reportTo(reported, "X", delivered))
				}
				assert.Empty(t, w.sendAll(whole), "nothing is sent again")
				w.resume()
				assert.Empty(t, w.sendAll(whole))
				for _, d := range w.deliveries() {
					want := sent
					if d.Address == reported {
						want = delivered
					}
					assert.Equal(t, want, d.Status, d.Address)
					assert.Equal(t, conversations.ProgressDone, d.Progress)
					assert.Equal(t, "X", d.ProviderID)
				}
				w.report(reportTo("", "X", read))
				assert.Equal(t, []conversations.Status{read, read}, w.statuses())
			})
		}
	}
}

// The pair of a member and our number may have a conversation of its own: a report
// about one message does not settle another.
func TestAReportOfAPlainMessageIsNotTakenForAGroupMessages(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	plain := w.group(byPair(alice, office))
	w.say(plain, "system", "to Alice alone")
	w.settle(w.claimOnly(whole), w.accepted())
	w.say(w.group(byAddress(alice), byAddress(bob), projected("agent", office)), "agent", "to both")
	w.settle(w.claimOnly(whole), unknown)
	w.report(reportTo(alice, "out1", delivered))
	assert.Equal(t, []conversations.Status{delivered, none, none}, w.statuses())
	assert.Equal(t, conversations.ProgressUnknown, w.deliveries()[1].Progress)
	w.report(reportTo(bob, "X", delivered))
	assert.Empty(t, w.sendAll(whole))
	assert.Equal(t, []conversations.Status{delivered, sent, delivered}, w.statuses())
}

func TestAGroupMessageOutlivesACrash(t *testing.T) {
	t.Parallel()
	w := familyWorld(t, "welcome")
	w.claimOnly(whole)
	w.crash()
	assert.Equal(t, []conversations.Progress{conversations.ProgressUnknown, conversations.ProgressAlong}, w.progress())
	for _, d := range w.deliveries() {
		assert.Equal(t, conversations.OutcomeUnknown, d.Attempts[0].Outcome)
	}
	w.resume()
	assert.Equal(t, []string{"welcome"}, w.sendAll(whole), "once more, to all")
	assert.Equal(t, []conversations.Status{sent, sent}, w.statuses())
	w.report(reportTo(bob, "out1", delivered))
	assert.Equal(t, []conversations.Status{sent, delivered}, w.statuses())
}

func TestTheOutcomeOfAGroupMessageStaysUnknown(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t, func(c *bridge.Config) { c.Retry.ResendUnknown = false })
	w.say(w.group(projected("agent", office), byAddress(alice), byAddress(bob)), "agent", "welcome")
	c := w.claimOnly(whole)
	w.settle(c, unknown)
	w.resume()
	assert.Equal(t, []conversations.Progress{conversations.ProgressDead, conversations.ProgressDead}, w.progress())
	assert.Equal(t, []conversations.Status{failedState, failedState}, w.statuses())
	w.settle(c, w.accepted()) // it was slow
	assert.Equal(t, "out1", w.deliveries()[1].Attempts[0].ProviderID)
	w.report(reportTo(bob, "out1", delivered))
	list := w.deliveries()
	assert.Equal(t, delivered, list[1].Attempts[0].Status)
	assert.Equal(t, sent, list[0].Attempts[0].Status, "of Alice no more is known")
}

func TestAGroupMessageOfANumberThatHasGone(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	key := w.group(projected("agent", office), byAddress(alice), byAddress(bob))
	delete(w.numbers, office)
	_, err := w.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{Author: ptr("agent"), Body: ptr("hello")})
	refusal(t, conversations.GroupsUnavailable, err, "its channel is out of the configuration")
}
