package api

import (
	"context"
	"net/http"

	"bridged/autocreate"
	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

func (s *server) fetchConfiguration(c *call) (reply, error) {
	found, err := s.cfg.Store.Configuration(c.Context())
	return fetched(s.showConfiguration(c), found, err)
}

func (s *server) updateConfiguration(c *call) (reply, error) {
	f, err := c.form()
	if err != nil {
		return reply{}, err
	}
	fields := bridge.ConfigurationFields{
		Service: twilio.FormSID[conversations.ServiceID](f, "DefaultChatServiceSid",
			conversations.Refuse(conversations.ServiceUnknown, "DefaultChatServiceSid must be IS and 32 hexadecimal digits")),
		MessagingService: messagingService(f, "DefaultMessagingServiceSid"),
		TimerInactive:    f.Timer("DefaultInactiveTimer", conversations.TimerInactiveInvalid),
		TimerClosed:      f.Timer("DefaultClosedTimer", conversations.TimerClosedInvalid),
	}
	if err := f.Err(); err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(s.showConfiguration(c)), func(ctx context.Context) (conversations.Configuration, error) {
		return s.cfg.Bridge.UpdateConfiguration(ctx, fields)
	})
}

// showConfiguration shows the messaging service that is in use, where none was
// chosen.
func (s *server) showConfiguration(c *call) func(conversations.Configuration) twilio.Configuration {
	return func(account conversations.Configuration) twilio.Configuration {
		account.MessagingService = account.MessagingServiceAmong(s.cfg.MessagingServices)
		return c.scope.Configuration(account)
	}
}

func (s *server) fetchWebhooks(c *call) (reply, error) {
	found, err := s.cfg.Store.Configuration(c.Context())
	return fetched(c.scope.ConfigurationWebhooks, found, err)
}

func (s *server) updateWebhooks(c *call) (reply, error) {
	fields, err := webhooksFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.ConfigurationWebhooks), func(ctx context.Context) (conversations.Configuration, error) {
		return s.cfg.Bridge.UpdateWebhooks(ctx, fields)
	})
}

func (s *server) createAddress(c *call) (reply, error) {
	fields, err := addressFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusCreated, shown(c.scope.AddressConfiguration), func(ctx context.Context) (autocreate.Configuration, error) {
		return s.cfg.Bridge.CreateAddressConfiguration(ctx, fields)
	})
}

func (s *server) updateAddress(c *call) (reply, error) {
	fields, err := addressFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.AddressConfiguration), func(ctx context.Context) (autocreate.Configuration, error) {
		return s.cfg.Bridge.UpdateAddressConfiguration(ctx, addressKey(c), fields)
	})
}

func (s *server) deleteAddress(c *call) (reply, error) {
	return remove(c, func(ctx context.Context) error {
		return s.cfg.Bridge.DeleteAddressConfiguration(ctx, addressKey(c))
	})
}

func (s *server) fetchAddress(c *call) (reply, error) {
	found, err := s.cfg.Store.AddressConfiguration(c.Context(), addressKey(c))
	return fetched(c.scope.AddressConfiguration, found, err)
}

func (s *server) listAddresses(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page, kind := q.ReadPage(twilio.MaxAddresses), conversations.ChannelType("")
	if t := q.AddressType("Type"); t != nil {
		kind = *t
		page.Keep("Type", string(kind))
	}
	return paged(c, q, page, "address_configurations", c.scope.AddressesURL(), c.scope.AddressConfiguration,
		func(ctx context.Context, p conversations.Page) (conversations.Listing[autocreate.Configuration], error) {
			return s.cfg.Store.AddressConfigurations(ctx, kind, p)
		})
}

func addressKey(c *call) autocreate.Key { return twilio.ParseAddressKey(c.PathValue("Sid")) }

func addressFields(c *call) (bridge.AddressFields, error) {
	f, err := c.form()
	if err != nil {
		return bridge.AddressFields{}, err
	}
	fields := bridge.AddressFields{
		Address:      f.Address("Address"),
		Country:      f.String("AddressCountry"),
		FriendlyName: f.String("FriendlyName"),
		Creation: bridge.CreationFields{
			Enabled: f.Bool("AutoCreation.Enabled"),
			Type:    twilio.Word[autocreate.Type](f, "AutoCreation.Type"),
			Service: twilio.FormSID[conversations.ServiceID](f, "AutoCreation.ConversationServiceSid",
				conversations.Refuse(conversations.ServiceUnknown, "AutoCreation.ConversationServiceSid must be IS and 32 hexadecimal digits")),
			WebhookURL:    f.String("AutoCreation.WebhookUrl"),
			WebhookMethod: f.Upper("AutoCreation.WebhookMethod"),
			Filters:       twilio.Texts[conversations.EventType](f, "AutoCreation.WebhookFilters"),
			Flow:          f.FlowSID("AutoCreation.StudioFlowSid"),
		},
	}
	if n := f.Int("AutoCreation.StudioRetryCount"); n != nil {
		count := int(*n)
		fields.Creation.RetryCount = &count
	}
	if t := f.AddressType("Type"); t != nil {
		fields.Type = *t
	} else if c.PathValue("Sid") == "" {
		return fields, twilio.Invalid("Type is missing")
	}
	return fields, f.Err()
}
