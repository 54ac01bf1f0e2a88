package api

import (
	"context"

	"bridged/conversations"
	"bridged/twilio"
)

// stateAll asks for deliveries of every state, as leaving State out does.
const stateAll = "all"

// listDeliveries lists deliveries, newest first: what failed or waits, or all. The
// reference lists only the receipts of one message (page 14).
func (s *server) listDeliveries(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page := q.ReadPage(twilio.MaxOperations)
	page.KeepFrom(q, "State", "Channel", "ErrorCode", "Since", "Address", "ConversationSid", "MessageSid")
	f, err := readDeliveryFilter(q)
	if err != nil {
		return reply{}, err
	}
	return paged(c, q, page, "deliveries", s.operationsURL("deliveries"), s.showDeliveryEntry,
		func(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.DeliveryEntry], error) {
			return s.cfg.Store.Deliveries(ctx, f, p)
		})
}

// readDeliveryFilter reads which deliveries are wanted.
func readDeliveryFilter(q *twilio.Form) (f conversations.DeliveryFilter, err error) {
	if state := q.Lower("State"); state != nil && *state != stateAll {
		switch f.State = conversations.DeliveryState(*state); f.State {
		case conversations.DeliveriesFailed, conversations.DeliveriesWaiting:
		default:
			return f, twilio.Invalid("State must be failed, waiting or all")
		}
	}
	if channel := q.String("Channel"); channel != nil {
		f.Channel = *channel
	}
	if code := q.Int("ErrorCode"); code != nil {
		f.ErrorCode = int(*code)
	}
	if since := q.Date("Since"); since != nil {
		f.Since = *since
	}
	if address := q.Address("Address"); address != nil {
		f.Address = *address
	}
	if id := twilio.FormSID[conversations.ConversationID](q, "ConversationSid",
		twilio.Invalid("ConversationSid must be CH and 32 hexadecimal digits")); id != nil {
		f.Conversation = *id
	}
	if id := twilio.FormSID[conversations.MessageID](q, "MessageSid",
		twilio.Invalid("MessageSid must be IM and 32 hexadecimal digits")); id != nil {
		f.Message = *id
	}
	return f, q.Err()
}
