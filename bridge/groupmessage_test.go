package bridge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/autocreate"
	"bridged/bridge"
	"bridged/conversations"
)

// groupMessage is what a carrier reports for the number of ours that is first in
// to.
func groupMessage(id string, from conversations.Address, body string, to ...conversations.Address) conversations.Inbound {
	return conversations.Inbound{Channel: "groups", ProviderID: id, From: from, To: to[0], Others: to[1:], Body: body}
}

// reasons are why messages ended where they did, in the order of acceptance.
func (w *world) reasons() []string {
	w.t.Helper()
	return w.texts("SELECT CAST(state AS TEXT) || reason FROM inbound ORDER BY seq")
}

// "The sorted set of all senders and receivers on the Message must match the sorted
// set of Addresses and ProjectedAddresses on some existing Conversation" (page 38).
func TestAGroupMessageFindsItsConversation(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	family := w.group(projected("agent", office), byAddress(alice), byAddress(bob))
	w.group(projected("agent", office), byAddress(alice))
	w.receive(
		groupMessage("in1", bob, "from Bob", office, alice),
		groupMessage("in2", alice, "from Alice", office, bob),
		groupMessage("in3", alice, "to the agent alone", office),
		groupMessage("in4", alice, "with Dora", office, bob, dora),
		groupMessage("in5", alice, "with the warehouse", office, bob, warehouse),
	)
	assert.Equal(t, []string{"+15550000002 from Bob", "+15550000001 from Alice"},
		w.texts("SELECT author || ' ' || body FROM messages WHERE conversation_id = $1 ORDER BY idx", family.ID))
	assert.Equal(t, []string{"to the agent alone"}, w.texts("SELECT body FROM messages WHERE conversation_id <> $1", family.ID))
	assert.Equal(t, []string{"with Dora", "with the warehouse"}, w.texts("SELECT body FROM inbound WHERE state = 2 ORDER BY seq"))
	assert.Contains(t, w.reasons()[3], "no live conversation has this group of addresses")
	assert.Empty(t, w.sends(), "the carrier has brought it to the others")
	assert.Zero(t, w.Backlog())

	_, err := w.UpdateConversation(t.Context(), system, service, family, bridge.ConversationFields{State: ptr(conversations.StateInactive)})
	require.NoError(t, err)
	w.receive(groupMessage("in6", bob, "wake up", dora, office, alice), groupMessage("in7", bob, "wake up", office, alice))
	c, err := w.db.Conversation(t.Context(), service, family)
	require.NoError(t, err)
	assert.Equal(t, conversations.StateActive, c.State)
}

// Carriers that tell of a group message once for each number of ours, and people
// who repeat themselves.
func TestOneGroupMessageIsOneMessage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reports  []conversations.Inbound
		messages int
	}{
		"each number, one message": {[]conversations.Inbound{
			groupMessage("o1", alice, "ok", office, warehouse, bob), groupMessage("w1", alice, "ok", warehouse, office, bob),
		}, 1},
		"only the second number": {[]conversations.Inbound{groupMessage("w1", alice, "ok", warehouse, office, bob)}, 1},
		"twice the same, one number": {[]conversations.Inbound{
			groupMessage("o1", alice, "ok", office, warehouse, bob), groupMessage("o2", alice, "ok", office, warehouse, bob),
		}, 2},
		"twice the same, each number": {[]conversations.Inbound{
			groupMessage("o1", alice, "ok", office, warehouse, bob), groupMessage("o2", alice, "ok", office, warehouse, bob),
			groupMessage("w1", alice, "ok", warehouse, office, bob), groupMessage("w2", alice, "ok", warehouse, office, bob),
		}, 2},
		"two people": {[]conversations.Inbound{
			groupMessage("o1", alice, "ok", office, warehouse, bob), groupMessage("w1", bob, "ok", warehouse, office, alice),
		}, 2},
		"two texts": {[]conversations.Inbound{
			groupMessage("o1", alice, "ok", office, warehouse, bob), groupMessage("w1", alice, "OK", warehouse, office, bob),
		}, 2},
		"a report again": {[]conversations.Inbound{
			groupMessage("o1", alice, "ok", office, warehouse, bob), groupMessage("o1", alice, "ok", office, warehouse, bob),
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newGroupWorld(t)
			w.group(projected("agent", office), projected("", warehouse), byAddress(alice), byAddress(bob))
			for _, m := range c.reports {
				w.receive(m)
			}
			assert.Equal(t, c.messages, w.count("SELECT COUNT(*) FROM messages"))
			assert.Zero(t, w.count("SELECT COUNT(*) FROM inbound WHERE state = 2"))
			assert.Zero(t, w.Backlog())
		})
	}
}

