package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/channels"
	"bridged/conversations"
	"bridged/pipeline"
	"bridged/store"
	"bridged/store/storetest"
)

// Nothing may be left running when all pipelines are closed.
func TestMain(m *testing.M) { storetest.NoLeaks(m) }

// A third channel needs nothing but its adapter: nobody asks which channel it is.
func TestAnInventedChannelRelaysLikeAnyOther(t *testing.T) {
	t.Parallel()
	pigeons, other := &loft{name: "loft", kind: "pigeon"}, &loft{name: "owls", kind: "owl"}
	w := newWorld(t, options{}, pigeons, other)
	c := w.converse(pigeons, other)
	w.writes(pigeons, "1", "coo")
	eventually(t, func() bool { return len(other.sent()) == 1 }, "the owl has it")
	w.writes(other, "1", "hoo")
	eventually(t, func() bool { return len(pigeons.sent()) == 1 }, "the pigeon has it")
	assert.Equal(t, channels.Outbound{From: "owl:proxy", To: "owl:person", Body: "coo"}, other.sent()[0])
	assert.Equal(t, channels.Outbound{From: "pigeon:proxy", To: "pigeon:person", Body: "hoo"}, pigeons.sent()[0])

	eventually(t, func() bool { return w.delivery(c).Status == conversations.StatusSent }, "it is sent")
	require.NoError(t, w.bridge.AcceptStatuses(t.Context(), []conversations.StatusReport{
		{Channel: "owls", ProviderID: "owls-1", Status: conversations.StatusDelivered},
	}))
	eventually(t, func() bool { return w.delivery(c).Status == conversations.StatusDelivered }, "its receipt advances")
}

func TestPartsGoOutInOrder(t *testing.T) {
	t.Parallel()
	pigeons, other := &loft{name: "loft", kind: "pigeon"}, limited{&loft{name: "owls", kind: "owl", max: 10}}
	w := newWorld(t, options{}, pigeons, other)
	c := w.converse(pigeons, other)
	const text = "one two three four five six seven"
	w.writes(pigeons, "1", text)
	eventually(t, func() bool { return w.delivery(c).Status == conversations.StatusSent }, "it is sent")
	var parts []string
	for _, out := range other.sent() {
		parts = append(parts, out.Body)
	}
	assert.Greater(t, len(parts), 3)
	assert.Equal(t, text, strings.Join(parts, ""))
	assert.Equal(t, len(parts), w.delivery(c).Parts)
}

func TestEachVerdictHasItsConsequence(t *testing.T) {
	t.Parallel()
	for verdict, want := range map[channels.Verdict]struct {
		progress conversations.Progress
		tries    int
	}{
		channels.Unknown:       {conversations.ProgressDead, 3},
		channels.Retry:         {conversations.ProgressDead, 3},
		channels.Permanent:     {conversations.ProgressDone, 1},
		channels.OptedOut:      {conversations.ProgressDone, 1},
		channels.OutsideWindow: {conversations.ProgressDone, 1},
	} {
		t.Run(verdict.String(), func(t *testing.T) {
			t.Parallel()
			pigeons := &loft{name: "loft", kind: "pigeon"}
			owls := &loft{name: "owls", kind: "owl", answer: func(context.Context, channels.Outbound) (channels.Sent, error) {
				return channels.Sent{}, &channels.SendError{Verdict: verdict, Code: 30005, Detail: "no such owl"}
			}}
			w := newWorld(t, options{}, pigeons, owls)
			c := w.converse(pigeons, owls)
			w.writes(pigeons, "1", "coo")
			eventually(t, func() bool { return w.delivery(c).Status == conversations.StatusFailed }, "it failed")
			assert.Equal(t, want.progress, w.delivery(c).Progress)
			assert.Len(t, owls.sent(), want.tries)
		})
	}
}

func TestWhatADriverDoesNotExplainIsOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(context.Context, channels.Outbound) (channels.Sent, error){
		"a plain error": func(context.Context, channels.Outbound) (channels.Sent, error) {
			return channels.Sent{}, errors.New("whatever")
		},
		"a panic": func(context.Context, channels.Outbound) (channels.Sent, error) { panic("feathers") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pigeons, owls := &loft{name: "loft", kind: "pigeon"}, &loft{name: "owls", kind: "owl", answer: answer}
			w := newWorld(t, options{retry: bridge.RetryPolicy{Attempts: 3, UnknownWait: time.Hour}}, pigeons, owls)
			c := w.converse(pigeons, owls)
			w.writes(pigeons, "1", "coo")
			eventually(t, func() bool { return w.delivery(c).Progress == conversations.ProgressUnknown }, "nobody can say")
			detail, err := w.db.DeliveryDetail(t.Context(), w.delivery(c).ID)
			require.NoError(t, err)
			assert.NotEmpty(t, detail.Attempts[0].Detail, "the operator sees why")
		})
	}
}

