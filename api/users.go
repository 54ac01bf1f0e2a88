package api

import (
	"context"
	"net/http"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

func (s *server) createUser(c *call) (reply, error) {
	fields, err := userFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusCreated, shown(c.scope.User), func(ctx context.Context) (conversations.User, error) {
		return s.cfg.Bridge.CreateUser(ctx, c.caller, c.scope.Service, fields)
	})
}

func (s *server) updateUser(c *call) (reply, error) {
	fields, err := userFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.User), func(ctx context.Context) (conversations.User, error) {
		return s.cfg.Bridge.UpdateUser(ctx, c.caller, c.scope.Service, userKey(c, "Sid"), fields)
	})
}

func (s *server) deleteUser(c *call) (reply, error) {
	return remove(c, func(ctx context.Context) error {
		return s.cfg.Bridge.DeleteUser(ctx, c.caller, c.scope.Service, userKey(c, "Sid"))
	})
}

func (s *server) fetchUser(c *call) (reply, error) {
	found, err := s.cfg.Store.User(c.Context(), c.scope.Service, userKey(c, "Sid"))
	return fetched(c.scope.User, found, err)
}

func (s *server) listUsers(c *call) (reply, error) {
	return listed(c, twilio.MaxUsers, "users", c.scope.URL("Users"), c.scope.User, inService(c, s.cfg.Store.Users))
}

func userKey(c *call, name string) conversations.UserKey {
	return twilio.ParseUserKey(c.PathValue(name))
}

func userFields(c *call) (bridge.UserFields, error) {
	f, err := c.form()
	if err != nil {
		return bridge.UserFields{}, err
	}
	return bridge.UserFields{
		Identity:     f.String("Identity"),
		FriendlyName: f.String("FriendlyName"),
		Attributes:   f.String("Attributes"),
		Role: twilio.FormSID[conversations.RoleID](f, "RoleSid",
			conversations.Refuse(conversations.UserRoleUnknown, "RoleSid must be RL and 32 hexadecimal digits")),
	}, f.Err()
}

func (s *server) updateUserConversation(c *call) (reply, error) {
	f, err := c.form()
	if err != nil {
		return reply{}, err
	}
	index, clearIndex := f.ReadIndex("LastReadMessageIndex")
	fields := bridge.ParticipantFields{
		LastReadIndex: index, ClearLastRead: clearIndex, LastReadAt: f.Date("LastReadTimestamp"), Muted: f.Muted("NotificationLevel"),
	}
	if err := f.Err(); err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.UserConversation), func(ctx context.Context) (conversations.Membership, error) {
		return s.cfg.Bridge.UpdateMembership(ctx, c.caller, c.scope.Service, userKey(c, "UserSid"), c.conversationKey(), fields)
	})
}

func (s *server) deleteUserConversation(c *call) (reply, error) {
	return remove(c, func(ctx context.Context) error {
		return s.cfg.Bridge.LeaveConversation(ctx, c.caller, c.scope.Service, userKey(c, "UserSid"), c.conversationKey())
	})
}

func (s *server) fetchUserConversation(c *call) (reply, error) {
	user, err := s.cfg.Store.User(c.Context(), c.scope.Service, userKey(c, "UserSid"))
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.Membership(c.Context(), c.scope.Service, user.Identity, c.conversationKey())
	return fetched(c.scope.UserConversation, found, err)
}

func (s *server) listUserConversations(c *call) (reply, error) {
	user, err := s.cfg.Store.User(c.Context(), c.scope.Service, userKey(c, "UserSid"))
	if err != nil {
		return reply{}, err
	}
	return listed(c, twilio.MaxMemberships, "conversations", c.scope.UserURL(user.ID)+"/Conversations", c.scope.UserConversation,
		s.memberships(c, conversations.Person{Identity: user.Identity}))
}

func (s *server) listParticipantConversations(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page := q.ReadPage(twilio.MaxMemberships)
	page.KeepFrom(q, "Identity", "Address")
	who, err := q.Person()
	if err != nil {
		return reply{}, err
	}
	return paged(c, q, page, "conversations", c.scope.URL("ParticipantConversations"), c.scope.ParticipantConversation,
		s.memberships(c, who))
}

// memberships is the query of what a person is in.
func (s *server) memberships(c *call, who conversations.Person) pageQuery[conversations.Membership] {
	return func(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.Membership], error) {
		return s.cfg.Store.Memberships(ctx, c.scope.Service, who, p)
	}
}
