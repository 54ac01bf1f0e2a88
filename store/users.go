package store

import (
	"context"

	"bridged/conversations"
)

const userColumns = "u.seq, u.id, u.service_id, u.identity, u.friendly_name, u.attributes, u.role_id, u.created, u.updated"

func scanUser(row scanner) (conversations.User, error) {
	var (
		u                conversations.User
		created, updated int64
	)
	err := row.Scan(&u.Seq, &u.ID, &u.Service, &u.Identity, &u.FriendlyName, &u.Attributes, &u.Role, &created, &updated)
	u.Created, u.Updated = fromMicros(created), fromMicros(updated)
	return u, err
}

func findUser(q querier, service conversations.ServiceID, key conversations.UserKey) (conversations.User, error) {
	query, arg := "SELECT "+userColumns+" FROM users u WHERE u.service_id = $1 AND u.id = $2", string(key.ID)
	if key.Identity != "" {
		query, arg = "SELECT "+userColumns+" FROM users u WHERE u.service_id = $1 AND u.identity = $2", key.Identity
	}
	u, err := first(q, scanUser, query, service, arg)
	return u, notFound(err, "user")
}

// User returns a user of a service.
func (db *DB) User(ctx context.Context, service conversations.ServiceID, key conversations.UserKey) (conversations.User, error) {
	return findUser(db.reader(ctx), service, key)
}

// Users returns a page of a service's users, oldest first.
func (db *DB) Users(ctx context.Context, service conversations.ServiceID, p conversations.Page) (conversations.Listing[conversations.User], error) {
	return listed[conversations.User]{
		columns: userColumns, from: "FROM users u WHERE u.service_id = $1", args: []any{service},
		major: "u.seq", scan: scanUser,
		cursor: func(u conversations.User) conversations.Cursor { return conversations.Cursor{Major: u.Seq} },
	}.page(db.reader(ctx), p)
}

// FindUser is User within a commit.
func (tx *Tx) FindUser(service conversations.ServiceID, key conversations.UserKey) (conversations.User, error) {
	return findUser(tx.querier, service, key)
}

// UsersOf returns up to limit users of a service, whichever they are.
func (tx *Tx) UsersOf(service conversations.ServiceID, limit int) ([]conversations.User, error) {
	return all(tx.querier, scanUser, "SELECT "+userColumns+" FROM users u WHERE u.service_id = $1 LIMIT $2", service, limit)
}

// EnsureUser stores the user unless its service has one of that identity.
func (tx *Tx) EnsureUser(u conversations.User) (created bool, err error) {
	return tx.changes(`INSERT INTO users (id, service_id, identity, friendly_name, attributes, role_id, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (service_id, identity) DO NOTHING`,
		u.ID, u.Service, u.Identity, u.FriendlyName, u.Attributes, u.Role, micros(u.Created), micros(u.Updated))
}

// UpdateUser stores what can change.
func (tx *Tx) UpdateUser(u conversations.User) error {
	return tx.run("UPDATE users SET friendly_name = $2, attributes = $3, role_id = $4, updated = $5 WHERE id = $1",
		u.ID, u.FriendlyName, u.Attributes, u.Role, micros(u.Updated))
}

// DeleteUser removes a user with the devices that get push notifications.
func (tx *Tx) DeleteUser(u conversations.User) error {
	if err := tx.run("DELETE FROM push_bindings WHERE service_id = $1 AND identity = $2", u.Service, u.Identity); err != nil {
		return err
	}
	return tx.run("DELETE FROM users WHERE id = $1", u.ID)
}
