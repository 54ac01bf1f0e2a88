package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The simulated SMS number of the embedded default, and a handset that writes to it.
const (
	simulated = "+15550100001"
	handset   = "+15550200001"
)

// handsetWrites sends a message as the handset, over the simulated carrier.
func (c *clocked) handsetWrites(text string) {
	c.t.Helper()
	message := fmt.Sprintf(`{"from":%q,"to":[%q],"body":%q}`, handset, simulated, text)
	require.Equal(c.t, http.StatusCreated, c.request(http.MethodPost, "/bridged/v1/simulator/messages", "application/json", message, nil))
	c.pass(0)
}

// moment is a time, counted from the last one, and the state that a conversation has
// then. The clock jumps over most of the time, if there is much of it.
type moment struct {
	jumped, passed time.Duration
	state          string
}

// Page 35: its four scenarios through REST, looked at a millisecond before and at
// each time.
func TestTheFourScenariosOfTimers(t *testing.T) {
	t.Parallel()
	const early = time.Millisecond
	for name, scenario := range map[string]struct {
		timers           []string
		inactive, closed time.Duration // what the dates are from the beginning on; 0 for none
		moments          []moment
		reasons          []string
	}{
		"1: both timers are configured": {
			[]string{"Timers.Inactive", "PT300S", "Timers.Closed", "PT30000S"},
			300 * second, 30_300 * second,
			[]moment{
				{0, 300*second - early, "active"},
				{0, early, "inactive"},
				{29_900 * second, 100*second - early, "inactive"},
				{0, early, "closed"},
				{400 * day, time.Minute, "closed"},
			},
			[]string{"TIMER", "TIMER"},
		},
		"2: no timers are configured": {nil, 0, 0, []moment{{0, time.Hour, "active"}, {400 * day, time.Minute, "active"}}, nil},
		"3: only the inactive timer is configured": {
			[]string{"Timers.Inactive", "PT600S"},
			600 * second, 0,
			[]moment{
				{0, 600*second - early, "active"},
				{0, early, "inactive"},
				{400 * day, time.Minute, "inactive"},
			},
			[]string{"TIMER"},
		},
		"4: only the closed timer is configured": {
			[]string{"Timers.Closed", "P30D"},
			0, 30 * day,
			[]moment{
				{0, time.Hour, "active"},
				{30*day - 2*time.Hour, time.Hour - early, "active"},
				{0, early, "closed"},
			},
			[]string{"TIMER"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(c *clocked) {
				begin := c.now().UTC()
				made := c.converse(scenario.timers...)
				assert.Equal(t, "active", made.State)
				assertDate(t, begin, scenario.inactive, made.Timers.DateInactive)
				assertDate(t, begin, scenario.closed, made.Timers.DateClosed)
				for _, m := range scenario.moments {
					c.jump(m.jumped)
					c.pass(m.passed)
					require.Equal(t, m.state, c.look(made.SID).State, "%s after the beginning", c.now().Sub(begin))
					c.transitions(made.SID)
				}
				assert.Equal(t, scenario.reasons, c.transitions(made.SID))
			})
		})
	}
}

// assertDate requires a date so long after the beginning, or none.
func assertDate(t *testing.T, begin time.Time, after time.Duration, date *time.Time) {
	t.Helper()
	if after == 0 {
		assert.Nil(t, date)
		return
	}
	if assert.NotNil(t, date) {
		assert.Equal(t, begin.Add(after), *date)
	}
}

