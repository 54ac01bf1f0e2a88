package api

import (
	"context"
	"net/http"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

func (s *server) createService(c *call) (reply, error) {
	f, err := c.form()
	if err != nil {
		return reply{}, err
	}
	name := ""
	if given := f.String("FriendlyName"); given != nil {
		name = *given
	}
	return carryOut(c, http.StatusCreated, shown(c.scope.ServiceResource), func(ctx context.Context) (conversations.Service, error) {
		return s.cfg.Bridge.CreateService(ctx, name)
	})
}

func (s *server) fetchService(c *call) (reply, error) {
	found, err := s.ownService(c)
	return fetched(c.scope.ServiceResource, found, err)
}

func (s *server) deleteService(c *call) (reply, error) {
	id, err := pathSID[conversations.ServiceID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	return remove(c, func(ctx context.Context) error { return s.cfg.Bridge.DeleteService(ctx, id) })
}

func (s *server) listServices(c *call) (reply, error) {
	return listed(c, twilio.MaxServices, "services", c.scope.AccountURL("Services"), c.scope.ServiceResource, s.cfg.Store.Services)
}

// ownService finds the service that a path ends with.
func (s *server) ownService(c *call) (conversations.Service, error) {
	id, err := pathSID[conversations.ServiceID](c, "Sid")
	if err != nil {
		return conversations.Service{}, err
	}
	return s.cfg.Store.Service(c.Context(), id)
}

func (s *server) fetchServiceConfiguration(c *call) (reply, error) {
	found, err := s.cfg.Store.Service(c.Context(), c.scope.Service)
	return fetched(c.scope.ServiceConfiguration, found, err)
}

func (s *server) updateServiceConfiguration(c *call) (reply, error) {
	f, err := c.form()
	if err != nil {
		return reply{}, err
	}
	role := func(name string) *conversations.RoleID {
		return twilio.FormSID[conversations.RoleID](f, name,
			conversations.Refuse(conversations.UserRoleUnknown, "%s must be RL and 32 hexadecimal digits", name))
	}
	fields := bridge.ServiceFields{
		ConversationRole:        role("DefaultConversationRoleSid"),
		ConversationCreatorRole: role("DefaultConversationCreatorRoleSid"),
		UserRole:                role("DefaultChatServiceRoleSid"),
		Reachability:            f.Bool("ReachabilityEnabled"),
	}
	if err := f.Err(); err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.ServiceConfiguration), func(ctx context.Context) (conversations.Service, error) {
		return s.cfg.Bridge.UpdateService(ctx, c.scope.Service, fields)
	})
}

func (s *server) fetchNotifications(c *call) (reply, error) {
	found, err := s.cfg.Store.Service(c.Context(), c.scope.Service)
	return fetched(c.scope.Notifications, found, err)
}

func (s *server) updateNotifications(c *call) (reply, error) {
	f, err := c.form()
	if err != nil {
		return reply{}, err
	}
	one := func(name string) bridge.OneNotificationFields {
		return bridge.OneNotificationFields{
			Enabled: f.Bool(name + ".Enabled"), Template: f.String(name + ".Template"), Sound: f.String(name + ".Sound"),
		}
	}
	fields := bridge.NotificationFields{
		LogEnabled:              f.Bool("LogEnabled"),
		BadgeCount:              f.Bool("NewMessage.BadgeCountEnabled"),
		NewMessage:              one("NewMessage"),
		NewMessageWithMedia:     one("NewMessage.WithMedia"),
		AddedToConversation:     one("AddedToConversation"),
		RemovedFromConversation: one("RemovedFromConversation"),
	}
	if err := f.Err(); err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.Notifications), func(ctx context.Context) (conversations.Service, error) {
		return s.cfg.Bridge.UpdateNotifications(ctx, c.scope.Service, fields)
	})
}

func (s *server) fetchServiceWebhooks(c *call) (reply, error) {
	found, err := s.cfg.Store.Service(c.Context(), c.scope.Service)
	return fetched(c.scope.ServiceWebhooks, found, err)
}

func (s *server) updateServiceWebhooks(c *call) (reply, error) {
	fields, err := webhooksFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.ServiceWebhooks), func(ctx context.Context) (conversations.Service, error) {
		return s.cfg.Bridge.UpdateServiceWebhooks(ctx, c.scope.Service, fields)
	})
}

func webhooksFields(c *call) (bridge.WebhooksFields, error) {
	f, err := c.form()
	if err != nil {
		return bridge.WebhooksFields{}, err
	}
	return bridge.WebhooksFields{
		Method:  f.Upper("Method"),
		PreURL:  f.String("PreWebhookUrl"),
		PostURL: f.String("PostWebhookUrl"),
		Target:  f.Lower("Target"),
		Filters: twilio.Texts[conversations.EventType](f, "Filters"),
	}, f.Err()
}
