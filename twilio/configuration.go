package twilio

import (
	"bridged/autocreate"
	"bridged/conversations"
)

// Configuration is the account's configuration (page 10).
type Configuration struct {
	AccountSID                 string             `json:"account_sid"`
	DefaultChatServiceSID      string             `json:"default_chat_service_sid"`
	DefaultMessagingServiceSID string             `json:"default_messaging_service_sid"`
	DefaultInactiveTimer       *string            `json:"default_inactive_timer"`
	DefaultClosedTimer         *string            `json:"default_closed_timer"`
	URL                        string             `json:"url"`
	Links                      ConfigurationLinks `json:"links"`
}

// ConfigurationLinks are the URLs of the other settings.
type ConfigurationLinks struct {
	Service  string `json:"service"`
	Webhooks string `json:"webhooks"`
}

// Configuration shows the account's configuration, in which the messaging service
// is the one that is in use.
func (s Scope) Configuration(c conversations.Configuration) Configuration {
	url := s.AccountURL("Configuration")
	return Configuration{
		AccountSID:                 s.Account,
		DefaultChatServiceSID:      SID(c.Service),
		DefaultMessagingServiceSID: SID(c.MessagingService),
		DefaultInactiveTimer:       NullableTimer(c.TimerInactive),
		DefaultClosedTimer:         NullableTimer(c.TimerClosed),
		URL:                        url,
		Links:                      ConfigurationLinks{Service: s.ServiceURL(c.Service) + "/Configuration", Webhooks: url + "/Webhooks"},
	}
}

// ConfigurationWebhooks are whom the account tells of its changes (page 12).
type ConfigurationWebhooks struct {
	AccountSID     string                    `json:"account_sid"`
	PreWebhookURL  *string                   `json:"pre_webhook_url"`
	PostWebhookURL *string                   `json:"post_webhook_url"`
	Method         string                    `json:"method"`
	Filters        []conversations.EventType `json:"filters"`
	Target         string                    `json:"target"`
	URL            string                    `json:"url"`
}

// ConfigurationWebhooks shows whom the account tells of its changes.
func (s Scope) ConfigurationWebhooks(c conversations.Configuration) ConfigurationWebhooks {
	w := c.Webhooks
	shown := ConfigurationWebhooks{
		AccountSID:     s.Account,
		PreWebhookURL:  nullable(w.PreURL),
		PostWebhookURL: nullable(w.PostURL),
		Method:         method(w.Method),
		Filters:        append([]conversations.EventType{}, w.Filters...),
		Target:         "webhook",
		URL:            s.AccountURL("Configuration/Webhooks"),
	}
	if w.Target != "" {
		shown.Target = w.Target
	}
	return shown
}

// AddressConfiguration is the address configuration resource (page 11).
type AddressConfiguration struct {
	SID            string       `json:"sid"`
	AccountSID     string       `json:"account_sid"`
	Address        string       `json:"address"`
	Type           string       `json:"type"`
	FriendlyName   *string      `json:"friendly_name"`
	AddressCountry *string      `json:"address_country"`
	AutoCreation   AutoCreation `json:"auto_creation"`
	DateCreated    string       `json:"date_created"`
	DateUpdated    string       `json:"date_updated"`
	URL            string       `json:"url"`
}

// AutoCreation says how conversations are made. Only what its type needs is shown.
type AutoCreation struct {
	Enabled                bool                      `json:"enabled"`
	Type                   string                    `json:"type"`
	ConversationServiceSID string                    `json:"conversation_service_sid,omitempty"`
	WebhookURL             string                    `json:"webhook_url,omitempty"`
	WebhookMethod          string                    `json:"webhook_method,omitempty"`
	WebhookFilters         []conversations.EventType `json:"webhook_filters,omitempty"`
	StudioFlowSID          string                    `json:"studio_flow_sid,omitempty"`
	StudioRetryCount       *int                      `json:"studio_retry_count,omitempty"`
}

// AddressesURL is the URL of the list of address configurations.
func (s Scope) AddressesURL() string { return s.AccountURL("Configuration/Addresses") }

// AddressConfiguration shows an address configuration.
func (s Scope) AddressConfiguration(a autocreate.Configuration) AddressConfiguration {
	n := a.Creation
	shown := AutoCreation{Enabled: n.Enabled, Type: string(n.Type), ConversationServiceSID: SID(n.Service)}
	switch n.Type {
	case autocreate.Webhook:
		shown.WebhookURL, shown.WebhookMethod, shown.WebhookFilters = n.WebhookURL, n.WebhookMethod, n.Filters
	case autocreate.Studio:
		shown.StudioFlowSID, shown.StudioRetryCount = n.Flow, &n.RetryCount
	case autocreate.Default:
	}
	return AddressConfiguration{
		SID:            SID(a.ID),
		AccountSID:     s.Account,
		Address:        string(a.Address),
		Type:           string(a.Type),
		FriendlyName:   a.FriendlyName,
		AddressCountry: a.Country,
		AutoCreation:   shown,
		DateCreated:    Date(a.Created),
		DateUpdated:    Date(a.Updated),
		URL:            s.AddressesURL() + "/" + SID(a.ID),
	}
}
