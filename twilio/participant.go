package twilio

import (
	"bridged/conversations"
)

// Participant is the participant resource (page 06).
type Participant struct {
	AccountSID           string            `json:"account_sid"`
	ChatServiceSID       string            `json:"chat_service_sid,omitempty"`
	ConversationSID      string            `json:"conversation_sid"`
	SID                  string            `json:"sid"`
	Identity             *string           `json:"identity"`
	Attributes           string            `json:"attributes"`
	MessagingBinding     *MessagingBinding `json:"messaging_binding"`
	RoleSID              *string           `json:"role_sid"`
	DateCreated          string            `json:"date_created"`
	DateUpdated          string            `json:"date_updated"`
	URL                  string            `json:"url"`
	LastReadMessageIndex *int64            `json:"last_read_message_index"`
	LastReadTimestamp    *string           `json:"last_read_timestamp"`
}

// MessagingBinding is how a participant outside chat is reached. What a
// participant does not have is left out, as in the reference's group texts.
type MessagingBinding struct {
	Type             string `json:"type"`
	Address          string `json:"address,omitempty"`
	ProxyAddress     string `json:"proxy_address,omitempty"`
	ProjectedAddress string `json:"projected_address,omitempty"`
}

// Participant shows a participant.
func (s Scope) Participant(p conversations.Participant) Participant {
	shown := Participant{
		AccountSID:           s.Account,
		ChatServiceSID:       s.service(),
		ConversationSID:      SID(p.Conversation),
		SID:                  SID(p.ID),
		Identity:             p.Identity,
		Attributes:           attributes(p.Attributes),
		RoleSID:              NullableSID(p.Role),
		DateCreated:          Date(p.Created),
		DateUpdated:          Date(p.Updated),
		URL:                  s.ParticipantsURL(p.Conversation) + "/" + SID(p.ID),
		LastReadMessageIndex: p.LastReadIndex,
	}
	if p.LastReadAt != nil {
		shown.LastReadTimestamp = NullableDate(*p.LastReadAt)
	}
	if b := p.Binding; b != nil {
		shown.MessagingBinding = &MessagingBinding{
			Type:             string(bindingType(*b)),
			Address:          string(b.Address),
			ProxyAddress:     string(b.Proxy),
			ProjectedAddress: string(b.Projected),
		}
	}
	return shown
}

// bindingType is the type of a binding, which has one of the addresses at least.
func bindingType(b conversations.Binding) conversations.ChannelType {
	for _, a := range []conversations.Address{b.Address, b.Projected} {
		if a != "" {
			return a.Type()
		}
	}
	return b.Proxy.Type()
}
