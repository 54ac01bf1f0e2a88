package conversations

import "time"

// AuthorSystem is the author of a message that names none (page 04).
const AuthorSystem = "system"

// Media refers to a file that came with a message. Until it is fetched only the
// carrier has its bytes. Its message shows what came of that when no file of the
// message is being fetched any more.
type Media struct {
	ID          MediaID
	URL         string // where the carrier keeps it, if it said so
	ProviderID  string // the carrier's name for it, if it has one
	ContentType string
	Filename    string
	Size        int64 // in bytes; 0 when the carrier did not say
	Category    MediaCategory
	State       MediaState
}

// Message is one entry of a conversation (page 04). Indices of a conversation
// start at 0 and have no gaps, but where messages were imported without those
// that had been deleted before.
type Message struct {
	ID               MessageID
	Conversation     ConversationID
	Index            int64
	Author           string
	Participant      *ParticipantID // nil when the author is no participant
	Body             *string
	Subject          *string
	Media            []Media
	Content          *MessageContent // nil when it was made of none
	Attributes       string
	Created, Updated time.Time
}

// Fetching says whether a file of the message is being fetched.
func (m Message) Fetching() bool {
	for _, f := range m.Media {
		if !f.State.Settled() {
			return true
		}
	}
	return false
}

// Empty says whether the message has neither text nor a file whose bytes are here.
func (m Message) Empty() bool {
	if m.Body != nil && *m.Body != "" {
		return false
	}
	for _, f := range m.Media {
		if f.State == MediaKept {
			return false
		}
	}
	return true
}

// MessageContent says of which content a message was made. The content may be
// gone since.
type MessageContent struct {
	ID        ContentID
	Variables map[string]string // the values of all of its variables
}

// Inbound is a message from a carrier in normal form, as an adapter hands it
// over: nothing in it depends on which carrier it was.
type Inbound struct {
	Channel    string    // name of the channel that received it
	ProviderID string    // the carrier's id of the message: repeats have the same
	From       Address   // the person
	To         Address   // the proxy address of ours
	Others     []Address // further receivers, of a group message
	Names      []Address // other names of the person, as the carrier told them
	// ProfileName is what the person is called by their own choice; empty where the
	// carrier does not say. Anybody can take any.
	ProfileName string
	Body        string
	// Keyword is what the carrier says that the message asks for; KeywordNone where it
	// does not say.
	Keyword Keyword
	Media   []Media
	SentAt  time.Time // by the carrier's clock; zero when it did not say
	// Attributes are what of it is more than text and files, as a JSON object: which
	// button was tapped, where a place is. Empty for none. They are shown to
	// everybody in the conversation, so that nothing in them tells who wrote.
	Attributes string
	// ReplyTo is the carrier's id of the message that it answers; empty for none. It
	// is never shown: carriers put numbers into their ids.
	ReplyTo string
	// Notes are sentences about what of it could not be kept as it came. They hold
	// no text of the message.
	Notes []string
}

// InboundState is what became of an accepted inbound message.
type InboundState int

// What becomes of an inbound message. The numbers are stored.
const (
	InboundPending  InboundState = 0
	InboundAppended InboundState = 1
	InboundUnrouted InboundState = 2
	InboundDropped  InboundState = 3 // a group message that is there already, or our own come back
	InboundCalled   InboundState = 4 // an inbound webhook hears of it, and no conversation has it
	InboundObeyed   InboundState = 5 // it was a keyword, such as STOP, and nobody is shown it
)

// InboundRecord is an inbound message as it was accepted.
type InboundRecord struct {
	Inbound
	Seq      int64 // order of acceptance
	MatchKey string
	CopyKey  string // of a group message: its other copies have the same; else empty
	Received time.Time
	State    InboundState
	Reason   string // why it is unrouted, or what it did as a keyword
	Effect   KeywordEffect
}
