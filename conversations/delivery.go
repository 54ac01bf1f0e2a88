package conversations

import "time"

// Status is what is known of a delivery (page 14). The empty status is the
// reference's null: nothing is known yet.
type Status string

// The statuses of a delivery.
const (
	StatusNone        Status = ""
	StatusSent        Status = "sent"
	StatusDelivered   Status = "delivered"
	StatusRead        Status = "read"
	StatusFailed      Status = "failed"
	StatusUndelivered Status = "undelivered"
)

// Progress is where a delivery stands on its way to the carrier. Up to and
// including ProgressUnknown it is in the line of its pair: the next delivery of
// the pair waits for it.
type Progress int

// The progress of a delivery. The numbers are stored, and their order matters:
// see Progress.InLine.
const (
	ProgressHeld    Progress = -1 // files of its message are being fetched
	ProgressWaiting Progress = 0  // not handed over yet
	ProgressSending Progress = 1  // handed over, no answer yet
	ProgressRetry   Progress = 2  // refused for now; goes out again when due
	ProgressUnknown Progress = 3  // the answer was lost; decided when due (contract, 11)
	ProgressDone    Progress = 4  // answered, one way or the other
	ProgressDead    Progress = 5  // given up: a dead letter
	ProgressAlong   Progress = 6  // goes out with another delivery, in one group message
)

// InLine says whether the delivery still holds up those behind it.
func (p Progress) InLine() bool { return p < ProgressDone }

// Delivery is one message on its way to one participant outside chat. Seen from
// the reference it is a delivery receipt (page 14). A group message (page 37) is
// sent once, by the first of its deliveries, and each receiver has a receipt.
type Delivery struct {
	Seq          int64
	ID           DeliveryID
	Conversation ConversationID // empty where an inbound webhook answered with it
	Message      MessageID
	Participant  ParticipantID // empty likewise
	Channel      string        // name of the channel that carries it
	Address      Address
	Proxy        Address
	Others       []Address  // of a group message: its other receivers, ours included; else none
	Lead         DeliveryID // of a group message: the delivery that it goes out with; empty for that one itself
	Status       Status
	ErrorCode    int    // the reference's code; 0 for none
	ProviderID   string // the carrier's id of the first part
	Progress     Progress
	Attempts     int        // how many were made, over all parts
	Parts        int        // how many messages of the carrier it takes; 0 until it is first sent
	Segments     int        // how many of the air interface, likewise; 0 where the channel has none
	Due          time.Time  // of ProgressRetry and ProgressUnknown
	Reason       string     // why it was given up, could not go out, or was never tried
	Way          Way        // decided before an attempt, and kept once the carrier may have one
	Fallback     ContentID  // of WayFallback: the template
	Files        []SentFile // what became of the message's files; none until it was prepared
	Prefix       string     // what stands before the text: who speaks; mostly empty
	Notice       bool       // it answers a keyword, and goes out to whom has opted out
	Created      time.Time
	Updated      time.Time
}

// FileOutcome is what became of a file on its way to one person (contract, 8).
type FileOutcome string

// The outcomes of files.
const (
	FileKept      FileOutcome = "kept"      // it goes, without the metadata of pictures
	FileConverted FileOutcome = "converted" // a picture goes in another size or format
	FileLinked    FileOutcome = "linked"    // a link to it goes
	FileFailed    FileOutcome = "failed"    // it does not go
)

// SentFile is a file of a message on its way to one person.
type SentFile struct {
	File    MediaID // of the message
	Outcome FileOutcome
	Sent    Media  // what goes in its place, or what the link is to
	Message int    // of FileKept and FileConverted: in which of the carrier's messages with files, from 0
	MaxText int    // likewise: how long the text beside it may be, in UTF-16 code units
	Link    string // of FileLinked
	Code    int    // of FileFailed: the reference's (errors.tsv)
	Reason  string // why it is not kept
}

// Goes says whether the carrier gets a file.
func (f SentFile) Goes() bool { return f.Outcome == FileKept || f.Outcome == FileConverted }

// Outcome is how one attempt to hand a part to the carrier ended.
type Outcome string

// The outcomes of an attempt.
const (
	OutcomePending  Outcome = ""         // under way, or cut off by a crash
	OutcomeAccepted Outcome = "accepted" // the carrier has it
	OutcomeRefused  Outcome = "refused"  // the carrier does not have it
	OutcomeUnknown  Outcome = "unknown"  // nobody can say
)

// Attempt is one try to hand one part of a delivery to the carrier.
type Attempt struct {
	Number      int // counts the delivery's attempts, from 1
	Part        int // which part of the text, from 0
	Outcome     Outcome
	ProviderID  string
	Status      Status // of this part, as the carrier reports it
	ErrorCode   int
	CarrierCode string // the carrier's own code
	Detail      string // the carrier's own words
	Throttled   bool   // of OutcomeRefused: it only came too soon
	Started     time.Time
	Ended       time.Time // zero while under way
}

// StatusReport is a carrier's word on a message that it took, in normal form.
type StatusReport struct {
	Channel     string
	ProviderID  string
	Status      Status
	ErrorCode   int
	CarrierCode string
	Detail      string
	Address     Address   // whom the message went to, if the carrier says so
	Proxy       Address   // whom it came from, likewise
	Names       []Address // other names of whom it went to
	At          time.Time
}

// PairLine is a line in which messages to a pair wait: its own or, for group
// messages, that of a group.
type PairLine struct {
	Pair string // match key
	Line string
}

// StatusRecord is a status report as it was accepted.
type StatusRecord struct {
	StatusReport
	Seq      int64
	PairKey  string
	Received time.Time
	// Newest is the newest delivery that was there when it came, 0 for none and -1
	// where nobody knows.
	// It is about none behind that, also where the clock was set back.
	Newest   int64
	Delivery DeliveryID // empty until it is matched
}

// DeliveryDetail is everything that is known of a delivery: what the receipt of
// the reference leaves out.
type DeliveryDetail struct {
	Delivery
	Attempts []Attempt
	Reports  []StatusRecord
	Letter   int64 // the dead letter that waits for an operator; 0 for none
}
