package api

import (
	"context"
	"net/http"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

func (s *server) createParticipant(c *call) (reply, error) {
	fields, err := participantFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusCreated, showParticipant(c), func(ctx context.Context) (conversations.Participant, error) {
		return s.cfg.Bridge.AddParticipant(ctx, c.caller, c.scope.Service, c.conversationKey(), fields)
	})
}

func (s *server) updateParticipant(c *call) (reply, error) {
	fields, err := participantFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, showParticipant(c), func(ctx context.Context) (conversations.Participant, error) {
		return s.cfg.Bridge.UpdateParticipant(ctx, c.caller, c.scope.Service, c.conversationKey(), participantKey(c), fields)
	})
}

func (s *server) deleteParticipant(c *call) (reply, error) {
	return remove(c, func(ctx context.Context) error {
		return s.cfg.Bridge.RemoveParticipant(ctx, c.caller, c.scope.Service, c.conversationKey(), participantKey(c))
	})
}

func (s *server) fetchParticipant(c *call) (reply, error) {
	in, err := s.conversation(c)
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.Participant(c.Context(), in.ID, participantKey(c))
	if err != nil {
		return reply{}, err
	}
	return ok(c.scope.Participant(found)), nil
}

func (s *server) listParticipants(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page := q.ReadPage(twilio.MaxParticipants)
	if err := q.Err(); err != nil {
		return reply{}, err
	}
	in, err := s.conversation(c)
	if err != nil {
		return reply{}, err
	}
	listing, err := s.cfg.Store.Participants(c.Context(), in.ID, page.Page)
	if err != nil {
		return reply{}, err
	}
	return ok(twilio.List(page, "participants", c.scope.ParticipantsURL(in.ID), listing, c.scope.Participant)), nil
}

func participantKey(c *call) conversations.ParticipantKey {
	return twilio.ParseParticipantKey(c.PathValue("Sid"))
}

func showParticipant(c *call) func(conversations.Participant) any {
	return func(shown conversations.Participant) any { return c.scope.Participant(shown) }
}

func participantFields(c *call) (bridge.ParticipantFields, error) {
	f, err := c.form()
	if err != nil {
		return bridge.ParticipantFields{}, err
	}
	index, clearIndex := f.ReadIndex("LastReadMessageIndex")
	return bridge.ParticipantFields{
		Identity:   f.String("Identity"),
		Address:    f.Address("MessagingBinding.Address"),
		Proxy:      f.Address("MessagingBinding.ProxyAddress"),
		Projected:  f.Address("MessagingBinding.ProjectedAddress"),
		Attributes: f.String("Attributes"),
		Role: twilio.FormSID[conversations.RoleID](f, "RoleSid",
			conversations.Refuse(conversations.RoleUnknown, "RoleSid must be RL and 32 hexadecimal digits")),
		LastReadIndex: index,
		ClearLastRead: clearIndex,
		LastReadAt:    f.Date("LastReadTimestamp"),
		Created:       f.Created(),
		Updated:       f.Updated(),
	}, f.Err()
}
