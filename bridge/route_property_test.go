package bridge_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/autocreate"
	"bridged/bindings"
	"bridged/bridge"
	"bridged/conversations"
)

// persons are those who write: the last one has a number of two spellings.
var persons = [][]conversations.Address{{alice}, {bob}, {"+5215512345678", "+525512345678"}}

// modelPair is a person, by the place in persons, and one of our numbers.
type modelPair struct {
	person int
	proxy  conversations.Address
}

// modelMember is who holds a pair.
type modelMember struct {
	conversation conversations.ConversationID
	participant  conversations.ParticipantID
	address      conversations.Address // as it was given
}

type modelMessage struct{ author, body string }

type modelConversation struct {
	service  conversations.ServiceID
	state    conversations.State
	messages []modelMessage
}

type modelInbound struct {
	id, body string
	from     conversations.Address
	modelPair
}

// routeMachine does to conversations and numbers what people and operators do, in
// any order, and does the same to a simple model: a table of pairs, and what each
// number does with strangers.
type routeMachine struct {
	*world

	services []conversations.ServiceID
	first    int // the inbound messages of machines before this one have smaller numbers

	conversations map[conversations.ConversationID]*modelConversation
	order         []conversations.ConversationID
	pairs         map[modelPair]modelMember
	creates       map[conversations.Address]conversations.ServiceID // where a number makes conversations
	unrouted      []modelInbound
	delivered     []modelInbound
}

// newRouteMachine begins anew in a world where machines were before.
func newRouteMachine(w *world, services []conversations.ServiceID) *routeMachine {
	for _, s := range services {
		for _, id := range w.texts("SELECT id FROM conversations WHERE service_id = $1", s) {
			key := conversations.ConversationKey{ID: conversations.ConversationID(id)}
			require.NoError(w.t, w.DeleteConversation(w.t.Context(), system, s, key))
		}
	}
	for _, id := range w.texts("SELECT id FROM address_configurations") {
		key := autocreate.Key{ID: conversations.AddressConfigurationID(id)}
		require.NoError(w.t, w.DeleteAddressConfiguration(w.t.Context(), key))
	}
	return &routeMachine{
		world: w, services: services, first: w.count("SELECT COALESCE(MAX(seq), 0) FROM inbound"),
		conversations: map[conversations.ConversationID]*modelConversation{},
		pairs:         map[modelPair]modelMember{},
		creates:       map[conversations.Address]conversations.ServiceID{},
	}
}

// any draws a conversation; nil where there is none.
func (m *routeMachine) any(t *rapid.T) (conversations.ConversationKey, *modelConversation) {
	if len(m.order) == 0 {
		return conversations.ConversationKey{}, nil
	}
	id := rapid.SampledFrom(m.order).Draw(t, "conversation")
	return conversations.ConversationKey{ID: id}, m.conversations[id]
}

func (m *routeMachine) draw(t *rapid.T) (conversations.Address, modelPair) {
	person := rapid.IntRange(0, len(persons)-1).Draw(t, "person")
	return rapid.SampledFrom(persons[person]).Draw(t, "address"),
		modelPair{person, rapid.SampledFrom([]conversations.Address{proxy, otherProxy}).Draw(t, "proxy")}
}

func (m *routeMachine) know(id conversations.ConversationID, s conversations.ServiceID) {
	m.conversations[id] = &modelConversation{service: s, state: conversations.StateActive}
	m.order = append(m.order, id)
}

// free takes the pairs of a conversation out of the model.
func (m *routeMachine) free(id conversations.ConversationID) {
	maps.DeleteFunc(m.pairs, func(_ modelPair, by modelMember) bool { return by.conversation == id })
}

// New makes a conversation in one of the services.
func (m *routeMachine) New(t *rapid.T) {
	s := rapid.SampledFrom(m.services).Draw(t, "service")
	c, err := m.CreateConversation(m.t.Context(), system, s, bridge.ConversationFields{})
	require.NoError(t, err)
	m.know(c.ID, s)
}

