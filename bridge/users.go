package bridge

import (
	"context"
	"strings"

	"bridged/conversations"
)

// CreateUser makes a user of a service (page 08).
func (b *Bridge) CreateUser(ctx context.Context, caller Caller, service conversations.ServiceID, f UserFields) (conversations.User, error) {
	if f.Identity == nil {
		return conversations.User{}, conversations.Refuse(conversations.IdentityMissing, "give the Identity of the user")
	}
	if err := firstError(checkIdentity(*f.Identity), checkUser(f)); err != nil {
		return conversations.User{}, err
	}
	return change(ctx, b, func(tx Tx) (conversations.User, error) {
		of, err := tx.FindService(service)
		if err != nil {
			return conversations.User{}, err
		}
		u := b.newUser(of, *f.Identity)
		if err := applyUser(tx, &u, f); err != nil {
			return u, err
		}
		created, err := tx.EnsureUser(u)
		if err != nil {
			return u, err
		}
		if !created {
			return u, conversations.Refuse(conversations.UserTaken, "the service has a user of this identity")
		}
		if err := b.record(tx, caller, conversations.UserAdded, "", conversations.Resource{User: &u}, conversations.Resource{}); err != nil {
			return u, err
		}
		return u, nil
	})
}

// UpdateUser changes the fields that are given.
func (b *Bridge) UpdateUser(ctx context.Context, caller Caller, service conversations.ServiceID, key conversations.UserKey, f UserFields) (conversations.User, error) {
	if err := checkUser(f); err != nil {
		return conversations.User{}, err
	}
	return judged(ctx, b, caller, func(tx Tx, caller Caller) (conversations.User, error) {
		u, err := tx.FindUser(service, key)
		if err != nil {
			return u, err
		}
		before := u
		u.Updated = b.now()
		if err := applyUser(tx, &u, f); err != nil {
			return u, err
		}
		if err := caller.askUser(conversations.UserUpdate, u); err != nil {
			return u, err
		}
		if err := tx.UpdateUser(u); err != nil {
			return u, err
		}
		return u, b.record(tx, caller, conversations.UserUpdated, "",
			conversations.Resource{User: &u}, conversations.Resource{User: &before})
	})
}

// DeleteUser removes a user from its service and from all conversations that it
// is in. Its messages remain.
func (b *Bridge) DeleteUser(ctx context.Context, caller Caller, service conversations.ServiceID, key conversations.UserKey) error {
	return remove(ctx, b, func(tx Tx) error {
		u, err := tx.FindUser(service, key)
		if err != nil {
			return err
		}
		participants, err := tx.ParticipantsNamed(service, u.Identity)
		if err != nil {
			return err
		}
		for _, p := range participants {
			if err := b.depart(tx, caller, p); err != nil {
				return err
			}
			if err := b.regroupWithout(tx, p); err != nil {
				return err
			}
		}
		return b.removeUser(tx, caller, u)
	})
}

func (b *Bridge) removeUser(tx Tx, caller Caller, u conversations.User) error {
	if err := tx.DeleteUser(u); err != nil {
		return err
	}
	return b.record(tx, caller, conversations.UserRemoved, "", conversations.Resource{User: &u}, conversations.Resource{})
}

// UpdateMembership changes what a user has of one of its conversations: the read
// horizon, and whether it is muted (page 15).
func (b *Bridge) UpdateMembership(ctx context.Context, caller Caller, service conversations.ServiceID, user conversations.UserKey, key conversations.ConversationKey, f ParticipantFields) (conversations.Membership, error) {
	return judged(ctx, b, caller, func(tx Tx, caller Caller) (conversations.Membership, error) {
		m, err := findMembership(tx, service, user, key)
		if err != nil {
			return m, err
		}
		key := conversations.ConversationKey{ID: m.Conversation.ID}
		if _, err := openConversation(tx, service, key); err != nil {
			return m, err
		}
		of, err := tx.FindService(service)
		if err != nil {
			return m, err
		}
		if err := b.modify(tx, caller, of, m.Conversation, &m.Participant, f); err != nil {
			return m, err
		}
		return tx.FindMembership(service, *m.Participant.Identity, key) // with what is unread now
	})
}

// LeaveConversation takes a user out of one of its conversations.
func (b *Bridge) LeaveConversation(ctx context.Context, caller Caller, service conversations.ServiceID, user conversations.UserKey, key conversations.ConversationKey) error {
	return removeJudged(ctx, b, caller, func(tx Tx, caller Caller) error {
		m, err := findMembership(tx, service, user, key)
		if err != nil {
			return err
		}
		if _, err := openConversation(tx, service, conversations.ConversationKey{ID: m.Conversation.ID}); err != nil {
			return err
		}
		return b.leave(tx, caller, m.Conversation, m.Participant)
	})
}

func findMembership(tx Tx, service conversations.ServiceID, user conversations.UserKey, key conversations.ConversationKey) (conversations.Membership, error) {
	u, err := tx.FindUser(service, user)
	if err != nil {
		return conversations.Membership{}, err
	}
	return tx.FindMembership(service, u.Identity, key)
}

// newUser is a user as an identity comes to have it.
func (b *Bridge) newUser(of conversations.Service, identity string) conversations.User {
	now := b.now()
	return conversations.User{
		ID: conversations.NewID[conversations.UserID](now), Service: of.ID, Identity: identity,
		Attributes: emptyAttributes, Role: of.UserRole, Created: now, Updated: now,
	}
}

func applyUser(tx Tx, u *conversations.User, f UserFields) error {
	if f.Role != nil && *f.Role != u.Role {
		if err := checkRole(tx, u.Service, *f.Role, conversations.RoleOfService, conversations.UserRoleUnknown); err != nil {
			return err
		}
	}
	setOptional(&u.FriendlyName, f.FriendlyName)
	set(&u.Attributes, f.Attributes)
	set(&u.Role, f.Role)
	return nil
}

func checkUser(f UserFields) error {
	return firstError(
		checkName(f.FriendlyName, conversations.FriendlyNameTooLong),
		checkAttributes(f.Attributes, maxAttributes),
	)
}

// checkIdentity refuses what cannot be the identity of a new user or participant.
func checkIdentity(identity string) error {
	switch {
	case identity == "":
		return conversations.Refuse(conversations.IdentityMissing, "the identity must not be empty")
	case looksLikeSID(identity, "US"):
		return conversations.Refuse(conversations.IdentityLikeSID, "choose an identity that does not look like a SID")
	}
	return checkName(&identity, conversations.IdentityTooLong)
}

// looksLikeSID says whether a name would be read as an ID in a URL.
func looksLikeSID(name, prefix string) bool {
	digits, ok := strings.CutPrefix(name, prefix)
	return ok && conversations.ValidID(strings.ToLower(digits))
}
