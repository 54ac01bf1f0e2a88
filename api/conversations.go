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
	return carryOut(c, http.StatusCreated, shown(c.scope.Conversation), func(ctx context.Context) (conversations.Conversation, error) {
		return s.cfg.Bridge.CreateConversation(ctx, c.caller, c.scope.Service, fields)
	})
}

// createConversationWithParticipants answers 202 where there are participants to
// be added after the answer (page 07).
func (s *server) createConversationWithParticipants(c *call) (reply, error) {
	fields, err := conversationFields(c)
	if err != nil {
		return reply{}, err
	}
	f, err := c.form()
	if err != nil {
		return reply{}, err
	}
	var members []bridge.ParticipantFields
	if texts := f.Strings("Participant"); texts != nil {
		for _, text := range *texts {
			member, err := memberFields(text)
			if err != nil {
				return reply{}, err
			}
			members = append(members, member)
		}
	}
	status := http.StatusCreated
	if len(members) > 0 {
		status = http.StatusAccepted
	}
	return carryOut(c, status, shown(c.scope.ConversationWithParticipants), func(ctx context.Context) (conversations.Conversation, error) {
		return s.cfg.Bridge.CreateConversationWithParticipants(ctx, c.caller, c.scope.Service, fields, members)
	})
}

func memberFields(text string) (bridge.ParticipantFields, error) {
	f, err := twilio.ParseMember(text)
	if err != nil {
		return bridge.ParticipantFields{}, err
	}
	return readParticipant(f)
}

func (s *server) updateConversation(c *call) (reply, error) {
	fields, err := conversationFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.Conversation), func(ctx context.Context) (conversations.Conversation, error) {
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
	return fetched(c.scope.Conversation, found, err)
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
	return paged(c, q, page, "conversations", c.scope.ConversationsURL(), c.scope.Conversation,
		func(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.Conversation], error) {
			return s.cfg.Store.Conversations(ctx, c.scope.Service, filter, p)
		})
}

// ownKey is the conversation that a path ends with.
func ownKey(c *call) conversations.ConversationKey {
	return twilio.ParseConversationKey(c.PathValue("Sid"))
}

// conversation finds the conversation that a path below it names.
func (s *server) conversation(c *call) (conversations.Conversation, error) {
	return s.cfg.Store.Conversation(c.Context(), c.scope.Service, c.conversationKey())
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
		MessagingService: messagingService(f, "MessagingServiceSid"),
		State:            f.State("State"),
		TimerInactive:    f.Timer("Timers.Inactive", conversations.TimerInactiveInvalid),
		TimerClosed:      f.Timer("Timers.Closed", conversations.TimerClosedInvalid),
		EmailAddress:     f.String("Bindings.Email.Address"),
		EmailName:        f.String("Bindings.Email.Name"),
		Created:          f.Created(),
		Updated:          f.Updated(),
	}, f.Err()
}

func messagingService(f *twilio.Form, name string) *conversations.MessagingServiceID {
	return twilio.FormSID[conversations.MessagingServiceID](f, name,
		conversations.Refuse(conversations.MessagingServiceUnknown, "%s must be MG and 32 hexadecimal digits", name))
}
