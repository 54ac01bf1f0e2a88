package store

import (
	"context"
	"strconv"
	"time"

	"bridged/conversations"
)

// The names in the table installation.
const (
	defaultService          = "default_service"
	defaultMessagingService = "default_messaging_service"
	lastCheck               = "last_check" // when it was last checked that the store can be written
	mediaKey                = "media_key"  // what URLs of files are signed with
)

// Defaults are what an installation has from its first start on: the service
// that the shortened URLs mean, and the messaging service of a conversation that
// names none.
type Defaults struct {
	Service          conversations.Service
	MessagingService conversations.MessagingServiceID
}

// EnsureDefaults returns the installation's defaults. At the first start it
// stores those that it is given.
func (db *DB) EnsureDefaults(ctx context.Context, fresh Defaults) (Defaults, error) {
	var have Defaults
	err := db.Update(ctx, func(tx *Tx) error {
		var id conversations.ServiceID
		err := notFound(tx.one("SELECT value FROM installation WHERE name = $1", []any{defaultService}, &id), "installation")
		switch {
		case conversations.NotFound.Is(err):
			have = fresh
			return tx.insertDefaults(fresh)
		case err != nil:
			return err
		}
		if have.Service, err = findService(tx.querier, id); err != nil {
			return err
		}
		return tx.one("SELECT value FROM installation WHERE name = $1", []any{defaultMessagingService}, &have.MessagingService)
	})
	return have, err
}

func (tx *Tx) insertDefaults(d Defaults) error {
	s := d.Service
	err := tx.run(`INSERT INTO services (id, friendly_name, conversation_role, conversation_creator_role, user_role,
		created, updated) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		s.ID, s.FriendlyName, s.ConversationRole, s.ConversationCreatorRole, s.UserRole, micros(s.Created), micros(s.Updated))
	if err != nil {
		return err
	}
	const insert = "INSERT INTO installation (name, value) VALUES ($1, $2)"
	if err := tx.run(insert, defaultService, s.ID); err != nil {
		return err
	}
	return tx.run(insert, defaultMessagingService, d.MessagingService)
}

// EnsureMediaKey returns the key that URLs of files are signed with, the same in
// all processes. At the first start it stores the one that it is given.
func (db *DB) EnsureMediaKey(ctx context.Context, fresh string) (key string, err error) {
	err = db.Update(ctx, func(tx *Tx) error {
		err := notFound(tx.one("SELECT value FROM installation WHERE name = $1", []any{mediaKey}, &key), "installation")
		if conversations.NotFound.Is(err) {
			key = fresh
			return tx.run("INSERT INTO installation (name, value) VALUES ($1, $2)", mediaKey, fresh)
		}
		return err
	})
	return key, err
}

func findService(q querier, id conversations.ServiceID) (conversations.Service, error) {
	s, err := first(q, func(row scanner) (s conversations.Service, err error) {
		var created, updated int64
		err = row.Scan(&s.ID, &s.FriendlyName, &s.ConversationRole, &s.ConversationCreatorRole, &s.UserRole, &created, &updated)
		s.Created, s.Updated = fromMicros(created), fromMicros(updated)
		return s, err
	}, `SELECT id, friendly_name, conversation_role, conversation_creator_role, user_role, created, updated
		FROM services WHERE id = $1`, id)
	return s, notFound(err, "service")
}

// Service returns a service.
func (db *DB) Service(ctx context.Context, id conversations.ServiceID) (conversations.Service, error) {
	return findService(db.reader(ctx), id)
}

// CheckWritable commits a change, for the readiness check. It is a real one: what
// changes nothing writes nothing, and would succeed on a full disk.
func (db *DB) CheckWritable(ctx context.Context) error {
	return db.UpdateBeside(ctx, func(tx *Tx) error {
		return tx.run(`INSERT INTO installation (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
			lastCheck, strconv.FormatInt(micros(time.Now()), 10))
	})
}
