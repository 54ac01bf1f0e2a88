package api

import (
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
	if err != nil {
		return reply{}, err
	}
	return ok(c.scope.Receipt(found)), nil
}

func (s *server) listReceipts(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page := q.ReadPage(twilio.MaxDeliveryReceipts)
	if err := q.Err(); err != nil {
		return reply{}, err
	}
	of, err := s.message(c, "MessageSid")
	if err != nil {
		return reply{}, err
	}
	listing, err := s.cfg.Store.Receipts(c.Context(), of.Conversation, of.ID, page.Page)
	if err != nil {
		return reply{}, err
	}
	url := c.scope.ReceiptsURL(of.Conversation, of.ID)
	return ok(twilio.List(page, "delivery_receipts", url, listing, c.scope.Receipt)), nil
}
