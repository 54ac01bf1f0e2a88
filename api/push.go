package api

import (
	"context"
	"net/http"
	"strings"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

func (s *server) createCredential(c *call) (reply, error) {
	fields, err := credentialFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusCreated, shown(c.scope.Credential), func(ctx context.Context) (conversations.Credential, error) {
		return s.cfg.Bridge.CreateCredential(ctx, fields)
	})
}

func (s *server) updateCredential(c *call) (reply, error) {
	id, err := pathSID[conversations.CredentialID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	fields, err := credentialFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.Credential), func(ctx context.Context) (conversations.Credential, error) {
		return s.cfg.Bridge.UpdateCredential(ctx, id, fields)
	})
}

func (s *server) deleteCredential(c *call) (reply, error) {
	id, err := pathSID[conversations.CredentialID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	return remove(c, func(ctx context.Context) error { return s.cfg.Bridge.DeleteCredential(ctx, id) })
}

func (s *server) fetchCredential(c *call) (reply, error) {
	id, err := pathSID[conversations.CredentialID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.Credential(c.Context(), id)
	return fetched(c.scope.Credential, found, err)
}

func (s *server) listCredentials(c *call) (reply, error) {
	return listed(c, twilio.MaxCredentials, "credentials", c.scope.CredentialsURL(), c.scope.Credential, s.cfg.Store.Credentials)
}

func credentialFields(c *call) (bridge.CredentialFields, error) {
	f, err := c.form()
	if err != nil {
		return bridge.CredentialFields{}, err
	}
	return bridge.CredentialFields{
		Type:         twilio.Word[conversations.PushType](f, "Type"),
		FriendlyName: f.String("FriendlyName"),
		Sandbox:      f.Bool("Sandbox"),
		Certificate:  f.String("Certificate"),
		PrivateKey:   f.String("PrivateKey"),
		APIKey:       f.String("ApiKey"),
		Secret:       f.String("Secret"),
	}, f.Err()
}

func (s *server) fetchBinding(c *call) (reply, error) {
	id, err := pathSID[conversations.PushBindingID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.PushBinding(c.Context(), c.scope.Service, id)
	return fetched(c.scope.Binding, found, err)
}

func (s *server) deleteBinding(c *call) (reply, error) {
	id, err := pathSID[conversations.PushBindingID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	return remove(c, func(ctx context.Context) error {
		return s.cfg.Bridge.DeletePushBinding(ctx, c.scope.Service, id)
	})
}

func (s *server) listBindings(c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	page, filter := q.ReadPage(twilio.MaxPushBindings), conversations.PushBindingFilter{}
	if types := q.Strings("BindingType"); types != nil {
		for _, t := range *types {
			filter.Types = append(filter.Types, conversations.PushType(strings.ToLower(t)))
			page.Keep("BindingType", t)
		}
	}
	if identities := q.Strings("Identity"); identities != nil {
		filter.Identities = *identities
		for _, identity := range *identities {
			page.Keep("Identity", identity)
		}
	}
	if len(filter.Types)+len(filter.Identities) > maxFilter {
		return reply{}, twilio.Invalid("at most %d values of BindingType and Identity can be given", maxFilter)
	}
	return paged(c, q, page, "bindings", c.scope.URL("Bindings"), c.scope.Binding,
		func(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.PushBinding], error) {
			return s.cfg.Store.PushBindings(ctx, c.scope.Service, filter, p)
		})
}

// maxFilter bounds how many values a filter may have: each is a parameter of the
// query.
const maxFilter = 100
