package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// Who waits for somebody else leaves its place to the next, up to a bound.
func TestWhoStepsAsideLeavesItsPlace(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	for _, key := range []string{"a", "b", "c", "d"} {
		enqueue(t, db, "t", key, key)
	}
	messages := subscribe(t, db, "t", store.SubscriberConfig{InFlight: 1, Aside: 2})
	release, back := make(chan struct{}), make(chan string, 3)
	stepAside := func() {
		m := next(t, messages)
		waits := make(chan struct{})
		go func() {
			conversations.StepAside(m.Context(), func(context.Context) {
				close(waits)
				<-release
			})
			back <- string(m.Payload)
			m.Ack()
		}()
		<-waits
	}
	stepAside()
	stepAside()
	stepAside() // one too many: it waits in its place
	select {
	case m := <-messages:
		require.Fail(t, "given out although all places are taken", string(m.Payload))
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	done := map[string]bool{<-back: true, <-back: true, <-back: true}
	assert.Equal(t, map[string]bool{"a": true, "b": true, "c": true}, done)
	m := next(t, messages)
	assert.Equal(t, "d", string(m.Payload))
	m.Ack()
}

// One that has stepped aside when its subscription ends takes nobody's place.
func TestASubscriptionEndsWhileSomebodyIsAside(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	enqueue(t, db, "t", "a", "a")
	subscriber := store.NewSubscriber(db, store.SubscriberConfig{InFlight: 1, Aside: 1})
	messages, err := subscriber.Subscribe(t.Context(), "t")
	require.NoError(t, err)
	m := next(t, messages)
	waits, ended, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		conversations.StepAside(m.Context(), func(ctx context.Context) {
			close(waits)
			<-ctx.Done()
			<-release
		})
	}()
	<-waits
	require.NoError(t, subscriber.Close())
	close(release)
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		require.Fail(t, "it never comes back")
	}
	again := next(t, subscribe(t, db, "t", store.SubscriberConfig{}))
	assert.Equal(t, "a", string(again.Payload))
	again.Ack()
}
