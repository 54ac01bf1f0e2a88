package bridge_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// heard lists the events that the webhooks are to hear of, and the others.
func (w *world) heard() (heard, unheard []string) {
	w.t.Helper()
	const types = "SELECT type FROM events WHERE webhooks = $1 ORDER BY seq"
	return w.texts(types, 1), w.texts(types, 0)
}

func TestWebhooksHearOfRESTCallsThatAskForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice)
	_, unheard := w.heard()
	assert.Equal(t, []string{"onConversationAdded", "onParticipantAdded"}, unheard)

	asking := system
	asking.Webhooks = true
	_, err := w.UpdateConversation(t.Context(), asking, service, key, bridge.ConversationFields{State: ptr(conversations.StateInactive)})
	require.NoError(t, err)
	heard, _ := w.heard()
	assert.Equal(t, []string{"onConversationUpdated", "onConversationStateUpdated"}, heard)

	w.say(key, "system", "hello")
	heard, unheard = w.heard()
	assert.Equal(t, "onConversationStateUpdated", heard[len(heard)-1], "what a message changes fires always")
	assert.Equal(t, "onMessageAdded", unheard[len(unheard)-1], "but not the call itself")
}

func TestWebhooksHearOfWhatComesFromCarriers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice)
	w.receive(inbound("in1", alice, "hello"))
	heard, _ := w.heard()
	assert.Equal(t, []string{"onMessageAdded"}, heard)
}
