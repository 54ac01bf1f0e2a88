// Package autocreate holds the address configurations: what a number of ours does
// with a message that no conversation takes (pages 11 and 38).
//
// It knows what such a configuration is and when it is complete. Who may have one
// and where it is kept is the business of packages bridge and store.
package autocreate

import (
	"net/http"
	"slices"
	"time"

	"bridged/conversations"
)

// Type is what is attached to a conversation that is made (page 11).
type Type string

// The types.
const (
	Default Type = "default" // nothing
	Webhook Type = "webhook" // a webhook of the conversation
	Studio  Type = "studio"  // a flow
)

// Configuration is the configuration of one address of ours (page 11).
type Configuration struct {
	Seq              int64
	ID               conversations.AddressConfigurationID
	Address          conversations.Address
	Type             conversations.ChannelType
	FriendlyName     *string
	Country          *string // ISO 3166-1 alpha-2; of short codes
	Creation         Creation
	Created, Updated time.Time
}

// Key addresses an address configuration as a URL does: by ID, or by its address.
// Exactly one of the two is set.
type Key struct {
	ID      conversations.AddressConfigurationID
	Address conversations.Address
}

// Creation says whether and how conversations are made.
type Creation struct {
	Enabled       bool
	Type          Type
	Service       conversations.ServiceID // empty: the default service
	WebhookURL    string
	WebhookMethod string // GET or POST
	Filters       []conversations.EventType
	Flow          string // the SID of a flow
	RetryCount    int    // how often a flow is called again; 0: for as long as other webhooks
}

// maxRetryCount bounds RetryCount (page 11 gives no limit, page 64 retries three
// times at most).
const maxRetryCount = 3

// Events are the events that a webhook can ask for. Besides those of any
// conversation's webhook it may hear of the conversation's own beginning
// (contract, 21).
func Events() []conversations.EventType {
	return append(conversations.ConversationEvents(), conversations.ConversationAdded)
}

// Check says what is missing or wrong. What only another type needs is not
// looked at: it is kept for when the type is changed back.
func (c Creation) Check() error {
	if c.RetryCount < 0 || c.RetryCount > maxRetryCount {
		return conversations.Refuse(conversations.InvalidParameter, "AutoCreation.StudioRetryCount must be from 0 to %d", maxRetryCount)
	}
	switch c.Type {
	case Default:
		return nil
	case Studio:
		if c.Flow == "" {
			return conversations.Refuse(conversations.InvalidParameter, "AutoCreation.StudioFlowSid is needed for AutoCreation.Type studio")
		}
		return nil
	case Webhook:
		return c.checkWebhook()
	}
	return conversations.Refuse(conversations.InvalidParameter, "AutoCreation.Type must be webhook, studio or default")
}

func (c Creation) checkWebhook() error {
	if err := conversations.CheckURL("AutoCreation.WebhookUrl", c.WebhookURL); err != nil {
		return err
	}
	if c.WebhookMethod != http.MethodGet && c.WebhookMethod != http.MethodPost {
		return conversations.Refuse(conversations.InvalidParameter, "AutoCreation.WebhookMethod must be GET or POST")
	}
	for _, f := range c.Filters {
		if !slices.Contains(Events(), f) {
			return conversations.Refuse(conversations.InvalidParameter, "AutoCreation.WebhookFilters: %s is no event of a conversation", f)
		}
	}
	return nil
}

// Listener is the webhook that a conversation gets which is made by this; nil
// where it gets none. Without filters it hears that the conversation was made
// (page 65).
func (c Creation) Listener(now time.Time) *conversations.Webhook {
	w := &conversations.Webhook{ID: conversations.NewID[conversations.WebhookID](now), Created: now, Updated: now}
	switch c.Type {
	case Webhook:
		w.Target, w.URL, w.Method, w.Filters = conversations.TargetWebhook, c.WebhookURL, c.WebhookMethod, c.Filters
		if len(w.Filters) == 0 {
			w.Filters = []conversations.EventType{conversations.ConversationAdded}
		}
	case Studio:
		w.Target, w.Method, w.Flow, w.Retries = conversations.TargetStudio, http.MethodPost, c.Flow, c.RetryCount
	case Default:
		return nil
	}
	return w
}
