package bridge

import (
	"context"
	"net/http"
	"slices"

	"bridged/conversations"
)

// maxURL is how many characters the URL of a webhook may have.
const maxURL = 2048

// UpdateConfiguration changes what holds for the whole account (page 10).
func (b *Bridge) UpdateConfiguration(ctx context.Context, f ConfigurationFields) (conversations.Configuration, error) {
	err := firstError(
		b.checkMessagingService(f.MessagingService),
		checkTimer(f.TimerInactive, minTimerInactive, conversations.TimerInactiveTooShort, conversations.TimerInactiveInvalid),
		checkTimer(f.TimerClosed, minTimerClosed, conversations.TimerClosedTooShort, conversations.TimerClosedInvalid),
	)
	if err != nil {
		return conversations.Configuration{}, err
	}
	return b.changeConfiguration(ctx, func(tx Tx, c *conversations.Configuration) error {
		if f.Service != nil {
			if err := checkService(tx, *f.Service); err != nil {
				return err
			}
		}
		set(&c.Service, f.Service)
		set(&c.MessagingService, f.MessagingService)
		set(&c.TimerInactive, f.TimerInactive)
		set(&c.TimerClosed, f.TimerClosed)
		return nil
	})
}

// UpdateWebhooks changes whom the account tells of its changes (page 12).
func (b *Bridge) UpdateWebhooks(ctx context.Context, f WebhooksFields) (conversations.Configuration, error) {
	if err := checkWebhooks(f); err != nil {
		return conversations.Configuration{}, err
	}
	c, err := b.changeConfiguration(ctx, func(tx Tx, c *conversations.Configuration) error {
		before := c.Webhooks
		applyWebhooks(&c.Webhooks, f)
		return listensFrom(tx, before, &c.Webhooks)
	})
	b.webhooksChanged()
	return c, err
}

func (b *Bridge) changeConfiguration(ctx context.Context, apply func(Tx, *conversations.Configuration) error) (conversations.Configuration, error) {
	return change(ctx, b, func(tx Tx) (conversations.Configuration, error) {
		c, err := tx.Configuration()
		if err != nil {
			return c, err
		}
		if err := apply(tx, &c); err != nil {
			return c, err
		}
		return c, tx.SetConfiguration(c)
	})
}

// checkService refuses a service that there is not.
func checkService(tx Tx, id conversations.ServiceID) error {
	_, err := tx.FindService(id)
	if conversations.NotFound.Is(err) {
		return conversations.Refuse(conversations.ServiceUnknown, "there is no service with this SID")
	}
	return err
}

func applyWebhooks(w *conversations.Webhooks, f WebhooksFields) {
	set(&w.Method, f.Method)
	set(&w.PreURL, f.PreURL)
	set(&w.PostURL, f.PostURL)
	set(&w.Target, f.Target)
	set(&w.Filters, f.Filters)
}

func checkWebhooks(f WebhooksFields) error {
	if f.Method != nil && !isMethod(*f.Method) {
		return conversations.Refuse(conversations.WebhooksMethodInvalid, "Method must be GET or POST")
	}
	if f.Target != nil && *f.Target != "webhook" && *f.Target != "flex" {
		return conversations.Refuse(conversations.WebhooksInvalid, "Target must be webhook or flex")
	}
	if f.Filters != nil {
		for _, filter := range *f.Filters {
			if !slices.Contains(conversations.WebhookEvents(), filter) {
				return conversations.Refuse(conversations.WebhooksInvalid, "Filters: %q is no event", filter)
			}
		}
	}
	return firstError(checkHookURL("PreWebhookUrl", f.PreURL), checkHookURL("PostWebhookUrl", f.PostURL))
}

// checkHookURL refuses what is neither empty nor the URL of a webhook.
func checkHookURL(name string, url *string) error {
	if url == nil || *url == "" {
		return nil
	}
	return firstError(
		checkLength(url, maxURL, conversations.WebhooksInvalid),
		conversations.CheckURL(name, *url),
	)
}

// isMethod says whether webhooks can be called by this method.
func isMethod(name string) bool { return name == http.MethodGet || name == http.MethodPost }