// flaky is the bridge of a store that cannot commit for a while.
type flaky struct {
	pipeline.Verbs
	failures atomic.Int32
}

func (f *flaky) Settle(ctx context.Context, c bridge.Claim, r bridge.Result, out *bridge.Outlet) (*bridge.Claim, error) {
	if f.failures.Add(-1) >= 0 {
		return nil, conversations.ErrUnavailable
	}
	return f.Verbs.Settle(ctx, c, r, out)
}

func TestACarriersAnswerIsKeptUntilTheStoreCanCommit(t *testing.T) {
	t.Parallel()
	pigeons, owls := &loft{name: "loft", kind: "pigeon"}, &loft{name: "owls", kind: "owl"}
	w := newWorld(t, options{verbs: func(v pipeline.Verbs) pipeline.Verbs {
		f := &flaky{Verbs: v}
		f.failures.Store(2)
		return f
	}}, pigeons, owls)
	c := w.converse(pigeons, owls)
	w.writes(pigeons, "1", "coo")
	eventually(t, func() bool { return w.delivery(c).Status == conversations.StatusSent }, "it is recorded")
	assert.Len(t, owls.sent(), 1, "and was sent once")
}

func TestATaskThatKeepsFailingBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	pigeons := &loft{name: "loft", kind: "pigeon"}
	w := newWorld(t, options{tasks: 3}, pigeons)
	require.NoError(t, w.db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.Enqueue(conversations.Task{Topic: bridge.TopicInbound, Key: "poison", Payload: []byte("no number")})
	}))
	letters := func() []conversations.DeadLetter {
		list, err := w.db.DeadLetters(context.Background(), conversations.DeadLetterFilter{}, conversations.Page{Size: 10})
		require.NoError(t, err)
		return list.Items
	}
	eventually(t, func() bool { return len(letters()) == 1 }, "it is put aside")
	assert.Contains(t, letters()[0].Reason, "invalid syntax")
	assert.Equal(t, "no number", string(letters()[0].Payload))
}

// clumsy cannot record the first answer that a carrier gives.
type clumsy struct {
	pipeline.Verbs
	once atomic.Bool
}

func (c *clumsy) Settle(ctx context.Context, claim bridge.Claim, r bridge.Result, out *bridge.Outlet) (*bridge.Claim, error) {
	if r.Outcome == conversations.OutcomeAccepted && c.once.CompareAndSwap(false, true) {
		return nil, errors.New("a fault of ours")
	}
	return c.Verbs.Settle(ctx, claim, r, out)
}

func TestAnAnswerThatCannotBeRecordedDoesNotHoldUpItsLine(t *testing.T) {
	t.Parallel()
	pigeons, owls := &loft{name: "loft", kind: "pigeon"}, &loft{name: "owls", kind: "owl"}
	w := newWorld(t, options{verbs: func(v pipeline.Verbs) pipeline.Verbs { return &clumsy{Verbs: v} }}, pigeons, owls)
	c := w.converse(pigeons, owls)
	w.writes(pigeons, "1", "coo")
	eventually(t, func() bool { return w.delivery(c).Status == conversations.StatusSent }, "the line goes on")
	detail, err := w.db.DeliveryDetail(t.Context(), w.delivery(c).ID)
	require.NoError(t, err)
	require.Len(t, detail.Attempts, 2)
	assert.Equal(t, conversations.OutcomeUnknown, detail.Attempts[0].Outcome)
	assert.Contains(t, detail.Attempts[0].Detail, "a fault of ours")
	assert.Equal(t, conversations.OutcomeAccepted, detail.Attempts[1].Outcome)
}

// broken cannot claim the deliveries of one message.
type broken struct {
	pipeline.Verbs
	first atomic.Pointer[conversations.DeliveryID]
}

