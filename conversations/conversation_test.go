package conversations_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"bridged/conversations"
)

// Contract, 15.
func TestRestartTimers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	off := time.Time{}
	const hour = time.Hour
	for _, c := range []struct {
		name             string
		state            conversations.State
		inactive, closed time.Duration
		dateInactive     time.Time
		dateClosed       time.Time
	}{
		{"active, both off", conversations.StateActive, 0, 0, off, off},
		{"active, inactive only", conversations.StateActive, hour, 0, now.Add(hour), off},
		{"active, closed only", conversations.StateActive, 0, hour, off, now.Add(hour)},
		{"active, both", conversations.StateActive, hour, 2 * hour, now.Add(hour), now.Add(3 * hour)},
		{"initializing, both", conversations.StateInitializing, hour, 2 * hour, now.Add(hour), now.Add(3 * hour)},
		{"inactive, both: the closed clock starts here", conversations.StateInactive, hour, 2 * hour, off, now.Add(2 * hour)},
		{"inactive, inactive only", conversations.StateInactive, hour, 0, off, off},
		{"inactive, both off", conversations.StateInactive, 0, 0, off, off},
		{"closed is final", conversations.StateClosed, hour, hour, off, off},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			old := now.Add(-hour)
			conversation := conversations.Conversation{State: c.state, LastStateOrMessage: old, Timers: conversations.Timers{
				Inactive: c.inactive, Closed: c.closed, DateInactive: old, DateClosed: old,
			}}
			conversation.RestartTimers(now)
			assert.Equal(t, now, conversation.LastStateOrMessage)
			assert.Equal(t, conversations.Timers{
				Inactive: c.inactive, Closed: c.closed, DateInactive: c.dateInactive, DateClosed: c.dateClosed,
			}, conversation.Timers)
		})
	}
}

// Page 35: what a timer that has elapsed does, and what does not elapse.
func TestElapse(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	before, after, off := now.Add(-time.Second), now.Add(time.Second), time.Time{}
	const active, inactive, closed = conversations.StateActive, conversations.StateInactive, conversations.StateClosed
	for _, c := range []struct {
		name                     string
		state                    conversations.State
		dateInactive, dateClosed time.Time
		due                      time.Time
		becomes                  conversations.State // the same: nothing happens
		closesThen               time.Time
	}{
		{"no timers", active, off, off, off, active, off},
		{"inactive is due", active, before, off, before, inactive, off},
		{"inactive is due to the microsecond", active, now, off, now, inactive, off},
		{"inactive is due next", active, after, off, after, active, off},
		{"inactive is due, closed later", active, before, after, before, inactive, after},
		{"both are due: one after the other", active, before, now, before, inactive, now},
		{"closed only", active, off, before, before, closed, off},
		{"closed before inactive", active, now, before, before, closed, off},
		{"closed and inactive at once", active, now, now, now, inactive, now},
		{"inactive, and closed is due", inactive, off, now, now, closed, off},
		{"inactive, and closed is due next", inactive, off, after, after, inactive, after},
		{"inactive without a timer", inactive, off, off, off, inactive, off},
		{"initializing waits", conversations.StateInitializing, before, before, off, conversations.StateInitializing, before},
		{"closed is final", closed, before, before, off, closed, before},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conversation := conversations.Conversation{State: c.state, Timers: conversations.Timers{
				DateInactive: c.dateInactive, DateClosed: c.dateClosed,
			}}
			assert.Equal(t, c.due, conversation.Due())
			elapsed := conversation.Elapse(now)
			assert.Equal(t, c.becomes != c.state, elapsed)
			assert.Equal(t, c.becomes, conversation.State)
			if elapsed {
				assert.Equal(t, c.due, conversation.LastStateOrMessage, "however late it was noticed")
				assert.Zero(t, conversation.Timers.DateInactive)
				assert.Equal(t, c.closesThen, conversation.Timers.DateClosed)
			}
		})
	}
}

func TestOnlyAClosedConversationIsNotLive(t *testing.T) {
	t.Parallel()
	for state, live := range map[conversations.State]bool{
		conversations.StateInitializing: true, conversations.StateActive: true,
		conversations.StateInactive: true, conversations.StateClosed: false,
	} {
		assert.Equal(t, live, state.Live(), state)
	}
}

func TestWhatIsInLine(t *testing.T) {
	t.Parallel()
	for progress, inLine := range map[conversations.Progress]bool{
		conversations.ProgressWaiting: true, conversations.ProgressSending: true, conversations.ProgressRetry: true,
		conversations.ProgressUnknown: true, conversations.ProgressDone: false, conversations.ProgressDead: false,
	} {
		assert.Equal(t, inLine, progress.InLine(), progress)
	}
}

func TestWhoAParticipantWritesAs(t *testing.T) {
	t.Parallel()
	identity := "ada"
	chat := conversations.Participant{Identity: &identity}
	native := conversations.Participant{Binding: &conversations.Binding{Address: "+15550000123", Proxy: "+15550100001"}}
	assert.False(t, chat.Native())
	assert.True(t, native.Native())
	assert.True(t, chat.WritesAs("ada"))
	assert.False(t, chat.WritesAs(""))
	assert.True(t, native.WritesAs("+15550000123"))
	assert.False(t, native.WritesAs("+15550100001"))
	assert.False(t, native.WritesAs(""))
}
