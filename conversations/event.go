package conversations

import (
	"slices"
	"time"
)

// Source says through what a change came about.
type Source string

// Sources that are no channel. A channel's is its type in capitals.
const (
	SourceAPI    Source = "API"
	SourceSDK    Source = "SDK"
	SourceSystem Source = "SYSTEM"
)

// StateReason says what changed the state of a conversation (page 33).
type StateReason string

// The reasons of a change of state.
const (
	ReasonAPI   StateReason = "API"
	ReasonTimer StateReason = "TIMER"
	ReasonEvent StateReason = "EVENT" // a message
)

// EventType names a change, in the reference's words (page 33).
type EventType string

// The changes that are recorded.
const (
	ConversationAdded   EventType = "onConversationAdded"
	ConversationUpdated EventType = "onConversationUpdated"
	ConversationState   EventType = "onConversationStateUpdated"
	ConversationRemoved EventType = "onConversationRemoved"
	ParticipantAdded    EventType = "onParticipantAdded"
	ParticipantUpdated  EventType = "onParticipantUpdated"
	ParticipantRemoved  EventType = "onParticipantRemoved"
	// That a participant opted out, by STOP or at the carrier, and in again. The
	// reference has none of the two.
	ParticipantOptedOut EventType = "onParticipantOptedOut"
	ParticipantOptedIn  EventType = "onParticipantOptedIn"
	MessageAdded        EventType = "onMessageAdded"
	MessageUpdated      EventType = "onMessageUpdated"
	MessageRemoved      EventType = "onMessageRemoved"
	DeliveryUpdated     EventType = "onDeliveryUpdated"
	UserAdded           EventType = "onUserAdded"
	UserUpdated         EventType = "onUserUpdated"
	UserRemoved         EventType = "onUserRemoved" // no webhook hears of it: the reference has none
)

// StreamedEvents are those that the event stream tells: the post-action events of
// page 33, and that somebody opted out or in.
func StreamedEvents() []EventType {
	return []EventType{
		ConversationAdded, ConversationUpdated, ConversationState, ConversationRemoved,
		ParticipantAdded, ParticipantUpdated, ParticipantRemoved, ParticipantOptedOut, ParticipantOptedIn,
		MessageAdded, MessageUpdated, MessageRemoved, DeliveryUpdated, UserAdded, UserUpdated,
	}
}

// Streamed says whether the event stream tells events of the type.
func (t EventType) Streamed() bool { return slices.Contains(StreamedEvents(), t) }

// Streamed says whether the event stream tells the event.
func (e Event) Streamed() bool { return e.Type.Streamed() }

// Resource is what an event is about: the one field that is not nil.
type Resource struct {
	Conversation *Conversation
	Participant  *Participant
	Message      *Message
	Delivery     *Delivery
	User         *User
}

// Event is one change, recorded in the commit that made it.
type Event struct {
	Seq int64
	// Place is where it stands in the order of commits, in which events are read.
	Place        Cursor
	Type         EventType
	Conversation ConversationID
	Source       Source
	By           string      // the author or caller, where known
	Webhooks     bool        // the webhooks hear of it (contract, 17)
	After        Resource    // as it is after the change; as it was, for a removal
	Before       Resource    // for an update: as it was
	Reason       StateReason // of a change of state; empty for any other event
	At           time.Time
	// Origin is of a conversation that a message has made: the author of the message
	// and then its receivers, as the webhooks tell them (page 33). Of a group message
	// those are MessagingBinding.AuthorAddress and the list in
	// MessagingBinding.Address, of any other MessagingBinding.Address and
	// MessagingBinding.ProxyAddress.
	Origin []Address
}

// EventBatch is some events in the order of their commits.
type EventBatch struct {
	Events []Event
	// Unsettled says that there are more, which can be read only when transactions
	// that are under way have ended: they may add events before those.
	Unsettled bool
}

// EventWatch waits for events.
type EventWatch struct {
	// Changed returns what is closed as soon as there may be events that were not
	// there when it was called.
	Changed func() <-chan struct{}
	// Close ends the watch.
	Close func()
}
