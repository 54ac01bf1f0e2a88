package bridge_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/autocreate"
	"bridged/bridge"
	"bridged/conversations"
)

// configure makes an address configuration of our SMS number.
func (w *world) configure(f bridge.CreationFields) autocreate.Configuration {
	w.t.Helper()
	f.Enabled = ptr(true)
	a, err := w.CreateAddressConfiguration(w.t.Context(), bridge.AddressFields{Address: ptr(proxy), Type: conversations.TypeSMS, Creation: f})
	require.NoError(w.t, err)
	return a
}

// made returns the only conversation of a service.
func (w *world) only(s conversations.ServiceID) conversations.Conversation {
	w.t.Helper()
	page, err := w.db.Conversations(w.t.Context(), s, conversations.ConversationFilter{}, conversations.Page{Size: 10})
	require.NoError(w.t, err)
	require.Len(w.t, page.Items, 1)
	return page.Items[0]
}

// Page 38: what creates what, and in which order it is told.
func TestAMessageOfNoConversationMakesOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(bridge.CreationFields{})
	w.receive(inbound("in1", alice, "hello"))
	c := w.only(service)
	assert.Equal(t, conversations.StateActive, c.State)
	assert.Nil(t, c.FriendlyName)
	assert.Equal(t, conversations.CreatedBySystem, c.CreatedBy)
	assert.EqualValues(t, 1, c.NextIndex)
	members, err := w.db.Participants(t.Context(), c.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, members.Items, 1)
	assert.Equal(t, &conversations.Binding{Address: alice, Proxy: proxy}, members.Items[0].Binding)
	assert.Equal(t, roles.ConversationRole, *members.Items[0].Role)
	assert.Equal(t, []string{"onConversationAdded SMS", "onParticipantAdded SMS", "onMessageAdded SMS"},
		w.texts("SELECT type || ' ' || source FROM events ORDER BY seq"))
	assert.Empty(t, w.sends(), "nobody else is there")

	w.receive(inbound("in2", alice, "are you there?"), inbound("in3", alice, "hello?"))
	assert.EqualValues(t, 3, w.only(service).NextIndex, "it goes on in the same")
	assert.Zero(t, w.Backlog())
}

func TestAClosedConversationIsFollowedByANewOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.conversation(alice, carla)
	w.configure(bridge.CreationFields{})
	_, err := w.UpdateConversation(t.Context(), system, service, old, bridge.ConversationFields{State: ptr(conversations.StateClosed)})
	require.NoError(t, err)
	w.receive(inbound("in1", alice, "hello again"))
	assert.Equal(t, 2, w.count("SELECT COUNT(*) FROM conversations"))
	assert.Equal(t, 3, w.count("SELECT COUNT(*) FROM participants"), "only the author is in the new one")
	assert.Zero(t, w.count("SELECT COUNT(*) FROM messages WHERE conversation_id = $1", old.ID))
}

func TestWhatANumberAttachesToItsConversations(t *testing.T) {
	t.Parallel()
	const flow = "FW00000000000000000000000000000001"
	for name, c := range map[string]struct {
		creation bridge.CreationFields
		want     *conversations.Webhook
	}{
		"nothing": {bridge.CreationFields{}, nil},
		"a webhook": {
			bridge.CreationFields{
				Type: ptr(autocreate.Webhook), WebhookURL: ptr("https://example.com"), WebhookMethod: ptr("GET"),
				Filters: ptr([]conversations.EventType{conversations.ConversationAdded, conversations.MessageAdded}),
			},
			&conversations.Webhook{
				Target: conversations.TargetWebhook, URL: "https://example.com", Method: "GET",
				Filters: []conversations.EventType{conversations.ConversationAdded, conversations.MessageAdded},
			},
		},
		"a webhook without filters": {
			bridge.CreationFields{Type: ptr(autocreate.Webhook), WebhookURL: ptr("https://example.com")},
			&conversations.Webhook{
				Target: conversations.TargetWebhook, URL: "https://example.com", Method: "POST",
				Filters: []conversations.EventType{conversations.ConversationAdded},
			},
		},
		"a flow": {
			bridge.CreationFields{Type: ptr(autocreate.Studio), Flow: ptr(flow)},
			&conversations.Webhook{Target: conversations.TargetStudio, Method: "POST", Flow: flow},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *bridge.Config) { c.Flows = []string{flow} })
			w.configure(c.creation)
			w.receive(inbound("in1", alice, "hello"))
			page, err := w.db.Webhooks(t.Context(), w.only(service).ID, conversations.Page{Size: 10})
			require.NoError(t, err)
			if c.want == nil {
				assert.Empty(t, page.Items)
				return
			}
			require.Len(t, page.Items, 1)
			got := page.Items[0]
			c.want.Seq, c.want.ID, c.want.Conversation, c.want.Created, c.want.Updated = got.Seq, got.ID, got.Conversation, got.Created, got.Updated
			assert.Equal(t, *c.want, got)
		})
	}
}

