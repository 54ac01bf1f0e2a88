package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"bridged/bridge"
	"bridged/conversations"
)

func TestTheBacklogIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *bridge.Config) { c.Backlog = 2 })
	w.conversation(alice)
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("1", alice, "a"), inbound("2", alice, "b")}))
	require.ErrorIs(t, w.Accept(t.Context(), []conversations.Inbound{inbound("3", alice, "c")}), conversations.ErrBacklogFull)
	assert.Equal(t, 2, w.Backlog())
	w.settleInbox()
	assert.Zero(t, w.Backlog())
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("3", alice, "c"), inbound("1", alice, "a")}))
	assert.Equal(t, 1, w.Backlog(), "a repeat does not count")
	w.crash()
	assert.Equal(t, 1, w.Backlog(), "a restart counts anew")
}

func TestASharedBacklogIsBoundedWhileItIsCounted(t *testing.T) {
	t.Parallel()
	const bound, senders, each = 20, 8, 20
	w := newWorld(t, func(c *bridge.Config) { c.Backlog, c.Shared = bound, true })
	w.conversation(alice)
	var accepted atomic.Int64
	accept := func(id string) error {
		err := w.Accept(t.Context(), []conversations.Inbound{inbound(id, alice, "a")})
		if err == nil {
			accepted.Add(1)
		}
		return err
	}
	var flood errgroup.Group
	for s := range senders {
		flood.Go(func() error {
			for i := range each {
				w.clock.advance(time.Second) // the last count is old
				if err := accept(fmt.Sprintf("%d-%d", s, i)); err != nil && !errors.Is(err, conversations.ErrBacklogFull) {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, flood.Wait())
	assert.LessOrEqual(t, accepted.Load(), int64(bound))
	for n := 0; ; n++ { // there is room for what was taken for pending too often
		if err := accept(fmt.Sprintf("late-%d", n)); err != nil {
			require.ErrorIs(t, err, conversations.ErrBacklogFull)
			break
		}
	}
	assert.EqualValues(t, bound, accepted.Load())
	assert.Equal(t, bound, w.Backlog())
	w.settleInbox()
	assert.Zero(t, w.Backlog())
}

// The database is away while the backlog is counted: others are not held up by that.
func TestNobodyWaitsForACountOfTheBacklog(t *testing.T) {
	t.Parallel()
	asked, leave := make(chan struct{}), make(chan struct{})
	var away sync.Once
	w := newWorld(t, func(c *bridge.Config) {
		c.Backlog, c.Shared = 2, true
		commit := c.Commit
		c.Commit = func(ctx context.Context, op func(bridge.Tx) error) error {
			if ctx.Value(slowCount{}) != nil {
				away.Do(func() {
					close(asked)
					<-leave
				})
			}
			return commit(ctx, op)
		}
	})
	w.conversation(alice)
	accept := func(ctx context.Context, id string) error {
		return w.Accept(ctx, []conversations.Inbound{inbound(id, alice, "a")})
	}
	require.NoError(t, accept(t.Context(), "1"))
	require.NoError(t, accept(t.Context(), "2"))
	w.clock.advance(time.Minute)
	counted := make(chan error)
	go func() { counted <- accept(context.WithValue(t.Context(), slowCount{}, true), "3") }()
	<-asked
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, accept(impatient, "4"), context.Canceled)
	w.settleInbox()
	require.NoError(t, accept(t.Context(), "5"), "there is room, whatever the count will say")
	close(leave)
	require.NoError(t, <-counted)
}

// slowCount marks the context of who counts slowly.
type slowCount struct{}

type tight bool

func (t *tight) Tight() bool { return bool(*t) }

func TestNothingIsAcceptedWhileTheDiskIsNearlyFull(t *testing.T) {
	t.Parallel()
	full := tight(true)
	w := newWorld(t, func(c *bridge.Config) { c.Space = &full })
	w.conversation(alice)
	require.ErrorIs(t, w.Accept(t.Context(), []conversations.Inbound{inbound("1", alice, "a")}), conversations.ErrBacklogFull)
	require.ErrorIs(t, w.AcceptStatuses(t.Context(), []conversations.StatusReport{{Channel: "sms", ProviderID: "x"}}), conversations.ErrBacklogFull)
	full = false
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("1", alice, "a")}))
	require.NoError(t, w.Accept(t.Context(), nil))
	require.NoError(t, w.AcceptStatuses(t.Context(), nil))
}

