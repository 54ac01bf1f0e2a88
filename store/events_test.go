package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// recordAt records one event for each of the times.
func recordAt(t *testing.T, db *store.DB, times ...time.Time) {
	t.Helper()
	for _, at := range times {
		update(t, db, func(tx *store.Tx) error {
			e := event(conversations.UserAdded, "", conversations.Resource{User: &conversations.User{ID: "u", Identity: "i"}})
			e.At = at
			return tx.Record(e)
		})
	}
}

// follow reads the events beyond a place until there have been n, or none for now.
func follow(t *testing.T, db *store.DB, at conversations.Cursor, limit, n int) (events []conversations.Event) {
	t.Helper()
	watch := db.WatchEvents()
	defer watch.Close()
	for deadline := time.After(30 * time.Second); len(events) < n; {
		changed := watch.Changed()
		batch, err := db.EventsAfter(t.Context(), at, limit)
		require.NoError(t, err)
		require.LessOrEqual(t, len(batch.Events), limit)
		if len(batch.Events) > 0 {
			events = append(events, batch.Events...)
			at = events[len(events)-1].Place
			continue
		}
		again := make(<-chan time.Time)
		if batch.Unsettled {
			again = time.After(time.Millisecond)
		}
		select {
		case <-changed:
		case <-again:
		case <-deadline:
			require.FailNow(t, "waited in vain", "%d of %d events", len(events), n)
		}
	}
	return events
}

// Whoever reads while others write, side by side where the database can do that, and
// in other processes, gets every event once.
func TestEventsAreReadOnceWhileTheyAreRecorded(t *testing.T) {
	t.Parallel()
	at := storetest.New(t)
	stores := []*store.DB{at.Open(t)}
	if storetest.OnPostgreSQL(t) {
		stores = append(stores, at.Open(t))
	}
	const writers, each = 6, 50
	var writing sync.WaitGroup
	begin, err := stores[0].LastEvent(t.Context())
	require.NoError(t, err)
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				assert.NoError(t, stores[w%len(stores)].UpdateBeside(context.Background(), func(tx *store.Tx) error {
					return tx.Record(event(conversations.UserAdded, conversations.ConversationID(fmt.Sprintf("%d.%d", w, i)),
						conversations.Resource{User: &conversations.User{ID: "u"}}))
				}))
			}
		})
	}
	var readers sync.WaitGroup
	for _, db := range stores {
		readers.Go(func() {
			events := follow(t, db, begin, 7, writers*each)
			assert.Len(t, events, writers*each)
			next := make(map[int]int) // of each writer, whose events are in its order
			for _, e := range events {
				var w, i int
				if _, err := fmt.Sscanf(string(e.Conversation), "%d.%d", &w, &i); err != nil {
					t.Error(err)
				}
				assert.Equal(t, next[w], i)
				next[w]++
			}
		})
	}
	writing.Wait()
	readers.Wait()
}

// What old events do not hold up is their removal, first to last; what holds it up is
// who has still to read them, for some days.
func TestOldEventsAreForgotten(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	for name, c := range map[string]struct {
		ages    []time.Duration // of the events, first to last
		read    int             // how many a reader has read; -1: nobody reads
		limit   int
		more    bool
		forgets int
	}{
		"none is old":                      {ages: []time.Duration{3 * hour, hour}, read: -1, limit: 10},
		"some are":                         {ages: []time.Duration{9 * hour, 5 * hour, 3 * hour}, read: -1, limit: 10, forgets: 2},
		"all are":                          {ages: []time.Duration{9 * hour, 5 * hour}, read: -1, limit: 10, forgets: 2},
		"more than at once":                {ages: []time.Duration{9 * hour, 8 * hour, 7 * hour}, read: -1, limit: 2, more: true, forgets: 2},
		"one has still to be read":         {ages: []time.Duration{9 * hour, 8 * hour}, read: 1, limit: 10, forgets: 1},
		"too old to wait for the reader":   {ages: []time.Duration{200 * hour, 170 * hour, 8 * hour}, read: 0, limit: 10, forgets: 2},
		"the clock was ahead for a moment": {ages: []time.Duration{-1000 * hour, 9 * hour, hour}, read: -1, limit: 10, forgets: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := storetest.New(t)
			db, rows := at.Open(t), at.SQL(t)
			begin, err := db.LastEvent(t.Context())
			require.NoError(t, err)
			for _, age := range c.ages {
				recordAt(t, db, epoch.Add(-age))
			}
			all := follow(t, db, begin, 10, len(c.ages))
			if c.read >= 0 {
				place := begin
				if c.read > 0 {
					place = all[c.read-1].Place
				}
				_, err := rows.ExecContext(t.Context(), "INSERT INTO event_readers (name, xid, event, state) VALUES ('slow', $1, $2, '')", place.Major, place.Minor)
				require.NoError(t, err)
			}
			update(t, db, func(tx *store.Tx) error {
				more, err := tx.ForgetEvents(epoch.Add(-4*hour), epoch.Add(-7*24*hour), c.limit)
				assert.Equal(t, c.more, more)
				return err
			})
			assert.Equal(t, len(c.ages)-c.forgets, countRows(t, rows, "SELECT COUNT(*) FROM events"))
			kept, err := db.EventsKept(t.Context())
			require.NoError(t, err)
			if c.forgets == 0 {
				assert.Equal(t, conversations.Cursor{}, kept)
			} else {
				assert.Equal(t, all[c.forgets-1].Place, kept)
			}
			left, err := db.EventsAfter(t.Context(), kept, 10)
			require.NoError(t, err)
			assert.Equal(t, all[c.forgets:], append([]conversations.Event{}, left.Events...))
			for i, e := range all {
				gone := i < c.forgets-1
				assert.Equal(t, gone, conversations.Gone.Is(db.CheckEvents(t.Context(), e.Place)), "event %d", i)
				_, err := db.EventsAfter(t.Context(), e.Place, 1)
				assert.Equal(t, gone, conversations.Gone.Is(err), "event %d", i)
			}
			last, err := db.LastEvent(t.Context())
			require.NoError(t, err)
			assert.Equal(t, all[len(all)-1].Place, last, "though it may be forgotten")
		})
	}
}

func TestAPlaceOfAnotherDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	last, err := db.LastEvent(t.Context())
	require.NoError(t, err)
	require.NoError(t, db.CheckEvents(t.Context(), last), "nothing has happened yet")
	beyond := last
	beyond.Minor++
	require.True(t, conversations.Gone.Is(db.CheckEvents(t.Context(), beyond)))
	recordAt(t, db, epoch)
	beyond = follow(t, db, last, 1, 1)[0].Place
	require.NoError(t, db.CheckEvents(t.Context(), beyond))
	beyond.Minor++
	require.True(t, conversations.Gone.Is(db.CheckEvents(t.Context(), beyond)))
}

// A reader that is gone for good holds nothing up.
func TestReadersAreForgotten(t *testing.T) {
	t.Parallel()
	at := storetest.New(t)
	db, rows := at.Open(t), at.SQL(t)
	for _, name := range []string{"search", "sink/a", "sink/b"} {
		cfg := notes(1)
		cfg.Name = name
		r, err := db.FollowEvents(t.Context(), cfg)
		require.NoError(t, err)
		r.Close()
	}
	require.NoError(t, db.ForgetReaders(t.Context(), "sink/", []string{"sink/b"}))
	assert.Equal(t, 2, countRows(t, rows, "SELECT COUNT(*) FROM event_readers WHERE name IN ('search', 'sink/b')"))
	assert.Equal(t, 2, countRows(t, rows, "SELECT COUNT(*) FROM event_readers"))
}

func TestServicesOfEvents(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	kept, gone, removed := newConversation(epoch), newConversation(epoch), newConversation(epoch)
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.InsertConversation(&kept), tx.InsertConversation(&removed))
	})
	update(t, db, func(tx *store.Tx) error {
		_, err := tx.DeleteConversation(removed.ID, time.Now())
		return err
	})
	services, err := db.EventServices(t.Context(), []conversations.Event{
		{Conversation: kept.ID},
		{Conversation: kept.ID},
		{},
		{Conversation: "unknown"},
		{Conversation: removed.ID},
		{Conversation: gone.ID, After: conversations.Resource{Conversation: &gone}},
	})
	require.NoError(t, err)
	assert.Equal(t, map[conversations.ConversationID]conversations.ServiceID{kept.ID: service, gone.ID: service, removed.ID: service}, services)
}

// While somebody waits he is woken, also by another process; when nobody does the
// store has nothing to do.
func TestWatchersAreWoken(t *testing.T) {
	t.Parallel()
	at := storetest.New(t)
	db := at.Open(t)
	writer := db
	if storetest.OnPostgreSQL(t) {
		writer = at.Open(t)
	}
	for range 2 {
		watches := make([]conversations.EventWatch, 100)
		changed := make([]<-chan struct{}, len(watches))
		for i := range watches {
			watches[i] = db.WatchEvents()
			changed[i] = watches[i].Changed()
		}
		recordAt(t, writer, epoch)
		for i := range watches {
			select {
			case <-changed[i]:
			case <-time.After(30 * time.Second):
				require.FailNow(t, "it was not woken")
			}
			watches[i].Close()
		}
	}
}
