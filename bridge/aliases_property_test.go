package bridge_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/bridge"
	"bridged/conversations"
)

// member is a participant as the model of the aliases sees it.
type member struct {
	key      conversations.ConversationKey
	id       conversations.ParticipantID
	address  conversations.Address
	captures bool // it has its pair
}

// aliasMachine does to conversations what people, carriers and operators do, and
// keeps a model of it: a list of members, oldest first, and of names.
type aliasMachine struct {
	*world

	rooms     []conversations.ConversationKey // that are open
	members   []member
	roots     map[conversations.Address]conversations.Address
	said      map[conversations.ConversationID]int
	unrouted  int
	conflicts int
	sent      int
}

// The names of these people. Which id is whose is learned on the way.
var (
	aliasNumbers = []conversations.Address{"whatsapp:+15550000041", "whatsapp:+15550000042"}
	aliasIDs     = []conversations.Address{"whatsapp:+US.41", "whatsapp:+US.42", "whatsapp:+US.43"}
)

// newAliasMachine begins anew in a world where machines were before. Only what
// they learned stays, because nothing unlearns.
func newAliasMachine(w *world, roots map[conversations.Address]conversations.Address) *aliasMachine {
	for _, id := range w.texts("SELECT id FROM conversations") {
		key := conversations.ConversationKey{ID: conversations.ConversationID(id)}
		require.NoError(w.t, w.DeleteConversation(w.t.Context(), system, service, key))
	}
	m := &aliasMachine{
		world: w, roots: roots, said: make(map[conversations.ConversationID]int),
		unrouted:  w.count("SELECT count(*) FROM inbound WHERE state = 2"),
		conflicts: w.count("SELECT count(*) FROM alias_conflicts"),
		sent:      w.count("SELECT count(*) FROM inbound"),
	}
	m.rooms = append(m.rooms, w.conversation(), w.conversation())
	return m
}

func (m *aliasMachine) root(a conversations.Address) conversations.Address {
	if root := m.roots[a]; root != "" {
		return root
	}
	return a
}

// holder is the member who captures what comes from an address.
func (m *aliasMachine) holder(a conversations.Address) *member {
	for i := range m.members {
		if m.members[i].captures && m.root(m.members[i].address) == m.root(a) {
			return &m.members[i]
		}
	}
	return nil
}

func anyOf(t *rapid.T) conversations.Address {
	return rapid.SampledFrom(slices.Concat(aliasNumbers, aliasIDs)).Draw(t, "address")
}

// Join adds somebody to a conversation, which is refused while their pair is live
// elsewhere.
func (m *aliasMachine) Join(t *rapid.T) {
	room, address, by := rapid.SampledFrom(m.rooms).Draw(t, "conversation"), anyOf(t), waProxy
	p, err := m.AddParticipant(m.t.Context(), system, service, room, bridge.ParticipantFields{Address: &address, Proxy: &by})
	if m.holder(address) != nil {
		require.True(t, conversations.PairTaken.Is(err), "%v", err)
		return
	}
	require.NoError(t, err)
	m.members = append(m.members, member{room, p.ID, address, true})
}

// Leave takes one of them out.
func (m *aliasMachine) Leave(t *rapid.T) {
	if len(m.members) == 0 {
		return
	}
	n := rapid.IntRange(0, len(m.members)-1).Draw(t, "member")
	gone := m.members[n]
	require.NoError(t, m.RemoveParticipant(m.t.Context(), system, service, gone.key, conversations.ParticipantKey{ID: gone.id}))
	m.members = slices.Delete(m.members, n, n+1)
}

// Close closes a conversation and opens another one.
func (m *aliasMachine) Close(t *rapid.T) {
	n := rapid.IntRange(0, len(m.rooms)-1).Draw(t, "conversation")
	_, err := m.UpdateConversation(m.t.Context(), system, service, m.rooms[n], bridge.ConversationFields{State: ptr(conversations.StateClosed)})
	require.NoError(t, err)
	m.members = slices.DeleteFunc(m.members, func(p member) bool { return p.key == m.rooms[n] })
	m.rooms[n] = m.conversation()
}

// Write delivers a message that tells one name.
func (m *aliasMachine) Write(t *rapid.T) { m.deliver(anyOf(t)) }

// Learn delivers a message that tells a number and an id.
func (m *aliasMachine) Learn(t *rapid.T) {
	number, id := rapid.SampledFrom(aliasNumbers).Draw(t, "number"), rapid.SampledFrom(aliasIDs).Draw(t, "id")
	m.roots[id] = number
	seen := make(map[conversations.Address]bool)
	for i := range m.members { // the older wins
		p := &m.members[i]
		root := m.root(p.address)
		if p.captures && seen[root] {
			p.captures = false
			m.conflicts++
		}
		seen[root] = seen[root] || p.captures
	}
	m.deliver(number, id)
}

func (m *aliasMachine) deliver(from conversations.Address, names ...conversations.Address) {
	m.sent++
	m.receive(named(fmt.Sprint("in", m.sent), from, names...))
	if p := m.holder(from); p != nil {
		m.said[p.key.ID]++
	} else {
		m.unrouted++
	}
}

// Check compares the store with the model.
func (m *aliasMachine) Check(t *rapid.T) {
	capturing := 0
	for _, p := range m.members {
		if p.captures {
			capturing++
		}
	}
	require.Equal(t, capturing, m.count("SELECT count(*) FROM pairs"))
	require.Equal(t, m.conflicts, m.count("SELECT count(*) FROM alias_conflicts"))
	require.Equal(t, m.unrouted, m.count("SELECT count(*) FROM inbound WHERE state = 2"))
	for _, a := range slices.Concat(aliasNumbers, aliasIDs) {
		var want conversations.ConversationID
		if p := m.holder(a); p != nil {
			want = p.key.ID
		}
		require.Equal(t, want, m.leadsTo(a), "of %s", a)
	}
	for _, room := range m.rooms {
		require.Equal(t, m.said[room.ID], m.count("SELECT count(*) FROM messages WHERE conversation_id = $1", room.ID))
	}
}

func TestTheAliasesAgreeWithAModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	roots := make(map[conversations.Address]conversations.Address)
	rapid.Check(t, func(rt *rapid.T) {
		m := newAliasMachine(w, roots)
		rt.Repeat(map[string]func(*rapid.T){
			"join": m.Join, "leave": m.Leave, "close": m.Close, "write": m.Write, "learn": m.Learn, "": m.Check,
		})
	})
}
