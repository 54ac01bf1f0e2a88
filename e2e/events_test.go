package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/fakecarrier"
)

// enabled has a REST call tell the webhooks (contract, 17).
var enabled = ptr("true")

// hook has the account tell a URL of events.
func (w *world) hook(url string, filters ...string) {
	w.t.Helper()
	_, err := w.api.UpdateConfigurationWebhook(&conversations.UpdateConfigurationWebhookParams{
		Method: ptr("POST"), PostWebhookUrl: &url, Filters: &filters,
	})
	require.NoError(w.t, err)
}

// hookTo adds a webhook to a conversation and returns its SID.
func (w *world) hookTo(conversation string, p conversations.CreateConversationScopedWebhookParams) string {
	w.t.Helper()
	if p.Target == nil {
		p.Target = ptr("webhook")
	}
	h, err := w.api.CreateConversationScopedWebhook(conversation, &p)
	require.NoError(w.t, err)
	return *h.Sid
}

// says adds a message over REST of which the webhooks hear, and returns its SID.
func (w *world) says(conversation, text string) string {
	w.t.Helper()
	m, err := w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{
		Body: &text, XTwilioWebhookEnabled: enabled,
	})
	require.NoError(w.t, err)
	return *m.Sid
}

// conversation makes an empty one of which no webhook hears.
func (w *world) conversation() string {
	w.t.Helper()
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(w.t, err)
	return *c.Sid
}

// told are the events that were told to a path, each with the text of its message.
func (h *webhook) told(path string) (list []string) {
	for _, c := range h.heard() {
		if c.path == path {
			list = append(list, strings.TrimSpace(c.form.Get("EventType")+" "+c.form.Get("Body")))
		}
	}
	return list
}

// hears waits until a path has been told exactly this.
func (h *webhook) hears(path string, want ...string) {
	h.t.Helper()
	eventually(h.t, func() bool { return len(h.told(path)) >= len(want) }, "%s hears %v, not %v", path, want, h.told(path))
	assert.Equal(h.t, want, h.told(path))
}

func takesAll(string, url.Values) (int, string, string) { return http.StatusOK, "text/plain", "" }

func TestAccountsAndServicesHearWhatTheyAskFor(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, takesAll)
	w := newWorld(t, setup{})
	w.hook(h.URL+"/account?of=ours", "onMessageAdded", "onConversationRemoved", "onUserAdded")
	sid := w.conversation()
	w.write(sid, "nobody is told") // no header
	w.says(sid, "one")
	h.hears("/account", "onMessageAdded one")
	_, err := w.api.CreateConversationParticipant(sid, &conversations.CreateConversationParticipantParams{Identity: ptr("carol"), XTwilioWebhookEnabled: enabled})
	require.NoError(t, err)
	h.hears("/account", "onMessageAdded one", "onUserAdded")
	assert.Equal(t, account, h.heard()[0].form.Get("AccountSid"))
	assert.Equal(t, "0", h.heard()[0].form.Get("RetryCount"))
	assert.Equal(t, "ours", h.heard()[0].form.Get("of"))

	service, err := w.api.CreateService(&conversations.CreateServiceParams{FriendlyName: ptr("its own")})
	require.NoError(t, err)
	add := func(text string) string {
		c, err := w.api.CreateServiceConversation(*service.Sid, &conversations.CreateServiceConversationParams{})
		require.NoError(t, err)
		_, err = w.api.CreateServiceConversationMessage(*service.Sid, *c.Sid, &conversations.CreateServiceConversationMessageParams{Body: &text, XTwilioWebhookEnabled: enabled})
		require.NoError(t, err)
		return *c.Sid
	}
	add("of the account still")
	h.hears("/account", "onMessageAdded one", "onUserAdded", "onMessageAdded of the account still")
	_, err = w.api.UpdateServiceWebhookConfiguration(*service.Sid, &conversations.UpdateServiceWebhookConfigurationParams{
		PostWebhookUrl: ptr(h.URL + "/service"), Method: ptr("GET"), Filters: &[]string{"onMessageAdded", "onConversationRemoved"},
	})
	require.NoError(t, err)
	gone := add("of the service")
	require.NoError(t, w.api.DeleteServiceConversation(*service.Sid, gone, &conversations.DeleteServiceConversationParams{XTwilioWebhookEnabled: enabled}))
	h.hears("/service", "onMessageAdded of the service", "onConversationRemoved")
	require.NoError(t, w.api.DeleteConversation(sid, &conversations.DeleteConversationParams{XTwilioWebhookEnabled: enabled}))
	h.hears("/account", "onMessageAdded one", "onUserAdded", "onMessageAdded of the account still", "onConversationRemoved")
	for _, c := range h.heard() {
		assert.Equal(t, map[string]string{"/account": "POST", "/service": "GET"}[c.path], c.method)
	}
}

