package e2e

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/fakecarrier"
)

// Page 34, "Using WhatsApp with Conversations", step by step: what its reader does at
// the API is done with the unmodified helper library, and what people do on their
// telephones by the carriers. The templates alone are named by their ContentSid, since
// a Body is never matched to them (contract, 9).

// courierPhone is the other person of the page who is on WhatsApp.
const courierPhone = "whatsapp:+15550300003"

// windows are those that Meta knows of: who has not written gets templates only.
type windows struct {
	mu   sync.Mutex
	open map[string]bool
}

// refuse answers as Meta does.
func (m *windows) refuse(s fakecarrier.Sent) fakecarrier.Fault {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.open[s.To] || strings.Contains(s.Raw, `"type":"template"`) {
		return fakecarrier.Fault{}
	}
	return fakecarrier.Fault{Status: http.StatusBadRequest, Body: `{"error":{"message":"Re-engagement message","code":131047}}`}
}

// writes delivers a message of somebody on WhatsApp, which opens the window.
func (m *windows) writes(w *world, id, from, text string) {
	w.t.Helper()
	digits := strings.TrimPrefix(from, "whatsapp:+")
	m.mu.Lock()
	m.open[digits] = true
	m.mu.Unlock()
	w.accepted(w.cloud.Post(w.t.Context(), w.URL+"/hooks/wa-main", fakecarrier.Message{ID: id, From: digits, Body: text}))
}

// newMeta starts a world in which Meta guards its windows.
func newMeta(t *testing.T) (*world, *windows) {
	t.Helper()
	meta := &windows{open: map[string]bool{}}
	return newWorld(t, setup{cloudFault: meta.refuse}), meta
}

// gotOn is what reached somebody on WhatsApp: texts, and the names of templates.
func (w *world) gotOn(address string) (list []string) {
	w.t.Helper()
	sent := w.cloud.Sent()
	for i, m := range w.toBob() {
		if sent[i].ID == "" || sent[i].To != strings.TrimPrefix(address, "whatsapp:+") {
			continue // Meta did not take it, or it was for somebody else
		}
		if template, ok := m["template"].(map[string]any); ok {
			list = append(list, "template "+template["name"].(string))
			continue
		}
		list = append(list, sent[i].Body)
	}
	return list
}

// waitOn waits until somebody on WhatsApp has got all this, and nothing else.
func (w *world) waitOn(address string, want ...string) {
	w.t.Helper()
	eventually(w.t, func() bool { return len(w.gotOn(address)) >= len(want) }, "%s gets %q", address, want)
	require.Equal(w.t, want, w.gotOn(address))
}

// "Cross-Channel Masking: Connecting WhatsApp to SMS".
func TestPage34ConnectingWhatsAppToSMS(t *testing.T) {
	t.Parallel()
	w, meta := newMeta(t)
	// "Step 1. Create a Conversation"
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{FriendlyName: ptr("SMS-to-WhatsApp Example")})
	require.NoError(t, err)
	assert.Equal(t, "SMS-to-WhatsApp Example", *c.FriendlyName)
	// "Step 2: Create the WhatsApp Participant", "Step 3: Create the SMS Participant"
	for _, p := range []struct{ kind, address, proxy string }{{"whatsapp", bob, whatsappProxy}, {"sms", alice, smsProxy}} {
		made := w.join(*c.Sid, p.address, p.proxy)
		assert.Equal(t, []string{account, *c.Sid}, []string{*made.AccountSid, *made.ConversationSid})
		assert.Nil(t, made.Identity)
		require.NotNil(t, made.MessagingBinding)
		assert.Equal(t, map[string]any{"type": p.kind, "address": p.address, "proxy_address": p.proxy}, *made.MessagingBinding)
	}
	// "Step 4: Send a message from WhatsApp": "you'll see the messages flowing back
	// and forth automatically between your two channels."
	meta.writes(w, "wamid.1", bob, "Hi, I am at the door")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 1 }, "it is on SMS")
	w.aliceWrites("SM00000000000000000000000000000001", "Two minutes")
	w.waitOn(bob, "Two minutes")
	assert.Equal(t, []string{"Hi, I am at the door"}, bodies(w.twilio.Sent()))

	// "These messages and media will flow just fine for the next 24 hours."
	w.cloud.Keep("1000000001", fakecarrier.File{Content: pictureOf(t, 40), ContentType: "image/png"})
	w.bobShows("wamid.2", "this door", "1000000001")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 2 }, "the picture is on SMS")
	w.twilio.Keep("ME1", fakecarrier.File{Content: pictureOf(t, 50), ContentType: "image/png"})
	w.aliceShows("MM00000000000000000000000000000002", "no, that one", w.twilio.FileURL("ME1"))
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 }, "the picture is on WhatsApp")
	form, image := formIn(t, w.twilio.Sent()[1]), metaMessageIn(t, w.cloud.Sent()[1]).Image
	require.NotNil(t, image)
	assert.Equal(t, []string{"this door", "no, that one"}, []string{form.Get("Body"), image.Caption})
	for _, link := range []string{form.Get("MediaUrl"), image.Link} {
		status, _, header := fetch(t, link, false)
		assert.Equal(t, []any{http.StatusOK, "image/png"}, []any{status, header.Get("Content-Type")})
	}
	assertMasked(t, w.twilio.Sent(), bob)
	assertMasked(t, w.cloud.Sent(), alice)
	assert.Empty(t, w.letters())
}

