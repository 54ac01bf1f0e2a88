package bridge_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/autocreate"
	"bridged/bridge"
	"bridged/conversations"
)

// groupConversation is a conversation as the model of groups has it.
type groupConversation struct {
	state   conversations.State
	members map[conversations.ParticipantID]conversations.Binding
	bodies  []string
}

// captures returns the sets of addresses whose messages the conversation gets, each
// sorted and joined (page 38): the pair of each participant that has one or, of
// a group text, the group.
func (c *groupConversation) captures() (sets []string) {
	var (
		group           []conversations.Address
		native, project bool
	)
	if c.state == conversations.StateClosed {
		return nil
	}
	for _, b := range c.members {
		switch {
		case b.Proxy != "":
			sets = append(sets, setOf(b.Address, b.Proxy))
		case b.Projected != "":
			project = true
			group = append(group, b.Projected)
		default:
			native = true
			group = append(group, b.Address)
		}
	}
	if native && project && len(sets) == 0 {
		sets = append(sets, setOf(group...))
	}
	return sets
}

func setOf(members ...conversations.Address) string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = string(m)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// groupMachine does to group texts and pairs what people and operators do, in any
// order, and does the same to a simple model: a list of conversations and who is in
// each.
type groupMachine struct {
	*world

	conversations map[conversations.ConversationID]*groupConversation
	creates       map[conversations.Address]bool
	first         int
	dropped       int
	unrouted      []string
}

func newGroupMachine(w *world) *groupMachine {
	for _, id := range w.texts("SELECT id FROM conversations") {
		key := conversations.ConversationKey{ID: conversations.ConversationID(id)}
		require.NoError(w.t, w.DeleteConversation(w.t.Context(), system, service, key))
	}
	for _, id := range w.texts("SELECT id FROM address_configurations") {
		key := autocreate.Key{ID: conversations.AddressConfigurationID(id)}
		require.NoError(w.t, w.DeleteAddressConfiguration(w.t.Context(), key))
	}
	return &groupMachine{
		world: w, first: w.count("SELECT COALESCE(MAX(seq), 0) FROM inbound"),
		conversations: map[conversations.ConversationID]*groupConversation{}, creates: map[conversations.Address]bool{},
	}
}

var (
	groupPeople  = []conversations.Address{alice, bob, dora}
	groupNumbers = []conversations.Address{office, warehouse}
)

// holder returns the live conversation that captures a set; empty where none does.
func (m *groupMachine) holder(set string, but conversations.ConversationID) (holder conversations.ConversationID) {
	for id, c := range m.conversations {
		if id != but && slices.Contains(c.captures(), set) {
			holder = id
		}
	}
	return holder
}

// isFree says whether no other conversation has what this one captures.
func (m *groupMachine) isFree(id conversations.ConversationID) bool {
	return !slices.ContainsFunc(m.conversations[id].captures(), func(set string) bool { return m.holder(set, id) != "" })
}

func (m *groupMachine) any(t *rapid.T) (conversations.ConversationID, *groupConversation) {
	if len(m.conversations) == 0 {
		return "", nil
	}
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(m.conversations))).Draw(t, "conversation")
	return id, m.conversations[id]
}

func (m *groupMachine) know(id conversations.ConversationID) *groupConversation {
	c := &groupConversation{state: conversations.StateActive, members: map[conversations.ParticipantID]conversations.Binding{}}
	m.conversations[id] = c
	return c
}

// New makes a conversation.
func (m *groupMachine) New(*rapid.T) {
	if len(m.conversations) < 5 {
		m.know(m.conversation().ID)
	}
}

