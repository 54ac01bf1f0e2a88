package bridge_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/bridge"
	"bridged/conversations"
)

// keeping makes a world with another service, and lets it keep things for a time.
func keeping(t testing.TB, kept, other bridge.Kept) (w *world, another conversations.ServiceID) {
	t.Helper()
	w = newWorld(t)
	s, err := w.CreateService(t.Context(), "another")
	require.NoError(t, err)
	w.cfg.Retention = bridge.Retention{Default: kept, Services: map[conversations.ServiceID]bridge.Kept{s.ID: other}}
	w.Bridge = bridge.New(w.cfg)
	return w, s.ID
}

// retain removes what is to be removed now.
func (w *world) retain() {
	w.t.Helper()
	for {
		next, err := w.Retain(w.t.Context())
		require.NoError(w.t, err)
		if next.IsZero() || next.After(w.clock.now()) {
			return
		}
	}
}

// dated makes a conversation of a service with a message of each date.
func (w *world) dated(of conversations.ServiceID, dates ...time.Time) {
	w.t.Helper()
	c, err := w.CreateConversation(w.t.Context(), system, of, bridge.ConversationFields{})
	require.NoError(w.t, err)
	for _, at := range dates {
		_, err := w.CreateMessage(w.t.Context(), system, of, conversations.ConversationKey{ID: c.ID},
			bridge.MessageFields{Body: ptr(string(of) + " " + at.Format(time.RFC3339)), Created: &at})
		require.NoError(w.t, err)
	}
}

func (w *world) bodies() []string {
	w.t.Helper()
	list := w.texts("SELECT body FROM messages")
	slices.Sort(list)
	return list
}

func TestEachServiceKeepsItsMessagesForItsTime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kept, other bridge.Kept
		left        [2]int // of messages that are 1, 10 and 100 days old
	}{
		"for good":                  {bridge.Kept{}, bridge.Kept{}, [2]int{3, 3}},
		"all alike":                 {bridge.Kept{Messages: 50 * day}, bridge.Kept{Messages: 50 * day}, [2]int{2, 2}},
		"one for good":              {bridge.Kept{Messages: 5 * day}, bridge.Kept{}, [2]int{1, 3}},
		"only the other":            {bridge.Kept{}, bridge.Kept{Messages: 5 * day}, [2]int{3, 1}},
		"the other longer":          {bridge.Kept{Messages: 5 * day}, bridge.Kept{Messages: 50 * day}, [2]int{1, 2}},
		"files are no messages":     {bridge.Kept{Media: day}, bridge.Kept{Media: day}, [2]int{3, 3}},
		"what is as old is kept":    {bridge.Kept{Messages: 10 * day}, bridge.Kept{Messages: 100 * day}, [2]int{2, 3}},
		"and a moment later is not": {bridge.Kept{Messages: 10*day - time.Microsecond}, bridge.Kept{Messages: 100*day - time.Microsecond}, [2]int{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, another := keeping(t, c.kept, c.other)
			dates := []time.Time{start.Add(-100 * day), start.Add(-day), start.Add(-10 * day)}
			w.dated(service, dates...)
			w.dated(another, dates...)
			w.retain()
			for i, of := range []conversations.ServiceID{service, another} {
				assert.Equal(t, c.left[i], w.count(`SELECT COUNT(*) FROM messages m JOIN conversations c ON c.id = m.conversation_id
					WHERE c.service_id = $1`, of), of)
			}
			assert.Zero(t, w.count("SELECT COUNT(*) FROM events WHERE type = 'onMessageRemoved' AND webhooks = 1"))
		})
	}
}

// A walk remembers where it has come to: what is unfinished is looked at again, and what
// somebody imports a day later.
func TestARetentionComesBack(t *testing.T) {
	t.Parallel()
	w, _ := keeping(t, bridge.Kept{Messages: 10 * day}, bridge.Kept{})
	key := w.conversation(alice, bob)
	w.say(key, "", "waits to be sent")
	w.clock.advance(11 * day)
	w.dated(service, w.clock.now())
	w.retain()
	assert.Len(t, w.bodies(), 2)
	w.sendAll(whole)
	w.retain()
	assert.Len(t, w.bodies(), 1)
	assert.Zero(t, w.count("SELECT COUNT(*) FROM deliveries"))

	w.dated(service, start.Add(-100*day))
	w.clock.advance(day)
	w.retain()
	assert.Len(t, w.bodies(), 1, "imports are found")
}

// Whatever the dates are and however time goes on, what is left is what is young enough.
func TestWhatIsLeftIsYoungEnough(t *testing.T) {
	t.Parallel()
	w, another := keeping(t, bridge.Kept{Messages: 20 * day}, bridge.Kept{Messages: 40 * day})
	all := make(map[string]time.Time) // until when each is kept
	rapid.Check(t, func(t *rapid.T) {
		for of, kept := range map[conversations.ServiceID]time.Duration{service: 20 * day, another: 40 * day} {
			var dates []time.Time
			for range rapid.IntRange(0, 4).Draw(t, "messages") {
				at := w.clock.now().Add(-time.Duration(rapid.IntRange(0, 50*24).Draw(t, "hours")) * time.Hour)
				dates = append(dates, at)
				all[string(of)+" "+at.Format(time.RFC3339)] = at.Add(kept)
			}
			w.dated(of, dates...)
		}
		w.clock.advance(time.Duration(rapid.IntRange(24, 24*10).Draw(t, "pass")) * time.Hour)
		w.retain()
		var want []string
		for body, until := range all {
			if !w.clock.now().After(until) {
				want = append(want, body)
			}
		}
		slices.Sort(want)
		require.Equal(t, want, slices.Compact(w.bodies()))
	})
}
