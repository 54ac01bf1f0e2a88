package api

import (
	"context"
	"net/http"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

func (s *server) createWebhook(c *call) (reply, error) {
	fields, err := webhookFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusCreated, shown(c.scope.Webhook), func(ctx context.Context) (conversations.Webhook, error) {
		return s.cfg.Bridge.CreateWebhook(ctx, c.scope.Service, c.conversationKey(), fields)
	})
}

func (s *server) updateWebhook(c *call) (reply, error) {
	id, err := pathSID[conversations.WebhookID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	fields, err := webhookFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.Webhook), func(ctx context.Context) (conversations.Webhook, error) {
		return s.cfg.Bridge.UpdateWebhook(ctx, c.scope.Service, c.conversationKey(), id, fields)
	})
}

func (s *server) deleteWebhook(c *call) (reply, error) {
	id, err := pathSID[conversations.WebhookID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	return remove(c, func(ctx context.Context) error {
		return s.cfg.Bridge.DeleteWebhook(ctx, c.scope.Service, c.conversationKey(), id)
	})
}

func (s *server) fetchWebhook(c *call) (reply, error) {
	id, err := pathSID[conversations.WebhookID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	in, err := s.conversation(c)
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.Webhook(c.Context(), in.ID, id)
	return fetched(c.scope.Webhook, found, err)
}

func (s *server) listWebhooks(c *call) (reply, error) {
	in, err := s.conversation(c)
	if err != nil {
		return reply{}, err
	}
	return listed(c, twilio.MaxWebhooks, "webhooks", c.scope.WebhooksURL(in.ID), c.scope.Webhook,
		func(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.Webhook], error) {
			return s.cfg.Store.Webhooks(ctx, in.ID, p)
		})
}

func webhookFields(c *call) (bridge.WebhookFields, error) {
	f, err := c.form()
	if err != nil {
		return bridge.WebhookFields{}, err
	}
	return bridge.WebhookFields{
		Target:      twilio.Word[conversations.WebhookTarget](f, "Target"),
		URL:         f.String("Configuration.Url"),
		Method:      f.Upper("Configuration.Method"),
		Flow:        f.FlowSID("Configuration.FlowSid"),
		Filters:     twilio.Texts[conversations.EventType](f, "Configuration.Filters"),
		Triggers:    f.Strings("Configuration.Triggers"),
		ReplayAfter: f.Int("Configuration.ReplayAfter"),
	}, f.Err()
}
