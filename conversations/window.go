package conversations

import "time"

// Window is the time in which a person may be sent free text: some channels allow
// it only for a while after the person last wrote (page 34). It belongs to the
// pair, and outlives the pair's conversations.
type Window struct {
	Seq      int64
	MatchKey string
	Address  Address
	Proxy    Address
	// LastInbound is when the person last wrote, by the carrier's clock where it
	// tells, and never later than by ours.
	LastInbound time.Time
	OpenUntil   time.Time
	Updated     time.Time // when bridged got to know of it
	// Conversation and Participant are who has the pair now; empty where nobody has.
	Conversation ConversationID
	Participant  ParticipantID
}

// IsOpen says whether free text is allowed at a time.
func (w Window) IsOpen(at time.Time) bool { return at.Before(w.OpenUntil) }

// Way is how a delivery goes out.
type Way string

// The ways of a delivery.
const (
	WayUndecided Way = ""         // nothing was tried yet, or it is the same for every message
	WayText      Way = "text"     // as text and files
	WayForm      Way = "form"     // as its content, with buttons or whatever the channel shows
	WayTemplate  Way = "template" // as its content, which is approved: needs no window
	WayFallback  Way = "fallback" // as another template, because the window is closed
	WayNone      Way = "none"     // not at all: the channel takes such a content as a template only
)

// IsFree says whether a delivery goes out as free text or a form, which a closed
// window keeps back.
func (w Way) IsFree() bool { return w == WayText || w == WayForm }