func TestACopyIsOfAboutTheSameTime(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	w.group(projected("agent", office), projected("", warehouse), byAddress(alice), byAddress(bob))
	at := func(m conversations.Inbound, sent time.Time) conversations.Inbound { m.SentAt = sent; return m }
	w.receive(at(groupMessage("o1", alice, "ok", office, warehouse, bob), start))
	w.clock.advance(20 * time.Hour)
	w.receive(at(groupMessage("w1", alice, "ok", warehouse, office, bob), start.Add(time.Second)))
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM messages"), "the carrier was late")
	w.receive(at(groupMessage("w2", alice, "ok", warehouse, office, bob), start.Add(time.Hour)))
	assert.Equal(t, 2, w.count("SELECT COUNT(*) FROM messages"), "she has written again")
	assert.Contains(t, w.reasons()[1], "another number of ours")
	assert.Empty(t, w.texts("SELECT body FROM inbound WHERE state = 3 AND body <> ''"))
}

func TestWhatComesBackIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	w.group(projected("agent", office), projected("", warehouse), byAddress(alice))
	w.notes.taken()
	w.receive(groupMessage("w1", office, "what we sent", warehouse, alice))
	assert.Zero(t, w.count("SELECT COUNT(*) FROM messages"))
	assert.Contains(t, w.notes.taken(), "routed groups 3")
	assert.Contains(t, w.reasons()[0], "has come back")
}

func TestALargeGroupIsKeptForTheOperator(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	w.configureGroups(office, bridge.CreationFields{})
	others := []conversations.Address{office}
	for i := range 9 {
		others = append(others, conversations.Address(fmt.Sprintf("+1415555200%d", i)))
	}
	w.receive(groupMessage("in1", alice, "to eleven", others...))
	assert.Contains(t, w.reasons()[0], "11 members")
	assert.Zero(t, w.count("SELECT COUNT(*) FROM conversations"))
	w.receive(groupMessage("in2", alice, "to ten", others[:9]...))
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM conversations"))
}

func (w *world) configureGroups(number conversations.Address, f bridge.CreationFields) {
	w.t.Helper()
	f.Enabled = ptr(true)
	_, err := w.CreateAddressConfiguration(w.t.Context(), bridge.AddressFields{Address: &number, Type: conversations.TypeSMS, Creation: f})
	require.NoError(w.t, err)
}

