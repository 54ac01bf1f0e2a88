package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/stretchr/testify/require"

	"bridged/store"
	"bridged/store/sqlite"
)

func open(t *testing.T) *store.DB {
	t.Helper()
	steps, err := store.Migrations()
	require.NoError(t, err)
	backend, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "bridged.db"), steps)
	require.NoError(t, err)
	db, err := store.Open(t.Context(), backend, store.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestPubSub(t *testing.T) {
	db := open(t)
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

var _ = context.Background
