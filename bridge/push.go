package bridge

import (
	"context"

	"bridged/conversations"
)

// maxSecret bounds a certificate, a key or a token of a push service, in bytes.
const maxSecret = 16 << 10

// CreateCredential keeps what a push service knows the operator by (page 19).
func (b *Bridge) CreateCredential(ctx context.Context, f CredentialFields) (conversations.Credential, error) {
	now := b.now()
	d := conversations.Credential{ID: conversations.NewID[conversations.CredentialID](now), Created: now, Updated: now}
	if f.Type == nil {
		return d, conversations.Refuse(conversations.PushTypeInvalid, "give the Type: apn, fcm or gcm")
	}
	if err := applyCredential(&d, f); err != nil {
		return d, err
	}
	return change(ctx, b, func(tx Tx) (conversations.Credential, error) {
		if err := tx.InsertCredential(&d); err != nil {
			return d, err
		}
		return d, nil
	})
}

// UpdateCredential changes the fields that are given.
func (b *Bridge) UpdateCredential(ctx context.Context, id conversations.CredentialID, f CredentialFields) (conversations.Credential, error) {
	return change(ctx, b, func(tx Tx) (conversations.Credential, error) {
		d, err := tx.FindCredential(id)
		if err != nil {
			return d, err
		}
		d.Updated = b.now()
		if err := applyCredential(&d, f); err != nil {
			return d, err
		}
		return d, tx.UpdateCredential(d)
	})
}

// DeleteCredential removes a credential. Devices that were reached by it get no
// notifications any more.
func (b *Bridge) DeleteCredential(ctx context.Context, id conversations.CredentialID) error {
	return remove(ctx, b, func(tx Tx) error {
		if _, err := tx.FindCredential(id); err != nil {
			return err
		}
		return tx.DeleteCredential(id)
	})
}

func applyCredential(d *conversations.Credential, f CredentialFields) error {
	if f.Type != nil {
		switch *f.Type {
		case conversations.PushAPN, conversations.PushFCM, conversations.PushGCM:
		default:
			return conversations.Refuse(conversations.PushTypeInvalid, "Type must be apn, fcm or gcm")
		}
	}
	err := firstError(
		checkLength(f.FriendlyName, maxLabel, conversations.FriendlyNameTooLong),
		checkSecret("Certificate", f.Certificate), checkSecret("PrivateKey", f.PrivateKey),
		checkSecret("ApiKey", f.APIKey), checkSecret("Secret", f.Secret),
	)
	if err != nil {
		return err
	}
	set(&d.Type, f.Type)
	setOptional(&d.FriendlyName, f.FriendlyName)
	set(&d.Sandbox, f.Sandbox)
	set(&d.Certificate, f.Certificate)
	set(&d.PrivateKey, f.PrivateKey)
	set(&d.APIKey, f.APIKey)
	set(&d.Secret, f.Secret)
	return nil
}

func checkSecret(name string, text *string) error {
	if text == nil || len(*text) <= maxSecret {
		return nil
	}
	return conversations.Refuse(conversations.InvalidParameter, "%s has more than %d bytes", name, maxSecret)
}

// DeletePushBinding stops push notifications to one device (page 18).
func (b *Bridge) DeletePushBinding(ctx context.Context, service conversations.ServiceID, id conversations.PushBindingID) error {
	return remove(ctx, b, func(tx Tx) error {
		if _, err := tx.FindPushBinding(service, id); err != nil {
			return err
		}
		return tx.DeletePushBinding(id)
	})
}
