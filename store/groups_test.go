package store_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/store"
	"bridged/store/storetest"
)

func TestConsumerGroupsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bridged.db")
	db := storetest.OpenFile(t, path)
	for _, group := range []string{"one", "two"} {
		config := eager
		config.Group = group
		require.NoError(t, store.NewSubscriber(db, config).SubscribeInitialize("topic"))
	}
	require.NoError(t, db.Close())

	db = storetest.OpenFile(t, path)
	enqueue(t, db, "topic", "key", "a") // before either has subscribed again
	for _, group := range []string{"one", "two"} {
		config := eager
		config.Group = group
		requireNext(t, subscribe(t, db, "topic", config), "a").Ack()
	}
}
