package store

import (
	"context"

	"bridged/conversations"
)

const credentialColumns = "d.seq, d.id, d.friendly_name, d.type, d.sandbox, d.certificate, d.private_key, d.api_key, d.secret, d.created, d.updated" //nolint:gosec // the names of columns

func scanCredential(row scanner) (conversations.Credential, error) {
	var (
		d                         conversations.Credential
		sandbox, created, updated int64
	)
	err := row.Scan(&d.Seq, &d.ID, &d.FriendlyName, &d.Type, &sandbox, &d.Certificate, &d.PrivateKey, &d.APIKey,
		&d.Secret, &created, &updated)
	d.Sandbox = sandbox != 0
	d.Created, d.Updated = fromMicros(created), fromMicros(updated)
	return d, err
}

func findCredential(q querier, id conversations.CredentialID) (conversations.Credential, error) {
	d, err := first(q, scanCredential, "SELECT "+credentialColumns+" FROM credentials d WHERE d.id = $1", id)
	return d, notFound(err, "credential")
}

// Credential returns a credential.
func (db *DB) Credential(ctx context.Context, id conversations.CredentialID) (conversations.Credential, error) {
	return findCredential(db.reader(ctx), id)
}

// Credentials returns a page of the credentials, oldest first.
func (db *DB) Credentials(ctx context.Context, p conversations.Page) (conversations.Listing[conversations.Credential], error) {
	return listed[conversations.Credential]{
		columns: credentialColumns, from: "FROM credentials d WHERE 1 = 1", major: "d.seq", scan: scanCredential,
		cursor: func(d conversations.Credential) conversations.Cursor { return conversations.Cursor{Major: d.Seq} },
	}.page(db.reader(ctx), p)
}

// FindCredential is Credential within a commit.
func (tx *Tx) FindCredential(id conversations.CredentialID) (conversations.Credential, error) {
	return findCredential(tx.querier, id)
}

// InsertCredential stores a new credential and sets its Seq.
func (tx *Tx) InsertCredential(d *conversations.Credential) (err error) {
	d.Seq, err = tx.insert(`INSERT INTO credentials (id, friendly_name, type, sandbox, certificate, private_key, api_key,
		secret, created, updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING seq`,
		d.ID, d.FriendlyName, d.Type, number(d.Sandbox), d.Certificate, d.PrivateKey, d.APIKey,
		d.Secret, micros(d.Created), micros(d.Updated))
	return err
}

// UpdateCredential stores what can change.
func (tx *Tx) UpdateCredential(d conversations.Credential) error {
	return tx.run(`UPDATE credentials SET friendly_name = $2, type = $3, sandbox = $4, certificate = $5, private_key = $6,
		api_key = $7, secret = $8, updated = $9 WHERE id = $1`,
		d.ID, d.FriendlyName, d.Type, number(d.Sandbox), d.Certificate, d.PrivateKey, d.APIKey, d.Secret, micros(d.Updated))
}

// DeleteCredential removes a credential with the push bindings that use it.
func (tx *Tx) DeleteCredential(id conversations.CredentialID) error {
	if err := tx.run("DELETE FROM push_bindings WHERE credential_id = $1", id); err != nil {
		return err
	}
	return tx.run("DELETE FROM credentials WHERE id = $1", id)
}

const pushBindingColumns = `b.seq, b.id, b.service_id, b.credential_id, b.identity, b.endpoint, b.type, b.message_types,
	b.created, b.updated`

func scanPushBinding(row scanner) (conversations.PushBinding, error) {
	var (
		b                conversations.PushBinding
		messageTypes     *string
		created, updated int64
	)
	err := row.Scan(&b.Seq, &b.ID, &b.Service, &b.Credential, &b.Identity, &b.Endpoint, &b.Type, &messageTypes,
		&created, &updated)
	if err != nil {
		return b, err
	}
	b.Created, b.Updated = fromMicros(created), fromMicros(updated)
	b.MessageTypes, err = decodeList[string](messageTypes)
	return b, err
}

func findPushBinding(q querier, service conversations.ServiceID, id conversations.PushBindingID) (conversations.PushBinding, error) {
	b, err := first(q, scanPushBinding,
		"SELECT "+pushBindingColumns+" FROM push_bindings b WHERE b.id = $1 AND b.service_id = $2", id, service)
	return b, notFound(err, "binding")
}

// PushBinding returns a push binding of a service.
func (db *DB) PushBinding(ctx context.Context, service conversations.ServiceID, id conversations.PushBindingID) (conversations.PushBinding, error) {
	return findPushBinding(db.reader(ctx), service, id)
}

// PushBindings returns a page of a service's push bindings, oldest first.
func (db *DB) PushBindings(ctx context.Context, service conversations.ServiceID, f conversations.PushBindingFilter, p conversations.Page) (conversations.Listing[conversations.PushBinding], error) {
	from, args := "FROM push_bindings b WHERE b.service_id = $1", []any{service}
	from, args = among(from, args, "b.type", f.Types)
	from, args = among(from, args, "b.identity", f.Identities)
	return listed[conversations.PushBinding]{
		columns: pushBindingColumns, from: from, args: args, major: "b.seq", scan: scanPushBinding,
		cursor: func(b conversations.PushBinding) conversations.Cursor { return conversations.Cursor{Major: b.Seq} },
	}.page(db.reader(ctx), p)
}

// FindPushBinding is PushBinding within a commit.
func (tx *Tx) FindPushBinding(service conversations.ServiceID, id conversations.PushBindingID) (conversations.PushBinding, error) {
	return findPushBinding(tx.querier, service, id)
}

// EnsurePushBinding stores the binding, or renews that of the same device. Devices
// register over the chat SDKs' protocol, which bridged does not speak yet: so far
// only tests call it.
func (tx *Tx) EnsurePushBinding(b *conversations.PushBinding) error {
	messageTypes, err := encodeList(b.MessageTypes)
	if err != nil {
		return err
	}
	*tx.wrote = true
	var created int64
	err = tx.one(`INSERT INTO push_bindings (id, service_id, credential_id, identity, endpoint, type, message_types, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (service_id, identity, type, endpoint)
		DO UPDATE SET credential_id = excluded.credential_id, message_types = excluded.message_types, updated = excluded.updated
		RETURNING seq, id, created`,
		[]any{b.ID, b.Service, b.Credential, b.Identity, b.Endpoint, b.Type, messageTypes, micros(b.Created), micros(b.Updated)},
		&b.Seq, &b.ID, &created)
	b.Created = fromMicros(created)
	return err
}

// DeletePushBinding removes a push binding.
func (tx *Tx) DeletePushBinding(id conversations.PushBindingID) error {
	return tx.run("DELETE FROM push_bindings WHERE id = $1", id)
}
