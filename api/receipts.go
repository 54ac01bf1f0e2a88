package api

import (
	"context"

	"bridged/conversations"
	"bridged/twilio"
)

func (s *server) fetchReceipt(c *call) (reply, error) {
	id, err := pathSID[conversations.DeliveryID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	of, err := s.message(c, "MessageSid")
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.Receipt(c.Context(), of.Conversation, of.ID, id)
	return fetched(c.scope.Receipt, found, err)
}

func (s *server) listReceipts(c *call) (reply, error) {
	of, err := s.message(c, "MessageSid")
	if err != nil {
		return reply{}, err
	}
	return listed(c, twilio.MaxDeliveryReceipts, "delivery_receipts", c.scope.ReceiptsURL(of.Conversation, of.ID), c.scope.Receipt,
		func(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.Delivery], error) {
			return s.cfg.Store.Receipts(ctx, of.Conversation, of.ID, p)
		})
}