// Join adds a person, which must fail exactly where the pair is held, in whatever
// service, or the conversation is closed.
func (m *routeMachine) Join(t *rapid.T) {
	key, c := m.any(t)
	if c == nil {
		return // nothing to join
	}
	address, pair := m.draw(t)
	p, err := m.AddParticipant(m.t.Context(), system, c.service, key, bridge.ParticipantFields{Address: &address, Proxy: &pair.proxy})
	if _, taken := m.pairs[pair]; taken || c.state == conversations.StateClosed {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	m.pairs[pair] = modelMember{key.ID, p.ID, address}
}

// Leave removes somebody who holds a pair.
func (m *routeMachine) Leave(t *rapid.T) {
	_, pair := m.draw(t)
	member, held := m.pairs[pair]
	if !held {
		return // nobody is there
	}
	c := m.conversations[member.conversation]
	key := conversations.ConversationKey{ID: member.conversation}
	require.NoError(t, m.RemoveParticipant(m.t.Context(), system, c.service, key, conversations.ParticipantKey{ID: member.participant}))
	delete(m.pairs, pair)
}

// SetState closes a conversation, or makes it inactive or active.
func (m *routeMachine) SetState(t *rapid.T) {
	key, c := m.any(t)
	if c == nil || c.state == conversations.StateClosed {
		return // a closed one stays closed
	}
	c.state = rapid.SampledFrom([]conversations.State{
		conversations.StateActive, conversations.StateInactive, conversations.StateClosed,
	}).Draw(t, "state")
	_, err := m.UpdateConversation(m.t.Context(), system, c.service, key, bridge.ConversationFields{State: &c.state})
	require.NoError(t, err)
	if c.state == conversations.StateClosed {
		m.free(key.ID)
	}
}

// Delete removes a conversation.
func (m *routeMachine) Delete(t *rapid.T) {
	key, c := m.any(t)
	if c == nil {
		return // there is none
	}
	require.NoError(t, m.DeleteConversation(m.t.Context(), system, c.service, key))
	m.free(key.ID)
	delete(m.conversations, key.ID)
	m.order = slices.DeleteFunc(m.order, func(id conversations.ConversationID) bool { return id == key.ID })
}

// Switch changes what a number does with strangers.
func (m *routeMachine) Switch(t *rapid.T) {
	number := rapid.SampledFrom([]conversations.Address{proxy, otherProxy}).Draw(t, "number")
	f := bridge.AddressFields{Address: &number, Type: conversations.TypeSMS}
	on := rapid.Bool().Draw(t, "on")
	f.Creation.Enabled = &on
	delete(m.creates, number)
	if on {
		s := rapid.SampledFrom(m.services).Draw(t, "service")
		f.Creation.Service, m.creates[number] = &s, s
	}
	id := m.texts("SELECT id FROM address_configurations WHERE address = $1", number)
	var err error
	if len(id) == 0 {
		_, err = m.CreateAddressConfiguration(m.t.Context(), f)
	} else {
		_, err = m.UpdateAddressConfiguration(m.t.Context(), autocreate.Key{ID: conversations.AddressConfigurationID(id[0])}, bridge.AddressFields{Creation: f.Creation})
	}
	require.NoError(t, err)
}

// Receive delivers up to three messages at once.
func (m *routeMachine) Receive(t *rapid.T) {
	var batch []modelInbound
	for range rapid.IntRange(1, 3).Draw(t, "messages") {
		from, pair := m.draw(t)
		m.made++
		batch = append(batch, modelInbound{fmt.Sprintf("in%d", m.made), fmt.Sprintf("text %d", m.made), from, pair})
	}
	m.explain(t, batch[0])
	m.deliver(t, batch)
	m.delivered = append(m.delivered, batch...)
	for _, in := range batch {
		m.expect(t, in)
	}
}

// Repeat delivers what was delivered before, which changes nothing.
func (m *routeMachine) Repeat(t *rapid.T) {
	if len(m.delivered) > 0 {
		m.deliver(t, []modelInbound{rapid.SampledFrom(m.delivered).Draw(t, "message")})
	}
}

// Reroute takes an unrouted message up again.
func (m *routeMachine) Reroute(t *rapid.T) {
	if len(m.unrouted) == 0 {
		return // all have their place
	}
	n := rapid.IntRange(0, len(m.unrouted)-1).Draw(t, "unrouted")
	in := m.unrouted[n]
	_, err := m.world.Reroute(m.t.Context(), int64(m.count("SELECT seq FROM inbound WHERE provider_id = $1", in.id)))
	require.NoError(t, err)
	m.settleInbox()
	m.unrouted = slices.Delete(m.unrouted, n, n+1)
	m.expect(t, in)
}

func (m *routeMachine) deliver(t *rapid.T, batch []modelInbound) {
	list := make([]conversations.Inbound, len(batch))
	for i, in := range batch {
		list[i] = inbound(in.id, in.from, in.body)
		list[i].To = in.proxy
		list[i].Channel = "sms"
	}
	require.NoError(t, m.Accept(m.t.Context(), list))
	m.settleInbox()
}

// explain asks where a message would go, and compares the answer with the model.
func (m *routeMachine) explain(t *rapid.T, in modelInbound) {
	got, err := m.Explain(m.t.Context(), in.from, []conversations.Address{in.proxy})
	require.NoError(t, err)
	member, held := m.pairs[in.modelPair]
	into, made := m.creates[in.proxy]
	switch {
	case held:
		require.Equal(t, conversations.ToConversation, got.Destination)
		require.Equal(t, member.conversation, got.Conversation)
		require.Equal(t, member.participant, got.Participant)
	case made:
		require.Equal(t, conversations.ToNewConversation, got.Destination)
		require.Equal(t, into, got.Service)
	default:
		require.Equal(t, conversations.Unrouted, got.Destination)
	}
}

// expect does to the model what a message that came does.
func (m *routeMachine) expect(t *rapid.T, in modelInbound) {
	member, held := m.pairs[in.modelPair]
	if !held {
		into, made := m.creates[in.proxy]
		if !made {
			m.unrouted = append(m.unrouted, in)
			return
		}
		var participant, conversation string
		err := m.sql.QueryRowContext(m.t.Context(), "SELECT conversation_id, participant_id FROM messages WHERE body = $1", in.body).
			Scan(&conversation, &participant)
		require.NoError(t, err, "it makes a conversation")
		member = modelMember{conversations.ConversationID(conversation), conversations.ParticipantID(participant), in.from}
		require.NotContains(t, m.conversations, member.conversation, "a new one")
		m.know(member.conversation, into)
		m.pairs[in.modelPair] = member
	}
	c := m.conversations[member.conversation]
	c.state = conversations.StateActive
	c.messages = append(c.messages, modelMessage{string(member.address), in.body})
}

// Check compares all that is stored with the model.
func (m *routeMachine) Check(t *rapid.T) {
	stored := map[conversations.ConversationID]*modelConversation{}
	m.rows(t, "SELECT id, service_id, state FROM conversations", func(scan func(...any)) {
		var id conversations.ConversationID
		c := &modelConversation{}
		scan(&id, &c.service, &c.state)
		stored[id] = c
	})
	m.rows(t, "SELECT conversation_id, idx, author, body FROM messages ORDER BY conversation_id, idx", func(scan func(...any)) {
		var (
			id    conversations.ConversationID
			index int
			said  modelMessage
		)
		scan(&id, &index, &said.author, &said.body)
		require.Len(t, stored[id].messages, index, "the indices of %s have a gap", id)
		stored[id].messages = append(stored[id].messages, said)
	})
	require.Equal(t, m.conversations, stored)

	pairs, want := map[string]conversations.ConversationID{}, map[string]conversations.ConversationID{}
	// Not by the table of pairs, whose key forbids it, but by who is where.
	m.rows(t, `SELECT p.address, p.proxy, p.conversation_id FROM participants p
		JOIN conversations c ON c.id = p.conversation_id WHERE c.state <> 'closed'`, func(scan func(...any)) {
		var (
			address, by conversations.Address
			id          conversations.ConversationID
		)
		scan(&address, &by, &id)
		key := bindings.MatchKey(address, by)
		require.NotContains(t, pairs, key, "a pair is in two live conversations")
		pairs[key] = id
	})
	for pair, member := range m.pairs {
		want[bindings.MatchKey(member.address, pair.proxy)] = member.conversation
	}
	require.Equal(t, want, pairs)
	require.Equal(t, len(want), m.count("SELECT COUNT(*) FROM pairs"))

	kept := []string{}
	for _, in := range m.unrouted {
		kept = append(kept, in.body)
	}
	require.ElementsMatch(t, kept, m.texts("SELECT body FROM inbound WHERE state = 2 AND seq > $1", m.first))
	require.Equal(t, len(m.delivered), m.count("SELECT COUNT(*) FROM inbound WHERE seq > $1", m.first), "lost, or doubled")
	require.Zero(t, m.count("SELECT COUNT(*) FROM inbound WHERE state = 0"))
}

// rows answers a query row by row.
func (m *routeMachine) rows(t *rapid.T, query string, each func(scan func(...any))) {
	rows, err := m.sql.QueryContext(m.t.Context(), query)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		each(func(into ...any) { require.NoError(t, rows.Scan(into...)) })
	}
	require.NoError(t, rows.Err())
}

// Whatever happens, each message is where the rules of page 38 say, once.
func TestTheRoutingAgreesWithTheModelWhateverHappens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	services := []conversations.ServiceID{service, w.service("another").ID}
	rapid.Check(t, func(rt *rapid.T) {
		m := newRouteMachine(w, services)
		rt.Repeat(map[string]func(*rapid.T){
			"new": m.New, "join": m.Join, "leave": m.Leave, "set state": m.SetState, "delete": m.Delete,
			"switch": m.Switch, "receive": m.Receive, "receive more": m.Receive, "repeat": m.Repeat, "reroute": m.Reroute,
			"": m.Check,
		})
	})
}
