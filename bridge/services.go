package bridge

import (
	"context"

	"bridged/conversations"
)

// The longest words of push notifications, in characters.
const (
	maxTemplate = 2048
	maxSound    = 256
)

// CreateService makes a service with its default roles (page 21).
func (b *Bridge) CreateService(ctx context.Context, friendlyName string) (conversations.Service, error) {
	if friendlyName == "" {
		return conversations.Service{}, conversations.Refuse(conversations.FriendlyNameMissing, "give the FriendlyName of the service")
	}
	if err := checkName(&friendlyName, conversations.FriendlyNameTooLong); err != nil {
		return conversations.Service{}, err
	}
	s, roles := conversations.NewService(friendlyName, b.now())
	return change(ctx, b, func(tx Tx) (conversations.Service, error) {
		if err := tx.InsertService(&s); err != nil {
			return s, err
		}
		for _, r := range roles {
			if err := tx.InsertRole(&r); err != nil {
				return s, err
			}
		}
		return s, nil
	})
}

// DeleteService removes a service. Its conversations take no message from then on
// and are removed one after the other by PurgeService.
func (b *Bridge) DeleteService(ctx context.Context, id conversations.ServiceID) error {
	return remove(ctx, b, func(tx Tx) error {
		if _, err := tx.FindService(id); err != nil {
			return err
		}
		account, err := tx.Configuration()
		if err != nil {
			return err
		}
		if account.Service == id {
			return conversations.Refuse(conversations.Conflict, "it is the default service; make another service the default first")
		}
		if err := tx.DeleteService(id); err != nil {
			return err
		}
		return tx.Enqueue(purgeTask(id))
	})
}

// purgeBatch is how many conversations or users of a deleted service one commit
// removes.
const purgeBatch = 50

// PurgeService carries out the task of removing the conversations and then the
// users that a deleted service has left, a batch in each commit.
func (b *Bridge) PurgeService(ctx context.Context, task int64, payload []byte) error {
	id := conversations.ServiceID(payload)
	return b.commit(ctx, func(tx Tx) error {
		removed, err := b.purge(tx, id)
		if err != nil {
			return err
		}
		if removed > 0 { // there may be more
			if err := tx.Enqueue(purgeTask(id)); err != nil {
				return err
			}
		}
		return tx.Finish(task)
	})
}

func (b *Bridge) purge(tx Tx, id conversations.ServiceID) (removed int, err error) {
	caller := Caller{Source: conversations.SourceSystem}
	left, err := tx.ConversationsOf(id, purgeBatch)
	if err != nil {
		return 0, err
	}
	for _, c := range left {
		if err := b.removeConversation(tx, caller, c); err != nil {
			return 0, err
		}
	}
	if len(left) > 0 {
		return len(left), nil
	}
	users, err := tx.UsersOf(id, purgeBatch)
	if err != nil {
		return 0, err
	}
	for _, u := range users {
		if err := b.removeUser(tx, caller, u); err != nil {
			return 0, err
		}
	}
	return len(users), nil
}

// UpdateService changes the settings of a service (page 20).
func (b *Bridge) UpdateService(ctx context.Context, id conversations.ServiceID, f ServiceFields) (conversations.Service, error) {
	return b.changeService(ctx, id, func(tx Tx, s *conversations.Service) error {
		for _, r := range []struct {
			give *conversations.RoleID
			to   *conversations.RoleID
			of   conversations.RoleType
		}{
			{f.ConversationRole, &s.ConversationRole, conversations.RoleOfConversation},
			{f.ConversationCreatorRole, &s.ConversationCreatorRole, conversations.RoleOfConversation},
			{f.UserRole, &s.UserRole, conversations.RoleOfService},
		} {
			if r.give == nil {
				continue
			}
			if err := checkRole(tx, id, *r.give, r.of, conversations.UserRoleUnknown); err != nil {
				return err
			}
			*r.to = *r.give
		}
		set(&s.Reachability, f.Reachability)
		return nil
	})
}

// UpdateNotifications changes which changes are pushed to a service's users, and
// in which words (page 17).
func (b *Bridge) UpdateNotifications(ctx context.Context, id conversations.ServiceID, f NotificationFields) (conversations.Service, error) {
	kinds := []OneNotificationFields{f.NewMessage, f.NewMessageWithMedia, f.AddedToConversation, f.RemovedFromConversation}
	for _, one := range kinds {
		err := firstError(
			checkLength(one.Template, maxTemplate, conversations.TemplateTooLong),
			checkLength(one.Sound, maxSound, conversations.SoundTooLong),
		)
		if err != nil {
			return conversations.Service{}, err
		}
	}
	return b.changeService(ctx, id, func(_ Tx, s *conversations.Service) error {
		n := &s.Notifications
		set(&n.LogEnabled, f.LogEnabled)
		set(&n.BadgeCount, f.BadgeCount)
		for i, to := range []*conversations.Notification{&n.NewMessage, &n.NewMessageWithMedia, &n.AddedToConversation, &n.RemovedFromConversation} {
			set(&to.Enabled, kinds[i].Enabled)
			set(&to.Template, kinds[i].Template)
			set(&to.Sound, kinds[i].Sound)
		}
		return nil
	})
}

// UpdateServiceWebhooks changes whom a service tells of its changes, in place of
// whom the account tells (page 28).
func (b *Bridge) UpdateServiceWebhooks(ctx context.Context, id conversations.ServiceID, f WebhooksFields) (conversations.Service, error) {
	if err := checkWebhooks(f); err != nil {
		return conversations.Service{}, err
	}
	s, err := b.changeService(ctx, id, func(tx Tx, s *conversations.Service) error {
		var before conversations.Webhooks
		if s.Webhooks != nil {
			before = *s.Webhooks
		}
		w := before
		applyWebhooks(&w, f)
		if err := listensFrom(tx, before, &w); err != nil {
			return err
		}
		s.Webhooks = &w
		if w.Method == "" && w.PreURL == "" && w.PostURL == "" && len(w.Filters) == 0 {
			s.Webhooks = nil // nothing is set: the account's hold again
		}
		return nil
	})
	b.webhooksChanged()
	return s, err
}

func (b *Bridge) changeService(ctx context.Context, id conversations.ServiceID, apply func(Tx, *conversations.Service) error) (conversations.Service, error) {
	return change(ctx, b, func(tx Tx) (conversations.Service, error) {
		s, err := tx.FindService(id)
		if err != nil {
			return s, err
		}
		if err := apply(tx, &s); err != nil {
			return s, err
		}
		s.Updated = b.now()
		return s, tx.UpdateService(s)
	})
}