func (b *broken) Claim(ctx context.Context, task int64, key string, id conversations.DeliveryID, out *bridge.Outlet) (*bridge.Claim, error) {
	if b.first.CompareAndSwap(nil, &id) || *b.first.Load() == id {
		return nil, errors.New("a fault of ours")
	}
	return b.Verbs.Claim(ctx, task, key, id, out)
}

func TestADeliveryThatCannotBeClaimedDoesNotHoldUpItsLine(t *testing.T) {
	t.Parallel()
	pigeons, owls := &loft{name: "loft", kind: "pigeon"}, &loft{name: "owls", kind: "owl"}
	w := newWorld(t, options{tasks: 3, verbs: func(v pipeline.Verbs) pipeline.Verbs { return &broken{Verbs: v} }}, pigeons, owls)
	c := w.converse(pigeons, owls)
	w.writes(pigeons, "1", "doomed")
	w.writes(pigeons, "2", "behind it")
	eventually(t, func() bool { return len(owls.sent()) == 1 }, "the line goes on")
	assert.Equal(t, "behind it", owls.sent()[0].Body)
	assert.Equal(t, conversations.StatusFailed, w.delivery(c).Status)
}

func TestCloseWaitsForASendInFlight(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	var left atomic.Bool
	pigeons := &loft{name: "loft", kind: "pigeon"}
	owls := &loft{name: "owls", kind: "owl", answer: func(context.Context, channels.Outbound) (channels.Sent, error) {
		close(entered)
		<-leave
		left.Store(true)
		return channels.Sent{ProviderID: "late"}, nil
	}}
	w := newWorld(t, options{}, pigeons, owls)
	c := w.converse(pigeons, owls)
	w.writes(pigeons, "1", "coo")
	<-entered
	closed := make(chan error, 1)
	go func() { closed <- w.pipeline.Close() }()
	select {
	case <-closed:
		require.Fail(t, "Close did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	close(leave)
	require.NoError(t, <-closed)
	assert.True(t, left.Load(), "Close returned after the send")
	assert.Equal(t, conversations.StatusSent, w.delivery(c).Status)
}

func TestCloseGivesUpOnASendThatNeverEnds(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	pigeons := &loft{name: "loft", kind: "pigeon"}
	owls := &loft{name: "owls", kind: "owl", answer: func(context.Context, channels.Outbound) (channels.Sent, error) {
		close(entered)
		<-leave
		return channels.Sent{ProviderID: "never told"}, nil
	}}
	w := newWorld(t, options{close: 10 * time.Millisecond}, pigeons, owls)
	t.Cleanup(func() { close(leave) })
	c := w.converse(pigeons, owls)
	w.writes(pigeons, "1", "coo")
	<-entered
	require.ErrorContains(t, w.pipeline.Close(), "in time")
	assert.Equal(t, conversations.ProgressSending, w.delivery(c).Progress, "the next start finds a send of unknown outcome")
}

// What is due goes out at its time although the pipeline had nothing to wait for
// before: the bridge wakes it.
func TestADueDeliveryWakesThePipeline(t *testing.T) {
	t.Parallel()
	var refusals atomic.Int32
	pigeons := &loft{name: "loft", kind: "pigeon"}
	owls := &loft{name: "owls", kind: "owl", answer: func(context.Context, channels.Outbound) (channels.Sent, error) {
		if refusals.Add(1) == 1 {
			return channels.Sent{}, &channels.SendError{Verdict: channels.Throttled, After: 30 * time.Millisecond}
		}
		return channels.Sent{ProviderID: "owls-1"}, nil
	}}
	w := newWorld(t, options{}, pigeons, owls)
	c := w.converse(pigeons, owls)
	w.writes(pigeons, "1", "coo")
	eventually(t, func() bool { return w.delivery(c).Status == conversations.StatusSent }, "it went out again")
	detail, err := w.db.DeliveryDetail(t.Context(), w.delivery(c).ID)
	require.NoError(t, err)
	require.Len(t, detail.Attempts, 2)
	assert.GreaterOrEqual(t, detail.Attempts[1].Started.Sub(detail.Attempts[0].Ended), 30*time.Millisecond, "not before its time")
}

func TestClosingWhatWasNeverStartedReturnsAtOnce(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	p, err := pipeline.New(pipeline.Config{
		Verbs:        struct{ pipeline.Verbs }{},
		Subscriber:   func(int) message.Subscriber { return store.NewSubscriber(db, store.SubscriberConfig{}) },
		CloseTimeout: time.Hour,
	})
	require.NoError(t, err)
	require.NoError(t, p.Close())
}
