package bridge

import (
	"context"

	"bridged/conversations"
)

// MigrateChannel makes a Chat channel private and gives it a messaging service, if
// one is named (page 29). Every conversation is a private channel already, so the
// messaging service is all that can change; without one nothing does.
func (b *Bridge) MigrateChannel(ctx context.Context, caller Caller, service conversations.ServiceID, key conversations.ConversationKey, messaging *conversations.MessagingServiceID) (conversations.ChatChannel, error) {
	if err := b.checkMessagingService(messaging); err != nil {
		return conversations.ChatChannel{}, err
	}
	return change(ctx, b, func(tx Tx) (conversations.ChatChannel, error) {
		c, err := tx.FindConversation(service, key)
		if err != nil {
			return conversations.ChatChannel{}, err
		}
		if messaging != nil && *messaging != c.MessagingService {
			if c, err = b.moveToMessagingService(tx, caller, c, *messaging); err != nil {
				return conversations.ChatChannel{}, err
			}
		}
		members, err := tx.Participants(c.ID)
		return conversations.ChatChannel{Conversation: c, Members: len(members)}, err
	})
}

func (b *Bridge) moveToMessagingService(tx Tx, caller Caller, before conversations.Conversation, to conversations.MessagingServiceID) (conversations.Conversation, error) {
	if err := requireOpen(before); err != nil {
		return before, err
	}
	c := before
	c.MessagingService, c.Updated = to, b.now()
	if err := tx.UpdateConversation(c); err != nil {
		return c, err
	}
	return c, b.record(tx, caller, conversations.ConversationUpdated, c.ID,
		conversations.Resource{Conversation: &c}, conversations.Resource{Conversation: &before})
}