// "Masked Communication: Connecting Two WhatsApp Participants".
func TestPage34ConnectingTwoWhatsAppParticipants(t *testing.T) {
	t.Parallel()
	w, meta := newMeta(t)
	// "You should remove the previous Conversation first. Each number pair
	// (twilio+personal) can only appear in one conversation at a time."
	previous := w.converse()
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{}) // "Step 1"
	require.NoError(t, err)
	require.Equal(t, http.StatusConflict, w.tryJoin(*c.Sid, bob, whatsappProxy))
	require.NoError(t, w.api.DeleteConversation(previous, nil))
	// "Steps 2 and 3: Add two different WhatsApp Participants"
	w.join(*c.Sid, bob, whatsappProxy)
	w.join(*c.Sid, courierPhone, whatsappProxy)

	// "Step 4: Send a message from one side": it cannot reach the friend, since "both
	// WhatsApp-based parties must reply" first.
	meta.writes(w, "wamid.1", bob, "hello?")
	eventually(t, func() bool { return len(w.letters()) == 1 }, "it is not swallowed")
	assert.Equal(t, 63016, w.letters()[0].ErrorCode)
	assert.Empty(t, w.gotOn(courierPhone))
	// "Step 5: Send a message from the other side"
	meta.writes(w, "wamid.2", courierPhone, "hello back")
	w.waitOn(bob, "hello back")
	meta.writes(w, "wamid.3", bob, "there you are")
	w.waitOn(courierPhone, "there you are")
	assert.Len(t, w.messages(*c.Sid), 3)
	for _, s := range w.cloud.Sent() {
		other := map[string]string{bob: courierPhone, courierPhone: bob}["whatsapp:+"+s.To]
		assertMasked(t, []fakecarrier.Sent{s}, other)
	}
}

// page34Function does what the Twilio Function of the page does when it is told of the
// customer's reply: "customer" is the event's Author.
func page34Function(t *testing.T, api *conversations.ApiService, conversation, customer, riderTemplate string) {
	t.Helper()
	_, err := api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{
		Body: ptr("Great! Just a moment while we connect you…"),
	})
	require.NoError(t, err)
	_, err = api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{
		Author: &customer, ContentSid: &riderTemplate,
	})
	require.NoError(t, err)
	hooks, err := api.ListConversationScopedWebhook(conversation, &conversations.ListConversationScopedWebhookParams{})
	require.NoError(t, err)
	require.Len(t, hooks, 1)
	for _, hook := range hooks {
		require.NoError(t, api.DeleteConversationScopedWebhook(conversation, *hook.Sid))
	}
}

// "Starting More Professionally: Using Template Messages".
func TestPage34StartingMoreProfessionally(t *testing.T) {
	t.Parallel()
	w, meta := newMeta(t)
	first := w.approve(`{"language":"en","variables":{"1":"customer","2":"rider"},"types":{"twilio/text":{"body":"Hello {{1}}, your food delivery is almost there but {{2}} (your rider) needs help finding your door. Are you willing to chat with them?"}}}`, "find_door")
	second := w.approve(`{"language":"en","types":{"twilio/text":{"body":"Your customer has agreed to chat over WhatsApp to get this delivery sorted. You're now connected. Say hello!"}}}`, "say_hello")
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(t, err)
	w.join(*c.Sid, bob, whatsappProxy)
	w.join(*c.Sid, courierPhone, whatsappProxy)

	// "Step 7: Set up a Conversation Scoped Webhook to field the reply."
	hook, err := w.api.CreateConversationScopedWebhook(*c.Sid, &conversations.CreateConversationScopedWebhookParams{
		Target: ptr("webhook"), ConfigurationUrl: ptr("http://funny-dunkin-3838.twil.io/customer-optin"),
		ConfigurationMethod: ptr("POST"), ConfigurationFilters: &[]string{"onMessageAdded"},
	})
	require.NoError(t, err)
	assert.Equal(t, "webhook", *hook.Target)

	// "Step 6: Invite the Customer to Engage." "The customer receives a message, but
	// the courier does not."
	m, err := w.api.CreateConversationMessage(*c.Sid, &conversations.CreateConversationMessageParams{
		Author: ptr(courierPhone), ContentSid: &first, ContentVariables: ptr(`{"1":"Robert","2":"Alicia"}`),
	})
	require.NoError(t, err)
	assert.Equal(t, "Hello Robert, your food delivery is almost there but Alicia (your rider) needs help finding your door. Are you willing to chat with them?", *m.Body)
	w.waitOn(bob, "template find_door")
	assert.Empty(t, w.gotOn(courierPhone))

	// The customer agrees, and the function does its work: "this system message will
	// reach the customer, but our rider will still need to be opted-in".
	meta.writes(w, "wamid.1", bob, "Sure")
	eventually(t, func() bool { return len(w.messages(*c.Sid)) == 2 }, "the reply is there")
	page34Function(t, w.api, *c.Sid, *w.messages(*c.Sid)[1].Author, second)
	w.waitOn(bob, "template find_door", "Great! Just a moment while we connect you…")
	w.waitOn(courierPhone, "template say_hello")

	// "You're now connected": "all of that happens automatically".
	meta.writes(w, "wamid.2", courierPhone, "Hello! Which door is it?")
	w.waitOn(bob, "template find_door", "Great! Just a moment while we connect you…", "Hello! Which door is it?")
	meta.writes(w, "wamid.3", bob, "The green one")
	w.waitOn(courierPhone, "template say_hello", "The green one")
	// What the courier could not get before is not lost: an operator sees it.
	var codes []int
	for _, l := range w.letters() {
		codes = append(codes, l.ErrorCode)
	}
	assert.Equal(t, []int{63016, 63016}, codes, "the reply and the system's message")
}
