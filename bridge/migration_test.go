package bridge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

func TestMigratingAChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	first := w.say(key, string(alice), "one")
	w.say(key, string(alice), "two")
	require.NoError(t, w.DeleteMessage(t.Context(), system, service, key, first.ID))
	w.clock.advance(time.Minute)
	migrate := func(messaging *conversations.MessagingServiceID) conversations.ChatChannel {
		c, err := w.MigrateChannel(t.Context(), system, service, key, messaging)
		require.NoError(t, err)
		return c
	}
	updates := func() int { return w.count("SELECT count(*) FROM events WHERE type = 'onConversationUpdated'") }

	for _, same := range []*conversations.MessagingServiceID{nil, ptr(messagingService)} {
		c := migrate(same)
		assert.Equal(t, start, c.Updated, "it is private already")
		assert.Equal(t, 2, c.Members)
		assert.EqualValues(t, 2, c.NextIndex, "two messages have passed in it")
		assert.Zero(t, updates())
	}
	c := migrate(ptr(otherMessaging))
	assert.Equal(t, otherMessaging, c.MessagingService)
	assert.Equal(t, start.Add(time.Minute), c.Updated)
	assert.Equal(t, 1, updates())
	kept, err := w.db.Conversation(t.Context(), service, key)
	require.NoError(t, err)
	assert.Equal(t, c.Conversation, kept)
}

func TestMigrationsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation()
	unknownService := conversations.MessagingServiceID("0000000000000000000000000000000f")
	_, err := w.MigrateChannel(t.Context(), system, service, key, &unknownService)
	refusal(t, conversations.MessagingServiceUnknown, err, "unknown messaging")
	_, err = w.MigrateChannel(t.Context(), system, service, conversations.ConversationKey{ID: "none"}, nil)
	refusal(t, conversations.NotFound, err, "no channel")
	_, err = w.UpdateConversation(t.Context(), system, service, key, bridge.ConversationFields{State: ptr(conversations.StateClosed)})
	require.NoError(t, err)
	_, err = w.MigrateChannel(t.Context(), system, service, key, ptr(otherMessaging))
	refusal(t, conversations.ConversationClosed, err, "closed")
	_, err = w.MigrateChannel(t.Context(), system, service, key, nil)
	require.NoError(t, err, "nothing is changed")
}