// A number's own configuration comes before its messaging service's (contract,
// routing 2).
func TestWhoMakesAConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *bridge.Config) {
		c.Pools = []bridge.Pool{{Service: otherMessaging, Senders: []conversations.Address{" +1555 999 0001"}, Autocreate: true}}
	})
	staging := w.service("staging")
	a := w.configure(bridge.CreationFields{Service: &staging.ID})
	w.receive(inbound("in1", alice, "hello"))
	c := w.only(staging.ID)
	assert.Equal(t, otherMessaging, c.MessagingService, "that of its number")
	members, err := w.db.Participants(t.Context(), c.ID, conversations.Page{Size: 1})
	require.NoError(t, err)
	assert.Equal(t, staging.ConversationRole, *members.Items[0].Role)

	_, err = w.UpdateAddressConfiguration(t.Context(), autocreate.Key{ID: a.ID}, bridge.AddressFields{Creation: bridge.CreationFields{Enabled: ptr(false)}})
	require.NoError(t, err)
	w.receive(inbound("in2", bob, "hello"))
	assert.Equal(t, otherMessaging, w.only(service).MessagingService, "the messaging service makes it in the default service")
	w.receive(inbound("in3", carla, "hello"))
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM inbound WHERE state = 2"), "her number is in no messaging service")
}

// A sender such as a bank's name is no address that a participant can have.
func TestNoConversationIsMadeForWhoCannotBeAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *bridge.Config) {
		c.Pools = []bridge.Pool{{Service: messagingService, Senders: []conversations.Address{proxy}, Autocreate: true}}
	})
	w.configure(bridge.CreationFields{})
	m := inbound("in1", alice, "your code is 1234")
	m.From = "ACME Bank"
	w.receive(m)
	assert.Zero(t, w.count("SELECT COUNT(*) FROM conversations"))
	reasons := w.texts("SELECT reason FROM inbound WHERE state = 2")
	require.Len(t, reasons, 1)
	assert.Contains(t, reasons[0], "no conversation is made for a sender whose address no participant could have")
	assert.Equal(t, []string{"your code is 1234"}, w.texts("SELECT body FROM inbound"))
}

// Explaining asks the rules that decide about messages.
func TestExplain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *bridge.Config) {
		c.Pools = []bridge.Pool{{Service: messagingService, Senders: []conversations.Address{waProxy}}}
	})
	key := w.conversation(alice)
	a := w.configure(bridge.CreationFields{})
	for name, c := range map[string]struct {
		from conversations.Address
		to   []conversations.Address
		want conversations.Destination
		rule conversations.RoutingRule
	}{
		"a participant":           {alice, []conversations.Address{proxy}, conversations.ToConversation, conversations.RuleConversation},
		"spelled otherwise":       {"+1 555 0000001", []conversations.Address{"+1 555 9990001"}, conversations.ToConversation, conversations.RuleConversation},
		"a stranger":              {bob, []conversations.Address{proxy}, conversations.ToNewConversation, conversations.RuleAddress},
		"a number without a rule": {alice, []conversations.Address{otherProxy}, conversations.Unrouted, conversations.RuleInboundWebhook},
		"a pool without a rule":   {carla, []conversations.Address{waProxy}, conversations.Unrouted, conversations.RuleInboundWebhook},
		"nobody's number":         {alice, []conversations.Address{"+15551112222"}, conversations.Unrouted, conversations.RuleReceiver},
		"a loop":                  {otherProxy, []conversations.Address{proxy}, conversations.Unrouted, conversations.RuleSender},
		"a group":                 {alice, []conversations.Address{proxy, bob}, conversations.Unrouted, conversations.RuleInboundWebhook},
	} {
		got, err := w.Explain(t.Context(), c.from, c.to)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got.Destination, name)
		last := got.Findings[len(got.Findings)-1]
		assert.Equal(t, c.rule, last.Rule, name)
		assert.True(t, last.Decides, name)
		assert.NotEmpty(t, got.Reason(), name)
		for _, f := range got.Findings[:len(got.Findings)-1] {
			assert.False(t, f.Decides, "%s: %s", name, f.Rule)
		}
	}
	got, err := w.Explain(t.Context(), alice, []conversations.Address{proxy})
	require.NoError(t, err)
	assert.Equal(t, key.ID, got.Conversation)
	got, err = w.Explain(t.Context(), bob, []conversations.Address{proxy})
	require.NoError(t, err)
	assert.Equal(t, a.ID, got.Configuration)
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM conversations"), "nothing is made")

	_, err = w.Explain(t.Context(), "nobody", []conversations.Address{proxy})
	refusal(t, conversations.AddressInvalid, err, "from")
	_, err = w.Explain(t.Context(), alice, nil)
	refusal(t, conversations.AddressMissing, err, "to")
}

func TestAnUnroutedMessageIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.receive(inbound("in1", alice, "hello"))
	page, err := w.db.Unrouted(t.Context(), conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	seq := page.Items[0].Seq

	_, err = w.Reroute(t.Context(), seq)
	require.NoError(t, err)
	assert.Equal(t, 1, w.Backlog())
	w.settleInbox()
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM inbound WHERE state = 2"), "nothing was mended")

	w.conversation(alice)
	_, err = w.Reroute(t.Context(), seq)
	require.NoError(t, err)
	w.settleInbox()
	assert.Equal(t, []string{"hello"}, w.texts("SELECT body FROM messages"))
	assert.Zero(t, w.Backlog())
	for _, wrong := range []int64{seq, seq + 1} {
		_, err = w.Reroute(t.Context(), wrong)
		assert.True(t, conversations.NotFound.Is(err), "it is in its conversation, or there is none")
	}
}
