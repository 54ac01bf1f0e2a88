package bridge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

func TestAnIdentityBecomesAUserOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 2 {
		p, err := w.AddParticipant(t.Context(), system, service, w.conversation(), bridge.ParticipantFields{Identity: ptr("dora")})
		require.NoError(t, err)
		assert.Equal(t, roles.ConversationRole, *p.Role)
		assert.Nil(t, p.Binding)
	}
	assert.Equal(t, []string{"dora"}, w.texts("SELECT identity FROM users"))
	assert.Equal(t, 1, w.count("SELECT count(*) FROM events WHERE type = 'onUserAdded'"))
}

func TestTheAuthorGetsNoCopy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	p, err := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: ptr("dora")})
	require.NoError(t, err)
	for author, want := range map[string]struct {
		copies int
		member bool
	}{
		string(alice): {1, true}, string(carla): {1, true}, "dora": {2, true}, "": {2, false}, "a stranger": {2, false},
	} {
		m := w.say(key, author, "hello")
		assert.Equal(t, want.copies, w.count("SELECT count(*) FROM deliveries WHERE message_id = $1", m.ID), author)
		assert.Equal(t, want.member, m.Participant != nil, author)
		if author == "dora" {
			assert.Equal(t, p.ID, *m.Participant)
		}
		if author == "" {
			assert.Equal(t, conversations.AuthorSystem, m.Author)
		}
	}
}

func TestAProxyCanBeChangedAndThePairMovesWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	list, err := w.db.Participants(t.Context(), key.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	who := conversations.ParticipantKey{ID: list.Items[0].ID}
	update := func(f bridge.ParticipantFields) error {
		_, err := w.UpdateParticipant(t.Context(), system, service, key, who, f)
		return err
	}
	require.NoError(t, update(bridge.ParticipantFields{Proxy: ptr(otherProxy)}))
	w.receive(conversations.Inbound{Channel: "sms", ProviderID: "1", From: alice, To: otherProxy, Body: "by the new number"})
	w.receive(inbound("2", alice, "by the old number"))
	assert.Equal(t, []string{"by the new number"}, w.texts("SELECT body FROM messages"))
	assert.Equal(t, 1, w.count("SELECT count(*) FROM inbound WHERE state = 2"))

	refusal(t, conversations.ProxyNotOwned, update(bridge.ParticipantFields{Proxy: ptr(conversations.Address("+15559999999"))}), "unowned")
	refusal(t, conversations.TypesDiffer, update(bridge.ParticipantFields{Proxy: ptr(waProxy)}), "another type")
	refusal(t, conversations.GroupsUnavailable, update(bridge.ParticipantFields{Proxy: ptr(conversations.Address("null"))}), "removal")
	refusal(t, conversations.GroupsUnavailable, update(bridge.ParticipantFields{Projected: ptr(proxy)}), "projected")
	refusal(t, conversations.IdentityWithBinding, update(bridge.ParticipantFields{Identity: ptr("dora")}), "an identity")
	require.NoError(t, update(bridge.ParticipantFields{Attributes: ptr(`{"seat":4}`), LastReadIndex: ptr(int64(3))}))
	p, err := w.db.Participant(t.Context(), key.ID, who)
	require.NoError(t, err)
	assert.Equal(t, int64(3), *p.LastReadIndex)
	assert.Equal(t, start, *p.LastReadAt)
	require.NoError(t, update(bridge.ParticipantFields{ClearLastRead: true}))
	p, err = w.db.Participant(t.Context(), key.ID, who)
	require.NoError(t, err)
	assert.Nil(t, p.LastReadIndex)
}

func TestAChatParticipantHasNoProxyToChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation()
	_, err := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: ptr("dora")})
	require.NoError(t, err)
	update := func(f bridge.ParticipantFields) error {
		_, err := w.UpdateParticipant(t.Context(), system, service, key, conversations.ParticipantKey{Identity: "dora"}, f)
		return err
	}
	refusal(t, conversations.ProxyNotRemovable, update(bridge.ParticipantFields{Proxy: ptr(conversations.Address("null"))}), "removal")
	refusal(t, conversations.ProxyNotAddable, update(bridge.ParticipantFields{Proxy: ptr(proxy)}), "adding")
	refusal(t, conversations.IdentityPresent, update(bridge.ParticipantFields{Identity: ptr("emma")}), "another identity")
	require.NoError(t, update(bridge.ParticipantFields{Identity: ptr("dora"), Role: &roles.ConversationCreatorRole}))
}

func TestAPairIsFreeWhenItsHolderIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.conversation(alice), w.conversation()
	take := func(key conversations.ConversationKey) error {
		_, err := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Address: ptr(alice), Proxy: ptr(proxy)})
		return err
	}
	refusal(t, conversations.PairTaken, take(second), "held")
	_, err := w.UpdateConversation(t.Context(), system, service, first, bridge.ConversationFields{State: ptr(conversations.StateClosed)})
	require.NoError(t, err)
	require.NoError(t, take(second), "closed")
	require.NoError(t, w.DeleteConversation(t.Context(), system, service, second))
	third := w.conversation()
	require.NoError(t, take(third), "deleted")
	list, err := w.db.Participants(t.Context(), third.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.NoError(t, w.RemoveParticipant(t.Context(), system, service, third, conversations.ParticipantKey{ID: list.Items[0].ID}))
	require.NoError(t, take(w.conversation()), "removed")
}

func TestAMessageWakesAnInactiveConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice)
	c, err := w.UpdateConversation(t.Context(), system, service, key, bridge.ConversationFields{
		State: ptr(conversations.StateInactive), TimerInactive: ptr(time.Hour), TimerClosed: ptr(2 * time.Hour),
	})
	require.NoError(t, err)
	assert.Equal(t, start.Add(2*time.Hour), c.Timers.DateClosed, "from the moment it became inactive")
	w.clock.advance(time.Minute)
	w.receive(inbound("1", alice, "wake up"))
	c, err = w.db.Conversation(t.Context(), service, key)
	require.NoError(t, err)
	assert.Equal(t, conversations.StateActive, c.State)
	assert.Equal(t, start.Add(time.Minute+time.Hour), c.Timers.DateInactive)
	assert.Equal(t, start.Add(time.Minute+3*time.Hour), c.Timers.DateClosed)
	assert.Equal(t, 2, w.count("SELECT count(*) FROM events WHERE type = 'onConversationStateUpdated'"))
	assert.Equal(t, 1, w.count(`SELECT count(*) FROM events WHERE type = 'onConversationStateUpdated'
		AND before LIKE '%"inactive"%' AND after LIKE '%"active"%' AND source = 'SMS' AND reason = 'EVENT'`))
}

func TestDeletingLetsTheLineGoOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	first := w.say(key, string(alice), "first")
	w.say(key, string(alice), "second")
	c := w.claimOnly(whole) // "first" is under way
	require.NoError(t, w.DeleteMessage(t.Context(), system, service, key, first.ID))
	w.settle(c, w.accepted())
	assert.Equal(t, []string{"second"}, w.sendAll(whole))

	w.say(key, string(alice), "third")
	w.settle(w.claimOnly(whole), refused) // "third" waits for its time
	require.NoError(t, w.DeleteConversation(t.Context(), system, service, key))
	next := w.conversation(alice, carla)
	w.say(next, string(alice), "in another conversation")
	assert.Equal(t, []string{"in another conversation"}, w.sendAll(whole))
}

func TestAnEditIsRecordedAndNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	m := w.say(key, string(alice), "a message")
	w.sendAll(whole)
	w.clock.advance(time.Minute)
	edited, err := w.UpdateMessage(t.Context(), system, service, key, m.ID, bridge.MessageFields{
		Body: ptr("the message"), Author: ptr("dora"), Subject: ptr("typo"), Attributes: ptr(`{"edited":true}`),
	})
	require.NoError(t, err)
	assert.Equal(t, start.Add(time.Minute), edited.Updated)
	found, err := w.db.Message(t.Context(), key.ID, m.ID)
	require.NoError(t, err)
	assert.Equal(t, edited, found)
	assert.Empty(t, w.sends())
	assert.Equal(t, 1, w.count(`SELECT count(*) FROM events WHERE type = 'onMessageUpdated' AND before LIKE '%a message%'`))
}
