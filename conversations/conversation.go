package conversations

import "time"

// State is the state of a conversation (page 35).
type State string

// The states of a conversation. Closed is final.
const (
	StateInitializing State = "initializing"
	StateActive       State = "active"
	StateInactive     State = "inactive"
	StateClosed       State = "closed"
)

// CreatedBySystem is the creator of a conversation that no chat user made.
const CreatedBySystem = "system"

// Live says whether a conversation in this state captures inbound messages for
// its participants' pairs.
func (s State) Live() bool { return s != StateClosed }

// Timers are the durations after which a quiet conversation changes state, and
// the dates that follow from them. A zero duration is a timer that is off.
type Timers struct {
	Inactive, Closed         time.Duration
	DateInactive, DateClosed time.Time
}

// Conversation is one thread of messages among its participants (page 22).
type Conversation struct {
	Seq                int64 // order of creation in the store; pages are cut by it
	ID                 ConversationID
	Service            ServiceID
	MessagingService   MessagingServiceID
	FriendlyName       *string
	UniqueName         *string
	Attributes         string // JSON text; "{}" when never set
	State              State
	Timers             Timers
	EmailAddress       *string
	EmailName          *string
	NextIndex          int64  // index that the next message gets
	CreatedBy          string // identity of the chat user who made it, or CreatedBySystem
	Created, Updated   time.Time
	LastStateOrMessage time.Time // what the timers count from (contract, 15)
}

// RestartTimers sets the dates of the timers anew after activity at now:
// a message, or a change of state by hand (page 35; contract, 15).
func (c *Conversation) RestartTimers(now time.Time) {
	c.LastStateOrMessage = now
	c.DateTimers()
}

// DateTimers sets the dates of the timers by their durations, which count from the
// last activity. To change a timer is none: its date may have passed already.
func (c *Conversation) DateTimers() {
	now := c.LastStateOrMessage
	c.Timers.DateInactive, c.Timers.DateClosed = time.Time{}, time.Time{}
	switch c.State {
	case StateActive, StateInitializing:
		if c.Timers.Inactive > 0 {
			c.Timers.DateInactive = now.Add(c.Timers.Inactive)
		}
		if c.Timers.Closed > 0 {
			c.Timers.DateClosed = now.Add(c.Timers.Inactive + c.Timers.Closed)
		}
	case StateInactive:
		if c.Timers.Closed > 0 {
			c.Timers.DateClosed = now.Add(c.Timers.Closed)
		}
	case StateClosed:
	}
}

// Due is when the next timer changes the state; zero where none will. While a
// conversation is initializing its timers wait.
func (c *Conversation) Due() time.Time {
	inactive, closed := c.Timers.DateInactive, c.Timers.DateClosed
	switch {
	case c.State != StateActive && c.State != StateInactive:
		return time.Time{}
	case inactive.IsZero() || !closed.IsZero() && closed.Before(inactive):
		return closed
	}
	return inactive
}

// Elapse changes the state by the timer that is due at now, and says whether one was
// (page 35). The conversation counts as inactive from the timer's date, however late
// that is noticed, so that the date at which it closes stays what was shown.
func (c *Conversation) Elapse(now time.Time) bool {
	due := c.Due()
	if due.IsZero() || due.After(now) {
		return false
	}
	c.LastStateOrMessage = due
	if due.Equal(c.Timers.DateInactive) {
		c.State, c.Timers.DateInactive = StateInactive, time.Time{}
		return true
	}
	c.State = StateClosed
	c.DateTimers()
	return true
}

// ChatChannel is a conversation as the Chat API has it (page 29).
type ChatChannel struct {
	Conversation

	Members int // how many participants it has
}

// ConversationKey addresses a conversation as a URL does: by ID, or by unique
// name. Exactly one of the two is set.
type ConversationKey struct {
	ID         ConversationID
	UniqueName string
}

// ConversationFilter narrows a list of conversations. Zero values do not
// filter; From is included and Until is not.
type ConversationFilter struct {
	State       State
	From, Until time.Time
}
