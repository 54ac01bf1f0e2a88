package sqlite_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
)

// One subscription reads rows for all of a queue. When it ends in the midst of
// that, another has to take over, and not only at its next poll.
func TestASubscriptionThatEndsWhileReadingLeavesNobodyWaiting(t *testing.T) {
	t.Parallel()
	reading, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	db, _ := recordedStore(t, func(query string) {
		if strings.Contains(query, "FROM outbox WHERE queue") {
			once.Do(func() {
				close(reading)
				<-release
			})
		}
	})
	enqueue := func(topic string) {
		require.NoError(t, db.Update(t.Context(), func(tx *store.Tx) error {
			return tx.Enqueue(conversations.Task{Topic: topic, Key: "k", Payload: []byte("a")})
		}))
	}
	enqueue("topic")
	s := store.NewSubscriber(db, store.SubscriberConfig{Poll: time.Hour})
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	ending, end := context.WithCancel(t.Context())
	defer end()
	_, err := s.Subscribe(ending, "topic")
	require.NoError(t, err)
	<-reading
	messages, err := s.Subscribe(t.Context(), "topic")
	require.NoError(t, err)
	for range 20 {
		enqueue("another") // in the meantime the second subscription begins to wait
	}
	end()
	close(release)
	requirePayload(t, messages, "a").Ack()
}
