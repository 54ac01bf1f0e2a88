package bridge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// timed makes a conversation with timers.
func (w *world) timed(inactive, closed time.Duration) conversations.ConversationKey {
	w.t.Helper()
	c, err := w.CreateConversation(w.t.Context(), system, service, bridge.ConversationFields{
		TimerInactive: &inactive, TimerClosed: &closed,
	})
	require.NoError(w.t, err)
	return conversations.ConversationKey{ID: c.ID}
}

// fire lets the timers fire until none is due, and returns when the next one is.
func (w *world) fire() (next time.Time) {
	w.t.Helper()
	for {
		next, err := w.FireTimers(w.t.Context())
		require.NoError(w.t, err)
		if next.IsZero() || next.After(w.clock.now()) {
			return next
		}
	}
}

// look reads a conversation.
func (w *world) look(key conversations.ConversationKey) conversations.Conversation {
	w.t.Helper()
	c, err := w.db.Conversation(w.t.Context(), service, key)
	require.NoError(w.t, err)
	return c
}

// transitions returns what brought about the changes of a conversation's state.
func (w *world) transitions(key conversations.ConversationKey) []string {
	w.t.Helper()
	return w.texts("SELECT reason FROM events WHERE type = 'onConversationStateUpdated' AND conversation_id = '" + string(key.ID) + "' ORDER BY seq")
}

// Page 35: its four scenarios, looked at a microsecond before and at each time.
func TestTheFourScenariosOfTimers(t *testing.T) {
	t.Parallel()
	const second = time.Second
	type moment struct {
		after time.Duration
		state conversations.State
	}
	for name, c := range map[string]struct {
		inactive, closed time.Duration
		moments          []moment
		reasons          []string
	}{
		"both": {300 * second, 30_000 * second, []moment{
			{300*second - 1000, conversations.StateActive},
			{300 * second, conversations.StateInactive},
			{30_300*second - 1000, conversations.StateInactive},
			{30_300 * second, conversations.StateClosed},
			{400 * day, conversations.StateClosed},
		}, []string{"TIMER", "TIMER"}},
		"none": {0, 0, []moment{{400 * day, conversations.StateActive}}, nil},
		"inactive only": {600 * second, 0, []moment{
			{600*second - 1000, conversations.StateActive},
			{600 * second, conversations.StateInactive},
			{400 * day, conversations.StateInactive},
		}, []string{"TIMER"}},
		"closed only": {0, 30 * day, []moment{
			{30*day - 1000, conversations.StateActive},
			{30 * day, conversations.StateClosed},
			{400 * day, conversations.StateClosed},
		}, []string{"TIMER"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			key := w.timed(c.inactive, c.closed)
			for _, m := range c.moments {
				w.clock.advance(start.Add(m.after).Sub(w.clock.now()))
				w.fire()
				require.Equal(t, m.state, w.look(key).State, m.after)
			}
			assert.Equal(t, c.reasons, w.transitions(key))
		})
	}
}

func TestATimerThatFires(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assert.Zero(t, w.fire(), "there is none")
	key := w.timed(time.Minute, 10*time.Minute)
	assert.Equal(t, start.Add(time.Minute), w.fire())
	w.clock.advance(61 * time.Second)
	assert.Equal(t, start.Add(11*time.Minute), w.fire(), "the date that was shown, though this one was noticed late")
	c := w.look(key)
	assert.Equal(t, conversations.StateInactive, c.State)
	assert.Zero(t, c.Timers.DateInactive)
	assert.Equal(t, start.Add(11*time.Minute), c.Timers.DateClosed)
	assert.Equal(t, start.Add(61*time.Second), c.Updated)
	assert.Equal(t, 1, w.count(`SELECT count(*) FROM events WHERE type = 'onConversationStateUpdated' AND reason = 'TIMER'
		AND source = 'SYSTEM' AND webhooks = 1 AND before LIKE '%"active"%' AND after LIKE '%"inactive"%'`))
	w.fire()
	assert.Len(t, w.transitions(key), 1)
}

// A conversation that its timer closes frees the pairs of its participants, as one
// does that is closed by hand, and nothing changes it any more.
func TestAConversationThatItsTimerClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.timed(0, 10*time.Minute)
	w.join(key, alice, proxy)
	w.clock.advance(10 * time.Minute)
	assert.Zero(t, w.fire(), "a closed conversation has no timers")
	assert.Zero(t, w.count("SELECT count(*) FROM pairs"))
	assert.Zero(t, w.count("SELECT count(*) FROM participants WHERE live = 1"))
	assert.Zero(t, w.look(key).Timers.DateClosed)

	_, err := w.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{Body: ptr("too late")})
	require.True(t, conversations.ConversationClosed.Is(err), err)
	_, err = w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: ptr("ada")})
	require.True(t, conversations.ConversationClosed.Is(err), err)
	_, err = w.UpdateConversation(t.Context(), system, service, key, bridge.ConversationFields{State: ptr(conversations.StateActive)})
	require.True(t, conversations.ConversationClosed.Is(err), err)
	w.conversation(alice) // the pair is free
	require.NoError(t, w.DeleteConversation(t.Context(), system, service, key))
}

