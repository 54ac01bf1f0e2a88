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
	return carryOut(c, http.StatusCreated, shown(c.scope.Participant), func(ctx context.Context) (conversations.Participant, error) {
		return s.cfg.Bridge.AddParticipant(ctx, c.caller, c.scope.Service, c.conversationKey(), fields)
	})
}

func (s *server) updateParticipant(c *call) (reply, error) {
	fields, err := participantFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.Participant), func(ctx context.Context) (conversations.Participant, error) {
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
	return fetched(c.scope.Participant, found, err)
}

func (s *server) listParticipants(c *call) (reply, error) {
	in, err := s.conversation(c)
	if err != nil {
		return reply{}, err
	}
	return listed(c, twilio.MaxParticipants, "participants", c.scope.ParticipantsURL(in.ID), c.scope.Participant,
		func(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.Participant], error) {
			return s.cfg.Store.Participants(ctx, in.ID, p)
		})
}

func participantKey(c *call) conversations.ParticipantKey {
	return twilio.ParseParticipantKey(c.PathValue("Sid"))
}

func participantFields(c *call) (bridge.ParticipantFields, error) {
	f, err := c.form()
	if err != nil {
		return bridge.ParticipantFields{}, err
	}
	return readParticipant(f)
}

func readParticipant(f *twilio.Form) (bridge.ParticipantFields, error) {
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
