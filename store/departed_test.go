package store_test

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func TestARemovedConversationIsKnownToItsWebhooks(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	there, gone := insertThread(t, db, "+15550200001"), insertThread(t, db, "+15550200002")
	hooks := make(map[conversations.ConversationID]conversations.Webhook)
	for _, c := range []conversations.ConversationID{there.conversation.ID, gone.conversation.ID} {
		w := conversations.Webhook{
			ID: conversations.NewID[conversations.WebhookID](time.Now()), Conversation: c, Target: conversations.TargetWebhook, URL: "https://example.com",
			Method: "POST", Filters: []conversations.EventType{conversations.ConversationRemoved}, After: 7, Retries: 3,
			Created: time.UnixMicro(1).UTC(), Updated: time.UnixMicro(2).UTC(),
		}
		update(t, db, func(tx *store.Tx) error { return tx.InsertWebhook(&w) })
		hooks[c] = w
	}
	sites := func(ids ...conversations.ConversationID) map[conversations.ConversationID]conversations.HookSite {
		found, err := db.HookSites(t.Context(), ids)
		require.NoError(t, err)
		return found
	}
	removed := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	before := sites(there.conversation.ID, gone.conversation.ID, "never")
	require.Len(t, before, 2)
	assert.Equal(t, []conversations.Webhook{hooks[gone.conversation.ID]}, before[gone.conversation.ID].Webhooks)
	update(t, db, func(tx *store.Tx) error { _, err := tx.DeleteConversation(gone.conversation.ID, removed); return err })
	assert.Equal(t, before, sites(there.conversation.ID, gone.conversation.ID, "never"), "nothing has changed for them")
	_, err := db.WebhookByID(t.Context(), hooks[gone.conversation.ID].ID)
	requireNotFound(t, err)

	forget := func(before time.Time) {
		update(t, db, func(tx *store.Tx) error { _, err := tx.ForgetDeparted(before, 10); return err })
	}
	forget(removed)
	assert.Len(t, sites(gone.conversation.ID), 1)
	forget(removed.Add(time.Microsecond))
	assert.Empty(t, sites(gone.conversation.ID))
	assert.Empty(t, sites())
}

func TestTheBacklogOfListeners(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	few, many := conversations.ServiceListener("00000000000000000000000000000001"), conversations.ScopedListener("00000000000000000000000000000002")
	var tasks []conversations.Task
	add := func(l conversations.WebhookListener, n int) {
		for range n {
			notice := conversations.Notice{Listener: l, Conversation: conversations.ConversationID(strconv.Itoa(n)), At: at.Add(time.Duration(len(tasks)) * time.Second)}
			payload, err := json.Marshal(notice)
			require.NoError(t, err)
			tasks = append(tasks, conversations.Task{Topic: "webhooks", Key: notice.Key(), Payload: payload})
		}
	}
	add(few, 3)
	add(many, 90) // more than one statement's worth
	update(t, db, func(tx *store.Tx) error { return tx.EnqueueAll(tasks) })
	backlog, err := db.Backlog(t.Context(), "webhooks", 10)
	require.NoError(t, err)
	require.Len(t, backlog, 2)
	assert.Equal(t, []any{many, 90, at.Add(3 * time.Second)}, []any{backlog[0].Listener, backlog[0].Count, backlog[0].First.At})
	assert.Equal(t, []any{few, 3, at}, []any{backlog[1].Listener, backlog[1].Count, backlog[1].First.At})
	n, err := db.CountTasks(t.Context(), "webhooks")
	require.NoError(t, err)
	assert.Equal(t, 93, n)

	messages := subscribe(t, db, "webhooks", store.SubscriberConfig{InFlight: 1})
	for range tasks {
		m := next(t, messages)
		assert.NotEmpty(t, m.Payload)
		m.Ack()
	}
}

func TestDeadLettersOfOneListener(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	wanted := conversations.ServiceListener("00000000000000000000000000000001")
	for _, l := range []conversations.DeadLetter{
		{Topic: "webhooks", Key: conversations.Notice{Listener: wanted, Conversation: "c"}.Key()},
		{Topic: "webhooks", Key: conversations.Notice{Listener: conversations.ServiceListener("00000000000000000000000000000002"), Conversation: "c"}.Key()},
		{Topic: "other", Key: string(wanted) + " c"},
	} {
		update(t, db, func(tx *store.Tx) error { return tx.InsertDeadLetter(l) })
	}
	found, err := db.DeadLetters(t.Context(), conversations.DeadLetterFilter{Listener: wanted}, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, found.Items, 1)
	assert.Equal(t, "webhooks", found.Items[0].Topic)
}

