package bridge_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/store/storetest"
)

// modelTimers is one conversation as page 35 describes it, in plain durations since
// the start: a state, when somebody was last active in it, and for how long it may be
// quiet.
type modelTimers struct {
	state            conversations.State
	inactive, closed time.Duration // 0: off
	since            time.Duration // the last activity, or when it became inactive
	reasons          []string      // of its changes of state
}

// pass lets the model's clocks run until now.
func (m *modelTimers) pass(now time.Duration) {
	for {
		switch {
		case m.state == conversations.StateActive && m.inactive > 0 && m.since+m.inactive <= now:
			m.state, m.since = conversations.StateInactive, m.since+m.inactive
		case m.state == conversations.StateActive && m.inactive == 0 && m.closed > 0 && m.since+m.closed <= now,
			m.state == conversations.StateInactive && m.closed > 0 && m.since+m.closed <= now:
			m.state = conversations.StateClosed
		default:
			return
		}
		m.reasons = append(m.reasons, "TIMER")
	}
}

// becomes changes the model's state at now, where that is a change.
func (m *modelTimers) becomes(s conversations.State, now time.Duration, reason string) {
	if s == m.state {
		return
	}
	m.state, m.since = s, now
	m.reasons = append(m.reasons, reason)
}

// Whatever is written and changed, and however the clock jumps, the states are those
// that page 35 gives, and each change has one event.
func TestStatesAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rapid.Check(t, func(rt *rapid.T) {
		inactives := rapid.SampledFrom([]time.Duration{0, time.Minute, 5 * time.Minute})
		closeds := rapid.SampledFrom([]time.Duration{0, 10 * time.Minute, time.Hour})
		now := func() time.Duration { return w.clock.now().Sub(start) }
		model := &modelTimers{
			state: conversations.StateActive, since: now(),
			inactive: inactives.Draw(rt, "inactive"), closed: closeds.Draw(rt, "closed"),
		}
		key := w.timed(model.inactive, model.closed)
		update := func(f bridge.ConversationFields) {
			_, err := w.UpdateConversation(t.Context(), system, service, key, f)
			require.Equal(rt, model.state == conversations.StateClosed, conversations.ConversationClosed.Is(err), "%v", err)
			require.True(rt, err == nil || model.state == conversations.StateClosed, "%v", err)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"write": func(*rapid.T) {
				_, err := w.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{Body: ptr("text")})
				require.Equal(rt, model.state == conversations.StateClosed, err != nil, "%v", err)
				if model.state != conversations.StateClosed {
					model.becomes(conversations.StateActive, now(), "EVENT")
					model.since = now()
				}
			},
			"change the state": func(rt *rapid.T) {
				s := rapid.SampledFrom([]conversations.State{
					conversations.StateActive, conversations.StateActive, conversations.StateInactive,
					conversations.StateInactive, conversations.StateClosed,
				}).Draw(rt, "state")
				update(bridge.ConversationFields{State: &s})
				if model.state != conversations.StateClosed {
					model.becomes(s, now(), "API")
				}
			},
			"rename": func(*rapid.T) { update(bridge.ConversationFields{FriendlyName: ptr("name")}) },
			"set timers": func(rt *rapid.T) {
				inactive, closed := inactives.Draw(rt, "inactive"), closeds.Draw(rt, "closed")
				update(bridge.ConversationFields{TimerInactive: &inactive, TimerClosed: &closed})
				if model.state != conversations.StateClosed {
					model.inactive, model.closed = inactive, closed
				}
			},
			"time passes": func(rt *rapid.T) {
				w.clock.advance(rapid.SampledFrom([]time.Duration{
					time.Second, 59 * time.Second, 4 * time.Minute, 11 * time.Minute, 2 * time.Hour, -time.Minute, -2 * time.Hour,
				}).Draw(rt, "by"))
			},
			"": func(*rapid.T) {
				w.fire()
				model.pass(now())
				c := w.look(key)
				require.Equal(rt, model.state, c.State)
				require.Equal(rt, model.reasons, w.transitions(key))
			},
		})
	})
}

// Several processes on one database look at the same time: one of them fires each
// timer.
func TestProcessesFireEachTimerOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = 300
	for range many {
		w.timed(time.Minute, 10*time.Minute)
	}
	w.clock.advance(time.Minute)
	processes := []*bridge.Bridge{w.Bridge}
	if storetest.OnPostgreSQL(t) { // SQLite has one process
		cfg, db := w.cfg, w.place.Open(t)
		cfg.Commit, cfg.CommitBeside = bridge.Commits(db.Update), bridge.Commits(db.UpdateBeside)
		cfg.Shared = true
		processes = append(processes, bridge.New(cfg))
	} else {
		processes = append(processes, w.Bridge)
	}
	var running sync.WaitGroup
	errs := make(chan error, len(processes))
	for _, p := range processes {
		running.Go(func() {
			for {
				next, err := p.FireTimers(t.Context())
				if err != nil || next.After(w.clock.now()) {
					errs <- err
					return
				}
			}
		})
	}
	running.Wait()
	for range processes {
		require.NoError(t, <-errs)
	}
	require.Equal(t, many, w.count("SELECT count(*) FROM conversations WHERE state = 'inactive'"))
	require.Equal(t, many, w.count("SELECT count(*) FROM events WHERE type = 'onConversationStateUpdated'"))
	require.Equal(t, many, w.count("SELECT count(DISTINCT conversation_id) FROM events WHERE type = 'onConversationStateUpdated'"))
}
