package conversations

import "time"

// Keyword is what a person asks of us by a message that is one word, such as STOP
// (page 31; carriers.md 2).
type Keyword string

// The keywords, by what they ask. The texts are stored.
const (
	KeywordNone  Keyword = ""
	KeywordStop  Keyword = "stop"  // no more messages from this number
	KeywordStart Keyword = "start" // messages again
	KeywordHelp  Keyword = "help"
)

// OptOutMode says who deals with the keywords of a channel.
type OptOutMode string

// The modes.
const (
	// OptOutOff takes keywords for text like any other.
	OptOutOff OptOutMode = "off"
	// OptOutCarrier obeys keywords and leaves it to the carrier to answer them.
	OptOutCarrier OptOutMode = "carrier"
	// OptOutBridged obeys keywords and answers them.
	OptOutBridged OptOutMode = "bridged"
)

// OptOutSource says how an opt-out came to be known.
type OptOutSource string

// The sources of an opt-out. They are stored.
const (
	OptOutByMessage  OptOutSource = "message"  // the person wrote STOP
	OptOutByCarrier  OptOutSource = "carrier"  // the carrier refused a send because of it
	OptOutByOperator OptOutSource = "operator" // it was added over the API
)

// OptOut is the wish of a person to get nothing more from one of our numbers. It
// is no part of a conversation, and outlives all of them.
type OptOut struct {
	Seq      int64
	MatchKey string
	Address  Address // the person, as they were known when they opted out
	Proxy    Address
	Source   OptOutSource
	Created  time.Time
}

// KeywordEffect is what a keyword has changed when its message was accepted. The
// routing of the message goes by it.
type KeywordEffect string

// The effects. The texts are stored.
const (
	EffectNone       KeywordEffect = ""            // the message is text like any other
	EffectOptedOut   KeywordEffect = "opted out"   // the pair was not opted out before
	EffectOptedIn    KeywordEffect = "opted in"    // the pair was opted out before
	EffectStillOut   KeywordEffect = "still out"   // the pair was opted out already
	EffectHelpWanted KeywordEffect = "help wanted" // the person asked for help, which we answer
)
