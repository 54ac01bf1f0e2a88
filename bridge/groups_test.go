package bridge_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// Our numbers on a channel that can carry group MMS, and one more person. Alice
// and Bob write to them, too.
const (
	office    = conversations.Address("+14155559001")
	warehouse = conversations.Address("+14155559002")
	tollFree  = conversations.Address("+18005559003")
	dora      = conversations.Address("+14155550004")
)

// newGroupWorld is a world with a channel that can carry group MMS.
func newGroupWorld(t testing.TB, configure ...func(*bridge.Config)) *world {
	t.Helper()
	w := newWorld(t, configure...)
	for _, number := range []conversations.Address{office, warehouse, tollFree} {
		w.numbers[number] = "groups"
	}
	return w
}

// projected are the fields of a participant with a projected address; the identity
// may be empty.
func projected(identity string, number conversations.Address) bridge.ParticipantFields {
	f := bridge.ParticipantFields{Projected: &number}
	if identity != "" {
		f.Identity = &identity
	}
	return f
}

// byAddress are the fields of a participant with an address alone.
func byAddress(a conversations.Address) bridge.ParticipantFields {
	return bridge.ParticipantFields{Address: &a}
}

func byPair(a, by conversations.Address) bridge.ParticipantFields {
	return bridge.ParticipantFields{Address: &a, Proxy: &by}
}

func byIdentity(name string) bridge.ParticipantFields {
	return bridge.ParticipantFields{Identity: &name}
}

func (w *world) add(key conversations.ConversationKey, f bridge.ParticipantFields) conversations.Participant {
	w.t.Helper()
	p, err := w.AddParticipant(w.t.Context(), system, service, key, f)
	require.NoError(w.t, err)
	return p
}

// group makes a conversation with these participants.
func (w *world) group(members ...bridge.ParticipantFields) conversations.ConversationKey {
	w.t.Helper()
	key := w.conversation()
	for _, f := range members {
		w.add(key, f)
	}
	return key
}

func TestWhatMembersOfAGroupTextAre(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	key := w.conversation()
	agent := w.add(key, projected("agent", office))
	assert.Equal(t, &conversations.Binding{Projected: office}, agent.Binding)
	assert.Equal(t, roles.ConversationRole, *agent.Role)
	gateway := w.add(key, projected("", warehouse))
	assert.Nil(t, gateway.Identity)
	buyer := w.add(key, byAddress(alice))
	assert.Equal(t, &conversations.Binding{Address: alice}, buyer.Binding)
	assert.Nil(t, buyer.Role, "contract, 4")
	for _, p := range []conversations.Participant{agent, gateway, buyer} {
		stored, err := w.db.Participant(t.Context(), key.ID, conversations.ParticipantKey{ID: p.ID})
		require.NoError(t, err)
		assert.Equal(t, p, stored)
	}
}

// Pages 06 and 37; the codes of the faults are in package twilio.
func TestWhatDoesNotGoTogetherInAGroupText(t *testing.T) {
	t.Parallel()
	family := []bridge.ParticipantFields{projected("agent", office), byAddress(alice), byAddress(bob)}
	eleven := []bridge.ParticipantFields{projected("agent", office), projected("", warehouse)}
	for i := range 8 {
		eleven = append(eleven, byAddress(conversations.Address("+1415555100"+string(rune('0'+i)))))
	}
	for name, c := range map[string]struct {
		there []bridge.ParticipantFields
		added bridge.ParticipantFields
		want  conversations.Fault
	}{
		"a projected address that is not ours":            {nil, projected("agent", alice), conversations.ProjectedNotOwned},
		"a projected address that is no address":          {nil, projected("agent", "office"), conversations.ProjectedNotOwned},
		"a projected address of a channel that cannot":    {nil, projected("agent", proxy), conversations.GroupsUnavailable},
		"a toll-free projected address":                   {nil, projected("agent", tollFree), conversations.AddressInvalid},
		"an empty projected address":                      {nil, projected("agent", ""), conversations.ProjectedMissing},
		"a projected address beside an address":           {nil, bridge.ParticipantFields{Address: ptr(alice), Projected: ptr(office)}, conversations.ProjectedNotAddable},
		"an address outside +1":                           {nil, byAddress("+447700900001"), conversations.AddressInvalid},
		"an address that is ours":                         {nil, byAddress(office), conversations.AddressInvalid},
		"an address on WhatsApp":                          {nil, byAddress(carla), conversations.ProxyMissing},
		"an eleventh member":                              {eleven, byAddress(dora), conversations.GroupFull},
		"an address twice":                                {family, byAddress(alice), conversations.GroupMemberTaken},
		"a projected address twice":                       {family, projected("other", office), conversations.GroupMemberTaken},
		"the identity twice":                              {family, projected("agent", warehouse), conversations.IdentityTaken},
		"a pair in a group text":                          {family, byPair(dora, office), conversations.PairInGroup},
		"somebody from WhatsApp in a group text":          {family, byPair(carla, waProxy), conversations.PairInGroup},
		"a chat participant without a projected address":  {family, byIdentity("erin"), conversations.ProjectedMissing},
		"an address beside such a chat participant":       {[]bridge.ParticipantFields{byIdentity("erin")}, byAddress(alice), conversations.ProjectedMissing},
		"an address beside a pair":                        {[]bridge.ParticipantFields{byPair(alice, proxy)}, byAddress(bob), conversations.ProxyMissing},
		"a projected address beside a pair":               {[]bridge.ParticipantFields{byPair(alice, proxy)}, projected("agent", office), conversations.GroupImpossible},
		"a pair that is a group text's of two":            {nil, byPair(dora, office), conversations.PairTaken},
		"a pair that is a group text's, spelt as a group": {[]bridge.ParticipantFields{projected("", office)}, byAddress(dora), conversations.GroupTaken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newGroupWorld(t)
			w.group(byAddress(dora), projected("", office))
			_, err := w.AddParticipant(t.Context(), system, service, w.group(c.there...), c.added)
			refusal(t, c.want, err, name)
		})
	}
}