// Page 38, "Autocreation in Group MMS".
func TestAGroupMessageMakesAConversation(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	// It is the second of our numbers that makes conversations.
	w.configureGroups(warehouse, bridge.CreationFields{Type: ptr(autocreate.Webhook), WebhookURL: ptr("https://example.com")})
	w.receive(groupMessage("o1", alice, "hello all", office, bob, warehouse), groupMessage("w1", alice, "hello all", warehouse, bob, office))
	c := w.only(service)
	assert.Equal(t, conversations.StateActive, c.State)
	page, err := w.db.Participants(t.Context(), c.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	var members []conversations.Binding
	for _, p := range page.Items {
		members = append(members, *p.Binding)
		assert.Nil(t, p.Identity)
		assert.Equal(t, p.Native(), p.Role == nil)
	}
	assert.Equal(t, []conversations.Binding{{Address: alice}, {Projected: office}, {Address: bob}, {Projected: warehouse}}, members)
	assert.Equal(t, []string{
		"onConversationAdded", "onParticipantAdded", "onParticipantAdded", "onParticipantAdded", "onParticipantAdded",
		"onConversationStateUpdated", "onMessageAdded",
	}, w.texts("SELECT type FROM events ORDER BY seq"))
	assert.Contains(t, w.texts("SELECT after FROM events ORDER BY seq")[0], "initializing")
	assert.Equal(t, []string{fmt.Sprintf("[%q,%q,%q,%q]", alice, office, bob, warehouse)},
		w.texts("SELECT origin FROM events WHERE origin IS NOT NULL"), "the author and the receivers, for the webhooks")
	assert.Empty(t, w.sends(), "the first message is not sent again")
	hooks, err := w.db.Webhooks(t.Context(), c.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	assert.Len(t, hooks.Items, 1)

	w.receive(groupMessage("o2", bob, "hello Alice", office, alice, warehouse))
	assert.EqualValues(t, 2, w.only(service).NextIndex)
}

func TestAMessagingServiceMakesGroupConversations(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t, func(c *bridge.Config) {
		c.Pools = []bridge.Pool{{Service: otherMessaging, Senders: []conversations.Address{warehouse}, Autocreate: true}}
	})
	w.receive(groupMessage("o1", alice, "hello", office, bob, warehouse))
	assert.Equal(t, otherMessaging, w.only(service).MessagingService)
}

func TestAnUnroutedGroupMessageIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	w.receive(groupMessage("o1", alice, "hello", office, bob, warehouse), groupMessage("w1", alice, "hello", warehouse, bob, office))
	page, err := w.db.Unrouted(t.Context(), conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 1, "one message")
	found, err := w.Explain(t.Context(), alice, []conversations.Address{bob, office, warehouse})
	require.NoError(t, err)
	assert.Equal(t, conversations.Unrouted, found.Destination)
	assert.Contains(t, found.Reason(), "no live conversation has this group of addresses")
	w.group(projected("agent", office), projected("", warehouse), byAddress(alice), byAddress(bob))
	found, err = w.Explain(t.Context(), alice, []conversations.Address{bob, office, warehouse})
	require.NoError(t, err)
	assert.Equal(t, conversations.ToConversation, found.Destination)
	_, err = w.Reroute(t.Context(), page.Items[0].Seq)
	require.NoError(t, err)
	w.settleInbox()
	assert.Equal(t, []string{"hello"}, w.texts("SELECT body FROM messages"))
}

// What no conversation takes, and a group that is too large, goes to the fallback
// (contract, 2 and 3). A number's own webhook hears of every message to it, once.
func TestTheInboundWebhooksHearOfGroupMessages(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t, func(c *bridge.Config) {
		c.Webhooks = map[conversations.Address]conversations.Listener{warehouse: {URL: "https://example.com/warehouse", Method: "POST"}}
		c.Pools = []bridge.Pool{{
			Service: otherMessaging, Senders: []conversations.Address{office},
			Webhook: conversations.Listener{URL: "https://example.com/pool", Method: "POST"},
		}}
	})
	heard := func() (bodies []string) {
		for _, c := range w.calls() {
			call, listener := w.open(c)
			bodies = append(bodies, listener.URL+" "+call.Message.Body)
			w.answer(c, conversations.CallAnswer{})
		}
		return bodies
	}
	w.receive(groupMessage("o1", alice, "nobody's", office, bob), groupMessage("o2", alice, "of two", office, bob, warehouse),
		groupMessage("w2", alice, "of two", warehouse, bob, office))
	assert.Equal(t, []string{"https://example.com/pool nobody's", "https://example.com/pool of two", "https://example.com/warehouse of two"}, heard())

	others := []conversations.Address{office}
	for i := range 9 {
		others = append(others, conversations.Address(fmt.Sprintf("+1415555200%d", i)))
	}
	w.receive(groupMessage("o3", alice, "to eleven", others...))
	assert.Equal(t, []string{"https://example.com/pool to eleven"}, heard())
	assert.Zero(t, w.count("SELECT COUNT(*) FROM inbound WHERE state = 2"))

	w.group(byAddress(alice), projected("", office), projected("", warehouse))
	w.receive(groupMessage("o4", alice, "captured", office, warehouse), groupMessage("w4", alice, "captured", warehouse, office),
		groupMessage("w5", office, "an echo", warehouse, alice))
	assert.Equal(t, []string{"https://example.com/warehouse captured"}, heard())
}
