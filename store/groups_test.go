package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/store"
	"bridged/store/storetest"
)

func TestConsumerGroupsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	place := storetest.New(t)
	db := place.Open(t)
	for _, group := range []string{"one", "two"} {
		config := eager
		config.Group = group
		require.NoError(t, store.NewSubscriber(db, config).SubscribeInitialize("topic"))
	}
	require.NoError(t, db.Close())

	db = place.Open(t)
	enqueue(t, db, "topic", "key", "a") // before either has subscribed again
	for _, group := range []string{"one", "two"} {
		config := eager
		config.Group = group
		requireNext(t, subscribe(t, db, "topic", config), "a").Ack()
	}
}
