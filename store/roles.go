package store

import (
	"context"
	"encoding/json"
	"fmt"

	"bridged/conversations"
)

const roleColumns = "r.seq, r.id, r.service_id, r.friendly_name, r.type, r.permissions, r.created, r.updated"

func scanRole(row scanner) (conversations.Role, error) {
	var (
		r                conversations.Role
		permissions      string
		created, updated int64
	)
	err := row.Scan(&r.Seq, &r.ID, &r.Service, &r.FriendlyName, &r.Type, &permissions, &created, &updated)
	if err != nil {
		return r, err
	}
	r.Created, r.Updated = fromMicros(created), fromMicros(updated)
	if err := json.Unmarshal([]byte(permissions), &r.Permissions); err != nil {
		return r, fmt.Errorf("decode the permissions of a role: %w", err)
	}
	return r, nil
}

func findRole(q querier, service conversations.ServiceID, id conversations.RoleID) (conversations.Role, error) {
	r, err := first(q, scanRole, "SELECT "+roleColumns+" FROM roles r WHERE r.id = $1 AND r.service_id = $2", id, service)
	return r, notFound(err, "role")
}

// Role returns a role of a service.
func (db *DB) Role(ctx context.Context, service conversations.ServiceID, id conversations.RoleID) (conversations.Role, error) {
	return findRole(db.reader(ctx), service, id)
}

// Roles returns a page of a service's roles, oldest first.
func (db *DB) Roles(ctx context.Context, service conversations.ServiceID, p conversations.Page) (conversations.Listing[conversations.Role], error) {
	return listed[conversations.Role]{
		columns: roleColumns, from: "FROM roles r WHERE r.service_id = $1", args: []any{service},
		major: "r.seq", scan: scanRole,
		cursor: func(r conversations.Role) conversations.Cursor { return conversations.Cursor{Major: r.Seq} },
	}.page(db.reader(ctx), p)
}

// FindRole is Role within a commit.
func (tx *Tx) FindRole(service conversations.ServiceID, id conversations.RoleID) (conversations.Role, error) {
	return findRole(tx.querier, service, id)
}

// InsertRole stores a new role and sets its Seq.
func (tx *Tx) InsertRole(r *conversations.Role) error {
	permissions, err := json.Marshal(r.Permissions)
	if err != nil {
		return err
	}
	r.Seq, err = tx.insert(`INSERT INTO roles (id, service_id, friendly_name, type, permissions, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING seq`,
		r.ID, r.Service, r.FriendlyName, r.Type, string(permissions), micros(r.Created), micros(r.Updated))
	return err
}

// UpdateRole stores what can change.
func (tx *Tx) UpdateRole(r conversations.Role) error {
	permissions, err := json.Marshal(r.Permissions)
	if err != nil {
		return err
	}
	return tx.run("UPDATE roles SET permissions = $2, updated = $3 WHERE id = $1", r.ID, string(permissions), micros(r.Updated))
}

// DeleteRole removes a role. Who had it gets the other one.
func (tx *Tx) DeleteRole(r conversations.Role, instead conversations.RoleID) error {
	for _, statement := range [...]string{
		"UPDATE users SET role_id = $2 WHERE role_id = $1",
		"UPDATE participants SET role_id = $2 WHERE role_id = $1",
	} {
		if err := tx.run(statement, r.ID, instead); err != nil {
			return err
		}
	}
	return tx.run("DELETE FROM roles WHERE id = $1", r.ID)
}
