package bridge_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

func person(address conversations.Address) bridge.ParticipantFields {
	by := proxyOf(address)
	return bridge.ParticipantFields{Address: &address, Proxy: &by}
}

func (w *world) populated(members ...bridge.ParticipantFields) (conversations.Conversation, error) {
	return w.CreateConversationWithParticipants(w.t.Context(), system, service, bridge.ConversationFields{UniqueName: ptr("u")}, members)
}

// populate carries out the task that adds the participants.
func (w *world) populate() {
	w.t.Helper()
	tasks := w.tasks(bridge.TopicPopulate)
	require.Len(w.t, tasks, 1)
	require.NoError(w.t, w.Populate(w.t.Context(), tasks[0].seq, []byte(tasks[0].payload)))
	require.Empty(w.t, w.tasks(bridge.TopicPopulate))
}

func (w *world) state(id conversations.ConversationID) conversations.State {
	w.t.Helper()
	c, err := w.db.Conversation(w.t.Context(), service, conversations.ConversationKey{ID: id})
	require.NoError(w.t, err)
	return c.State
}

// Page 07.
func TestAConversationIsMadeWithItsParticipants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := w.populated(person(alice), person(carla), bridge.ParticipantFields{Identity: ptr("ada")})
	require.NoError(t, err)
	assert.Equal(t, conversations.StateInitializing, c.State)
	key := conversations.ConversationKey{ID: c.ID}
	_, err = w.UpdateConversation(t.Context(), system, service, key, bridge.ConversationFields{FriendlyName: ptr("x")})
	assert.True(t, conversations.ConversationBusy.Is(err), "%v", err)
	_, err = w.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{Body: ptr("x")})
	assert.True(t, conversations.ConversationBusy.Is(err), "%v", err)

	task := w.tasks(bridge.TopicPopulate)[0]
	w.populate()
	assert.Equal(t, conversations.StateActive, w.state(c.ID))
	members, err := w.db.Participants(t.Context(), c.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	assert.Len(t, members.Items, 3)
	assert.Equal(t, []string{
		"onConversationAdded", "onParticipantAdded", "onParticipantAdded", "onUserAdded", "onParticipantAdded", "onConversationStateUpdated",
	}, w.texts("SELECT type FROM events ORDER BY seq"))
	require.NoError(t, w.Populate(t.Context(), task.seq, []byte(task.payload)), "carried out again it changes nothing")
	assert.Equal(t, 3, w.count("SELECT COUNT(*) FROM participants"))
}

func TestWithoutParticipantsItIsReadyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := w.populated()
	require.NoError(t, err)
	assert.Equal(t, conversations.StateActive, c.State)
	assert.Empty(t, w.tasks(bridge.TopicPopulate))
}

// What another request took in between closes the conversation; nobody is in it.
func TestAParticipantWhoCannotBeAddedClosesTheConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := w.populated(person(bob), person(alice))
	require.NoError(t, err)
	w.conversation(alice)
	w.populate()
	assert.Equal(t, conversations.StateClosed, w.state(c.ID))
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM participants"), "bob is not in it either")
	letters, err := w.db.DeadLetters(t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, letters.Items, 1)
	assert.Contains(t, letters.Items[0].Reason, "a participant could not be added: pair taken")
}

func TestOneThatIsDeletedMeanwhileStaysDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := w.populated(person(bob))
	require.NoError(t, err)
	require.NoError(t, w.DeleteConversation(t.Context(), system, service, conversations.ConversationKey{ID: c.ID}))
	w.populate()
	assert.Zero(t, w.count("SELECT COUNT(*) FROM participants"))
}

func TestParticipantsAreCheckedBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(carla)
	ada := bridge.ParticipantFields{Identity: ptr("ada")}
	for name, c := range map[string]struct {
		members []bridge.ParticipantFields
		fault   conversations.Fault
	}{
		"eleven":            {make([]bridge.ParticipantFields, 11), conversations.TooManyParticipants},
		"nobody":            {[]bridge.ParticipantFields{{}}, conversations.InvalidParameter},
		"a taken pair":      {[]bridge.ParticipantFields{person(carla)}, conversations.PairTaken},
		"an identity twice": {[]bridge.ParticipantFields{ada, ada}, conversations.IdentityTaken},
		"a pair twice":      {[]bridge.ParticipantFields{person(alice), person(alice)}, conversations.Conflict},
		"a foreign role":    {[]bridge.ParticipantFields{{Identity: ptr("ada"), Role: ptr(conversations.RoleID("none"))}}, conversations.RoleUnknown},
		"a long identity":   {[]bridge.ParticipantFields{{Identity: ptr(strings.Repeat("x", 257))}}, conversations.IdentityTooLong},
	} {
		_, err := w.populated(c.members...)
		assert.True(t, c.fault.Is(err), "%s: %v", name, err)
	}
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM conversations"))
}
