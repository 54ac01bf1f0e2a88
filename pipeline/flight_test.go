package pipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/pipeline"
)

// parting is a subscriber that gives out one message when its subscription ends,
// a while after the router has begun to wait for what it counts.
type parting struct{ m *message.Message }

func (p *parting) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	out := make(chan *message.Message)
	go func() {
		defer close(out)
		<-ctx.Done()
		<-time.NewTimer(10 * time.Millisecond).C
		if p.m != nil {
			out <- p.m
		}
	}()
	return out, nil
}

func (*parting) Close() error { return nil }

// slow are verbs of which Route ends when it is told to.
type slow struct {
	pipeline.Verbs
	entered, leave chan struct{}
	cut            error // of the context, when Route had ended
}

func (s *slow) Route(ctx context.Context, _, _ int64) error {
	close(s.entered)
	<-s.leave
	s.cut = ctx.Err()
	return nil
}

func (*slow) Recover(context.Context) error                     { return nil }
func (*slow) Resume(context.Context) (t time.Time, _ error)     { return t, nil }
func (*slow) FireTimers(context.Context) (t time.Time, _ error) { return t, nil }
func (*slow) Tidy(context.Context) error                        { return nil }
func (*slow) Erase(context.Context) (t time.Time, _ error)      { return t, nil }
func (*slow) Retain(context.Context) (t time.Time, _ error)     { return t, nil }
func (*slow) ForgetEvents(context.Context) (t time.Time, _ error) {
	return time.Now().Add(time.Hour), nil
}

// A task that the router gets while it closes is waited for like any other: CI saw
// a carrier's answer lost that came after the pipeline had been closed.
func TestCloseWaitsForWhatBeginsWhileItCloses(t *testing.T) {
	t.Parallel()
	verbs := &slow{entered: make(chan struct{}), leave: make(chan struct{})}
	m := message.NewMessage("1", []byte("1"))
	var subscribers []*parting
	p, err := pipeline.New(pipeline.Config{
		Verbs: verbs,
		Subscriber: func(int) message.Subscriber {
			s := &parting{}
			if len(subscribers) == 0 { // of the first topic, inbound
				s.m = m
			}
			subscribers = append(subscribers, s)
			return s
		},
		CloseTimeout: time.Minute,
	})
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context()))
	closed := make(chan error, 1)
	go func() { closed <- p.Close() }()
	<-verbs.entered
	select {
	case err := <-closed:
		assert.Fail(t, "Close did not wait")
		closed <- err
	case <-time.After(50 * time.Millisecond):
	}
	close(verbs.leave)
	require.NoError(t, <-closed)
	require.NoError(t, verbs.cut, "it was cut off")
	<-m.Acked()
}