func TestAnUpdateOfAProjectedAddress(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	key := w.group(projected("agent", office), projected("", warehouse), byAddress(alice))
	members, err := w.db.Participants(t.Context(), key.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	agent, gateway, buyer := members.Items[0], members.Items[1], members.Items[2]
	update := func(p conversations.Participant, f bridge.ParticipantFields) (conversations.Participant, error) {
		return w.UpdateParticipant(t.Context(), system, service, key, conversations.ParticipantKey{ID: p.ID}, f)
	}
	none := ptr(conversations.Address("null"))

	_, err = update(buyer, bridge.ParticipantFields{Projected: none})
	refusal(t, conversations.ProjectedNotRemovable, err, "there is none")
	_, err = update(buyer, bridge.ParticipantFields{Projected: ptr(office)})
	refusal(t, conversations.ProjectedNotAddable, err, "an address is there")
	_, err = update(buyer, bridge.ParticipantFields{Proxy: none})
	refusal(t, conversations.ProxyNotRemovable, err, "there is none")
	_, err = update(agent, bridge.ParticipantFields{Projected: ptr(warehouse)})
	refusal(t, conversations.GroupMemberTaken, err, "somebody else's")
	_, err = update(agent, bridge.ParticipantFields{Proxy: ptr(office)})
	refusal(t, conversations.ProxyNotAddable, err, "no address is there")
	_, err = update(gateway, bridge.ParticipantFields{Projected: none})
	refusal(t, conversations.ProjectedNotRemovable, err, "nothing would remain")
	_, err = update(gateway, bridge.ParticipantFields{Identity: ptr("agent")})
	refusal(t, conversations.IdentityTaken, err, "agent is there")
	_, err = update(buyer, bridge.ParticipantFields{Identity: ptr("alice")})
	refusal(t, conversations.IdentityWithBinding, err, "an address is there")

	// "Update the Projected Address to the supervisor's Chat identity" (page 37).
	for _, identity := range []string{"first agent", "supervisor"} {
		p, err := update(gateway, bridge.ParticipantFields{Identity: &identity})
		require.NoError(t, err)
		assert.Equal(t, identity, *p.Identity)
		assert.Equal(t, warehouse, p.Binding.Projected)
		_, err = w.db.User(t.Context(), service, conversations.UserKey{Identity: identity})
		require.NoError(t, err, "an identity is a user")
	}
	p, err := update(agent, bridge.ParticipantFields{Projected: none})
	require.NoError(t, err)
	assert.Nil(t, p.Binding)
	w.receive(groupMessage("in1", alice, "to those who remain", warehouse))
	assert.Equal(t, []string{"to those who remain"}, w.texts("SELECT body FROM messages"), "the group of two is a pair")
	p, err = update(p, bridge.ParticipantFields{Projected: ptr(office)})
	require.NoError(t, err)
	assert.Equal(t, &conversations.Binding{Projected: office}, p.Binding)
	w.receive(groupMessage("in2", alice, "to all", office, warehouse))
	assert.Equal(t, 2, w.count("SELECT COUNT(*) FROM messages"))
}

// A participant of a pair can go on in a group text, and come back.
func TestAProxyAddressIsTakenAwayAndGivenBack(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	key := w.group(byIdentity("agent"), byPair(alice, office))
	member := conversations.ParticipantKey{ID: conversations.ParticipantID(w.texts("SELECT id FROM participants WHERE address IS NOT NULL")[0])}
	p, err := w.UpdateParticipant(t.Context(), system, service, key, member, bridge.ParticipantFields{Proxy: ptr(conversations.Address("null"))})
	require.NoError(t, err)
	assert.Equal(t, &conversations.Binding{Address: alice}, p.Binding)
	assert.Zero(t, w.count("SELECT COUNT(*) FROM pairs"), "the pair is free")
	p, err = w.UpdateParticipant(t.Context(), system, service, key, member, bridge.ParticipantFields{Proxy: ptr(office)})
	require.NoError(t, err)
	assert.Equal(t, &conversations.Binding{Address: alice, Proxy: office}, p.Binding)
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM pairs"))
}

func TestAGroupIsInOneLiveConversation(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	first := w.group(projected("agent", office), byAddress(alice), byAddress(bob))
	second := w.group(byAddress(bob), projected("", office))
	_, err := w.AddParticipant(t.Context(), system, service, second, byAddress(alice))
	require.Error(t, err)
	assert.Equal(t, &conversations.Error{Fault: conversations.GroupTaken, Detail: string(first.ID)}, err)
	assert.Equal(t, 5, w.count("SELECT COUNT(*) FROM participants"), "nothing of it remains")
	_, err = w.CreateConversationWithParticipants(t.Context(), system, service, bridge.ConversationFields{},
		[]bridge.ParticipantFields{byAddress(bob), byAddress(alice), projected("", office)})
	refusal(t, conversations.GroupTaken, err, "with participants")

	_, err = w.UpdateConversation(t.Context(), system, service, first, bridge.ConversationFields{State: ptr(conversations.StateClosed)})
	require.NoError(t, err)
	w.add(second, byAddress(alice))

	third := w.group(byAddress(bob), projected("", office), projected("", warehouse))
	_, err = w.AddParticipant(t.Context(), system, service, second, projected("", warehouse))
	require.NoError(t, err, "another group")
	who := conversations.ParticipantID(w.texts("SELECT id FROM participants WHERE conversation_id = $1 AND address = $2", second.ID, alice)[0])
	refusal(t, conversations.GroupTaken, w.RemoveParticipant(t.Context(), system, service, second, conversations.ParticipantKey{ID: who}), "removal")

	require.NoError(t, w.DeleteConversation(t.Context(), system, service, third))
	assert.Equal(t, []string{string(second.ID)}, w.texts("SELECT conversation_id FROM number_groups"))
	require.NoError(t, w.DeleteConversation(t.Context(), system, service, second))
	assert.Zero(t, w.count("SELECT COUNT(*) FROM number_groups"))
	assert.Zero(t, w.count("SELECT COUNT(*) FROM pairs"))
}

// Nothing keeps a user from being deleted.
func TestADeletedUserLeavesItsGroups(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	there := w.group(projected("", office), byAddress(alice), byAddress(bob))
	w.group(projected("", office), byAddress(alice), projected("agent", warehouse), byAddress(bob))
	require.NoError(t, w.DeleteUser(t.Context(), system, service, conversations.UserKey{Identity: "agent"}))
	assert.Equal(t, []string{string(there.ID)}, w.texts("SELECT conversation_id FROM number_groups"))
}

func TestWhoWritesToAGroupText(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	key := w.group(projected("agent", office), byAddress(alice))
	say := func(author string) error {
		_, err := w.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{Author: &author, Body: ptr("hello")})
		return err
	}
	refusal(t, conversations.AuthorOutsideGroup, say(conversations.AuthorSystem), "nobody")
	refusal(t, conversations.AuthorOutsideGroup, say("stranger"), "somebody else")
	refusal(t, conversations.AuthorOutsideGroup, say(string(alice)), "somebody with a telephone")

	// "Send a 1:1 message: before our third Participant joins" (page 37).
	require.NoError(t, say("agent"))
	require.NoError(t, say(string(office)))
	for _, d := range w.deliveries() {
		assert.Equal(t, alice, d.Address)
		assert.Equal(t, office, d.Proxy)
		assert.Equal(t, "groups", d.Channel)
	}
	assert.Len(t, w.deliveries(), 2)
	w.receive(groupMessage("in1", alice, "hello yourself", office))
	assert.Equal(t, 3, w.count("SELECT COUNT(*) FROM messages"))

	w.add(key, byAddress(bob))
	w.numbers[office] = "sms"
	refusal(t, conversations.GroupsUnavailable, say("agent"), "never as something else")
	assert.Equal(t, 3, w.count("SELECT COUNT(*) FROM messages"))
}
