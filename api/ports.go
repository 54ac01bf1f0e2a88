package api

import (
	"context"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/receipts"
)

// Verbs are what changes something. *bridge.Bridge has them all.
type Verbs interface {
	ConversationVerbs
	ParticipantVerbs
	MessageVerbs
}

// ConversationVerbs change conversations.
type ConversationVerbs interface {
	CreateConversation(context.Context, bridge.Caller, conversations.ServiceID, bridge.ConversationFields) (conversations.Conversation, error)
	UpdateConversation(context.Context, bridge.Caller, conversations.ServiceID, conversations.ConversationKey, bridge.ConversationFields) (conversations.Conversation, error)
	DeleteConversation(context.Context, bridge.Caller, conversations.ServiceID, conversations.ConversationKey) error
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

// Queries are what is only read. *store.DB answers them all. What is looked for
// and not there is a *conversations.Error with conversations.NotFound; the
// entries of a list are in the list's own order, whichever way it is walked.
type Queries interface {
	ConversationQueries
	ParticipantQueries
	MessageQueries
	ReceiptQueries
	OperationQueries
	SearchQueries
}

// ConversationQueries read services and conversations.
type ConversationQueries interface {
	Service(context.Context, conversations.ServiceID) (conversations.Service, error)
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

// ReceiptQueries read the receipts of one message.
type ReceiptQueries interface {
	Receipt(context.Context, conversations.ConversationID, conversations.MessageID, conversations.DeliveryID) (conversations.Delivery, error)
	Receipts(context.Context, conversations.ConversationID, conversations.MessageID, conversations.Page) (conversations.Listing[conversations.Delivery], error)
}

// OperationQueries read what an operator needs and the reference does not show.
type OperationQueries interface {
	DeliveryDetail(context.Context, conversations.DeliveryID) (conversations.DeliveryDetail, error)
	DeadLetters(context.Context, conversations.Page) (conversations.Listing[conversations.DeadLetter], error)
	Unrouted(context.Context, conversations.Page) (conversations.Listing[conversations.InboundRecord], error)
}

// SearchQueries look for resources by their words.
type SearchQueries interface {
	Search(context.Context, conversations.SearchQuery, conversations.Page) (conversations.Listing[conversations.SearchHit], error)
}
