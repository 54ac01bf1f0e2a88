package bridge_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

func TestUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, err := w.CreateUser(t.Context(), system, service, bridge.UserFields{Identity: ptr("ada"), FriendlyName: ptr("Ada"), Attributes: ptr(`{"a":1}`)})
	require.NoError(t, err)
	assert.Equal(t, roles.UserRole, u.Role)
	_, err = w.CreateUser(t.Context(), system, service, bridge.UserFields{Identity: ptr("ada")})
	assert.True(t, conversations.UserTaken.Is(err), "%v", err)

	key := conversations.UserKey{Identity: "ada"}
	changed, err := w.UpdateUser(t.Context(), system, service, key, bridge.UserFields{FriendlyName: ptr("Countess")})
	require.NoError(t, err)
	assert.Equal(t, `{"a":1}`, changed.Attributes, "what is not given stays")
	stored, err := w.db.User(t.Context(), service, conversations.UserKey{ID: u.ID})
	require.NoError(t, err)
	changed.Seq = stored.Seq
	assert.Equal(t, changed, stored)
	assert.Equal(t, []string{"onUserAdded", "onUserUpdated"}, w.texts("SELECT type FROM events ORDER BY seq"))

	for name, c := range map[string]struct {
		f     bridge.UserFields
		fault conversations.Fault
	}{
		"no identity":    {bridge.UserFields{}, conversations.IdentityMissing},
		"an empty one":   {bridge.UserFields{Identity: ptr("")}, conversations.IdentityMissing},
		"a long one":     {bridge.UserFields{Identity: ptr(strings.Repeat("é", 257))}, conversations.IdentityTooLong},
		"a SID":          {bridge.UserFields{Identity: ptr("US0123456789ABCDEF0123456789abcdef")}, conversations.IdentityLikeSID},
		"a long name":    {bridge.UserFields{Identity: ptr("bob"), FriendlyName: ptr(strings.Repeat("é", 257))}, conversations.FriendlyNameTooLong},
		"no JSON":        {bridge.UserFields{Identity: ptr("bob"), Attributes: ptr("{")}, conversations.AttributesNotJSON},
		"a foreign role": {bridge.UserFields{Identity: ptr("bob"), Role: ptr(conversations.RoleID("none"))}, conversations.UserRoleUnknown},
		"another type":   {bridge.UserFields{Identity: ptr("bob"), Role: &roles.ConversationRole}, conversations.UserRoleUnknown},
	} {
		_, err := w.CreateUser(t.Context(), system, service, c.f)
		assert.True(t, c.fault.Is(err), "%s: %v", name, err)
	}
}

func TestADeletedUserIsInNoConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.conversation(alice), w.conversation(bob)
	for _, key := range []conversations.ConversationKey{first, second} {
		for _, identity := range []string{"ada", "grace"} {
			_, err := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: &identity})
			require.NoError(t, err)
		}
		_, err := w.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{Author: ptr("ada"), Body: ptr("hello")})
		require.NoError(t, err)
	}
	require.NoError(t, w.DeleteUser(t.Context(), system, service, conversations.UserKey{Identity: "ada"}))
	assert.Equal(t, []string{"grace", "grace"}, w.texts("SELECT identity FROM participants WHERE identity IS NOT NULL"))
	assert.Equal(t, 2, w.count("SELECT COUNT(*) FROM messages WHERE author = 'ada'"), "what it said stays")
	assert.Equal(t, 2, w.count("SELECT COUNT(*) FROM events WHERE type = 'onParticipantRemoved'"))
	err := w.DeleteUser(t.Context(), system, service, conversations.UserKey{Identity: "ada"})
	assert.True(t, conversations.NotFound.Is(err))
}

// Page 15: the read horizon, and what is beyond it.
func TestMemberships(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation()
	_, err := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: ptr("ada")})
	require.NoError(t, err)
	for range 5 {
		_, err := w.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{Body: ptr("hello")})
		require.NoError(t, err)
	}
	ada := conversations.UserKey{Identity: "ada"}
	m, err := w.db.Membership(t.Context(), service, "ada", key)
	require.NoError(t, err)
	assert.Nil(t, m.Unread, "nobody knows before a horizon is set")
	assert.NotNil(t, m.User)

	for index, unread := range map[int64]int64{0: 4, 3: 1, 4: 0, 99: 0} {
		m, err = w.UpdateMembership(t.Context(), system, service, ada, key, bridge.ParticipantFields{LastReadIndex: &index})
		require.NoError(t, err)
		assert.Equal(t, unread, *m.Unread, "read up to %d", index)
		assert.Equal(t, index, *m.Participant.LastReadIndex)
		assert.NotNil(t, m.Participant.LastReadAt)
	}
	m, err = w.UpdateMembership(t.Context(), system, service, ada, key, bridge.ParticipantFields{Muted: ptr(true), ClearLastRead: true})
	require.NoError(t, err)
	assert.True(t, m.Participant.Muted)
	assert.Nil(t, m.Unread)

	require.NoError(t, w.LeaveConversation(t.Context(), system, service, ada, key))
	err = w.LeaveConversation(t.Context(), system, service, ada, key)
	assert.True(t, conversations.NotFound.Is(err))
	_, err = w.UpdateMembership(t.Context(), system, service, conversations.UserKey{Identity: "nobody"}, key, bridge.ParticipantFields{})
	assert.True(t, conversations.NotFound.Is(err))
}

// Page 31: an identity is in 1,000 conversations that are not closed (contract,
// 16).
func TestAnIdentityIsInSoManyConversations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.conversation()
	add := func(key conversations.ConversationKey, identity string) error {
		_, err := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: &identity})
		return err
	}
	require.NoError(t, add(first, "ada"))
	// The other 999 are written past the verbs, which would take a commit each.
	for _, statement := range []string{
		`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
			INSERT INTO conversations (id, service_id, messaging_service_id, attributes, state, timer_inactive, timer_closed,
			date_inactive, date_closed, next_index, active_at, created, updated)
			SELECT 'c' || i, '` + string(service) + `', '', '{}', 'inactive', 0, 0, 0, 0, 0, 0, 0, 0 FROM n`,
		`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
			INSERT INTO participants (id, conversation_id, identity, attributes, created, updated)
			SELECT 'p' || i, 'c' || i, 'ada', '{}', 0, 0 FROM n`,
	} {
		_, err := w.sql.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	second := w.conversation()
	err := add(second, "ada")
	assert.True(t, conversations.TooManyConversations.Is(err), "%v", err)
	require.NoError(t, add(second, "grace"))
	_, err = w.UpdateConversation(t.Context(), system, service, first, bridge.ConversationFields{State: ptr(conversations.StateClosed)})
	require.NoError(t, err)
	require.NoError(t, add(second, "ada"), "the closed one does not count")
}
