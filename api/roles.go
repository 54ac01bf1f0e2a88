package api

import (
	"context"
	"net/http"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/twilio"
)

func (s *server) createRole(c *call) (reply, error) {
	fields, err := roleFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusCreated, shown(c.scope.Role), func(ctx context.Context) (conversations.Role, error) {
		return s.cfg.Bridge.CreateRole(ctx, c.scope.Service, fields)
	})
}

func (s *server) updateRole(c *call) (reply, error) {
	id, err := pathSID[conversations.RoleID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	fields, err := roleFields(c)
	if err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.Role), func(ctx context.Context) (conversations.Role, error) {
		return s.cfg.Bridge.UpdateRole(ctx, c.scope.Service, id, fields)
	})
}

func (s *server) deleteRole(c *call) (reply, error) {
	id, err := pathSID[conversations.RoleID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	return remove(c, func(ctx context.Context) error { return s.cfg.Bridge.DeleteRole(ctx, c.scope.Service, id) })
}

func (s *server) fetchRole(c *call) (reply, error) {
	id, err := pathSID[conversations.RoleID](c, "Sid")
	if err != nil {
		return reply{}, err
	}
	found, err := s.cfg.Store.Role(c.Context(), c.scope.Service, id)
	return fetched(c.scope.Role, found, err)
}

func (s *server) listRoles(c *call) (reply, error) {
	return listed(c, twilio.MaxRoles, "roles", c.scope.URL("Roles"), c.scope.Role,
		inService(c, s.cfg.Store.Roles))
}

func roleFields(c *call) (bridge.RoleFields, error) {
	f, err := c.form()
	if err != nil {
		return bridge.RoleFields{}, err
	}
	fields := bridge.RoleFields{FriendlyName: f.String("FriendlyName")}
	if t := twilio.Word[conversations.RoleType](f, "Type"); t != nil {
		fields.Type = *t
	}
	if permissions := twilio.Texts[conversations.Permission](f, "Permission"); permissions != nil {
		fields.Permissions = *permissions
	}
	return fields, f.Err()
}
