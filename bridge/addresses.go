package bridge

import (
	"context"
	"slices"
	"strings"

	"bridged/autocreate"
	"bridged/conversations"
)

// CreateAddressConfiguration says what one of our numbers does with a message
// that no conversation takes (page 11).
func (b *Bridge) CreateAddressConfiguration(ctx context.Context, f AddressFields) (autocreate.Configuration, error) {
	now := b.now()
	a := autocreate.Configuration{
		ID: conversations.NewID[conversations.AddressConfigurationID](now), Type: f.Type, Country: f.Country,
		Creation: autocreate.Creation{Type: autocreate.Default, WebhookMethod: "POST"},
		Created:  now, Updated: now,
	}
	if f.Address == nil || *f.Address == "" {
		return a, conversations.Refuse(conversations.AddressMissing, "give one of your numbers in Address")
	}
	if err := checkCountry(f.Country); err != nil {
		return a, err
	}
	address, err := b.ownAddress(*f.Address, f.Type)
	if err != nil {
		return a, err
	}
	a.Address = address
	return change(ctx, b, func(tx Tx) (autocreate.Configuration, error) {
		if err := b.applyAddress(tx, &a, f); err != nil {
			return a, err
		}
		_, err := tx.FindAddressConfiguration(autocreate.Key{Address: a.Address})
		switch {
		case err == nil:
			return a, conversations.Refuse(conversations.Conflict, "this address has a configuration; change that one")
		case !conversations.NotFound.Is(err):
			return a, err
		}
		if err := tx.InsertAddressConfiguration(&a); err != nil {
			return a, err
		}
		return a, nil
	})
}

// UpdateAddressConfiguration changes the fields that are given.
func (b *Bridge) UpdateAddressConfiguration(ctx context.Context, key autocreate.Key, f AddressFields) (autocreate.Configuration, error) {
	return change(ctx, b, func(tx Tx) (autocreate.Configuration, error) {
		a, err := tx.FindAddressConfiguration(key)
		if err != nil {
			return a, err
		}
		if err := b.applyAddress(tx, &a, f); err != nil {
			return a, err
		}
		a.Updated = b.now()
		return a, tx.UpdateAddressConfiguration(a)
	})
}

// DeleteAddressConfiguration removes one.
func (b *Bridge) DeleteAddressConfiguration(ctx context.Context, key autocreate.Key) error {
	return remove(ctx, b, func(tx Tx) error {
		a, err := tx.FindAddressConfiguration(key)
		if err != nil {
			return err
		}
		return tx.DeleteAddressConfiguration(a.ID)
	})
}

// ownAddress brings an address into the form in which it is kept. One that names
// no type is of the given one.
func (b *Bridge) ownAddress(address conversations.Address, t conversations.ChannelType) (conversations.Address, error) {
	if address.Type() != t {
		if strings.Contains(string(address), ":") {
			return "", conversations.Refuse(conversations.TypesDiffer, "the Address is of type %s and not of the Type %s", address.Type(), t)
		}
		address = conversations.Address(string(t) + ":" + string(address))
	}
	parsed, err := b.cfg.Channels.Parse(address)
	if err != nil || !b.owned(parsed) {
		return "", conversations.Refuse(conversations.ProxyNotOwned, "no configured channel has this address in its numbers")
	}
	return parsed, nil
}

// applyAddress sets what is given and checks the whole.
func (b *Bridge) applyAddress(tx Tx, a *autocreate.Configuration, f AddressFields) error {
	if err := checkName(f.FriendlyName, conversations.FriendlyNameTooLong); err != nil {
		return err
	}
	setOptional(&a.FriendlyName, f.FriendlyName)
	n, given := &a.Creation, f.Creation
	set(&n.Enabled, given.Enabled)
	set(&n.Type, given.Type)
	set(&n.Service, given.Service)
	set(&n.WebhookURL, given.WebhookURL)
	set(&n.WebhookMethod, given.WebhookMethod)
	set(&n.Filters, given.Filters)
	set(&n.Flow, given.Flow)
	set(&n.RetryCount, given.RetryCount)
	if given.Service != nil {
		if err := checkService(tx, *given.Service); err != nil {
			return err
		}
	}
	if err := n.Check(); err != nil {
		return err
	}
	if n.Type == autocreate.Studio && !slices.Contains(b.cfg.Flows, n.Flow) {
		return conversations.Refuse(conversations.WebhookFlowInvalid,
			"the configuration's [studio] table has no URL for this flow in AutoCreation.StudioFlowSid")
	}
	return nil
}

// checkCountry refuses what cannot be an ISO 3166-1 alpha-2 code.
func checkCountry(code *string) error {
	if code == nil || len(*code) == 2 && isUpper((*code)[0]) && isUpper((*code)[1]) {
		return nil
	}
	return conversations.Refuse(conversations.InvalidParameter, "AddressCountry must be an ISO 3166-1 alpha-2 code such as US")
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
