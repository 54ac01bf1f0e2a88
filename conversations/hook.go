package conversations

// Scene is where an event happened, as far as its resource does not say: what its
// webhooks are told beside the resource (page 33).
type Scene struct {
	Service          ServiceID
	MessagingService MessagingServiceID // empty where the conversation has none
}

// Proposal is a change that is about to be made. A pre-action webhook may amend it
// or refuse it (page 33).
type Proposal struct {
	Type         EventType // one of the changes that are about to be made
	Scene        Scene
	Conversation ConversationID // empty for one that is to be created, and for a user
	Source       Source
	By           string // the author or caller, where known
	// Resource is what the change is about: as it would be after it or, for a
	// removal, as it is.
	Resource Resource
	// Origin is of a conversation that a message makes; see Event.Origin.
	Origin []Address
	// First is the message that makes a conversation.
	First *Message
	// Token is the same at every repetition of one question.
	Token string
}

// Amendment is what a pre-action webhook wants changed; nil leaves a field as it
// is. Of a conversation that is FriendlyName, of a message the others.
type Amendment struct {
	FriendlyName *string
	Body         *string
	Author       *string
	Attributes   *string
}
