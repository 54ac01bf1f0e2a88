package bridge_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// own gives our SMS number an inbound webhook.
func own(c *bridge.Config) {
	c.Webhooks = map[conversations.Address]conversations.Listener{
		proxy: {URL: "https://example.com/sms", Method: "POST", Fallback: "https://example.org/sms"},
	}
}

// pooled puts it into a messaging service with a webhook.
func pooled(c *bridge.Config) {
	c.Pools = []bridge.Pool{{
		Service: otherMessaging, Senders: []conversations.Address{proxy},
		Webhook: conversations.Listener{URL: "https://example.com/pool", Method: "POST"},
	}}
}

// calls are the tasks of the webhooks.
func (w *world) calls() []task { w.t.Helper(); return w.tasks(bridge.TopicCalls) }

// open carries out the first half of a call's task.
func (w *world) open(t task) (*conversations.InboundCall, conversations.Listener) {
	w.t.Helper()
	seq, err := strconv.ParseInt(t.payload, 10, 64)
	require.NoError(w.t, err)
	call, listener, err := w.OpenCall(w.t.Context(), t.seq, seq)
	require.NoError(w.t, err)
	return call, listener
}

// answer carries out a call's task with what the webhook answers.
func (w *world) answer(t task, a conversations.CallAnswer) {
	w.t.Helper()
	call, _ := w.open(t)
	require.NotNil(w.t, call)
	require.NoError(w.t, w.CloseCall(w.t.Context(), t.seq, *call, a))
}

// "If the phone number's own webhook is set, it will always fire regardless of
// whether the number is tied to any Conversation" (page 38).
func TestTheNumbersOwnWebhookHearsOfEveryMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, own)
	key := w.conversation(alice)
	m := inbound("in1", alice, "hello")
	m.Media = []conversations.Media{{URL: "https://example.com/1.png", ContentType: "image/png"}}
	m.ProfileName = "Ana"
	w.receive(m, inbound("in2", bob, "hi"))
	assert.Equal(t, []string{"hello"}, w.texts("SELECT body FROM messages WHERE conversation_id = $1", key.ID))
	assert.Zero(t, w.count("SELECT COUNT(*) FROM inbound WHERE state = 2"), "what a webhook takes is not unrouted")
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM inbound WHERE state = 4 AND body = ''"))
	assert.Zero(t, w.count("SELECT COUNT(*) FROM inbound WHERE profile_name <> ''"), "it is kept for the call only")
	assert.Equal(t, []string{"routed sms 1", "routed sms 4"}, w.notes.taken()[1:])
	assert.Zero(t, w.Backlog())

	calls := w.calls()
	require.Len(t, calls, 2)
	call, listener := w.open(calls[0])
	assert.Equal(t, conversations.Listener{URL: "https://example.com/sms", Method: "POST", Fallback: "https://example.org/sms"}, listener)
	assert.Equal(t, m, call.Message, "with the text that has gone to the conversation")
	call, _ = w.open(calls[1])
	assert.Equal(t, bob, call.Message.From)
}

func TestAMessagingServicesWebhookHearsOfWhatMatchesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, pooled)
	w.conversation(alice)
	w.receive(inbound("in1", alice, "hello"), inbound("in2", bob, "hi"), inbound("in3", carla, "hi"))
	calls := w.calls()
	require.Len(t, calls, 1)
	call, listener := w.open(calls[0])
	assert.Equal(t, bob, call.Message.From)
	assert.Equal(t, otherMessaging, call.MessagingService)
	assert.Equal(t, "https://example.com/pool", listener.URL)
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM inbound WHERE state = 2"), "Carla's number has no webhook")

	w.configure(bridge.CreationFields{})
	w.receive(inbound("in4", bob, "hi again"))
	assert.Len(t, w.calls(), 1, "what makes a conversation matches something")
}

func TestBothWebhooksHearOfWhatMatchesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, own, pooled)
	w.receive(inbound("in1", alice, "hello"))
	calls := w.calls()
	require.Len(t, calls, 2)
	assert.NotEqual(t, calls[0].key, calls[1].key, "neither waits for the other")
	explained, err := w.Explain(t.Context(), alice, []conversations.Address{proxy})
	require.NoError(t, err)
	assert.Equal(t, conversations.ToWebhook, explained.Destination)
	assert.Equal(t, otherMessaging, explained.MessagingService)
	assert.Equal(t, conversations.RuleInboundWebhook, explained.Findings[len(explained.Findings)-1].Rule)
	assert.Len(t, w.calls(), 2, "to explain calls nobody")
}

func TestTwoNumbersOfOursCallNoWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, own, pooled)
	w.receive(conversations.Inbound{Channel: "sms", ProviderID: "in1", From: otherProxy, To: proxy, Body: "hello"})
	assert.Empty(t, w.calls())
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM inbound WHERE state = 2"))
}

