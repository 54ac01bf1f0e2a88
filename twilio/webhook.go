package twilio

import (
	"strings"

	"bridged/conversations"
)

// Webhook is the webhook of one conversation (page 13).
type Webhook struct {
	SID             string               `json:"sid"`
	AccountSID      string               `json:"account_sid"`
	ChatServiceSID  string               `json:"chat_service_sid,omitempty"`
	ConversationSID string               `json:"conversation_sid"`
	Target          string               `json:"target"`
	Configuration   WebhookConfiguration `json:"configuration"`
	DateCreated     string               `json:"date_created"`
	DateUpdated     string               `json:"date_updated"`
	URL             string               `json:"url"`
}

// WebhookConfiguration is what a webhook is set to. Only what its target needs is
// shown. The keywords of a trigger are shown as its filters too, where the
// reference shows them.
type WebhookConfiguration struct {
	URL         string   `json:"url,omitempty"`
	Method      string   `json:"method,omitempty"`
	Filters     []string `json:"filters,omitempty"`
	Triggers    []string `json:"triggers,omitempty"`
	FlowSID     string   `json:"flow_sid,omitempty"`
	ReplayAfter *int64   `json:"replay_after,omitempty"`
}

// WebhooksURL is the URL of the list of a conversation's webhooks.
func (s Scope) WebhooksURL(id conversations.ConversationID) string {
	return s.ConversationURL(id) + "/Webhooks"
}

// Webhook shows a webhook of a conversation.
func (s Scope) Webhook(w conversations.Webhook) Webhook {
	shown := WebhookConfiguration{ReplayAfter: w.ReplayAfter}
	if w.Target == conversations.TargetStudio {
		shown.FlowSID = w.Flow
	} else {
		shown.URL, shown.Method = w.URL, strings.ToLower(w.Method)
		for _, event := range w.Filters {
			shown.Filters = append(shown.Filters, string(event))
		}
	}
	if w.Target == conversations.TargetTrigger {
		shown.Filters, shown.Triggers = w.Triggers, w.Triggers
	}
	return Webhook{
		SID:             SID(w.ID),
		AccountSID:      s.Account,
		ChatServiceSID:  s.service(),
		ConversationSID: SID(w.Conversation),
		Target:          string(w.Target),
		Configuration:   shown,
		DateCreated:     Date(w.Created),
		DateUpdated:     Date(w.Updated),
		URL:             s.WebhooksURL(w.Conversation) + "/" + SID(w.ID),
	}
}
