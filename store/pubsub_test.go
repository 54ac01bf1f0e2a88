package store_test

import (
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"

	"bridged/store"
	"bridged/store/storetest"
)

func TestPubSub(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	config := store.SubscriberConfig{Backoff: func(int) time.Duration { return time.Millisecond }}
	group := func(_ *testing.T, name string) (message.Publisher, message.Subscriber) {
		c := config
		c.Group = name
		return store.NewPublisher(db), store.NewSubscriber(db, c)
	}
	tests.TestPubSub(t, tests.Features{
		ConsumerGroups: true, GuaranteedOrder: true, Persistent: true,
	}, func(t *testing.T) (message.Publisher, message.Subscriber) { return group(t, "") }, group)
}