// Who can be in no conversation is heard by the webhooks like anybody else: a
// sender that is a name, and a group.
func TestAWebhookHearsOfWhoCanBeInNoConversation(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]func(*bridge.Config){"own": own, "pooled": pooled} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, with)
			w.configure(bridge.CreationFields{})
			named, group := inbound("in1", "ACME Bank", "your code is 1234"), inbound("in2", alice, "hello all")
			group.Others = []conversations.Address{bob}
			w.receive(named, group)
			calls := w.calls()
			require.Len(t, calls, 2)
			assert.Zero(t, w.count("SELECT COUNT(*) FROM inbound WHERE state = 2"), "neither is unrouted")
			call, _ := w.open(calls[0])
			assert.Equal(t, conversations.Address("ACME Bank"), call.Message.From)
			w.answer(calls[0], conversations.CallAnswer{Replies: []conversations.Reply{{Body: "thank you"}, {To: bob, Body: "a code came"}}})
			assert.Equal(t, []string{"a code came"}, w.sendAll(whole), "a name cannot be answered")
			assert.Contains(t, w.texts("SELECT reason FROM dead_letters")[0], "message 1: the sender's address is none")
		})
	}
}

// A webhook hears of a person in order, also where another name of theirs was
// learned after they had written.
func TestAWebhookHearsOfAPersonWithTwoNamesInOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *bridge.Config) {
		c.Webhooks = map[conversations.Address]conversations.Listener{waProxy: {URL: "https://example.com/wa", Method: "POST"}}
	})
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("1", carlaID, "1")}))
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{named("2", carla, carlaID)}))
	w.routeLatestLineFirst()
	calls := w.calls()
	require.Len(t, calls, 2)
	assert.Equal(t, calls[0].key, calls[1].key, "the second waits for the first")
	first, _ := w.open(calls[0])
	assert.Equal(t, "1", first.Message.Body)
}

// A message that a webhook answers with is in no conversation, and a delivery
// like any other.
func TestAnAnswerIsADeliveryLikeAnyOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, own)
	key := w.conversation(alice, carla)
	w.say(key, "agent", "first in line") // to both
	w.receive(inbound("in1", alice, "hello"))
	w.answer(w.calls()[0], conversations.CallAnswer{Replies: []conversations.Reply{
		{Body: "thank you", Media: []string{"https://example.com/1.png"}}, {Body: "somebody wrote", To: bob}, {Body: "to WhatsApp", To: carla, From: waProxy},
	}})
	assert.Empty(t, w.calls())
	assert.Zero(t, w.count("SELECT COUNT(*) FROM inbound_calls"))
	assert.Equal(t, 2, w.count("SELECT COUNT(*) FROM messages"), "the answer is in no conversation")

	list := w.deliveries()
	require.Len(t, list, 6)
	thanks := list[3]
	assert.Equal(t, alice, thanks.Address)
	assert.Equal(t, proxy, thanks.Proxy)
	assert.Empty(t, thanks.Conversation)
	assert.Empty(t, thanks.Participant)
	assert.Equal(t, bob, list[4].Address)
	assert.Equal(t, waProxy, list[5].Proxy)

	events := w.count("SELECT COUNT(*) FROM events WHERE conversation_id = ''")
	for len(w.sends()) > 0 {
		c := w.claim(w.sends()[0], whole)
		if c.Delivery.ID == thanks.ID {
			assert.Equal(t, "https://example.com/1.png", c.Part.Media[0].URL)
			assert.Equal(t, conversations.StatusSent, w.delivery(list[0].ID).Status, "in the line of the pair")
			w.settle(*c, refused)
			w.clock.advance(bridge.DefaultRetry().Max)
			_, err := w.Resume(t.Context())
			require.NoError(t, err)
			c = w.claim(w.sends()[len(w.sends())-1], whole)
			assert.Equal(t, "thank you", c.Part.Text, "it is tried again")
		}
		w.settle(*c, bridge.Result{Outcome: conversations.OutcomeAccepted, ProviderID: "carrier-" + string(c.Delivery.ID)})
	}
	w.report(conversations.StatusReport{Channel: "sms", ProviderID: "carrier-" + string(thanks.ID), Status: conversations.StatusDelivered})
	assert.Equal(t, conversations.StatusDelivered, w.delivery(thanks.ID).Status)
	assert.Len(t, w.delivery(thanks.ID).Attempts, 2)
	assert.Equal(t, events, w.count("SELECT COUNT(*) FROM events WHERE conversation_id = ''"), "no conversation hears of it")
}

func TestDeletingAConversationLeavesTheAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, own)
	key := w.conversation(alice, carla)
	w.receive(inbound("in1", alice, "hello"))
	w.answer(w.calls()[0], conversations.CallAnswer{Replies: []conversations.Reply{{Body: "thank you"}}})
	require.NoError(t, w.DeleteConversation(t.Context(), system, service, key))
	assert.Equal(t, []string{"thank you"}, w.sendAll(whole))
	assert.Len(t, w.deliveries(), 1)
}

func TestAnAnswerIsObeyedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, own)
	w.receive(inbound("in1", alice, "hello"))
	task := w.calls()[0]
	call, _ := w.open(task)
	w.crash() // after the webhook was called
	again, _ := w.open(task)
	assert.Equal(t, call, again, "the call is there still")
	answer := conversations.CallAnswer{Replies: []conversations.Reply{{Body: "thank you"}}}
	for range 2 {
		require.NoError(t, w.CloseCall(t.Context(), task.seq, *call, answer))
	}
	gone, _ := w.open(task)
	assert.Nil(t, gone)
	assert.Equal(t, []string{"thank you"}, w.sendAll(whole))
}

func TestAnswersThatCannotBeObeyed(t *testing.T) {
	t.Parallel()
	many := make([]conversations.Reply, 25)
	for i := range many {
		many[i].Body = fmt.Sprint(i)
	}
	for name, c := range map[string]struct {
		answer conversations.CallAnswer
		sent   int
		reason string
		code   int
	}{
		"a receiver that is none":    {conversations.CallAnswer{Replies: []conversations.Reply{{To: "nobody", Body: "secret"}}}, 0, "to is no address", 12200},
		"a loop":                     {conversations.CallAnswer{Replies: []conversations.Reply{{To: otherProxy, Body: "secret"}}}, 0, "loop", 12200},
		"another channel":            {conversations.CallAnswer{Replies: []conversations.Reply{{To: carla, Body: "secret"}}}, 0, "another type", 12200},
		"nothing to send":            {conversations.CallAnswer{Replies: []conversations.Reply{{}}}, 0, "empty", 12200},
		"too long":                   {conversations.CallAnswer{Replies: []conversations.Reply{{Body: strings.Repeat("x", 32<<10+1)}}}, 0, "32769 bytes", 12200},
		"too many files":             {conversations.CallAnswer{Replies: []conversations.Reply{{Media: make([]string, 11)}}}, 0, "11 files", 12200},
		"a file that is none":        {conversations.CallAnswer{Replies: []conversations.Reply{{Media: []string{"file:///etc"}}}}, 0, "absolute", 12200},
		"too many messages":          {conversations.CallAnswer{Replies: many}, 20, "25 messages", 12200},
		"the others are sent":        {conversations.CallAnswer{Replies: []conversations.Reply{{}, {Body: "good"}}}, 1, "message 1: it is empty", 12200},
		"a document that is none":    {conversations.CallAnswer{Refused: "broken", ErrorCode: 12100}, 0, "broken", 12100},
		"a foreign sender is none":   {conversations.CallAnswer{Replies: []conversations.Reply{{From: bob, Body: "good"}}}, 1, "", 0},
		"a sender of another type":   {conversations.CallAnswer{Replies: []conversations.Reply{{From: waProxy, Body: "good"}}}, 1, "", 0},
		"another number of ours":     {conversations.CallAnswer{Replies: []conversations.Reply{{From: otherProxy, Body: "good"}}}, 1, "", 0},
		"nothing is asked":           {conversations.CallAnswer{}, 0, "", 0},
		"spelled otherwise and fine": {conversations.CallAnswer{Replies: []conversations.Reply{{To: "+1 555 0000002", Body: "good"}}}, 1, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, own)
			w.receive(inbound("in1", alice, "hello"))
			w.answer(w.calls()[0], c.answer)
			assert.Len(t, w.deliveries(), c.sent)
			letters, err := w.db.DeadLetters(t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 10})
			require.NoError(t, err)
			if c.reason == "" {
				assert.Empty(t, letters.Items)
				return
			}
			require.Len(t, letters.Items, 1)
			assert.Contains(t, letters.Items[0].Reason, c.reason)
			assert.NotContains(t, letters.Items[0].Reason, "secret")
			assert.Equal(t, c.code, letters.Items[0].ErrorCode)
			assert.Equal(t, bridge.TopicCalls, letters.Items[0].Topic)
		})
	}
}

func TestAWebhookThatIsTakenOutIsNotCalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, own)
	w.receive(inbound("in1", alice, "hello"))
	w.cfg.Webhooks = nil
	w.crash()
	call, _ := w.open(w.calls()[0])
	assert.Nil(t, call)
	assert.Empty(t, w.calls())
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM dead_letters"))
}
