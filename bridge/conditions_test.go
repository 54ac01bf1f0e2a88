package bridge_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// A condition sees what the commit of its verb sees: here that an operation of
// the same commit has changed the name already, which nobody else can see yet.
func TestAConditionIsAskedWithinTheCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation()
	rename := func(tx bridge.Tx) error {
		c, err := tx.FindConversation(service, key)
		c.FriendlyName = ptr("renamed")
		return errors.Join(err, tx.UpdateConversation(c))
	}
	commit := w.cfg.Commit
	w.cfg.Commit = func(ctx context.Context, op func(bridge.Tx) error) error {
		return commit(ctx, func(tx bridge.Tx) error { return errors.Join(rename(tx), op(tx)) })
	}
	w.Bridge = bridge.New(w.cfg)

	failed := errors.New("the condition does not hold")
	var within, outside *string
	ctx := bridge.WithCondition(t.Context(), func(ctx context.Context) error {
		c, err := w.db.Conversation(ctx, service, key)
		require.NoError(t, err)
		within = c.FriendlyName
		c, err = w.db.Conversation(t.Context(), service, key)
		require.NoError(t, err)
		outside = c.FriendlyName
		return failed
	})
	_, err := w.UpdateConversation(ctx, system, service, key, bridge.ConversationFields{Attributes: ptr(`{"a":1}`)})
	require.ErrorIs(t, err, failed)
	require.NotNil(t, within)
	assert.Equal(t, "renamed", *within)
	assert.Nil(t, outside)

	now, err := w.db.Conversation(t.Context(), service, key)
	require.NoError(t, err)
	assert.Equal(t, "{}", now.Attributes, "nothing of it remains")
	assert.Equal(t, 1, w.count("SELECT count(*) FROM events WHERE conversation_id = $1", key.ID))
}

func TestAConditionThatHoldsChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation()
	asked := 0
	ctx := bridge.WithCondition(t.Context(), func(context.Context) error { asked++; return nil })
	require.NoError(t, w.DeleteConversation(ctx, system, service, key))
	assert.Positive(t, asked)
	_, err := w.db.Conversation(t.Context(), service, key)
	assert.True(t, conversations.NotFound.Is(err))
}
