package bridge_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// handed lets the carriers take everything and returns what each person got.
func (w *world) handed(out *bridge.Outlet) map[conversations.Address][]string {
	w.t.Helper()
	got := map[conversations.Address][]string{}
	for sends := w.sends(); len(sends) > 0; sends = w.sends() {
		for c := w.claim(sends[0], out); c != nil; {
			got[c.Delivery.Address] = append(got[c.Delivery.Address], c.Part.Text)
			next, err := w.Settle(w.t.Context(), *c, w.accepted(), out)
			require.NoError(w.t, err)
			c = next
		}
	}
	return got
}

func telling(c *bridge.Config) { c.Relay.Prefix = true }

func TestReadersAreToldWhoSpeaks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, telling)
	key := w.conversation(alice, carla)
	w.receive(inbound("1", alice, "just us"))
	assert.Equal(t, map[conversations.Address][]string{carla: {"just us"}}, w.handed(whole), "of two it can only be the other")

	w.join(key, bob, proxy)
	named := ptr(`{"name": " Carla\n[the driver] "}`)
	p := w.texts("SELECT id FROM participants WHERE address = '" + string(carla) + "'")[0]
	_, err := w.UpdateParticipant(t.Context(), system, service, key, conversations.ParticipantKey{ID: conversations.ParticipantID(p)}, bridge.ParticipantFields{Attributes: named})
	require.NoError(t, err)
	w.receive(inbound("2", bob, "hello"), inbound("3", carla, "hi"), inbound("4", alice, "hey"), inbound("5", bob, "bye"))
	got := w.handed(whole)
	assert.Equal(t, []string{"[Participant 1] hello", "[Carla the driver] hi", "[Participant 1] bye"}, got[alice])
	assert.Equal(t, []string{"[Carla the driver] hi", "[Participant 2] hey"}, got[bob])
	assert.ElementsMatch(t, []string{"[Participant 1] hello", "[Participant 2] hey", "[Participant 1] bye"}, got[carla])

	// A number is nobody else's, also when its owner is gone.
	w.leave(key, alice)
	dan := conversations.Address("+15550000004")
	w.join(key, dan, proxy)
	m := inbound("6", dan, "new here")
	w.receive(m)
	assert.Equal(t, []string{"[Participant 3] new here"}, w.handed(whole)[bob])
	w.say(key, "system", "from the house")
	assert.Equal(t, []string{"from the house"}, w.handed(whole)[bob])
	assert.Zero(t, w.count("SELECT count(*) FROM messages WHERE body LIKE '%[%'"), "the messages themselves are as they were")
}

// leave removes who has an address.
func (w *world) leave(key conversations.ConversationKey, address conversations.Address) {
	w.t.Helper()
	p := w.texts("SELECT id FROM participants WHERE address = '" + string(address) + "'")[0]
	require.NoError(w.t, w.RemoveParticipant(w.t.Context(), system, service, key, conversations.ParticipantKey{ID: conversations.ParticipantID(p)}))
}

func TestAChatUsersNameAndNoNumberIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, telling)
	key := w.conversation(alice, bob)
	for identity, friendly := range map[string]*string{
		"ada": nil, "grace": ptr("Grace H."), "+15550000042": nil, "joan@example.com": ptr("+1 555 000 0043"), "kay": ptr("whatsapp:+15550000044"),
	} {
		_, err := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: &identity})
		require.NoError(t, err)
		if friendly != nil {
			_, err = w.UpdateUser(t.Context(), system, service, conversations.UserKey{Identity: identity}, bridge.UserFields{FriendlyName: friendly})
			require.NoError(t, err)
		}
	}
	for _, say := range []struct{ author, want string }{
		{"ada", "[ada] x"},
		{"grace", "[Grace H.] x"},
		{"+15550000042", "[Participant 1] x"},
		{"joan@example.com", "[Participant 2] x"},
		{"kay", "[kay] x"},
		{string(alice), "[Participant 3] x"},
	} {
		w.say(key, say.author, "x")
		assert.Equal(t, []string{say.want}, w.handed(whole)[bob], say.author)
	}
}

func TestThePrefixIsSwitchedPerConversationAndService(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name       string
		relay      bridge.RelayPolicy
		attributes string
		want       string
	}{
		{"off", bridge.RelayPolicy{}, `{}`, "x"},
		{"on", bridge.RelayPolicy{Prefix: true}, `{}`, "[ada] x"},
		{"of its service", bridge.RelayPolicy{Services: []conversations.ServiceID{service}}, `{}`, "[ada] x"},
		{"of another service", bridge.RelayPolicy{Services: []conversations.ServiceID{"other"}}, `{}`, "x"},
		{"the conversation's own", bridge.RelayPolicy{}, `{"bridged": {"relay_prefix": true}}`, "[ada] x"},
		{"not in this one", bridge.RelayPolicy{Prefix: true}, `{"bridged": {"relay_prefix": false}}`, "x"},
		{"null says nothing", bridge.RelayPolicy{Prefix: true}, `{"bridged": {"relay_prefix": null}}`, "[ada] x"},
		{"another type says nothing", bridge.RelayPolicy{}, `{"bridged": {"relay_prefix": "yes"}}`, "x"},
		{"another key", bridge.RelayPolicy{}, `{"relay_prefix": true}`, "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *bridge.Config) { c.Relay = tt.relay })
			key := w.conversation(alice, bob)
			_, err := w.UpdateConversation(t.Context(), system, service, key, bridge.ConversationFields{Attributes: &tt.attributes})
			require.NoError(t, err)
			_, err = w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: ptr("ada")})
			require.NoError(t, err)
			w.say(key, "ada", "x")
			assert.Equal(t, []string{tt.want}, w.handed(whole)[bob])
		})
	}
}

// The first part has the prefix, and no attempt another one than the first, also
// when the name changes meanwhile. A file without a text has it for its text.
func TestThePrefixIsThatOfTheFirstAttempt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, telling)
	key := w.conversation(alice)
	for _, identity := range []string{"ada", "grace"} {
		_, err := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: &identity})
		require.NoError(t, err)
	}
	w.say(key, "ada", "one two")
	c := w.claimOnly(words)
	assert.Equal(t, "[ada]", c.Part.Text)
	_, err := w.UpdateUser(t.Context(), system, service, conversations.UserKey{Identity: "ada"}, bridge.UserFields{FriendlyName: ptr("Ada Lovelace")})
	require.NoError(t, err)
	next, err := w.Settle(t.Context(), c, w.accepted(), words)
	require.NoError(t, err)
	assert.Equal(t, "one", next.Part.Text)
	w.settle(*next, refused)
	w.clock.advance(w.cfg.Retry.Max)
	_, err = w.Resume(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"one", "two"}, w.handed(words)[alice])
	assert.Equal(t, 3, w.deliveries()[0].Parts)

	w.join(key, bob, proxy)
	photo := inbound("1", bob, "")
	photo.Media = []conversations.Media{{URL: "https://carrier.example/1", ContentType: "image/png"}}
	w.receive(photo)
	w.arrives(w.fetches()[0], here)
	c = w.claimOnly(whole)
	assert.Equal(t, "[Participant 1]", c.Part.Text)
	next, err = w.Settle(t.Context(), c, w.accepted(), whole)
	require.NoError(t, err)
	assert.Len(t, next.Part.Media, 1)
	assert.NotContains(t, strings.Join(w.texts("SELECT prefix FROM deliveries"), " "), bob.Local())
}
