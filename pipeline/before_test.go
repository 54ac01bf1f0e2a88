package pipeline_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store/storetest"
)

// asked is a pre-action webhook that is asked about messages.
type asked struct {
	answer func(context.Context, conversations.Proposal) error
}

func (asked) Asks(context.Context) (func(conversations.ServiceID, conversations.EventType) bool, error) {
	return func(_ conversations.ServiceID, t conversations.EventType) bool { return t == conversations.MessageAdd }, nil
}

func (a asked) Before(ctx context.Context, p conversations.Proposal) (conversations.Amendment, error) {
	return conversations.Amendment{}, a.answer(ctx, p)
}

func (asked) Changed() {}

// More messages wait for a webhook than tasks are in flight, and the one about which
// it has an answer does not wait for any of them.
func TestWhoWaitsForAWebhookIsInNobodysWay(t *testing.T) {
	t.Parallel()
	const silent = 200 // tasks of a topic in flight are fewer
	waiting, release := make(chan struct{}, silent), make(chan struct{})
	before := asked{answer: func(ctx context.Context, p conversations.Proposal) error {
		if *p.Resource.Message.Body == "answered" {
			return nil
		}
		waiting <- struct{}{}
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
	channel := &loft{name: "pigeons", kind: "pigeon"}
	w := newWorld(t, options{before: before, aside: silent}, channel)
	for n := range silent + 1 {
		w.pairUp(channel, n)
	}
	for n := range silent {
		w.writesAs(channel, n, "silent")
	}
	for range silent {
		<-waiting
	}
	w.writesAs(channel, silent, "answered")
	eventually(t, func() bool { return w.bridge.Backlog() == silent }, "it is routed while all others wait")
	close(release)
	eventually(t, func() bool { return w.bridge.Backlog() == 0 }, "and then the others")
}

// A question that Close cuts off is no failure: it is asked again at the next start.
func TestCloseCutsQuestionsOff(t *testing.T) {
	t.Parallel()
	place, files := storetest.New(t), t.TempDir()
	tokens := make(chan string, 10)
	silent := asked{answer: func(ctx context.Context, p conversations.Proposal) error {
		tokens <- p.Token
		<-ctx.Done()
		return ctx.Err()
	}}
	channel := &loft{name: "pigeons", kind: "pigeon"}
	w := newWorld(t, options{before: silent, place: place, files: files, tasks: 1, close: time.Minute}, channel)
	w.converse(channel)
	w.writes(channel, "in1", "hello")
	first := <-tokens
	begin := time.Now()
	require.NoError(t, w.pipeline.Close())
	assert.Less(t, time.Since(begin), 30*time.Second, "nobody waits for the webhook")
	require.NoError(t, w.db.Close())
	require.NoError(t, w.files.Close())

	says := asked{answer: func(_ context.Context, p conversations.Proposal) error {
		tokens <- p.Token
		return nil
	}}
	again := newWorld(t, options{before: says, place: place, files: files, tasks: 1}, channel)
	assert.Equal(t, first, <-tokens)
	eventually(t, func() bool { return again.bridge.Backlog() == 0 }, "it is routed")
	letters, err := again.db.DeadLetters(t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 1})
	require.NoError(t, err)
	assert.Empty(t, letters.Items)
}

// pairUp makes a conversation with one of many people on a channel.
func (w *world) pairUp(l *loft, n int) {
	w.t.Helper()
	w.join(w.converse(), conversations.Address(fmt.Sprintf("%s:person%d", l.kind, n)), proxy(l))
}

// writesAs has one of many people on a channel write something.
func (w *world) writesAs(l *loft, n int, body string) {
	w.t.Helper()
	require.NoError(w.t, w.bridge.Accept(w.t.Context(), []conversations.Inbound{{
		Channel: l.name, ProviderID: fmt.Sprintf("in%d", n), Body: body,
		From: conversations.Address(fmt.Sprintf("%s:person%d", l.kind, n)), To: proxy(l),
	}}))
}
