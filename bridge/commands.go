package bridge

import (
	"time"

	"bridged/conversations"
)

// Caller says on whose behalf a verb is carried out and through what.
type Caller struct {
	Source conversations.Source
	By     string // identity or key that made the request, where known
}

// ConversationFields are the fields of a conversation that a request can set.
// Nil leaves a field as it is, or at its default for a new conversation.
type ConversationFields struct {
	FriendlyName     *string
	UniqueName       *string
	Attributes       *string
	MessagingService *conversations.MessagingServiceID
	State            *conversations.State
	TimerInactive    *time.Duration
	TimerClosed      *time.Duration
	EmailAddress     *string
	EmailName        *string
	Created, Updated *time.Time
}

// ParticipantFields are the fields of a participant that a request can set.
type ParticipantFields struct {
	Identity         *string
	Address          *conversations.Address
	Proxy            *conversations.Address
	Projected        *conversations.Address
	Attributes       *string
	Role             *conversations.RoleID
	LastReadIndex    *int64
	ClearLastRead    bool // an explicit null for LastReadIndex
	LastReadAt       *time.Time
	Created, Updated *time.Time
}

// MessageFields are the fields of a message that a request can set.
type MessageFields struct {
	Author           *string
	Body             *string
	Subject          *string
	Attributes       *string
	MediaID          *conversations.MediaID
	Content          *conversations.ContentID // for a new message only; Body and MediaID are ignored with it
	ContentVariables map[string]string        // nil when the request has none
	Created, Updated *time.Time
}
