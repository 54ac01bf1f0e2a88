package webhooks_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/webhooks"
)

// messageAdded is the event of a message.
func messageAdded(seq int64, body string) conversations.Event {
	return conversations.Event{
		Seq: seq, Type: conversations.MessageAdded, Conversation: talk, Webhooks: true, Source: conversations.SourceSDK, By: "carol",
		After: conversations.Resource{Message: &conversations.Message{ID: "m", Conversation: talk, Body: &body, Attributes: "{}"}},
	}
}

func TestWhoIsToHearOfAnEvent(t *testing.T) {
	t.Parallel()
	messages := []conversations.EventType{conversations.MessageAdded, conversations.UserAdded}
	hooked := &conversations.Webhooks{PostURL: "https://example.com", Filters: messages}
	removed := conversations.Event{
		Seq: 1, Type: conversations.ConversationRemoved, Conversation: talk, Webhooks: true,
		After: conversations.Resource{Conversation: &conversations.Conversation{ID: talk, Service: service, Attributes: "{}"}},
	}
	user := conversations.Event{
		Seq: 1, Type: conversations.UserAdded, Webhooks: true,
		After: conversations.Resource{User: &conversations.User{ID: "u", Service: service, Attributes: "{}"}},
	}
	silent := messageAdded(1, "")
	silent.Webhooks = false
	optedOut := messageAdded(1, "")
	optedOut.Type = conversations.ParticipantOptedOut
	all := conversations.ScopedListener(scoped)
	to := func(target conversations.WebhookTarget, more conversations.Webhook) *conversations.Webhook {
		more.Target = target
		return &more
	}
	for name, c := range map[string]struct {
		account conversations.Webhooks
		service *conversations.Webhooks
		webhook *conversations.Webhook
		event   conversations.Event
		want    []conversations.WebhookListener
	}{
		"nobody":                       {event: messageAdded(1, "")},
		"the account":                  {account: *hooked, event: messageAdded(1, ""), want: []conversations.WebhookListener{account}},
		"the account, of a user":       {account: *hooked, event: user, want: []conversations.WebhookListener{account}},
		"the service, of a user":       {account: *hooked, service: hooked, event: user, want: []conversations.WebhookListener{conversations.ServiceListener(service)}},
		"another event":                {account: *hooked, event: removed},
		"a silent one":                 {account: *hooked, event: silent},
		"one that nobody can ask for":  {account: *hooked, event: optedOut},
		"before the URL was set":       {account: conversations.Webhooks{PostURL: "https://example.com", Filters: messages, After: 1}, event: messageAdded(1, "")},
		"without filters":              {account: conversations.Webhooks{PostURL: "https://example.com"}, event: messageAdded(1, "")},
		"the service":                  {account: *hooked, service: hooked, event: messageAdded(1, ""), want: []conversations.WebhookListener{conversations.ServiceListener(service)}},
		"a service that wants nothing": {account: *hooked, service: &conversations.Webhooks{Method: "GET"}, event: messageAdded(1, "")},
		"a webhook": {
			webhook: to(conversations.TargetWebhook, conversations.Webhook{Filters: []conversations.EventType{conversations.ConversationRemoved}}),
			event:   removed, want: []conversations.WebhookListener{all},
		},
		"an event from before the webhook": {
			webhook: to(conversations.TargetWebhook, conversations.Webhook{Filters: messages, After: 7}), event: messageAdded(7, ""),
		},
		"a webhook beside the account": {
			account: *hooked, webhook: to(conversations.TargetWebhook, conversations.Webhook{Filters: messages, After: 7}),
			event: messageAdded(8, ""), want: []conversations.WebhookListener{account, all},
		},
		"a flow":                 {webhook: to(conversations.TargetStudio, conversations.Webhook{}), event: messageAdded(1, ""), want: []conversations.WebhookListener{all}},
		"a flow, of another":     {webhook: to(conversations.TargetStudio, conversations.Webhook{}), event: removed},
		"a trigger":              {webhook: to(conversations.TargetTrigger, conversations.Webhook{Triggers: []string{"x", "Hi"}}), event: messageAdded(1, "oh, hI!"), want: []conversations.WebhookListener{all}},
		"a trigger, of no word":  {webhook: to(conversations.TargetTrigger, conversations.Webhook{Triggers: []string{"hi"}}), event: messageAdded(1, "this")},
		"a trigger, of a letter": {webhook: to(conversations.TargetTrigger, conversations.Webhook{Triggers: []string{"été"}}), event: messageAdded(1, "l'ÉTÉ"), want: []conversations.WebhookListener{all}},
		"a trigger of a sign":    {webhook: to(conversations.TargetTrigger, conversations.Webhook{Triggers: []string{"👍"}}), event: messageAdded(1, "ok👍"), want: []conversations.WebhookListener{all}},
		"a trigger of two words": {webhook: to(conversations.TargetTrigger, conversations.Webhook{Triggers: []string{"stop it"}}), event: messageAdded(1, "it, stop. It"), want: []conversations.WebhookListener{all}},
		"a trigger of a deleted": {webhook: to(conversations.TargetTrigger, conversations.Webhook{Triggers: []string{"stop"}}), event: removed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := conversations.HookSite{Scene: conversations.Scene{Service: service}}
			if c.webhook != nil {
				c.webhook.ID, c.webhook.Conversation = scoped, talk
				site.Webhooks = []conversations.Webhook{*c.webhook}
			}
			x := webhooks.NewExpander(account, &listeners{
				configuration: conversations.Configuration{Webhooks: c.account},
				services:      map[conversations.ServiceID]conversations.Service{service: {ID: service, Webhooks: c.service}},
				sites:         map[conversations.ConversationID]conversations.HookSite{talk: site},
			})
			notices, err := x.Expand(t.Context(), []conversations.Event{c.event})
			require.NoError(t, err)
			var got []conversations.WebhookListener
			for _, n := range notices {
				got = append(got, n.Listener)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestANoticeIsComplete(t *testing.T) {
	t.Parallel()
	x := webhooks.NewExpander(account, &listeners{
		configuration: conversations.Configuration{Webhooks: conversations.Webhooks{PostURL: "https://example.com", Filters: []conversations.EventType{conversations.MessageAdded}}},
		sites:         map[conversations.ConversationID]conversations.HookSite{talk: {Scene: conversations.Scene{Service: service, MessagingService: "mg"}}},
	})
	first, err := x.Expand(t.Context(), []conversations.Event{messageAdded(1, "one"), messageAdded(2, "two")})
	require.NoError(t, err)
	again, err := x.Expand(t.Context(), []conversations.Event{messageAdded(1, "one")})
	require.NoError(t, err)
	require.Len(t, first, 2)
	assert.Equal(t, first[0], again[0], "what is expanded again is the same")
	assert.NotEqual(t, first[0].Token, first[1].Token)
	assert.Regexp(t, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", first[0].Token)
	assert.Equal(t, account+" "+string(talk), first[0].Key())
	form, err := url.ParseQuery(first[1].Form)
	require.NoError(t, err)
	for name, want := range map[string]string{
		"AccountSid": account, "EventType": "onMessageAdded", "Source": "SDK", "ClientIdentity": "carol", "Body": "two", "MessagingServiceSid": "MGmg",
	} {
		assert.Equal(t, want, form.Get(name), name)
	}
	assert.False(t, form.Has("RetryCount"), "that is of the call")
}
