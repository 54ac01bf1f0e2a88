package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func TestDeadLettersThatAreWanted(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	update(t, db, func(tx *store.Tx) error {
		for i, l := range []conversations.DeadLetter{
			{Topic: "outbound.wa", Channel: "wa", Delivery: "1", ErrorCode: 63016},
			{Topic: "outbound.sms", Channel: "sms", Delivery: "2", ErrorCode: 30008},
			{Topic: "outbound", Delivery: "3", ErrorCode: 63007},
			{Topic: "fetch", Channel: "sms", Source: []byte("{}"), ErrorCode: 63019},
			{Topic: "inbound", Lease: "+1", Payload: []byte("7")},
		} {
			l.Created = epoch.Add(time.Duration(i) * time.Hour)
			if err := tx.InsertDeadLetter(l); err != nil {
				return err
			}
		}
		return tx.DiscardDeadLetter(conversations.DeadLetter{Seq: 3, Discarded: epoch, DiscardedBy: "me", DiscardReason: "why not"})
	})
	for name, tt := range map[string]struct {
		filter conversations.DeadLetterFilter
		want   []int64
	}{
		"all":               {conversations.DeadLetterFilter{}, []int64{1, 2, 4, 5}},
		"of every channel":  {conversations.DeadLetterFilter{Topic: "outbound"}, []int64{1, 2}},
		"of one topic":      {conversations.DeadLetterFilter{Topic: "outbound.sms"}, []int64{2}},
		"of one channel":    {conversations.DeadLetterFilter{Channel: "sms"}, []int64{2, 4}},
		"of both":           {conversations.DeadLetterFilter{Topic: "fetch", Channel: "sms"}, []int64{4}},
		"with a code":       {conversations.DeadLetterFilter{ErrorCode: 63016}, []int64{1}},
		"since":             {conversations.DeadLetterFilter{Since: epoch.Add(3 * time.Hour)}, []int64{4, 5}},
		"discarded":         {conversations.DeadLetterFilter{Discarded: true}, []int64{3}},
		"discarded, with a": {conversations.DeadLetterFilter{Discarded: true, ErrorCode: 1}, nil},
		"of no topic":       {conversations.DeadLetterFilter{Topic: "outboundXsms"}, nil},
	} {
		got, err := db.DeadLetters(t.Context(), tt.filter, conversations.Page{Size: 10})
		require.NoError(t, err)
		var seqs []int64
		for _, l := range got.Items {
			seqs = append(seqs, l.Seq)
		}
		assert.Equal(t, tt.want, seqs, name)
	}
	after := view(t, db, func(tx *store.Tx) ([]conversations.DeadLetter, error) {
		return tx.DeadLettersAfter(conversations.DeadLetterFilter{}, 1, 2)
	})
	require.Len(t, after, 2)
	assert.Equal(t, []int64{2, 4}, []int64{after[0].Seq, after[1].Seq})
	assert.Equal(t, []byte("{}"), after[1].Source)

	discarded, err := db.DeadLetter(t.Context(), 3)
	require.NoError(t, err)
	assert.Equal(t, []any{epoch, "me", "why not"}, []any{discarded.Discarded, discarded.DiscardedBy, discarded.DiscardReason})
	_, err = db.DeadLetter(t.Context(), 6)
	requireNotFound(t, err)
}

func TestADiscardedLetterDoesNotWaitForItsWindow(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	update(t, db, func(tx *store.Tx) error {
		err := tx.InsertDeadLetter(conversations.DeadLetter{Topic: "outbound.wa", Key: "k", Delivery: "1", ErrorCode: 63016, Created: epoch})
		if err != nil {
			return err
		}
		return tx.DiscardDeadLetter(conversations.DeadLetter{Seq: 1, Discarded: epoch})
	})
	assert.Empty(t, view(t, db, func(tx *store.Tx) ([]conversations.DeadLetter, error) { return tx.LettersOutsideWindow("k") }))
}

// A task that was given up is given out again, with the same key and payload, and
// may be given up again.
func TestATaskIsRequeued(t *testing.T) {
	t.Parallel()
	b := storetest.New(t).Backend(t)
	db := openWith(t, b, store.Config{})
	messages := subscribe(t, db, "outbound.sms", store.SubscriberConfig{Attempts: 1, Backoff: func(int) time.Duration { return 0 }})
	enqueue(t, db, "outbound.sms", "key", "task")
	letters := func() []conversations.DeadLetter {
		list, err := db.DeadLetters(t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 10})
		require.NoError(t, err)
		return list.Items
	}
	for range 2 {
		requireNext(t, messages, "task").Nack()
		eventually(t, func() bool { return len(letters()) == 1 }, "it is given up")
		letter := letters()[0]
		assert.Equal(t, "sms", letter.Channel)
		update(t, db, func(tx *store.Tx) error {
			if err := tx.Requeue(letter); err != nil {
				return err
			}
			return tx.DeleteDeadLetter(letter.Seq)
		})
	}
	m := requireNext(t, messages, "task")
	assert.Equal(t, "key", m.Metadata.Get(conversations.TaskKey))
	m.Ack()
	requireRows(t, b, 0)
	assert.Empty(t, letters())
}
