package bridge

import (
	"context"
	"slices"
	"strings"

	"bridged/conversations"
)

// The limits of a conversation's webhooks (page 13).
const (
	maxWebhooks = 5
	maxTriggers = 5
)

// CreateWebhook adds a listener to a conversation (page 13).
func (b *Bridge) CreateWebhook(ctx context.Context, service conversations.ServiceID, key conversations.ConversationKey, f WebhookFields) (conversations.Webhook, error) {
	now := b.now()
	w := conversations.Webhook{
		ID: conversations.NewID[conversations.WebhookID](now), Method: "POST", ReplayAfter: f.ReplayAfter,
		Created: now, Updated: now,
	}
	if f.Target == nil || *f.Target == "" {
		return w, conversations.Refuse(conversations.WebhookTargetMissing, "Target must be webhook, trigger or studio")
	}
	if f.ReplayAfter != nil && *f.ReplayAfter < 0 {
		return w, conversations.Refuse(conversations.InvalidParameter, "Configuration.ReplayAfter must be the index of a message")
	}
	w.Target = *f.Target
	applyWebhook(&w, f)
	if err := b.checkWebhook(w); err != nil {
		return w, err
	}
	return change(ctx, b, func(tx Tx) (conversations.Webhook, error) {
		c, err := openConversation(tx, service, key)
		if err != nil {
			return w, err
		}
		n, err := tx.CountWebhooks(c.ID)
		if err != nil {
			return w, err
		}
		if n >= maxWebhooks {
			return w, conversations.Refuse(conversations.TooManyWebhooks, "a conversation has at most %d", maxWebhooks)
		}
		w.Conversation = c.ID
		if err := b.listenFrom(tx, c, &w); err != nil {
			return w, err
		}
		if err := tx.InsertWebhook(&w); err != nil {
			return w, err
		}
		return w, nil
	})
}

// UpdateWebhook changes the fields that are given.
func (b *Bridge) UpdateWebhook(ctx context.Context, service conversations.ServiceID, key conversations.ConversationKey, id conversations.WebhookID, f WebhookFields) (conversations.Webhook, error) {
	return change(ctx, b, func(tx Tx) (conversations.Webhook, error) {
		c, err := openConversation(tx, service, key)
		if err != nil {
			return conversations.Webhook{}, err
		}
		w, err := tx.FindWebhook(c.ID, id)
		if err != nil {
			return w, err
		}
		applyWebhook(&w, f)
		if err := b.checkWebhook(w); err != nil {
			return w, err
		}
		w.Updated = b.now()
		return w, tx.UpdateWebhook(w)
	})
}

// DeleteWebhook removes a listener from its conversation.
func (b *Bridge) DeleteWebhook(ctx context.Context, service conversations.ServiceID, key conversations.ConversationKey, id conversations.WebhookID) error {
	return remove(ctx, b, func(tx Tx) error {
		c, err := tx.FindConversation(service, key)
		if err != nil {
			return err
		}
		if _, err := tx.FindWebhook(c.ID, id); err != nil {
			return err
		}
		return tx.DeleteWebhook(id)
	})
}

// applyWebhook sets what is given. The keywords of a trigger may come as its
// filters too: the reference's own example changes them so (page 13).
func applyWebhook(w *conversations.Webhook, f WebhookFields) {
	set(&w.URL, f.URL)
	set(&w.Method, f.Method)
	set(&w.Flow, f.Flow)
	set(&w.Triggers, f.Triggers)
	switch {
	case w.Target != conversations.TargetTrigger:
		set(&w.Filters, f.Filters)
	case f.Filters != nil && f.Triggers == nil:
		w.Triggers = nil
		for _, keyword := range *f.Filters {
			w.Triggers = append(w.Triggers, string(keyword))
		}
	}
}

func (b *Bridge) checkWebhook(w conversations.Webhook) error {
	switch w.Target {
	case conversations.TargetWebhook:
		return firstError(checkListener(w), checkFilters(w.Filters))
	case conversations.TargetTrigger:
		return firstError(checkListener(w), checkTriggers(w.Triggers))
	case conversations.TargetStudio:
		if !slices.Contains(b.cfg.Flows, w.Flow) {
			return conversations.Refuse(conversations.WebhookFlowInvalid,
				"the configuration's [studio] table has no URL for this flow in Configuration.FlowSid")
		}
		return nil
	}
	return conversations.Refuse(conversations.WebhookTargetInvalid, "Target must be webhook, trigger or studio")
}

func checkListener(w conversations.Webhook) error {
	switch {
	case w.URL == "":
		return conversations.Refuse(conversations.WebhookURLMissing, "give Configuration.Url")
	case !isMethod(w.Method):
		return conversations.Refuse(conversations.InvalidParameter, "Configuration.Method must be GET or POST")
	}
	return firstError(
		checkLength(&w.URL, maxURL, conversations.WebhookURLTooLong),
		conversations.CheckURL("Configuration.Url", w.URL),
	)
}

func checkFilters(filters []conversations.EventType) error {
	if len(filters) == 0 {
		return conversations.Refuse(conversations.WebhookFilterMissing, "give at least one event in Configuration.Filters")
	}
	for _, filter := range filters {
		if !slices.Contains(conversations.ConversationEvents(), filter) {
			return conversations.Refuse(conversations.WebhookFilterInvalid,
				"%q is no event that a conversation's webhook can hear of; only what has happened is told", filter)
		}
	}
	return nil
}

func checkTriggers(triggers []string) error {
	switch {
	case len(triggers) == 0:
		return conversations.Refuse(conversations.WebhookTriggerMissing, "give at least one keyword in Configuration.Triggers")
	case len(triggers) > maxTriggers:
		return conversations.Refuse(conversations.TooManyTriggers, "a webhook has at most %d", maxTriggers)
	}
	for _, keyword := range triggers {
		if strings.TrimSpace(keyword) == "" {
			return conversations.Refuse(conversations.WebhookTriggerInvalid, "a keyword must not be empty")
		}
		if err := checkName(&keyword, conversations.WebhookTriggerInvalid); err != nil {
			return err
		}
	}
	return nil
}