// putBack hands a message back with what is left of it.
func putBack(m *message.Message, rest string, attempts int, wait time.Duration) {
	m.Payload = []byte(rest)
	m.Metadata.Set(conversations.TaskAttempts, strconv.Itoa(attempts))
	m.Metadata.Set(conversations.TaskAgain, wait.String())
	m.Nack()
}

func TestWhatIsLeftOfAMessageIsStored(t *testing.T) {
	t.Parallel()
	place := storetest.New(t)
	db := place.Open(t)
	enqueue(t, db, "t", "k", "first", "second")
	messages := subscribe(t, db, "t", store.SubscriberConfig{InFlight: 1, Attempts: 2})
	for n, rest := range []string{"a part", "less", "least"} {
		m := next(t, messages)
		assert.Equal(t, strconv.Itoa(n), m.Metadata.Get(conversations.TaskAttempts))
		putBack(m, rest, n+1, time.Millisecond)
	}
	requireNext(t, messages, "least") // it is not given up, whatever the attempts
	require.NoError(t, db.Close())

	db = place.Open(t)
	messages = subscribe(t, db, "t", store.SubscriberConfig{InFlight: 1})
	m := next(t, messages)
	assert.Equal(t, []string{"least", "3"}, []string{string(m.Payload), m.Metadata.Get(conversations.TaskAttempts)}, "another process goes on")
	m.Ack()
	requireNext(t, messages, "second").Ack()
}

func TestWhatWaitsCanBeHurried(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	enqueue(t, db, "t", "aside", "1", "2")
	enqueue(t, db, "t", "failed", "1")
	enqueue(t, db, "t", "other", "1")
	messages := subscribe(t, db, "t", store.SubscriberConfig{InFlight: 1})
	for range 3 {
		m := next(t, messages)
		if m.Metadata.Get(conversations.TaskKey) == "failed" {
			putBack(m, string(m.Payload), 1, time.Hour)
		} else {
			handBack(m, time.Hour)
		}
	}
	got := make(map[string]string)
	for len(got) < 2 {
		// What is handed back may be on its way still.
		db.Hurry("t", func(key string) bool { return key != "other" })
		select {
		case m := <-messages:
			got[m.Metadata.Get(conversations.TaskKey)] += string(m.Payload)
			m.Ack()
		case <-time.After(10 * time.Millisecond):
		}
	}
	assert.Equal(t, "1", got["failed"])
	assert.Contains(t, got["aside"], "1")
	assert.NotContains(t, got, "other")
	db.Hurry("nobody subscribes", func(string) bool { return true })
}

// Where a reader has nothing to write, one commit does for many events, and none is
// given to it twice.
func TestAReaderThatWritesNothingRarelyCommits(t *testing.T) {
	t.Parallel()
	place := storetest.New(t)
	db, rows := place.Open(t), place.SQL(t)
	seen := make(chan int64, 100)
	r, err := db.FollowEvents(t.Context(), store.EventReaderConfig{
		Name: "idle", Batch: 10, Linger: time.Millisecond,
		Step: func(_ context.Context, _ string, events []conversations.Event) (store.Step, error) {
			for _, e := range events {
				seen <- e.Seq
			}
			return store.Step{Through: len(events)}, nil
		},
	})
	require.NoError(t, err)
	cursor := func() int {
		return countRows(t, rows, "SELECT event FROM event_readers WHERE name = 'idle'")
	}
	var last int64
	expect := func(n int) {
		for range n {
			select {
			case seq := <-seen:
				assert.Greater(t, seq, last, "each comes once")
				last = seq
			case <-time.After(30 * time.Second):
				require.FailNow(t, "an event does not come")
			}
		}
	}
	for range 9 {
		record(t, db, 1)
		expect(1)
	}
	assert.Zero(t, cursor(), "no commit")
	record(t, db, 1)
	expect(1)
	eventually(t, func() bool { return cursor() == int(last) }, "the tenth commits")
	record(t, db, 3)
	expect(3)
	r.Close()
	assert.Empty(t, seen)
}