func TestTheWebhooksOfAConversation(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, takesAll)
	flow := "FW" + strings.Repeat("0", 32)
	w := newWorld(t, setup{config: fmt.Sprintf("[studio]\n%s = %q\n", flow, h.URL+"/flow")})
	sid := w.conversation()
	w.says(sid, "before them")
	w.hookTo(sid, conversations.CreateConversationScopedWebhookParams{
		ConfigurationUrl: ptr(h.URL + "/all"), ConfigurationMethod: ptr("GET"),
		ConfigurationFilters: &[]string{"onMessageAdded", "onConversationUpdated", "onConversationRemoved"},
	})
	w.hookTo(sid, conversations.CreateConversationScopedWebhookParams{
		Target: ptr("trigger"), ConfigurationUrl: ptr(h.URL + "/trigger"), ConfigurationTriggers: &[]string{"help", "stop it"},
	})
	w.hookTo(sid, conversations.CreateConversationScopedWebhookParams{Target: ptr("studio"), ConfigurationFlowSid: &flow})
	removed := w.hookTo(sid, conversations.CreateConversationScopedWebhookParams{
		ConfigurationUrl: ptr(h.URL + "/removed"), ConfigurationFilters: &[]string{"onMessageAdded"},
	})
	require.NoError(t, w.api.DeleteConversationScopedWebhook(sid, removed))
	for _, text := range []string{"helpless", "please HELP!", "stop, it", "stop"} {
		w.says(sid, text)
	}
	w.write(sid, "help without the header")
	_, err := w.api.UpdateConversation(sid, &conversations.UpdateConversationParams{FriendlyName: ptr("named"), XTwilioWebhookEnabled: enabled})
	require.NoError(t, err)
	require.NoError(t, w.api.DeleteConversation(sid, &conversations.DeleteConversationParams{XTwilioWebhookEnabled: enabled}))
	messages := []string{"onMessageAdded helpless", "onMessageAdded please HELP!", "onMessageAdded stop, it", "onMessageAdded stop"}
	h.hears("/all", append(messages, "onConversationUpdated", "onConversationRemoved")...)
	h.hears("/flow", messages...)
	h.hears("/trigger", messages[1:3]...)
	assert.Empty(t, h.told("/removed"))
	assert.Equal(t, sid, h.heard()[0].form.Get("ConversationSid"))
}

// A webhook made by autocreation hears of the beginning of its conversation
// (contract, 21).
func TestTheWebhookOfAnAddressHearsTheBeginning(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, takesAll)
	flow := "FW" + strings.Repeat("0", 32)
	w := newWorld(t, setup{numbers: []string{secondNumber}, config: fmt.Sprintf("[studio]\n%s = %q\n", flow, h.URL+"/flow")})
	_, err := w.api.CreateConfigurationAddress(&conversations.CreateConfigurationAddressParams{
		Type: ptr("sms"), Address: ptr(smsProxy), AutoCreationEnabled: ptr(true), AutoCreationType: ptr("webhook"),
		AutoCreationWebhookUrl: ptr(h.URL + "/address"), AutoCreationWebhookMethod: ptr("POST"),
		AutoCreationWebhookFilters: &[]string{"onConversationAdded", "onParticipantAdded", "onMessageAdded"},
	})
	require.NoError(t, err)
	_, err = w.api.CreateConfigurationAddress(&conversations.CreateConfigurationAddressParams{
		Type: ptr("sms"), Address: ptr(secondNumber), AutoCreationEnabled: ptr(true), AutoCreationType: ptr("studio"), AutoCreationStudioFlowSid: &flow,
	})
	require.NoError(t, err)
	w.aliceWrites("SM00000000000000000000000000000001", "hello")
	h.hears("/address", "onConversationAdded", "onParticipantAdded", "onMessageAdded hello")
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main", fakecarrier.Message{ID: "SM00000000000000000000000000000002", From: alice, To: secondNumber, Body: "flow?"}))
	h.hears("/flow", "onMessageAdded flow?")
	assert.Equal(t, "SMS", h.heard()[0].form.Get("Source"))
}

func TestAWebhookIsToldOfEarlierMessages(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, takesAll)
	flow := "FW" + strings.Repeat("0", 32)
	w := newWorld(t, setup{config: fmt.Sprintf("[studio]\n%s = %q\n", flow, h.URL+"/flow")})
	sid := w.conversation()
	const earlier = 45 // more than two pages of them
	var want []string
	for n := range earlier {
		w.write(sid, fmt.Sprintf("message %d", n))
		want = append(want, fmt.Sprintf("onMessageAdded message %d", n))
	}
	w.hookTo(sid, conversations.CreateConversationScopedWebhookParams{
		ConfigurationUrl: ptr(h.URL + "/all"), ConfigurationFilters: &[]string{"onMessageAdded", "onConversationUpdated"}, ConfigurationReplayAfter: ptr(2),
	})
	w.hookTo(sid, conversations.CreateConversationScopedWebhookParams{Target: ptr("studio"), ConfigurationFlowSid: &flow, ConfigurationReplayAfter: ptr(43)})
	w.hookTo(sid, conversations.CreateConversationScopedWebhookParams{
		ConfigurationUrl: ptr(h.URL + "/other"), ConfigurationFilters: &[]string{"onConversationUpdated"}, ConfigurationReplayAfter: ptr(0),
	})
	w.says(sid, "newer")
	want = append(want, "onMessageAdded newer")
	h.hears("/all", want[2:]...)
	h.hears("/flow", want[43:]...)
	assert.Empty(t, h.told("/other"))
}
