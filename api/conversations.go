package api

import (
	"context"
	"net/http"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

func (s *server) createConversation(c *call) (reply, error) {
	fields, err := conversationFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusCreated, showConversation(c), func(ctx context.Context) (conversations.Conversation, error) {
		return s.cfg.Bridge.CreateConversation(ctx, c.caller, c.scope.Service, fields)
	})
}

func (s *server) updateConversation(c *call) (reply, error) {
	fields, err := conversationFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, showConversation(c), func(ctx context.Context) (conversations.Conversation, error) {
		return s.cfg.Bridge.UpdateConversation(ctx, c.caller, c.scope.Service, ownKey(c), fields)
	})
}

func (s *server) deleteConversation(c *call) (reply, error) {
	return remove(c, func(ctx context.Context) error {
		return s.cfg.Bridge.DeleteConversation(ctx, c.caller, c.scope.Service, ownKey(c))
	})
}

func (s *server) fetchConversation(c *call) (reply, error) {
	found, err := s.cfg.Store.Conversation(c.Context(), c.scope.Service, ownKey(c))
	if err != nil {
		return reply{}, err
	}
	return ok(c.scope.Conversation(found)), nil
}

func (s *server) listConversations(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page, filter := q.ReadPage(twilio.MaxConversations), conversations.ConversationFilter{}
	page.KeepFrom(q, "StartDate", "EndDate")
	if from := q.Date("StartDate"); from != nil {
		filter.From = *from
	}
	if until := q.Until("EndDate"); until != nil {
		filter.Until = *until
	}
	if state := q.State("State"); state != nil {
		filter.State = *state
		page.Keep("State", string(*state))
	}
	if err := q.Err(); err != nil {
		return reply{}, err
	}
	listing, err := s.cfg.Store.Conversations(c.Context(), c.scope.Service, filter, page.Page)
	if err != nil {
		return reply{}, err
	}
	return ok(twilio.List(page, "conversations", c.scope.ConversationsURL(), listing, c.scope.Conversation)), nil
}

// ownKey is the conversation that a path ends with.
func ownKey(c *call) conversations.ConversationKey {
	return twilio.ParseConversationKey(c.PathValue("Sid"))
}

// conversation finds the conversation that a path below it names.
func (s *server) conversation(c *call) (conversations.Conversation, error) {
	return s.cfg.Store.Conversation(c.Context(), c.scope.Service, c.conversationKey())
}

func showConversation(c *call) func(conversations.Conversation) any {
	return func(shown conversations.Conversation) any { return c.scope.Conversation(shown) }
}

func conversationFields(c *call) (bridge.ConversationFields, error) {
	f, err := c.form()
	if err != nil {
		return bridge.ConversationFields{}, err
	}
	return bridge.ConversationFields{
		FriendlyName:     f.String("FriendlyName"),
		UniqueName:       f.String("UniqueName"),
		Attributes:       f.String("Attributes"),
		MessagingService: messagingService(f),
		State:            f.State("State"),
		TimerInactive:    f.Timer("Timers.Inactive", conversations.TimerInactiveInvalid),
		TimerClosed:      f.Timer("Timers.Closed", conversations.TimerClosedInvalid),
		EmailAddress:     f.String("Bindings.Email.Address"),
		EmailName:        f.String("Bindings.Email.Name"),
		Created:          f.Created(),
		Updated:          f.Updated(),
	}, f.Err()
}
