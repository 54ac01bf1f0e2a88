package twilio

import "bridged/conversations"

// Service is the service resource (page 21).
type Service struct {
	SID          string       `json:"sid"`
	AccountSID   string       `json:"account_sid"`
	FriendlyName string       `json:"friendly_name"`
	DateCreated  string       `json:"date_created"`
	DateUpdated  string       `json:"date_updated"`
	URL          string       `json:"url"`
	Links        ServiceLinks `json:"links"`
}

// ServiceLinks are the URLs of what belongs to a service.
type ServiceLinks struct {
	Conversations                string `json:"conversations"`
	Users                        string `json:"users"`
	Roles                        string `json:"roles"`
	Bindings                     string `json:"bindings"`
	Configuration                string `json:"configuration"`
	ParticipantConversations     string `json:"participant_conversations"`
	ConversationWithParticipants string `json:"conversation_with_participants"`
}

// ServiceResource shows a service.
func (s Scope) ServiceResource(of conversations.Service) Service {
	url := s.ServiceURL(of.ID)
	return Service{
		SID:          SID(of.ID),
		AccountSID:   s.Account,
		FriendlyName: of.FriendlyName,
		DateCreated:  Date(of.Created),
		DateUpdated:  Date(of.Updated),
		URL:          url,
		Links: ServiceLinks{
			Conversations:                url + "/Conversations",
			Users:                        url + "/Users",
			Roles:                        url + "/Roles",
			Bindings:                     url + "/Bindings",
			Configuration:                url + "/Configuration",
			ParticipantConversations:     url + "/ParticipantConversations",
			ConversationWithParticipants: url + "/ConversationWithParticipants",
		},
	}
}

// ServiceConfiguration is the configuration of a service (page 20).
type ServiceConfiguration struct {
	ChatServiceSID                    string                    `json:"chat_service_sid"`
	DefaultConversationCreatorRoleSID string                    `json:"default_conversation_creator_role_sid"`
	DefaultConversationRoleSID        string                    `json:"default_conversation_role_sid"`
	DefaultChatServiceRoleSID         string                    `json:"default_chat_service_role_sid"`
	ReachabilityEnabled               bool                      `json:"reachability_enabled"`
	URL                               string                    `json:"url"`
	Links                             ServiceConfigurationLinks `json:"links"`
}

// ServiceConfigurationLinks are the URLs of the other settings of a service.
type ServiceConfigurationLinks struct {
	Notifications string `json:"notifications"`
	Webhooks      string `json:"webhooks"`
}

// ServiceConfiguration shows the configuration of a service.
func (s Scope) ServiceConfiguration(of conversations.Service) ServiceConfiguration {
	url := s.ServiceURL(of.ID) + "/Configuration"
	return ServiceConfiguration{
		ChatServiceSID:                    SID(of.ID),
		DefaultConversationCreatorRoleSID: SID(of.ConversationCreatorRole),
		DefaultConversationRoleSID:        SID(of.ConversationRole),
		DefaultChatServiceRoleSID:         SID(of.UserRole),
		ReachabilityEnabled:               of.Reachability,
		URL:                               url,
		Links:                             ServiceConfigurationLinks{Notifications: url + "/Notifications", Webhooks: url + "/Webhooks"},
	}
}

// Notifications are the push notifications of a service (page 17).
type Notifications struct {
	AccountSID              string                 `json:"account_sid"`
	ChatServiceSID          string                 `json:"chat_service_sid"`
	LogEnabled              bool                   `json:"log_enabled"`
	AddedToConversation     Notification           `json:"added_to_conversation"`
	NewMessage              NewMessageNotification `json:"new_message"`
	RemovedFromConversation Notification           `json:"removed_from_conversation"`
	URL                     string                 `json:"url"`
}

// Notification is one kind of push notification.
type Notification struct {
	Enabled  bool   `json:"enabled"`
	Template string `json:"template"`
	Sound    string `json:"sound"`
}

// NewMessageNotification is the push notification of a new message.
type NewMessageNotification struct {
	Notification
	BadgeCountEnabled bool              `json:"badge_count_enabled"`
	WithMedia         MediaNotification `json:"with_media"`
}

// MediaNotification is the push notification of a new message with files.
type MediaNotification struct {
	Enabled  bool   `json:"enabled"`
	Template string `json:"template"`
}

// Notifications shows the push notifications of a service.
func (s Scope) Notifications(of conversations.Service) Notifications {
	n := of.Notifications
	return Notifications{
		AccountSID:          s.Account,
		ChatServiceSID:      SID(of.ID),
		LogEnabled:          n.LogEnabled,
		AddedToConversation: Notification(n.AddedToConversation),
		NewMessage: NewMessageNotification{
			Notification:      Notification(n.NewMessage),
			BadgeCountEnabled: n.BadgeCount,
			WithMedia:         MediaNotification{n.NewMessageWithMedia.Enabled, n.NewMessageWithMedia.Template},
		},
		RemovedFromConversation: Notification(n.RemovedFromConversation),
		URL:                     s.ServiceURL(of.ID) + "/Configuration/Notifications",
	}
}

// ServiceWebhooks are whom a service tells of its changes (page 28). All is null
// where nothing is set.
type ServiceWebhooks struct {
	AccountSID     string                    `json:"account_sid"`
	ChatServiceSID string                    `json:"chat_service_sid"`
	PreWebhookURL  *string                   `json:"pre_webhook_url"`
	PostWebhookURL *string                   `json:"post_webhook_url"`
	Filters        []conversations.EventType `json:"filters"`
	Method         *string                   `json:"method"`
	URL            string                    `json:"url"`
}

// ServiceWebhooks shows whom a service tells of its changes.
func (s Scope) ServiceWebhooks(of conversations.Service) ServiceWebhooks {
	shown := ServiceWebhooks{
		AccountSID:     s.Account,
		ChatServiceSID: SID(of.ID),
		URL:            s.ServiceURL(of.ID) + "/Configuration/Webhooks",
	}
	if w := of.Webhooks; w != nil {
		shown.PreWebhookURL, shown.PostWebhookURL = nullable(w.PreURL), nullable(w.PostURL)
		shown.Filters = append([]conversations.EventType{}, w.Filters...)
		shown.Method = ptr(method(w.Method))
	}
	return shown
}

// method is how the method of webhooks is shown: POST where it was never set.
func method(set string) string {
	if set == "" {
		return "POST"
	}
	return set
}

// nullable shows a text that may be missing.
func nullable(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func ptr[T any](v T) *T { return &v }
