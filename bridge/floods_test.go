package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

func slowly(c *bridge.Config) { c.SenderRate = bridge.SenderRate{PerSecond: 0.5, Burst: 2} }

// What is over a sender's rate is kept, does not reach its conversation, and can
// be taken up again.
func TestAFloodDoesNotReachTheConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slowly)
	w.conversation(alice, bob)
	flood := make([]conversations.Inbound, 5)
	for i := range flood {
		flood[i] = inbound(fmt.Sprintf("in%d", i), alice, fmt.Sprint(i))
	}
	w.receive(flood...)
	assert.Equal(t, []string{"accepted sms 5+0", "over the rate sms 3", "routed sms 1", "routed sms 1"}, w.notes.taken())
	assert.Equal(t, []string{"0", "1"}, w.texts("SELECT body FROM messages ORDER BY idx"))
	assert.Equal(t, []string{"2", "3", "4"}, w.texts("SELECT body FROM inbound WHERE state = 2 AND reason = 'it is over the sender''s rate (limits.sender_rate)' ORDER BY seq"))
	assert.Zero(t, w.Backlog())

	w.receive(flood...)
	assert.Equal(t, []string{"accepted sms 0+5"}, w.notes.taken(), "a carrier's repeats do not count")
	other := inbound("in5", alice, "to another number")
	other.To = otherProxy
	w.receive(inbound("in6", bob, "from another person"), other)
	assert.Equal(t, []string{"accepted sms 2+0", "routed sms 1", "routed sms 2"}, w.notes.taken(), "each pair has a rate of its own")

	w.clock.advance(2 * time.Second)
	w.receive(inbound("in7", alice, "7"), inbound("in8", alice, "8"))
	assert.Equal(t, []string{"accepted sms 2+0", "over the rate sms 1", "routed sms 1"}, w.notes.taken(), "one in two seconds")

	page, err := w.db.Unrouted(t.Context(), conversations.Page{Size: 1})
	require.NoError(t, err)
	_, err = w.Reroute(t.Context(), page.Items[0].Seq)
	require.NoError(t, err)
	w.settleInbox()
	assert.Equal(t, 1, w.count("SELECT COUNT(*) FROM messages WHERE body = '2'"), "whoever takes it up again does not count it")
}

func TestAMessageCountsOnceHoweverOftenItsCommitIsTried(t *testing.T) {
	t.Parallel()
	w := newWorld(t, slowly, func(c *bridge.Config) {
		commit := c.CommitBeside
		c.CommitBeside = func(ctx context.Context, op func(bridge.Tx) error) error {
			again := errors.New("a conflict")
			err := commit(ctx, func(tx bridge.Tx) error { return errors.Join(op(tx), again) })
			if !errors.Is(err, again) {
				return err
			}
			return commit(ctx, op)
		}
	})
	w.receive(inbound("in1", alice, "1"), inbound("in2", alice, "2"))
	assert.Equal(t, "accepted sms 2+0", w.notes.taken()[0])
	assert.Zero(t, w.count("SELECT COUNT(*) FROM inbound WHERE reason LIKE '%rate%'"))
}

// The rate is off unless it is asked for.
func TestThereIsNoRateByDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice)
	for i := range 100 {
		w.receive(inbound(fmt.Sprintf("in%d", i), alice, "again"))
	}
	assert.Equal(t, 100, w.count("SELECT COUNT(*) FROM messages WHERE conversation_id = $1", key.ID))
}
