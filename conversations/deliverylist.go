package conversations

import "time"

// DeliveryState is what an operator asks for in the list of deliveries.
type DeliveryState string

// The states of deliveries. The empty one is that of all.
const (
	// DeliveriesFailed have an error code, or were given up.
	DeliveriesFailed DeliveryState = "failed"
	// DeliveriesWaiting are in the line of their pair; see Progress.InLine.
	DeliveriesWaiting DeliveryState = "waiting"
)

// DeliveriesLookedAt is how many deliveries, the newest, a list looks at that is of no
// state and no conversation. No index leads to what it may choose.
const DeliveriesLookedAt = 100_000

// DeliveryFilter says which deliveries are wanted. What is zero filters nothing.
type DeliveryFilter struct {
	State        DeliveryState
	Channel      string
	ErrorCode    int
	Since        time.Time // made then or later
	Address      Address   // of the receiver, or the number of ours that it goes out from
	Conversation ConversationID
	Message      MessageID
}

// DeliveryEntry is a delivery in a list.
type DeliveryEntry struct {
	Delivery
	Letter int64 // the dead letter that waits for an operator; 0 for none
}