// A message that a carrier brings wakes a conversation and restarts its timers, and so
// does whoever changes its state by hand (page 35; contract, 15). When it has been
// closed its participant is free for another.
func TestTheLifeOfAConversation(t *testing.T) {
	t.Parallel()
	inBubble(t, func(c *clocked) {
		made := c.converse("Timers.Inactive", "PT1M", "Timers.Closed", "PT10M")
		join := func(conversation string) int {
			return c.call(http.MethodPost, "/v1/Conversations/"+conversation+"/Participants", nil,
				"MessagingBinding.Address", handset, "MessagingBinding.ProxyAddress", simulated)
		}
		require.Equal(t, http.StatusCreated, join(made.SID))
		c.pass(time.Minute)
		inactive := c.look(made.SID)
		assert.Equal(t, "inactive", inactive.State)
		assertDate(t, c.now().UTC(), 10*time.Minute, inactive.Timers.DateClosed)

		c.pass(9 * time.Minute)
		c.handsetWrites("are you there?")
		awake := c.look(made.SID)
		assert.Equal(t, "active", awake.State)
		assertDate(t, c.now().UTC(), time.Minute, awake.Timers.DateInactive)
		assertDate(t, c.now().UTC(), 11*time.Minute, awake.Timers.DateClosed)

		c.pass(30 * second)
		for _, state := range []string{"inactive", "active"} {
			require.Equal(t, http.StatusOK, c.call(http.MethodPost, "/v1/Conversations/"+made.SID, nil, "State", state))
		}
		c.pass(59 * second)
		assert.Equal(t, "active", c.look(made.SID).State, "the counter began anew")
		c.pass(second)
		assert.Equal(t, "inactive", c.look(made.SID).State)
		c.pass(10 * time.Minute)
		closed := c.look(made.SID)
		assert.Equal(t, "closed", closed.State)
		assert.Nil(t, closed.Timers.DateInactive)
		assert.Nil(t, closed.Timers.DateClosed)
		var refused struct{ Code int }
		assert.Equal(t, http.StatusBadRequest, c.call(http.MethodPost, "/v1/Conversations/"+made.SID, &refused, "State", "active"))
		assert.Equal(t, http.StatusCreated, join(c.converse().SID), "its participant is free")
		assert.Equal(t, []string{"TIMER", "EVENT", "API", "API", "TIMER", "TIMER"}, c.transitions(made.SID))
	})
}

// What a jump of the clock makes due is done within half a minute, and once; what it
// takes back waits until the clock has come so far again.
func TestTheClockJumps(t *testing.T) {
	t.Parallel()
	const half = 30 * second
	t.Run("forward, over one timer", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(c *clocked) {
			made := c.converse("Timers.Inactive", "PT1H", "Timers.Closed", "P1D")
			c.pass(45 * second)
			c.jump(2 * time.Hour)
			c.pass(half)
			jumped := c.look(made.SID)
			assert.Equal(t, "inactive", jumped.State)
			assert.Equal(t, *made.Timers.DateClosed, *jumped.Timers.DateClosed, "the date that was shown")
			c.pass(time.Hour)
			assert.Equal(t, []string{"TIMER"}, c.transitions(made.SID))
		})
	})
	t.Run("forward, over both timers", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(c *clocked) {
			made := c.converse("Timers.Inactive", "PT1H", "Timers.Closed", "P1D")
			c.pass(45 * second)
			c.jump(30 * day)
			c.pass(half)
			assert.Equal(t, "closed", c.look(made.SID).State)
			c.jump(-30 * day)
			c.pass(time.Hour)
			assert.Equal(t, "closed", c.look(made.SID).State)
			assert.Equal(t, []string{"TIMER", "TIMER"}, c.transitions(made.SID))
		})
	})
	t.Run("backward, before and after a timer", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(c *clocked) {
			made := c.converse("Timers.Inactive", "PT10M")
			c.pass(9 * time.Minute)
			c.jump(-time.Hour)
			c.pass(time.Hour + time.Minute - time.Millisecond)
			assert.Equal(t, "active", c.look(made.SID).State)
			c.pass(time.Millisecond)
			assert.Equal(t, "inactive", c.look(made.SID).State)
			c.jump(-time.Hour)
			c.pass(2 * time.Hour)
			assert.Equal(t, []string{"TIMER"}, c.transitions(made.SID))
		})
	})
	t.Run("while no daemon ran", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(c *clocked) {
			made := c.converse("Timers.Inactive", "PT10M", "Timers.Closed", "P1D")
			c.stop()
			c.pass(day)
			c.start()
			c.pass(0)
			assert.Equal(t, "inactive", c.look(made.SID).State)
			c.transitions(made.SID)
			c.stop()
			c.jump(-day)
			c.start()
			c.jump(day)
			c.pass(10 * time.Minute)
			assert.Equal(t, "closed", c.look(made.SID).State)
			assert.Equal(t, []string{"TIMER", "TIMER"}, c.transitions(made.SID))
		})
	})
}
