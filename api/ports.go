package api

import (
	"context"
	"io"

	"bridged/autocreate"
	"bridged/bridge"
	"bridged/conversations"
	"bridged/media"
	"bridged/receipts"
)

// Verbs are what changes something. *bridge.Bridge has them all.
type Verbs interface {
	ConversationVerbs
	ParticipantVerbs
	MessageVerbs
	WebhookVerbs
	UserVerbs
	MembershipVerbs
	RoleVerbs
	ServiceVerbs
	AccountVerbs
	AddressVerbs
	PushVerbs
	MediaVerbs
	ContentVerbs
	ChannelVerbs
	ImportVerb
	RoutingVerbs
	OptOutVerbs
	DeadLetterVerbs
	ErasureVerbs
}

// ErasureVerbs remove persons. PlanErasure changes nothing.
type ErasureVerbs interface {
	PlanErasure(ctx context.Context, address conversations.Address) (conversations.Erasure, error)
	BeginErasure(ctx context.Context, caller bridge.Caller, address conversations.Address, compact bool) (conversations.Erasure, error)
}

// DeadLetterVerbs say what becomes of what was given up.
type DeadLetterVerbs interface {
	Redrive(ctx context.Context, letter int64) (conversations.DeadLetter, error)
	// RedriveMany takes up to limit of them up, from behind one; of 0, from the first.
	RedriveMany(ctx context.Context, f conversations.DeadLetterFilter, after int64, limit int) (bridge.Redriven, error)
	Discard(ctx context.Context, caller bridge.Caller, letter int64, reason string) (conversations.DeadLetter, error)
}

// RoutingVerbs say where inbound messages go. Explain changes nothing.
type RoutingVerbs interface {
	Explain(ctx context.Context, from conversations.Address, to []conversations.Address) (conversations.Routing, error)
	Reroute(ctx context.Context, seq int64) (conversations.InboundRecord, error)
}

// OptOutVerbs say to whom nothing is sent.
type OptOutVerbs interface {
	AddOptOut(ctx context.Context, caller bridge.Caller, address, proxy conversations.Address) (conversations.OptOut, error)
	LiftOptOut(ctx context.Context, caller bridge.Caller, seq int64) error
}

// ImportVerb stores what another installation exported.
type ImportVerb interface {
	Import(ctx context.Context, items []bridge.ImportItem, dry bool) ([]bridge.Imported, error)
}

// ConversationVerbs change conversations.
type ConversationVerbs interface {
	CreateConversation(context.Context, bridge.Caller, conversations.ServiceID, bridge.ConversationFields) (conversations.Conversation, error)
	CreateConversationWithParticipants(context.Context, bridge.Caller, conversations.ServiceID, bridge.ConversationFields, []bridge.ParticipantFields) (conversations.Conversation, error)
	UpdateConversation(context.Context, bridge.Caller, conversations.ServiceID, conversations.ConversationKey, bridge.ConversationFields) (conversations.Conversation, error)
	DeleteConversation(context.Context, bridge.Caller, conversations.ServiceID, conversations.ConversationKey) error
}

// WebhookVerbs change the webhooks of single conversations.
type WebhookVerbs interface {
	CreateWebhook(context.Context, conversations.ServiceID, conversations.ConversationKey, bridge.WebhookFields) (conversations.Webhook, error)
	UpdateWebhook(context.Context, conversations.ServiceID, conversations.ConversationKey, conversations.WebhookID, bridge.WebhookFields) (conversations.Webhook, error)
	DeleteWebhook(context.Context, conversations.ServiceID, conversations.ConversationKey, conversations.WebhookID) error
}

// UserVerbs change users.
type UserVerbs interface {
	CreateUser(context.Context, bridge.Caller, conversations.ServiceID, bridge.UserFields) (conversations.User, error)
	UpdateUser(context.Context, bridge.Caller, conversations.ServiceID, conversations.UserKey, bridge.UserFields) (conversations.User, error)
	DeleteUser(context.Context, bridge.Caller, conversations.ServiceID, conversations.UserKey) error
}

// MembershipVerbs change what a user has of one conversation.
type MembershipVerbs interface {
	UpdateMembership(context.Context, bridge.Caller, conversations.ServiceID, conversations.UserKey, conversations.ConversationKey, bridge.ParticipantFields) (conversations.Membership, error)
	LeaveConversation(context.Context, bridge.Caller, conversations.ServiceID, conversations.UserKey, conversations.ConversationKey) error
}

