package bridge

import (
	"time"

	"bridged/conversations"
)

// The rows of what is under way, from a carrier and to one. Tx has them all.

// InboundRows are the accepted inbound messages.
type InboundRows interface {
	// InsertInbound stores the message unless its channel has delivered one with
	// the same provider id before.
	InsertInbound(r *conversations.InboundRecord) (isNew bool, err error)
	// FindInbound returns an accepted message, and locks it.
	FindInbound(seq int64) (conversations.InboundRecord, error)
	// CopiesOf returns the finished reports of the group message that an inbound
	// message is a report of, accepted since then, first to last.
	CopiesOf(r conversations.InboundRecord, since time.Time) ([]conversations.InboundRecord, error)
	// FinishInbound records what became of it.
	FinishInbound(r conversations.InboundRecord, message conversations.MessageID) error
	// PendingInbound returns what a sender wrote that is not finished, in the order
	// in which it was accepted.
	PendingInbound(sender conversations.Address) ([]conversations.InboundRecord, error)
	// CountInbound returns how many are pending.
	CountInbound() (int, error)
}

// CallRows are the calls of inbound webhooks, and what they answered.
type CallRows interface {
	InsertInboundCall(c *conversations.InboundCall) error
	// FindInboundCall returns a call that has yet to be made, and locks it.
	FindInboundCall(seq int64) (conversations.InboundCall, error)
	DeleteInboundCall(seq int64) error
	// InsertText stores a message that is in no conversation.
	InsertText(m conversations.Message) error
}

// DeliveryRows are the deliveries.
type DeliveryRows interface {
	InsertDelivery(d *conversations.Delivery) error
	FindDelivery(id conversations.DeliveryID) (conversations.Delivery, error)
	UpdateDelivery(d conversations.Delivery) error
	// SetFiles stores what became of its files, which UpdateDelivery leaves alone.
	SetFiles(d conversations.Delivery) error
	// GroupDeliveries returns all deliveries of the group message that one is of,
	// that which it goes out with first.
	GroupDeliveries(d conversations.Delivery) ([]conversations.Delivery, error)
	// InsertDeadLetter shows something given up to the operator.
	InsertDeadLetter(l conversations.DeadLetter) error
	// MessageOf returns the message that a delivery carries, which may be in no
	// conversation.
	MessageOf(d conversations.Delivery) (conversations.Message, error)
}

// LineRows see the deliveries of one pair as a line, which is served one at a
// time and in order.
type LineRows interface {
	// PairBusy says whether any delivery of the pair is in line.
	PairBusy(pairKey string) (bool, error)
	// NextInLine returns the pair's oldest delivery that is in line.
	NextInLine(pairKey string) (d conversations.Delivery, ok bool, err error)
	// DueDeliveries returns up to limit deliveries whose due time has come,
	// oldest first, and when the next one after them is due (zero for none).
	DueDeliveries(now time.Time, limit int) (due []conversations.Delivery, next time.Time, err error)
	// InterruptedDeliveries returns those that a process that is gone has left in
	// ProgressSending, of the numbers that this process has now.
	InterruptedDeliveries() ([]conversations.Delivery, error)
	// StrandedDeliveries returns the heads of lines that are waiting without a
	// task to send them.
	StrandedDeliveries() ([]conversations.Delivery, error)
}

// AttemptRows are the attempts to hand a delivery over.
type AttemptRows interface {
	InsertAttempt(d conversations.Delivery, a conversations.Attempt) error
	UpdateAttempt(d conversations.Delivery, a conversations.Attempt) error
	// Attempts returns the attempts of a delivery, first to last.
	Attempts(d conversations.Delivery) ([]conversations.Attempt, error)
	// FindAttempt returns the delivery and attempt that the carrier knows by
	// this id.
	FindAttempt(channel, providerID string) (conversations.Delivery, conversations.Attempt, error)
	// GroupLines returns the lines in which group messages to the pair are that no
	// carrier's id is known of: under way, or of unknown outcome.
	GroupLines(pairKey string) ([]string, error)
	// UnknownAttempt returns the oldest attempt at a pair in a line whose outcome is
	// unknown still and that a report may be about, with its delivery: one that began
	// after since, or that its delivery waits for.
	UnknownAttempt(r conversations.StatusRecord, to conversations.PairLine, since time.Time) (conversations.Delivery, conversations.Attempt, error)
	// HasOtherUnknown says whether there is such an attempt of another delivery.
	HasOtherUnknown(r conversations.StatusRecord, to conversations.PairLine, since time.Time, but conversations.DeliveryID) (bool, error)
}

// StatusRows are the carriers' status reports.
type StatusRows interface {
	InsertStatus(r *conversations.StatusRecord) error
	FindStatus(seq int64) (conversations.StatusRecord, error)
	// MatchStatus records which delivery the report is about.
	MatchStatus(seq int64, d conversations.DeliveryID) error
	// EarlyStatuses returns the reports that came before anything was known of
	// their message, in order of arrival: those of a provider id, and those of a
	// pair that came after since.
	EarlyStatuses(channel, providerID, pairKey string, since time.Time) ([]conversations.StatusRecord, error)
	// DropStatuses removes up to limit early ones from before t, and counts them by
	// channel.
	DropStatuses(t time.Time, limit int) (map[string]int, error)
}
