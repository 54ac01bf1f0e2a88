package pipeline_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/pipeline"
)

// server is an inbound webhook's.
type server struct {
	answer func(context.Context) (conversations.CallAnswer, error)

	mu    sync.Mutex
	calls []conversations.InboundCall
}

func (s *server) Call(ctx context.Context, _ conversations.Listener, c conversations.InboundCall) (conversations.CallAnswer, error) {
	s.mu.Lock()
	s.calls = append(s.calls, c)
	s.mu.Unlock()
	return s.answer(ctx)
}

// heard are the texts that the webhook was told of.
func (s *server) heard() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		list = append(list, c.Message.Body)
	}
	return list
}

// forgetful is the bridge of a store that cannot commit an answer for a while.
type forgetful struct {
	pipeline.Verbs
	failures atomic.Int32
}

func (f *forgetful) CloseCall(ctx context.Context, task int64, c conversations.InboundCall, a conversations.CallAnswer) error {
	if f.failures.Add(-1) >= 0 {
		return conversations.ErrUnavailable
	}
	return f.Verbs.CloseCall(ctx, task, c, a)
}

var thanks = conversations.CallAnswer{Replies: []conversations.Reply{{Body: "thanks"}}}

func TestAWebhookIsCalledUntilItAnswers(t *testing.T) {
	t.Parallel()
	var failures atomic.Int32
	failures.Store(2)
	s := &server{answer: func(context.Context) (conversations.CallAnswer, error) {
		if failures.Add(-1) >= 0 {
			return conversations.CallAnswer{}, errors.New("down")
		}
		return thanks, nil
	}}
	pigeons := &loft{name: "loft", kind: "pigeon"}
	w := newWorld(t, options{webhooks: s}, pigeons)
	w.writes(pigeons, "1", "coo")
	w.writes(pigeons, "2", "and again")
	eventually(t, func() bool { return len(pigeons.sent()) == 2 }, "both are answered")
	assert.Equal(t, []string{"coo", "coo", "coo", "and again"}, s.heard(), "in order")
}

func TestAWebhooksAnswerIsKeptUntilTheStoreCanCommit(t *testing.T) {
	t.Parallel()
	s := &server{answer: func(context.Context) (conversations.CallAnswer, error) { return thanks, nil }}
	pigeons := &loft{name: "loft", kind: "pigeon"}
	w := newWorld(t, options{webhooks: s, verbs: func(v pipeline.Verbs) pipeline.Verbs {
		f := &forgetful{Verbs: v}
		f.failures.Store(2)
		return f
	}}, pigeons)
	w.writes(pigeons, "1", "coo")
	eventually(t, func() bool { return len(pigeons.sent()) == 1 }, "it is obeyed")
	assert.Equal(t, []string{"coo"}, s.heard(), "and was asked for once")
}

func TestAWebhookThatNeverAnswersBecomesADeadLetter(t *testing.T) {
	t.Parallel()
	s := &server{answer: func(context.Context) (conversations.CallAnswer, error) {
		return conversations.CallAnswer{}, errors.New("the inbound webhook at example.com: it answered 500")
	}}
	pigeons := &loft{name: "loft", kind: "pigeon"}
	w := newWorld(t, options{webhooks: s, tasks: 3}, pigeons)
	w.writes(pigeons, "1", "a secret")
	var letters []conversations.DeadLetter
	eventually(t, func() bool {
		list, err := w.db.DeadLetters(context.Background(), conversations.DeadLetterFilter{}, conversations.Page{Size: 10})
		require.NoError(t, err)
		letters = list.Items
		return len(letters) == 1
	}, "it is put aside")
	assert.Len(t, s.heard(), 3)
	assert.Equal(t, "the inbound webhook at example.com: it answered 500", letters[0].Reason)
	assert.NotContains(t, string(letters[0].Payload), "secret")
}

func TestCloseDoesNotWaitForAWebhook(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{}, 10)
	s := &server{answer: func(ctx context.Context) (conversations.CallAnswer, error) {
		entered <- struct{}{}
		<-ctx.Done()
		return conversations.CallAnswer{}, ctx.Err()
	}}
	pigeons := &loft{name: "loft", kind: "pigeon"}
	w := newWorld(t, options{webhooks: s, close: 2 * time.Second}, pigeons)
	w.writes(pigeons, "1", "coo")
	<-entered
	require.NoError(t, w.pipeline.Close(), "it is called again at the next start")
}
