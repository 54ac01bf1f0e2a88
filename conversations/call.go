package conversations

import "time"

// Listener is a classic inbound webhook: that of a number, or that of a messaging
// service (page 38).
type Listener struct {
	URL      string
	Method   string // POST or GET
	Fallback string // the URL that is called where the first one fails; empty for none
}

// InboundCall is an inbound message that a classic inbound webhook has yet to
// hear of.
type InboundCall struct {
	Seq     int64
	Message Inbound
	// MessagingService is the one whose webhook it is; empty: the number's own.
	MessagingService MessagingServiceID
	Created          time.Time
}

// CallAnswer is what an inbound webhook answered.
type CallAnswer struct {
	Replies []Reply
	// Refused says why the answer, or a part of it, could not be obeyed: for the
	// operator, so it holds no text of a message. Empty: all of it could.
	Refused   string
	ErrorCode int // the reference's code of Refused
}

// Reply is a message that an inbound webhook wants sent.
type Reply struct {
	From  Address // empty: the number that was written to
	To    Address // empty: the person who wrote
	Body  string
	Media []string // URLs
}
