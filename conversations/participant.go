package conversations

import "time"

// Binding is how a participant outside chat is reached: the pair of its own
// address and the proxy address of ours that it writes to (page 06).
type Binding struct {
	Address Address
	Proxy   Address
}

// Participant is one member of one conversation (page 06): a chat user by
// identity, or somebody on SMS or WhatsApp by a binding.
type Participant struct {
	Seq              int64
	ID               ParticipantID
	Conversation     ConversationID
	Identity         *string
	Binding          *Binding // nil for a chat participant
	Attributes       string
	Role             *RoleID
	LastReadIndex    *int64
	LastReadAt       *time.Time
	Muted            bool // its user wants no notifications of the conversation (page 15)
	Created, Updated time.Time
}

// Native says whether the participant is reached through a carrier.
func (p Participant) Native() bool { return p.Binding != nil }

// WritesAs says whether author names this participant (contract, 5).
func (p Participant) WritesAs(author string) bool {
	if p.Identity != nil && *p.Identity == author {
		return true
	}
	return p.Binding != nil && string(p.Binding.Address) == author
}

// ParticipantKey addresses a participant as a URL does: by ID, or by the
// identity of a chat participant. Exactly one of the two is set.
type ParticipantKey struct {
	ID       ParticipantID
	Identity string
}
