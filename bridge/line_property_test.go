package bridge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/bridge"
	"bridged/conversations"
)

// lineMachine does to one conversation what carriers, people, clocks and crashes
// do, in any order. The lines of its pairs must keep their promises after each
// step, and come to an end once the carriers behave.
type lineMachine struct {
	*world

	key      conversations.ConversationKey
	people   []conversations.Address
	messages []conversations.MessageID
	claims   []bridge.Claim // handed out and not settled
	said     int
}

// newLineMachine begins anew in a world where machines were before: nothing that
// they left must be found by this one.
func newLineMachine(w *world) *lineMachine {
	for _, id := range w.texts("SELECT id FROM conversations") {
		key := conversations.ConversationKey{ID: conversations.ConversationID(id)}
		require.NoError(w.t, w.DeleteConversation(w.t.Context(), system, service, key))
	}
	w.sendAll(words) // tasks whose deliveries are gone
	w.clock.advance(2 * time.Hour)
	require.NoError(w.t, w.Tidy(w.t.Context()))
	w.made = 0
	m := &lineMachine{world: w, people: []conversations.Address{bob, carla}}
	m.key = w.conversation(append([]conversations.Address{alice}, m.people...)...)
	return m
}

// Say appends a message for Bob and Carla.
func (m *lineMachine) Say(*rapid.T) {
	m.said++
	said := m.say(m.key, string(alice), fmt.Sprintf("a%d b%d", m.said, m.said))
	m.messages = append(m.messages, said.ID)
}

// Claim takes up one of the tasks.
func (m *lineMachine) Claim(t *rapid.T) {
	sends := m.sends()
	if len(sends) == 0 {
		return // nothing to send
	}
	if c := m.claim(rapid.SampledFrom(sends).Draw(t, "task"), words); c != nil {
		m.claims = append(m.claims, *c)
	}
}

// Answer settles one of the claims in any way.
func (m *lineMachine) Answer(t *rapid.T) {
	if len(m.claims) == 0 {
		return // nothing is under way
	}
	n := rapid.IntRange(0, len(m.claims)-1).Draw(t, "claim")
	r := rapid.SampledFrom([]bridge.Result{m.accepted(), refused, failed, unknown}).Draw(t, "answer")
	c := m.claims[n]
	m.claims = append(m.claims[:n], m.claims[n+1:]...)
	next, err := m.Settle(m.t.Context(), c, r, words)
	require.NoError(m.t, err)
	if next != nil {
		m.claims = append(m.claims, *next)
	}
}

// Report delivers a status, of a message that is known or of one that is not.
func (m *lineMachine) Report(t *rapid.T) {
	who := rapid.SampledFrom(m.people).Draw(t, "who")
	channel := m.numbers[proxyOf(who)]
	m.report(conversations.StatusReport{
		Channel: channel, ProviderID: fmt.Sprintf("out%d", rapid.IntRange(0, m.made+2).Draw(t, "id")),
		Status: rapid.SampledFrom([]conversations.Status{
			conversations.StatusSent, conversations.StatusDelivered, conversations.StatusFailed, conversations.StatusUndelivered,
		}).Draw(t, "status"),
		Address: who, Proxy: proxyOf(who),
	})
}

// Tick lets time pass.
func (m *lineMachine) Tick(t *rapid.T) {
	m.clock.advance(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second)
	_, err := m.Resume(m.t.Context())
	require.NoError(m.t, err)
}

// Crash forgets what is under way.
func (m *lineMachine) Crash(*rapid.T) {
	m.claims = nil
	m.crash()
}

// Delete removes a message, wherever its deliveries stand.
func (m *lineMachine) Delete(t *rapid.T) {
	if len(m.messages) == 0 {
		return // nothing was said
	}
	n := rapid.IntRange(0, len(m.messages)-1).Draw(t, "message")
	require.NoError(m.t, m.DeleteMessage(m.t.Context(), system, service, m.key, m.messages[n]))
	m.messages = append(m.messages[:n], m.messages[n+1:]...)
}

// Check is what must always hold.
func (m *lineMachine) Check(t *rapid.T) {
	require.Zero(t, m.count(`SELECT count(*) FROM (SELECT pair_key FROM deliveries WHERE progress = 1
		GROUP BY pair_key HAVING count(*) > 1) busy`), "two deliveries of a pair are under way")
	require.Zero(t, m.count(`SELECT count(*) FROM deliveries later JOIN deliveries earlier
		ON earlier.pair_key = later.pair_key AND earlier.seq < later.seq AND earlier.progress < 4
		WHERE later.attempts > 0`), "a delivery overtook another")
	require.Zero(t, m.count(`SELECT count(*) FROM deliveries d WHERE d.progress = 0
		AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.pair_key = d.pair_key AND e.progress < 4 AND e.seq < d.seq)
		AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.task_key = d.pair_key)`), "the head of a line has no task")
	require.Zero(t, m.count(`SELECT count(*) FROM deliveries WHERE progress = 4 AND status = ''`), "done, and nothing is known")
	require.Zero(t, m.count(`SELECT count(*) FROM deliveries d WHERE d.status IN ('sent', 'delivered', 'read') AND d.parts >
		(SELECT count(DISTINCT part) FROM attempts a WHERE a.delivery_id = d.id AND a.outcome = 'accepted')`),
		"sent, and a part was never taken")
}

// drain lets the carriers accept everything until nothing is in line.
func (m *lineMachine) drain(t *rapid.T) {
	for range 100 {
		for _, c := range m.claims {
			for next := &c; next != nil; {
				var err error
				next, err = m.Settle(m.t.Context(), *next, m.accepted(), words)
				require.NoError(t, err)
			}
		}
		m.claims = nil
		m.sendAll(words)
		m.Check(t)
		if m.count("SELECT count(*) FROM deliveries WHERE progress < 4") == 0 {
			return
		}
		m.clock.advance(2 * time.Hour)
		_, err := m.Resume(m.t.Context())
		require.NoError(t, err)
	}
	require.Fail(t, "the lines do not come to an end")
}

func TestTheLinesKeepTheirPromisesWhateverHappens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *bridge.Config) { c.Retry.Attempts = 3 })
	rapid.Check(t, func(rt *rapid.T) {
		m := newLineMachine(w)
		rt.Repeat(map[string]func(*rapid.T){
			"say": m.Say, "claim": m.Claim, "answer": m.Answer, "report": m.Report,
			"tick": m.Tick, "crash": m.Crash, "delete": m.Delete, "": m.Check,
		})
		m.drain(rt)
	})
}
