package conversations

// InboxChannel is a way in which somebody takes part in a conversation.
type InboxChannel string

// The ways to take part.
const (
	InboxSMS      InboxChannel = "sms"
	InboxWhatsApp InboxChannel = "whatsapp"
	InboxGroup    InboxChannel = "group" // a group text (page 37)
	InboxChat     InboxChannel = "chat"  // by an identity
)

// InboxFilter says which conversations are wanted. What is empty leaves none out.
type InboxFilter struct {
	Service ServiceID
	State   State
	Channel InboxChannel
	Only    []ConversationID
}

// InboxPeople is how many participants an entry of the inbox has at most.
const InboxPeople = 12

// InboxEntry is a conversation as an operator sees it in a list: with its first
// participants and its last message, which is nil where there is none.
type InboxEntry struct {
	Conversation Conversation
	Participants []Participant
	Last         *Message
}
