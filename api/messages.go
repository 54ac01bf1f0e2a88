package api

import (
	"context"
	"net/http"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/receipts"
	"bridged/twilio"
)

func (s *server) createMessage(c *call) (reply, error) {
	fields, err := messageFields(c)
	if err != nil {
		return reply{}, err
	}
	// Nothing has been delivered of a message that is only being made.
	show := showMessage(c, receipts.Counts{})
	return carryOut(c, http.StatusCreated, show, func(ctx context.Context) (conversations.Message, error) {
		return s.cfg.Bridge.CreateMessage(ctx, c.caller, c.scope.Service, c.conversationKey(), fields)
	})
}

func (s *server) updateMessage(c *call) (reply, error) {
	id, err := pathSID[conversations.MessageID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	fields, err := messageFields(c)
	if err != nil {
		return reply{}, err
	}
	// An answer under an Idempotency-Key is made within the commit, where nothing
	// can be looked up, so the counts are fetched before it.
	in, err := s.conversation(c)
	if err != nil {
		return reply{}, err
	}
	counts, err := s.cfg.Store.DeliveryCounts(c.Context(), in.ID, []conversations.MessageID{id})
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, showMessage(c, counts[id]), func(ctx context.Context) (conversations.Message, error) {
		return s.cfg.Bridge.UpdateMessage(ctx, c.caller, c.scope.Service, c.conversationKey(), id, fields)
	})
}

func (s *server) deleteMessage(c *call) (reply, error) {
	id, err := pathSID[conversations.MessageID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	return remove(c, func(ctx context.Context) error {
		return s.cfg.Bridge.DeleteMessage(ctx, c.caller, c.scope.Service, c.conversationKey(), id)
	})
}

func (s *server) fetchMessage(c *call) (reply, error) {
	found, err := s.message(c, "Sid")
	if err != nil {
		return reply{}, err
	}
	counts, err := s.deliveryCounts(c, found.Conversation, found)
	if err != nil {
		return reply{}, err
	}
	return ok(c.scope.Message(found, counts[found.ID])), nil
}

func (s *server) listMessages(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page := q.ReadPage(twilio.MaxMessages)
	if order := q.Order("Order"); order != "" {
		page.Page.Descending = order == twilio.Descending
		page.Keep("Order", order)
	}
	if err := q.Err(); err != nil {
		return reply{}, err
	}
	in, err := s.conversation(c)
	if err != nil {
		return reply{}, err
	}
	listing, err := s.cfg.Store.Messages(c.Context(), in.ID, page.Page)
	if err != nil {
		return reply{}, err
	}
	counts, err := s.deliveryCounts(c, in.ID, listing.Items...)
	if err != nil {
		return reply{}, err
	}
	show := func(m conversations.Message) twilio.Message { return c.scope.Message(m, counts[m.ID]) }
	return ok(twilio.List(page, "messages", c.scope.MessagesURL(in.ID), listing, show)), nil
}

// message finds the message that the named part of the path is the SID of.
func (s *server) message(c *call, name string) (conversations.Message, error) {
	id, err := pathSID[conversations.MessageID](c, name)
	if err != nil {
		return conversations.Message{}, err
	}
	in, err := s.conversation(c)
	if err != nil {
		return conversations.Message{}, err
	}
	return s.cfg.Store.Message(c.Context(), in.ID, id)
}

// deliveryCounts are how far the deliveries of messages of one conversation are.
func (s *server) deliveryCounts(c *call, in conversations.ConversationID, messages ...conversations.Message) (map[conversations.MessageID]receipts.Counts, error) {
	ids := make([]conversations.MessageID, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	return s.cfg.Store.DeliveryCounts(c.Context(), in, ids)
}

func showMessage(c *call, counts receipts.Counts) func(conversations.Message) any {
	return func(shown conversations.Message) any { return c.scope.Message(shown, counts) }
}

func messageFields(c *call) (bridge.MessageFields, error) {
	f, err := c.form()
	if err != nil {
		return bridge.MessageFields{}, err
	}
	switch isNew := c.PathValue("Sid") == ""; { // page 04 has both of these rules
	case !isNew:
		f.Ignore("ContentSid", "ContentVariables")
	case f.String("ContentSid") != nil:
		f.Ignore("Body", "MediaSid")
	}
	return bridge.MessageFields{
		Author:           f.String("Author"),
		Body:             f.String("Body"),
		Subject:          f.String("Subject"),
		Attributes:       f.String("Attributes"),
		Media:            f.MediaSIDs("MediaSid"),
		Content:          f.ContentSID("ContentSid"),
		ContentVariables: f.ContentVariables("ContentVariables"),
		Created:          f.Created(),
		Updated:          f.Updated(),
	}, f.Err()
}
