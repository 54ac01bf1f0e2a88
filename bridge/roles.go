package bridge

import (
	"context"
	"slices"

	"bridged/conversations"
)

// maxLabel is how many characters the name of a role or a credential may have
// (pages 09 and 19).
const maxLabel = 64

// CreateRole makes a role of a service (page 09).
func (b *Bridge) CreateRole(ctx context.Context, service conversations.ServiceID, f RoleFields) (conversations.Role, error) {
	now := b.now()
	r := conversations.Role{
		ID: conversations.NewID[conversations.RoleID](now), Service: service, Type: f.Type, Created: now, Updated: now,
	}
	switch {
	case f.FriendlyName == nil || *f.FriendlyName == "":
		return r, conversations.Refuse(conversations.FriendlyNameMissing, "give the FriendlyName of the role")
	case !f.Type.Valid():
		return r, conversations.Refuse(conversations.RoleTypeInvalid, "Type must be conversation or service")
	}
	r.FriendlyName = *f.FriendlyName
	if err := checkLength(f.FriendlyName, maxLabel, conversations.FriendlyNameTooLong); err != nil {
		return r, err
	}
	if err := setPermissions(&r, f.Permissions); err != nil {
		return r, err
	}
	return change(ctx, b, func(tx Tx) (conversations.Role, error) {
		if err := tx.InsertRole(&r); err != nil {
			return r, err
		}
		return r, nil
	})
}

// UpdateRole gives a role other permissions.
func (b *Bridge) UpdateRole(ctx context.Context, service conversations.ServiceID, id conversations.RoleID, f RoleFields) (conversations.Role, error) {
	return change(ctx, b, func(tx Tx) (conversations.Role, error) {
		r, err := tx.FindRole(service, id)
		if err != nil {
			return r, err
		}
		r.Updated = b.now()
		if err := setPermissions(&r, f.Permissions); err != nil {
			return r, err
		}
		return r, tx.UpdateRole(r)
	})
}

// DeleteRole removes a role. Who had it gets the service's default one; those
// defaults themselves cannot be removed.
func (b *Bridge) DeleteRole(ctx context.Context, service conversations.ServiceID, id conversations.RoleID) error {
	return remove(ctx, b, func(tx Tx) error {
		r, err := tx.FindRole(service, id)
		if err != nil {
			return err
		}
		of, err := tx.FindService(service)
		if err != nil {
			return err
		}
		if id == of.UserRole || id == of.ConversationRole || id == of.ConversationCreatorRole {
			return conversations.Refuse(conversations.Conflict, "it is a default role of the service; make another role the default first")
		}
		instead := of.ConversationRole
		if r.Type == conversations.RoleOfService {
			instead = of.UserRole
		}
		return tx.DeleteRole(r, instead)
	})
}

// setPermissions gives the role its permissions, each once and in the order
// given.
func setPermissions(r *conversations.Role, permissions []conversations.Permission) error {
	r.Permissions = nil
	for _, p := range permissions {
		if !slices.Contains(r.Type.Permissions(), p) {
			return conversations.Refuse(conversations.PermissionUnknown, "a role of type %s cannot have the permission %q", r.Type, p)
		}
		if !r.Allows(p) {
			r.Permissions = append(r.Permissions, p)
		}
	}
	if len(r.Permissions) == 0 {
		return conversations.Refuse(conversations.InvalidParameter, "give at least one Permission")
	}
	return nil
}

// checkRole refuses a role that the service does not have or that is of another
// type.
func checkRole(tx Tx, service conversations.ServiceID, id conversations.RoleID, t conversations.RoleType, unknown conversations.Fault) error {
	r, err := tx.FindRole(service, id)
	if conversations.NotFound.Is(err) || err == nil && r.Type != t {
		return conversations.Refuse(unknown, "use one of the service's roles of type %s", t)
	}
	return err
}