// Join adds somebody, which must fail exactly where the model says so: pairs and
// members of group texts are not together, nobody is there twice, and no other live
// conversation has what this one would capture.
func (m *groupMachine) Join(t *rapid.T) {
	id, c := m.any(t)
	if c == nil {
		return
	}
	b := conversations.Binding{Address: rapid.SampledFrom(groupPeople).Draw(t, "person")}
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		b.Proxy = rapid.SampledFrom(groupNumbers).Draw(t, "proxy")
	case 1, 2:
		b = conversations.Binding{Projected: rapid.SampledFrom(groupNumbers).Draw(t, "projected")}
	}
	fits := c.state != conversations.StateClosed
	for _, other := range c.members {
		if (other.Proxy == "") != (b.Proxy == "") || b.Proxy == "" && other == b {
			fits = false
		}
	}
	var f bridge.ParticipantFields
	for _, set := range []struct {
		field **conversations.Address
		value conversations.Address
	}{{&f.Address, b.Address}, {&f.Proxy, b.Proxy}, {&f.Projected, b.Projected}} {
		if set.value != "" {
			*set.field = &set.value
		}
	}
	if b.Proxy != "" && m.holder(setOf(b.Address, b.Proxy), "") != "" {
		fits = false
	}
	const tried = "tried"
	if fits {
		c.members[tried] = b
		fits = m.isFree(id)
		delete(c.members, tried)
	}
	p, err := m.AddParticipant(m.t.Context(), system, service, conversations.ConversationKey{ID: id}, f)
	if !fits {
		require.Error(t, err, "%+v into %+v", b, c)
		return
	}
	require.NoError(t, err, "%+v into %+v", b, c)
	c.members[p.ID] = b
}

// Leave removes somebody, which must fail exactly where another live conversation
// has the group that would remain.
func (m *groupMachine) Leave(t *rapid.T) {
	id, c := m.any(t)
	if c == nil || len(c.members) == 0 || c.state == conversations.StateClosed {
		return
	}
	who := rapid.SampledFrom(slices.Sorted(maps.Keys(c.members))).Draw(t, "participant")
	was := c.members[who]
	delete(c.members, who)
	err := m.RemoveParticipant(m.t.Context(), system, service, conversations.ConversationKey{ID: id}, conversations.ParticipantKey{ID: who})
	if m.isFree(id) {
		require.NoError(t, err)
		return
	}
	require.Error(t, err)
	c.members[who] = was
}

// SetState closes a conversation, or makes it inactive or active.
func (m *groupMachine) SetState(t *rapid.T) {
	id, c := m.any(t)
	if c == nil || c.state == conversations.StateClosed {
		return
	}
	state := rapid.SampledFrom([]conversations.State{
		conversations.StateActive, conversations.StateInactive, conversations.StateClosed,
	}).Draw(t, "state")
	_, err := m.UpdateConversation(m.t.Context(), system, service, conversations.ConversationKey{ID: id}, bridge.ConversationFields{State: &state})
	require.NoError(t, err)
	c.state = state
}

// Delete removes a conversation.
func (m *groupMachine) Delete(t *rapid.T) {
	if id, c := m.any(t); c != nil {
		require.NoError(t, m.DeleteConversation(m.t.Context(), system, service, conversations.ConversationKey{ID: id}))
		delete(m.conversations, id)
	}
}

// Switch makes a number make conversations, or no longer.
func (m *groupMachine) Switch(t *rapid.T) {
	number := rapid.SampledFrom(groupNumbers).Draw(t, "number")
	on := !m.creates[number]
	id := m.texts("SELECT id FROM address_configurations WHERE address = $1", number)
	var err error
	if len(id) == 0 {
		_, err = m.CreateAddressConfiguration(m.t.Context(), bridge.AddressFields{
			Address: &number, Type: conversations.TypeSMS, Creation: bridge.CreationFields{Enabled: &on},
		})
	} else {
		_, err = m.UpdateAddressConfiguration(m.t.Context(), autocreate.Key{ID: conversations.AddressConfigurationID(id[0])},
			bridge.AddressFields{Creation: bridge.CreationFields{Enabled: &on}})
	}
	require.NoError(t, err)
	m.creates[number] = on
}

// Receive delivers a message to some of our numbers and people, reported once for
// each number, and expects it in one place.
func (m *groupMachine) Receive(t *rapid.T) {
	subset := func(of []conversations.Address, least int, label string) []conversations.Address {
		return rapid.Permutation(of).Draw(t, label)[:rapid.IntRange(least, len(of)).Draw(t, label+" count")]
	}
	ours := subset(groupNumbers, 1, "numbers")
	people := subset(groupPeople, 1, "people")
	members := slices.Concat(people, ours)
	if rapid.IntRange(0, 9).Draw(t, "echo") == 0 && len(members) > 2 && len(ours) > 1 {
		m.echo(t, ours, people)
		return
	}
	m.made++
	body := fmt.Sprintf("text %d", m.made)
	var reports []conversations.Inbound
	for i, number := range ours {
		others := slices.DeleteFunc(slices.Clone(members), func(a conversations.Address) bool { return a == number || a == people[0] })
		in := groupMessage(fmt.Sprintf("in%d/%d", m.made, i), people[0], body, append([]conversations.Address{number}, others...)...)
		reports = append(reports, in)
	}
	found, err := m.Explain(m.t.Context(), people[0], members[1:])
	require.NoError(t, err)
	require.NoError(t, m.Accept(m.t.Context(), reports))
	m.settleInbox()
	m.dropped += len(ours) - 1
	id := m.holder(setOf(members...), "")
	switch {
	case id != "":
		require.Equal(t, conversations.ToConversation, found.Destination)
		require.Equal(t, id, found.Conversation)
	case slices.ContainsFunc(ours, func(a conversations.Address) bool { return m.creates[a] }):
		require.Equal(t, conversations.ToNewConversation, found.Destination)
		id = m.create(t, body, people, ours)
	default:
		require.Equal(t, conversations.Unrouted, found.Destination)
		m.unrouted = append(m.unrouted, body)
		return
	}
	c := m.conversations[id]
	c.state = conversations.StateActive
	c.bodies = append(c.bodies, body)
}