// RoleVerbs change roles.
type RoleVerbs interface {
	CreateRole(context.Context, conversations.ServiceID, bridge.RoleFields) (conversations.Role, error)
	UpdateRole(context.Context, conversations.ServiceID, conversations.RoleID, bridge.RoleFields) (conversations.Role, error)
	DeleteRole(context.Context, conversations.ServiceID, conversations.RoleID) error
}

// ServiceVerbs change services and their settings.
type ServiceVerbs interface {
	CreateService(ctx context.Context, friendlyName string) (conversations.Service, error)
	DeleteService(context.Context, conversations.ServiceID) error
	UpdateService(context.Context, conversations.ServiceID, bridge.ServiceFields) (conversations.Service, error)
	UpdateNotifications(context.Context, conversations.ServiceID, bridge.NotificationFields) (conversations.Service, error)
	UpdateServiceWebhooks(context.Context, conversations.ServiceID, bridge.WebhooksFields) (conversations.Service, error)
}

// AccountVerbs change what holds for the whole account.
type AccountVerbs interface {
	UpdateConfiguration(context.Context, bridge.ConfigurationFields) (conversations.Configuration, error)
	UpdateWebhooks(context.Context, bridge.WebhooksFields) (conversations.Configuration, error)
}

// AddressVerbs change address configurations.
type AddressVerbs interface {
	CreateAddressConfiguration(context.Context, bridge.AddressFields) (autocreate.Configuration, error)
	UpdateAddressConfiguration(context.Context, autocreate.Key, bridge.AddressFields) (autocreate.Configuration, error)
	DeleteAddressConfiguration(context.Context, autocreate.Key) error
}

// PushVerbs change what push notifications need.
type PushVerbs interface {
	CreateCredential(context.Context, bridge.CredentialFields) (conversations.Credential, error)
	UpdateCredential(context.Context, conversations.CredentialID, bridge.CredentialFields) (conversations.Credential, error)
	DeleteCredential(context.Context, conversations.CredentialID) error
	DeletePushBinding(context.Context, conversations.ServiceID, conversations.PushBindingID) error
}

// ParticipantVerbs change participants.
type ParticipantVerbs interface {
	AddParticipant(context.Context, bridge.Caller, conversations.ServiceID, conversations.ConversationKey, bridge.ParticipantFields) (conversations.Participant, error)
	UpdateParticipant(context.Context, bridge.Caller, conversations.ServiceID, conversations.ConversationKey, conversations.ParticipantKey, bridge.ParticipantFields) (conversations.Participant, error)
	RemoveParticipant(context.Context, bridge.Caller, conversations.ServiceID, conversations.ConversationKey, conversations.ParticipantKey) error
}

// MessageVerbs change messages.
type MessageVerbs interface {
	CreateMessage(context.Context, bridge.Caller, conversations.ServiceID, conversations.ConversationKey, bridge.MessageFields) (conversations.Message, error)
	UpdateMessage(context.Context, bridge.Caller, conversations.ServiceID, conversations.ConversationKey, conversations.MessageID, bridge.MessageFields) (conversations.Message, error)
	DeleteMessage(context.Context, bridge.Caller, conversations.ServiceID, conversations.ConversationKey, conversations.MessageID) error
}

// MediaVerbs change files.
type MediaVerbs interface {
	AddMedia(context.Context, conversations.ServiceID, bridge.MediaFields) (conversations.MediaFile, error)
}

// ChannelVerbs change conversations as the Chat API has them.
type ChannelVerbs interface {
	MigrateChannel(context.Context, bridge.Caller, conversations.ServiceID, conversations.ConversationKey, *conversations.MessagingServiceID) (conversations.ChatChannel, error)
}

// ContentVerbs change contents.
type ContentVerbs interface {
	CreateContent(context.Context, conversations.Content) (conversations.Content, error)
	ApproveContent(context.Context, conversations.ContentID, conversations.Approval) (conversations.Content, error)
	DeleteContent(context.Context, conversations.ContentID) error
}