func TestRefusalsForNowAreRepeatedLaterAndLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *bridge.Config) {
		c.Retry = bridge.RetryPolicy{First: 5 * time.Second, Max: 30 * time.Second, Attempts: 6}
	})
	key := w.conversation(alice, carla)
	w.say(key, string(alice), "first")
	w.say(key, string(alice), "second")
	for n, wait := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second, 30 * time.Second} {
		w.settle(w.claimOnly(whole), refused)
		d := w.deliveries()[0]
		require.Equal(t, conversations.ProgressRetry, d.Progress, "after %d attempts", n+1)
		require.Equal(t, wait, d.Due.Sub(w.clock.now()))
		require.Equal(t, d.Due, w.due[len(w.due)-1], "the alarm is set")
		require.Empty(t, w.sends(), "the second waits for the first")
		next, err := w.Resume(t.Context())
		require.NoError(t, err)
		require.Equal(t, d.Due, next, "not before its time")
		w.clock.advance(wait)
		_, err = w.Resume(t.Context())
		require.NoError(t, err)
	}
	w.settle(w.claimOnly(whole), refused)
	d := w.deliveries()[0]
	assert.Equal(t, conversations.ProgressDead, d.Progress)
	assert.Equal(t, conversations.StatusFailed, d.Status)
	assert.Equal(t, []string{"the carrier refused it at every attempt; its last words: too busy"}, w.texts("SELECT reason FROM dead_letters"))
	assert.Equal(t, []string{"second"}, w.sendAll(whole))
}

func TestAThrottlingCarrierIsNotAskedBeforeItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "slowly")
	r := refused
	r.After = time.Minute
	w.settle(w.claimOnly(whole), r)
	assert.Equal(t, time.Minute, w.deliveries()[0].Due.Sub(w.clock.now()))
}

func TestJitterStaysWithinAFifth(t *testing.T) {
	t.Parallel()
	for jitter, want := range map[float64]time.Duration{0: 4 * time.Second, 0.5: 5 * time.Second, 1: 6 * time.Second} {
		w := newWorld(t, func(c *bridge.Config) { c.Jitter = func() float64 { return jitter } })
		w.say(w.conversation(alice, carla), string(alice), "x")
		w.settle(w.claimOnly(whole), refused)
		assert.Equal(t, want, w.deliveries()[0].Due.Sub(w.clock.now()))
	}
}

func TestADeliveryWhoseChannelIsGoneIsADeadLetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	delete(w.numbers, waProxy)
	w.say(key, string(alice), "nobody carries this")
	d := w.deliveries()[0]
	assert.Equal(t, conversations.ProgressDead, d.Progress)
	assert.Equal(t, 63007, d.ErrorCode)
	assert.Equal(t, []string{"outbound"}, w.texts("SELECT topic FROM dead_letters"))
	assert.Empty(t, w.sends())
}

func TestARepeatedRequestGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rendered := 0
	once := func(fingerprint string) context.Context {
		return bridge.WithAnswer(t.Context(), "key", fingerprint, func(result any) (int, []byte) {
			rendered++
			return 201, []byte(result.(conversations.Conversation).ID)
		})
	}
	c, err := w.CreateConversation(once("same"), system, service, bridge.ConversationFields{})
	require.NoError(t, err)
	w.crash()
	_, err = w.CreateConversation(once("same"), system, service, bridge.ConversationFields{})
	var repeated *bridge.RepeatedError
	require.ErrorAs(t, err, &repeated)
	assert.Equal(t, 201, repeated.Answer.Status)
	assert.Equal(t, string(c.ID), string(repeated.Answer.Body))
	assert.NotEmpty(t, repeated.Error())
	_, err = w.CreateConversation(once("different"), system, service, bridge.ConversationFields{})
	refusal(t, conversations.Conflict, err, "another request")
	assert.Equal(t, 1, rendered)

	_, err = w.CreateConversation(once("same"), system, service, bridge.ConversationFields{UniqueName: ptr("x")})
	require.ErrorAs(t, err, &repeated)
	w.clock.advance(24*time.Hour + time.Second)
	_, err = w.CreateConversation(once("different"), system, service, bridge.ConversationFields{})
	require.NoError(t, err, "after a day the key is free")
	w.clock.advance(25 * time.Hour)
	require.NoError(t, w.Tidy(t.Context()))
	assert.Zero(t, w.count("SELECT count(*) FROM answers"))
}

func TestAHeadWithoutATaskGetsOneAtTheStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "stranded")
	for _, s := range w.sends() {
		require.NoError(t, w.cfg.Commit(t.Context(), func(tx bridge.Tx) error { return tx.Finish(s.seq) }))
	}
	require.Empty(t, w.sends())
	w.crash()
	assert.Equal(t, []string{"stranded"}, w.sendAll(whole))
}
