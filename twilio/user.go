package twilio

import "bridged/conversations"

// User is the user resource (page 08).
type User struct {
	SID            string    `json:"sid"`
	AccountSID     string    `json:"account_sid"`
	ChatServiceSID string    `json:"chat_service_sid"`
	RoleSID        string    `json:"role_sid"`
	Identity       string    `json:"identity"`
	FriendlyName   *string   `json:"friendly_name"`
	Attributes     string    `json:"attributes"`
	IsOnline       *bool     `json:"is_online"`
	IsNotifiable   *bool     `json:"is_notifiable"`
	DateCreated    string    `json:"date_created"`
	DateUpdated    string    `json:"date_updated"`
	URL            string    `json:"url"`
	Links          UserLinks `json:"links"`
}

// UserLinks are the URLs of what belongs to a user.
type UserLinks struct {
	UserConversations string `json:"user_conversations"`
}

// User shows a user. Whether it is online is null, as for users who never were:
// no client connects yet.
func (s Scope) User(u conversations.User) User {
	url := s.UserURL(u.ID)
	return User{
		SID:            SID(u.ID),
		AccountSID:     s.Account,
		ChatServiceSID: SID(u.Service),
		RoleSID:        SID(u.Role),
		Identity:       u.Identity,
		FriendlyName:   u.FriendlyName,
		Attributes:     attributes(u.Attributes),
		DateCreated:    Date(u.Created),
		DateUpdated:    Date(u.Updated),
		URL:            url,
		Links:          UserLinks{UserConversations: url + "/Conversations"},
	}
}

// UserURL is the URL of a user.
func (s Scope) UserURL(id conversations.UserID) string { return s.URL("Users/" + SID(id)) }

// UserConversation is one of the conversations of a user (page 15).
type UserConversation struct {
	AccountSID           string          `json:"account_sid"`
	ChatServiceSID       string          `json:"chat_service_sid"`
	ConversationSID      string          `json:"conversation_sid"`
	UnreadMessagesCount  *int64          `json:"unread_messages_count"`
	LastReadMessageIndex *int64          `json:"last_read_message_index"`
	ParticipantSID       string          `json:"participant_sid"`
	UserSID              *string         `json:"user_sid"`
	FriendlyName         *string         `json:"friendly_name"`
	ConversationState    string          `json:"conversation_state"`
	Timers               Timers          `json:"timers"`
	Attributes           string          `json:"attributes"`
	DateCreated          string          `json:"date_created"`
	DateUpdated          string          `json:"date_updated"`
	CreatedBy            string          `json:"created_by"`
	NotificationLevel    string          `json:"notification_level"`
	UniqueName           *string         `json:"unique_name"`
	URL                  string          `json:"url"`
	Links                MembershipLinks `json:"links"`
}

// MembershipLinks are the URLs of the two sides of a membership.
type MembershipLinks struct {
	Participant  string `json:"participant"`
	Conversation string `json:"conversation"`
}

// The notification levels of page 15.
const (
	LevelDefault = "default"
	LevelMuted   = "muted"
)

// UserConversation shows a membership as the user sees it.
func (s Scope) UserConversation(m conversations.Membership) UserConversation {
	c := m.Conversation
	shown := UserConversation{
		AccountSID:           s.Account,
		ChatServiceSID:       SID(c.Service),
		ConversationSID:      SID(c.ID),
		UnreadMessagesCount:  m.Unread,
		LastReadMessageIndex: m.Participant.LastReadIndex,
		ParticipantSID:       SID(m.Participant.ID),
		UserSID:              NullableSID(m.User),
		FriendlyName:         c.FriendlyName,
		ConversationState:    string(c.State),
		Timers:               timers(c.Timers),
		Attributes:           attributes(c.Attributes),
		DateCreated:          Date(c.Created),
		DateUpdated:          Date(c.Updated),
		CreatedBy:            c.CreatedBy,
		NotificationLevel:    LevelDefault,
		UniqueName:           c.UniqueName,
		Links:                s.membershipLinks(m),
	}
	if m.Participant.Muted {
		shown.NotificationLevel = LevelMuted
	}
	if m.User != nil {
		shown.URL = s.UserURL(*m.User) + "/Conversations/" + SID(c.ID)
	}
	return shown
}

func (s Scope) membershipLinks(m conversations.Membership) MembershipLinks {
	return MembershipLinks{
		Participant:  s.ParticipantsURL(m.Conversation.ID) + "/" + SID(m.Participant.ID),
		Conversation: s.ConversationURL(m.Conversation.ID),
	}
}

// ParticipantConversation is one of the conversations of a person (page 16).
type ParticipantConversation struct {
	AccountSID                  string          `json:"account_sid"`
	ChatServiceSID              string          `json:"chat_service_sid"`
	ConversationSID             string          `json:"conversation_sid"`
	ParticipantSID              string          `json:"participant_sid"`
	ConversationFriendlyName    *string         `json:"conversation_friendly_name"`
	ConversationState           string          `json:"conversation_state"`
	ConversationTimers          Timers          `json:"conversation_timers"`
	ConversationAttributes      string          `json:"conversation_attributes"`
	ConversationDateCreated     string          `json:"conversation_date_created"`
	ConversationDateUpdated     string          `json:"conversation_date_updated"`
	ConversationCreatedBy       string          `json:"conversation_created_by"`
	ConversationUniqueName      *string         `json:"conversation_unique_name"`
	ParticipantUserSID          *string         `json:"participant_user_sid"`
	ParticipantIdentity         *string         `json:"participant_identity"`
	ParticipantMessagingBinding *wholeBinding   `json:"participant_messaging_binding"`
	Links                       MembershipLinks `json:"links"`
}

// wholeBinding is a messaging binding with everything that one can have: what is
// missing is null here, not left out.
type wholeBinding struct {
	Type             string  `json:"type"`
	Address          *string `json:"address"`
	ProxyAddress     *string `json:"proxy_address"`
	ProjectedAddress *string `json:"projected_address"`
	Name             *string `json:"name"`
	Level            *string `json:"level"`
}

// ParticipantConversation shows a membership as it is looked up by person.
func (s Scope) ParticipantConversation(m conversations.Membership) ParticipantConversation {
	c := m.Conversation
	shown := ParticipantConversation{
		AccountSID:               s.Account,
		ChatServiceSID:           SID(c.Service),
		ConversationSID:          SID(c.ID),
		ParticipantSID:           SID(m.Participant.ID),
		ConversationFriendlyName: c.FriendlyName,
		ConversationState:        string(c.State),
		ConversationTimers:       timers(c.Timers),
		ConversationAttributes:   attributes(c.Attributes),
		ConversationDateCreated:  Date(c.Created),
		ConversationDateUpdated:  Date(c.Updated),
		ConversationCreatedBy:    c.CreatedBy,
		ConversationUniqueName:   c.UniqueName,
		ParticipantUserSID:       NullableSID(m.User),
		ParticipantIdentity:      m.Participant.Identity,
		Links:                    s.membershipLinks(m),
	}
	if b := m.Participant.Binding; b != nil {
		shown.ParticipantMessagingBinding = &wholeBinding{
			Type:             string(bindingType(*b)),
			Address:          nullable(string(b.Address)),
			ProxyAddress:     nullable(string(b.Proxy)),
			ProjectedAddress: nullable(string(b.Projected)),
		}
	}
	return shown
}