// create takes the conversation of a message into the model that was made for it.
func (m *groupMachine) create(t *rapid.T, body string, people, ours []conversations.Address) conversations.ConversationID {
	of := m.texts("SELECT conversation_id FROM messages WHERE body = $1", body)
	require.Len(t, of, 1)
	id := conversations.ConversationID(of[0])
	require.NotContains(t, m.conversations, id, "a new one")
	c := m.know(id)
	page, err := m.db.Participants(m.t.Context(), id, conversations.Page{Size: 20})
	require.NoError(t, err)
	var want []conversations.Binding
	for _, a := range people {
		want = append(want, conversations.Binding{Address: a})
	}
	for _, a := range ours {
		want = append(want, conversations.Binding{Projected: a})
	}
	if len(want) == 2 {
		want = []conversations.Binding{{Address: people[0], Proxy: ours[0]}}
	}
	var got []conversations.Binding
	for _, p := range page.Items {
		c.members[p.ID] = *p.Binding
		got = append(got, *p.Binding)
	}
	require.ElementsMatch(t, want, got)
	return id
}

// echo delivers what one of our numbers has sent to a group with another one in it.
func (m *groupMachine) echo(t *rapid.T, ours, people []conversations.Address) {
	m.made++
	require.NoError(t, m.Accept(m.t.Context(), []conversations.Inbound{
		groupMessage(fmt.Sprintf("echo%d", m.made), ours[0], "echo", slices.Concat(ours[1:], people)...),
	}))
	m.settleInbox()
	m.dropped++
}

// Check compares what is stored with the model.
func (m *groupMachine) Check(t *rapid.T) {
	held := map[string]conversations.ConversationID{}
	for id, c := range m.conversations {
		for _, set := range c.captures() {
			require.NotContains(t, held, set, "a group is in two live conversations")
			held[set] = id
		}
		require.Equal(t, c.bodies, m.texts("SELECT body FROM messages WHERE conversation_id = $1 ORDER BY idx", id))
		require.Equal(t, []string{string(c.state)}, m.texts("SELECT state FROM conversations WHERE id = $1", id))
		require.Equal(t, len(c.members), m.count("SELECT COUNT(*) FROM participants WHERE conversation_id = $1", id))
	}
	require.Equal(t, len(m.conversations), m.count("SELECT COUNT(*) FROM conversations"))
	require.Equal(t, len(held), m.count("SELECT COUNT(*) FROM pairs")+m.count("SELECT COUNT(*) FROM number_groups"))
	require.ElementsMatch(t, m.unrouted, m.texts("SELECT body FROM inbound WHERE state = 2 AND seq > $1", m.first))
	require.Equal(t, m.dropped, m.count("SELECT COUNT(*) FROM inbound WHERE state = 3 AND seq > $1", m.first))
}

// Whatever people do, a group is in one live conversation, and its messages go
// there, once (page 38).
func TestTheRoutingOfGroupsAgreesWithTheModelWhateverHappens(t *testing.T) {
	t.Parallel()
	w := newGroupWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := newGroupMachine(w)
		rt.Repeat(map[string]func(*rapid.T){
			"new": m.New, "join": m.Join, "join more": m.Join, "join yet more": m.Join, "leave": m.Leave,
			"set state": m.SetState, "delete": m.Delete, "switch": m.Switch, "receive": m.Receive, "receive more": m.Receive,
			"": m.Check,
		})
	})
}