// Queries are what is only read. *store.DB answers them all. What is looked for
// and not there is a *conversations.Error with conversations.NotFound; the
// entries of a list are in the list's own order, whichever way it is walked.
type Queries interface {
	ConversationQueries
	ParticipantQueries
	MessageQueries
	MediaQueries
	ReceiptQueries
	WebhookQueries
	UserQueries
	RoleQueries
	ServiceQueries
	AddressQueries
	PushQueries
	ContentQueries
	ExportQueries
	OperationQueries
	OptOutQueries
	ErasureQueries
	SearchQueries
	EventQueries
	EventWatcher
	InboxQueries
}

// ErasureQueries read how far the erasures of persons have come.
type ErasureQueries interface {
	Erasure(ctx context.Context, seq int64) (conversations.Erasure, error)
}

// ServiceQueries read services, and what holds for the whole account.
type ServiceQueries interface {
	Service(context.Context, conversations.ServiceID) (conversations.Service, error)
	DefaultService(context.Context) (conversations.Service, error)
	Services(context.Context, conversations.Page) (conversations.Listing[conversations.Service], error)
	Configuration(context.Context) (conversations.Configuration, error)
}

// RoleQueries read roles.
type RoleQueries interface {
	Role(context.Context, conversations.ServiceID, conversations.RoleID) (conversations.Role, error)
	Roles(context.Context, conversations.ServiceID, conversations.Page) (conversations.Listing[conversations.Role], error)
}

// UserQueries read users, and the conversations of users and other persons.
type UserQueries interface {
	User(context.Context, conversations.ServiceID, conversations.UserKey) (conversations.User, error)
	Users(context.Context, conversations.ServiceID, conversations.Page) (conversations.Listing[conversations.User], error)
	Membership(ctx context.Context, service conversations.ServiceID, identity string, key conversations.ConversationKey) (conversations.Membership, error)
	Memberships(context.Context, conversations.ServiceID, conversations.Person, conversations.Page) (conversations.Listing[conversations.Membership], error)
}

// WebhookQueries read the webhooks of single conversations.
type WebhookQueries interface {
	Webhook(context.Context, conversations.ConversationID, conversations.WebhookID) (conversations.Webhook, error)
	Webhooks(context.Context, conversations.ConversationID, conversations.Page) (conversations.Listing[conversations.Webhook], error)
}

// AddressQueries read address configurations.
type AddressQueries interface {
	AddressConfiguration(context.Context, autocreate.Key) (autocreate.Configuration, error)
	AddressConfigurations(context.Context, conversations.ChannelType, conversations.Page) (conversations.Listing[autocreate.Configuration], error)
}

// PushQueries read what push notifications need.
type PushQueries interface {
	Credential(context.Context, conversations.CredentialID) (conversations.Credential, error)
	Credentials(context.Context, conversations.Page) (conversations.Listing[conversations.Credential], error)
	PushBinding(context.Context, conversations.ServiceID, conversations.PushBindingID) (conversations.PushBinding, error)
	PushBindings(context.Context, conversations.ServiceID, conversations.PushBindingFilter, conversations.Page) (conversations.Listing[conversations.PushBinding], error)
}

// ConversationQueries read conversations.
type ConversationQueries interface {
	Conversation(context.Context, conversations.ServiceID, conversations.ConversationKey) (conversations.Conversation, error)
	Conversations(context.Context, conversations.ServiceID, conversations.ConversationFilter, conversations.Page) (conversations.Listing[conversations.Conversation], error)
}

// ParticipantQueries read participants.
type ParticipantQueries interface {
	Participant(context.Context, conversations.ConversationID, conversations.ParticipantKey) (conversations.Participant, error)
	Participants(context.Context, conversations.ConversationID, conversations.Page) (conversations.Listing[conversations.Participant], error)
}

// MessageQueries read messages and how far their deliveries have come.
type MessageQueries interface {
	Message(context.Context, conversations.ConversationID, conversations.MessageID) (conversations.Message, error)
	Messages(context.Context, conversations.ConversationID, conversations.Page) (conversations.Listing[conversations.Message], error)
	DeliveryCounts(context.Context, conversations.ConversationID, []conversations.MessageID) (map[conversations.MessageID]receipts.Counts, error)
}

// MediaQueries read what is known of files.
type MediaQueries interface {
	Media(context.Context, conversations.ServiceID, conversations.MediaID) (conversations.MediaFile, error)
	// AnyMedia finds a file of whatever service.
	AnyMedia(context.Context, conversations.MediaID) (conversations.MediaFile, error)
}

