package store

import (
	"context"

	"bridged/autocreate"
	"bridged/conversations"
)

const addressColumns = `a.seq, a.id, a.address, a.type, a.friendly_name, a.country, a.enabled, a.creation_type,
	a.service_id, a.webhook_url, a.webhook_method, a.filters, a.flow, a.retry_count, a.created, a.updated`

func scanAddress(row scanner) (autocreate.Configuration, error) {
	var (
		a                autocreate.Configuration
		filters          *string
		enabled          int64
		created, updated int64
	)
	n := &a.Creation
	err := row.Scan(&a.Seq, &a.ID, &a.Address, &a.Type, &a.FriendlyName, &a.Country, &enabled, &n.Type,
		&n.Service, &n.WebhookURL, &n.WebhookMethod, &filters, &n.Flow, &n.RetryCount, &created, &updated)
	if err != nil {
		return a, err
	}
	n.Enabled = enabled != 0
	a.Created, a.Updated = fromMicros(created), fromMicros(updated)
	n.Filters, err = decodeList[conversations.EventType](filters)
	return a, err
}

func findAddress(q querier, key autocreate.Key) (autocreate.Configuration, error) {
	query, arg := "SELECT "+addressColumns+" FROM address_configurations a WHERE a.id = $1", string(key.ID)
	if key.Address != "" {
		query, arg = "SELECT "+addressColumns+" FROM address_configurations a WHERE a.address = $1", string(key.Address)
	}
	a, err := first(q, scanAddress, query, arg)
	return a, notFound(err, "address configuration")
}

// AddressConfiguration returns an address configuration.
func (db *DB) AddressConfiguration(ctx context.Context, key autocreate.Key) (autocreate.Configuration, error) {
	return findAddress(db.reader(ctx), key)
}

// AddressConfigurations returns a page of the address configurations, oldest
// first; those of one type only where it is not empty.
func (db *DB) AddressConfigurations(ctx context.Context, t conversations.ChannelType, p conversations.Page) (conversations.Listing[autocreate.Configuration], error) {
	from, args := "FROM address_configurations a WHERE 1 = 1", []any(nil)
	if t != "" {
		from, args = "FROM address_configurations a WHERE a.type = $1", []any{t}
	}
	return listed[autocreate.Configuration]{
		columns: addressColumns, from: from, args: args, major: "a.seq", scan: scanAddress,
		cursor: func(a autocreate.Configuration) conversations.Cursor { return conversations.Cursor{Major: a.Seq} },
	}.page(db.reader(ctx), p)
}

// FindAddressConfiguration is AddressConfiguration within a commit.
func (tx *Tx) FindAddressConfiguration(key autocreate.Key) (autocreate.Configuration, error) {
	return findAddress(tx.querier, key)
}

// InsertAddressConfiguration stores a new one and sets its Seq.
func (tx *Tx) InsertAddressConfiguration(a *autocreate.Configuration) error {
	filters, err := encodeList(a.Creation.Filters)
	if err != nil {
		return err
	}
	n := a.Creation
	a.Seq, err = tx.insert(`INSERT INTO address_configurations (id, address, type, friendly_name, country, enabled,
		creation_type, service_id, webhook_url, webhook_method, filters, flow, retry_count, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING seq`,
		a.ID, a.Address, a.Type, a.FriendlyName, a.Country, number(n.Enabled),
		n.Type, n.Service, n.WebhookURL, n.WebhookMethod, filters, n.Flow, n.RetryCount, micros(a.Created), micros(a.Updated))
	return err
}

// UpdateAddressConfiguration stores what can change.
func (tx *Tx) UpdateAddressConfiguration(a autocreate.Configuration) error {
	filters, err := encodeList(a.Creation.Filters)
	if err != nil {
		return err
	}
	n := a.Creation
	return tx.run(`UPDATE address_configurations SET friendly_name = $2, enabled = $3, creation_type = $4, service_id = $5,
		webhook_url = $6, webhook_method = $7, filters = $8, flow = $9, retry_count = $10, updated = $11 WHERE id = $1`,
		a.ID, a.FriendlyName, number(n.Enabled), n.Type, n.Service,
		n.WebhookURL, n.WebhookMethod, filters, n.Flow, n.RetryCount, micros(a.Updated))
}

// DeleteAddressConfiguration removes one.
func (tx *Tx) DeleteAddressConfiguration(id conversations.AddressConfigurationID) error {
	return tx.run("DELETE FROM address_configurations WHERE id = $1", id)
}
