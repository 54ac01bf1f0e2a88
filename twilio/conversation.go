package twilio

import "bridged/conversations"

// Conversation is the conversation resource (page 22).
type Conversation struct {
	SID                 string            `json:"sid"`
	AccountSID          string            `json:"account_sid"`
	ChatServiceSID      string            `json:"chat_service_sid"`
	MessagingServiceSID *string           `json:"messaging_service_sid"`
	FriendlyName        *string           `json:"friendly_name"`
	UniqueName          *string           `json:"unique_name"`
	Attributes          string            `json:"attributes"`
	DateCreated         string            `json:"date_created"`
	DateUpdated         string            `json:"date_updated"`
	State               string            `json:"state"`
	Timers              Timers            `json:"timers"`
	Bindings            Bindings          `json:"bindings"`
	URL                 string            `json:"url"`
	Links               ConversationLinks `json:"links"`
}

// Timers are the dates at which the conversation will change its state; one
// that is off is left out.
type Timers struct {
	DateInactive *string `json:"date_inactive,omitempty"`
	DateClosed   *string `json:"date_closed,omitempty"`
}

// Bindings are the conversation's own addresses.
type Bindings struct {
	Email *EmailBinding `json:"email,omitempty"`
}

// EmailBinding is the sender of outbound email. What a request sets as
// Bindings.Email.Address is shown as `projected_address`.
type EmailBinding struct {
	ProjectedAddress *string `json:"projected_address,omitempty"`
	Name             *string `json:"name,omitempty"`
}

// ConversationLinks are the URLs of what belongs to a conversation.
type ConversationLinks struct {
	Participants string `json:"participants"`
	Messages     string `json:"messages"`
	Webhooks     string `json:"webhooks"`
	Export       string `json:"export,omitempty"`
}

func timers(t conversations.Timers) Timers {
	return Timers{DateInactive: NullableDate(t.DateInactive), DateClosed: NullableDate(t.DateClosed)}
}

// Conversation shows a conversation.
func (s Scope) Conversation(c conversations.Conversation) Conversation {
	url := s.ConversationURL(c.ID)
	shown := Conversation{
		SID:                 SID(c.ID),
		AccountSID:          s.Account,
		ChatServiceSID:      SID(c.Service),
		MessagingServiceSID: NullableSID(&c.MessagingService),
		FriendlyName:        c.FriendlyName,
		UniqueName:          c.UniqueName,
		Attributes:          attributes(c.Attributes),
		DateCreated:         Date(c.Created),
		DateUpdated:         Date(c.Updated),
		State:               string(c.State),
		Timers:              timers(c.Timers),
		URL:                 url,
		Links: ConversationLinks{
			Participants: s.ParticipantsURL(c.ID),
			Messages:     s.MessagesURL(c.ID),
			Webhooks:     s.WebhooksURL(c.ID),
			Export:       url + "/Export",
		},
	}
	if c.EmailAddress != nil || c.EmailName != nil {
		shown.Bindings.Email = &EmailBinding{ProjectedAddress: c.EmailAddress, Name: c.EmailName}
	}
	return shown
}

// ConversationWithParticipants shows a conversation that has just been made with
// its participants (page 07).
func (s Scope) ConversationWithParticipants(c conversations.Conversation) Conversation {
	shown := s.Conversation(c)
	shown.Links.Export = "" // the reference has no such link here
	return shown
}
