package bridge

import (
	"time"

	"bridged/autocreate"
	"bridged/conversations"
)

// Caller says on whose behalf a verb is carried out and through what.
type Caller struct {
	Source conversations.Source
	By     string // identity or key that made the request, where known
	// Webhooks says that a REST call is to fire webhooks. What does not come over
	// REST does always (contract, 17).
	Webhooks bool

	inquiry *inquiry // what pre-action webhooks are asked; nil: nothing
}

// firesWebhooks says whether the webhooks hear of what the caller changes.
func (c Caller) firesWebhooks() bool { return c.Webhooks || c.Source != conversations.SourceAPI }

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
	Muted            *bool
	Created, Updated *time.Time
}

// MessageFields are the fields of a message that a request can set.
type MessageFields struct {
	Author           *string
	Body             *string
	Subject          *string
	Attributes       *string
	Media            []conversations.MediaID  // of a new message
	Content          *conversations.ContentID // for a new message only; Body and Media are ignored with it
	ContentVariables map[string]string        // nil when the request has none
	Created, Updated *time.Time
}

// UserFields are the fields of a user that a request can set.
type UserFields struct {
	Identity     *string // of a new user only
	FriendlyName *string
	Attributes   *string
	Role         *conversations.RoleID
}

// RoleFields are the fields of a role that a request can set.
type RoleFields struct {
	FriendlyName *string                // of a new role only
	Type         conversations.RoleType // of a new role only
	Permissions  []conversations.Permission
}

// ServiceFields are the settings of a service that a request can set (page 20).
type ServiceFields struct {
	ConversationRole        *conversations.RoleID
	ConversationCreatorRole *conversations.RoleID
	UserRole                *conversations.RoleID
	Reachability            *bool
}

// NotificationFields are the settings of push notifications that a request can
// set (page 17).
type NotificationFields struct {
	LogEnabled              *bool
	BadgeCount              *bool
	NewMessage              OneNotificationFields
	NewMessageWithMedia     OneNotificationFields
	AddedToConversation     OneNotificationFields
	RemovedFromConversation OneNotificationFields
}

// OneNotificationFields are those of one kind of notification.
type OneNotificationFields struct {
	Enabled         *bool
	Template, Sound *string
}

// WebhooksFields are the fields of an account's or a service's webhooks that a
// request can set. An empty URL takes it away.
type WebhooksFields struct {
	Method, PreURL, PostURL, Target *string
	Filters                         *[]conversations.EventType
}

// WebhookFields are the fields of a conversation's webhook that a request can
// set.
type WebhookFields struct {
	Target            *conversations.WebhookTarget // of a new webhook only
	URL, Method, Flow *string
	Filters           *[]conversations.EventType
	Triggers          *[]string
	ReplayAfter       *int64 // of a new webhook only
}

// ConfigurationFields are the fields of the account's configuration that a
// request can set (page 10).
type ConfigurationFields struct {
	Service                    *conversations.ServiceID
	MessagingService           *conversations.MessagingServiceID
	TimerInactive, TimerClosed *time.Duration
}

// AddressFields are the fields of an address configuration that a request can set
// (page 11).
type AddressFields struct {
	Address      *conversations.Address    // of a new one only
	Type         conversations.ChannelType // of a new one only
	Country      *string                   // of a new one only
	FriendlyName *string
	Creation     CreationFields
}

// CreationFields say how conversations are made for an address.
type CreationFields struct {
	Enabled       *bool
	Type          *autocreate.Type
	Service       *conversations.ServiceID
	WebhookURL    *string
	WebhookMethod *string
	Filters       *[]conversations.EventType
	Flow          *string
	RetryCount    *int
}

// CredentialFields are the fields of a push service's credential that a request
// can set (page 19).
type CredentialFields struct {
	Type                                    *conversations.PushType
	FriendlyName                            *string
	Sandbox                                 *bool
	Certificate, PrivateKey, APIKey, Secret *string
}

// MediaFields are what is known of a file that has been written.
type MediaFields struct {
	ID          conversations.MediaID
	Author      string
	Category    conversations.MediaCategory
	ContentType string
	Filename    string
	Size        int64
	SHA256      string
}
