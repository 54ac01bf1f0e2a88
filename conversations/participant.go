package conversations

import "time"

// Binding is how a participant takes part through a carrier (page 06): by the pair
// of its own address and the proxy address of ours that it writes to or, in a
// group text (page 37), by its address alone or by a projected address. What it
// does not have is empty.
type Binding struct {
	Address   Address // the participant's own
	Proxy     Address // one of ours, which the participant writes to
	Projected Address // one of ours, which stands for the participant in a group text
}

// Participant is one member of one conversation (page 06): a chat user by
// identity, or somebody on SMS or WhatsApp by a binding.
type Participant struct {
	Seq              int64
	ID               ParticipantID
	Conversation     ConversationID
	Identity         *string
	Binding          *Binding // nil for a chat participant without a projected address
	Attributes       string
	Role             *RoleID
	LastReadIndex    *int64
	LastReadAt       *time.Time
	Muted            bool // its user wants no notifications of the conversation (page 15)
	Created, Updated time.Time
}

// Native says whether the participant is reached through a carrier.
func (p Participant) Native() bool { return p.Binding != nil && p.Binding.Address != "" }

// Paired says whether the participant is known by a pair of addresses.
func (p Participant) Paired() bool { return p.Native() && p.Binding.Proxy != "" }

// Grouped says whether the participant is a member of a group text (page 37).
func (p Participant) Grouped() bool { return p.Binding != nil && p.Binding.Proxy == "" }

// Projected returns the projected address; empty where there is none.
func (p Participant) Projected() Address {
	if p.Binding == nil {
		return ""
	}
	return p.Binding.Projected
}

// InGroup returns the address by which the others of a group text see the
// participant; empty where it is in none.
func (p Participant) InGroup() Address {
	switch {
	case !p.Grouped():
		return ""
	case p.Binding.Projected != "":
		return p.Binding.Projected
	}
	return p.Binding.Address
}

// WritesAs says whether author names this participant (contract, 5).
func (p Participant) WritesAs(author string) bool {
	if p.Identity != nil && *p.Identity == author {
		return true
	}
	return p.Binding != nil && author != "" && (string(p.Binding.Address) == author || string(p.Binding.Projected) == author)
}

// ParticipantKey addresses a participant as a URL does: by ID, or by the
// identity of a chat participant. Exactly one of the two is set.
type ParticipantKey struct {
	ID       ParticipantID
	Identity string
}