// Contract, 15: only messages and changes of the state by hand are activity.
func TestWhatRestartsTimers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do       func(w *world, key conversations.ConversationKey)
		restarts bool
	}{
		"a message over REST": {func(w *world, key conversations.ConversationKey) { w.say(key, "ada", "hello") }, true},
		"a carrier's message": {func(w *world, _ conversations.ConversationKey) { w.receive(inbound("1", alice, "hello")) }, true},
		"a change of the state": {func(w *world, key conversations.ConversationKey) {
			for _, s := range []conversations.State{conversations.StateInactive, conversations.StateActive} {
				_, err := w.UpdateConversation(w.t.Context(), system, service, key, bridge.ConversationFields{State: &s})
				require.NoError(w.t, err)
			}
		}, true},
		"the state that it has": {func(w *world, key conversations.ConversationKey) {
			_, err := w.UpdateConversation(w.t.Context(), system, service, key, bridge.ConversationFields{State: ptr(conversations.StateActive)})
			require.NoError(w.t, err)
		}, false},
		"a name": {func(w *world, key conversations.ConversationKey) {
			_, err := w.UpdateConversation(w.t.Context(), system, service, key, bridge.ConversationFields{FriendlyName: ptr("name")})
			require.NoError(w.t, err)
		}, false},
		"the same timers": {func(w *world, key conversations.ConversationKey) {
			_, err := w.UpdateConversation(w.t.Context(), system, service, key, bridge.ConversationFields{TimerInactive: ptr(time.Hour)})
			require.NoError(w.t, err)
		}, false},
		"a participant": {func(w *world, key conversations.ConversationKey) { w.join(key, carla, waProxy) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			key := w.timed(time.Hour, day)
			w.join(key, alice, proxy)
			w.clock.advance(time.Minute)
			c.do(w, key)
			from := start
			if c.restarts {
				from = w.clock.now()
			}
			timers := w.look(key).Timers
			assert.Equal(t, from.Add(time.Hour), timers.DateInactive)
			assert.Equal(t, from.Add(time.Hour+day), timers.DateClosed)
			assert.Equal(t, from.Add(time.Hour), w.fire())
		})
	}
}

// A timer that is set counts from the last activity, and may be due at once.
func TestATimerThatIsSetLater(t *testing.T) {
	t.Parallel()
	var told []time.Time
	w := newWorld(t, func(c *bridge.Config) { c.TimersDue = func(at time.Time) { told = append(told, at) } })
	key := w.conversation(alice)
	w.clock.advance(time.Hour)
	assert.Zero(t, w.fire())
	set := func(inactive time.Duration) conversations.Timers {
		c, err := w.UpdateConversation(t.Context(), system, service, key, bridge.ConversationFields{TimerInactive: &inactive})
		require.NoError(t, err)
		return c.Timers
	}
	assert.Equal(t, start.Add(2*time.Hour), set(2*time.Hour).DateInactive)
	assert.Zero(t, set(0).DateInactive)
	assert.Zero(t, w.fire(), "it was turned off")
	set(time.Minute)
	assert.Equal(t, []time.Time{start.Add(2 * time.Hour), start.Add(time.Minute)}, told)
	w.fire()
	assert.Equal(t, conversations.StateInactive, w.look(key).State)
}

// What a restart, a long suspend or a jump of the clock finds due fires once, in
// the order of its dates; a jump back only lets everything wait.
func TestTimersAfterALongSleep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := make([]conversations.ConversationKey, 250) // more than one commit takes up
	for i := range keys {
		keys[i] = w.timed(time.Minute, 10*time.Minute)
	}
	w.clock.advance(-day)
	assert.Equal(t, start.Add(time.Minute), w.fire())
	w.clock.advance(3 * day)
	w.crash()
	next, err := w.FireTimers(t.Context())
	require.NoError(t, err)
	assert.False(t, next.After(w.clock.now()), "there are more")
	w.fire()
	w.clock.advance(-day)
	w.fire()
	for _, key := range keys {
		require.Equal(t, conversations.StateClosed, w.look(key).State)
		require.Equal(t, []string{"TIMER", "TIMER"}, w.transitions(key))
	}
}

// An imported conversation keeps its dates; one that has passed is due at once.
func TestImportedTimersFire(t *testing.T) {
	t.Parallel()
	var told []time.Time
	w := newWorld(t, func(c *bridge.Config) { c.TimersDue = func(at time.Time) { told = append(told, at) } })
	id := conversations.NewID[conversations.ConversationID](start)
	closes := start.Add(time.Hour)
	items := []bridge.ImportItem{{Conversation: &bridge.ImportConversation{
		ID: id, Service: service, DateInactive: start.Add(-time.Hour), DateClosed: closes,
		ConversationFields: bridge.ConversationFields{Created: ptr(start.Add(-day)), Updated: ptr(start.Add(-2 * time.Hour))},
	}}}
	_, err := w.Import(t.Context(), items, true)
	require.NoError(t, err)
	assert.Empty(t, told)
	_, err = w.Import(t.Context(), items, false)
	require.NoError(t, err)
	assert.Equal(t, []time.Time{start.Add(-time.Hour)}, told)
	assert.Equal(t, closes, w.fire())
	assert.Equal(t, conversations.StateInactive, w.look(conversations.ConversationKey{ID: id}).State)
}
