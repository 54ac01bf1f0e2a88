package api

import (
	"context"
	"net/http"

	"bridged/conversations"
)

// migrateChannel answers the one operation that is left of the Chat API (page 29).
func (s *server) migrateChannel(c *call) (reply, error) {
	f, err := c.form()
	if err != nil {
		return reply{}, err
	}
	f.ChannelType("Type")
	messaging := messagingService(f, "MessagingServiceSid")
	if err := f.Err(); err != nil {
		return reply{}, err
	}
	return carryOut(c, http.StatusOK, shown(c.scope.ChatChannel), func(ctx context.Context) (conversations.ChatChannel, error) {
		return s.cfg.Bridge.MigrateChannel(ctx, c.caller, c.scope.Service, ownKey(c), messaging)
	})
}
