package conversations

import "time"

// MessageTrace is the way of a message through bridged, as far as the times of its
// stages are stored.
type MessageTrace struct {
	Message      MessageID
	Conversation ConversationID
	Service      ServiceID
	// Inbound is what a carrier brought; nil for a message that came in another way.
	Inbound    *InboundRecord
	Appended   time.Time // routed and part of its conversation, in one commit
	Deliveries []DeliveryTrace
	More       bool // there are more deliveries than these
}

// DeliveryTrace is when a delivery reached its stages. A time is zero where it has not
// come so far, or where no carrier said.
type DeliveryTrace struct {
	Delivery
	Started   time.Time // the first attempt began
	Sent      time.Time // the carrier took its last part
	Delivered time.Time // a report said delivered, or read
	Read      time.Time
	Failed    time.Time // a report said so, or the last attempt ended
}