// Files are the bytes of the media. *media.Directory is one.
type Files interface {
	// Keep writes a file, of the type that its sender states.
	Keep(r io.Reader, stated string) (media.Kept, error)
	Open(id conversations.MediaID) (io.ReadSeekCloser, error)
	Remove(id conversations.MediaID) error
}

// ReceiptQueries read the receipts of one message.
type ReceiptQueries interface {
	Receipt(context.Context, conversations.ConversationID, conversations.MessageID, conversations.DeliveryID) (conversations.Delivery, error)
	Receipts(context.Context, conversations.ConversationID, conversations.MessageID, conversations.Page) (conversations.Listing[conversations.Delivery], error)
}

// ContentQueries read contents.
type ContentQueries interface {
	Content(context.Context, conversations.ContentID) (conversations.Content, error)
	Contents(context.Context, conversations.Page) (conversations.Listing[conversations.Content], error)
}

// ExportQueries read what is known beside the resources of a conversation.
type ExportQueries interface {
	// InboundOf returns the carrier's message that became a message.
	InboundOf(context.Context, conversations.MessageID) (conversations.InboundRecord, error)
	// ReceiptsAfter returns up to limit receipts of a conversation from behind one
	// of them; of the zero one, from the first.
	ReceiptsAfter(ctx context.Context, c conversations.ConversationID, after conversations.Delivery, limit int) ([]conversations.Delivery, error)
}

// OperationQueries read what an operator needs and the reference does not show.
type OperationQueries interface {
	// Deliveries are listed newest first.
	Deliveries(context.Context, conversations.DeliveryFilter, conversations.Page) (conversations.Listing[conversations.DeliveryEntry], error)
	DeliveryDetail(context.Context, conversations.DeliveryID) (conversations.DeliveryDetail, error)
	// MessageTrace is the way of a message, with up to limit of its deliveries.
	MessageTrace(ctx context.Context, id conversations.MessageID, limit int) (conversations.MessageTrace, error)
	DeadLetter(ctx context.Context, seq int64) (conversations.DeadLetter, error)
	DeadLetters(context.Context, conversations.DeadLetterFilter, conversations.Page) (conversations.Listing[conversations.DeadLetter], error)
	Unrouted(context.Context, conversations.Page) (conversations.Listing[conversations.InboundRecord], error)
	AliasConflicts(context.Context, conversations.Page) (conversations.Listing[conversations.AliasConflict], error)
	// Windows are those of all pairs, or of one conversation's.
	Windows(context.Context, conversations.ConversationID, conversations.Page) (conversations.Listing[conversations.Window], error)
}

// OptOutQueries read to whom nothing is sent.
type OptOutQueries interface {
	OptOut(ctx context.Context, seq int64) (conversations.OptOut, error)
	OptOuts(context.Context, conversations.Page) (conversations.Listing[conversations.OptOut], error)
}

// SearchQueries look for resources by their words.
type SearchQueries interface {
	Search(context.Context, conversations.SearchQuery, conversations.Page) (conversations.Listing[conversations.SearchHit], error)
}

// EventQueries read what has happened. An error is conversations.Gone where events
// are not kept any more that were asked for.
type EventQueries interface {
	// EventsAfter returns up to limit events beyond a place.
	EventsAfter(ctx context.Context, after conversations.Cursor, limit int) (conversations.EventBatch, error)
	// EventServices returns the services of the conversations of events, as far as they
	// are known.
	EventServices(context.Context, []conversations.Event) (map[conversations.ConversationID]conversations.ServiceID, error)
	// CheckEvents refuses a place that events cannot be read from.
	CheckEvents(ctx context.Context, at conversations.Cursor) error
	// EventsKept is the place beyond which all events are kept, and LastEvent the one
	// beyond which there are none yet.
	EventsKept(context.Context) (conversations.Cursor, error)
	LastEvent(context.Context) (conversations.Cursor, error)
}

// EventWatcher says that something happens.
type EventWatcher interface {
	WatchEvents() conversations.EventWatch
}

// InboxQueries list conversations for operators.
type InboxQueries interface {
	Inbox(context.Context, conversations.InboxFilter, conversations.Page) (conversations.Listing[conversations.InboxEntry], error)
}
