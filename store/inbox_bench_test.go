package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// BenchmarkInbox opens the inbox of 100,000 conversations: its first page, filters that
// nearly all pass, and filters that only the oldest ten pass, or none. Then it searches
// for words as the inbox does.
func BenchmarkInbox(b *testing.B) {
	const all, batch, rare = 100_000, 500, 10
	l, at := newUnindexed(b)
	db := l.db
	for from := 0; from < all; from += batch {
		update(b, db, func(tx *store.Tx) error {
			var errs []error
			for i := from; i < from+batch; i++ {
				c := newConversation(epoch)
				c.FriendlyName = ptr(fmt.Sprintf("Order %d", i))
				c.LastStateOrMessage = epoch.Add(time.Duration(i) * time.Second)
				address := conversations.Address(fmt.Sprintf("whatsapp:+1555%07d", i))
				if i < rare {
					c.State, c.Service = conversations.StateClosed, "another service"
					address = conversations.Address(fmt.Sprintf("+1555%07d", i))
				}
				p := newParticipant(c.ID, address)
				m := newMessage(c.ID, 0)
				m.Body = ptr(fmt.Sprintf("Your parcel %d is at the door", i))
				errs = append(errs, tx.InsertConversation(&c), tx.InsertParticipant(&p), tx.InsertMessage(m))
			}
			return errors.Join(errs...)
		})
	}
	if storetest.OnPostgreSQL(b) { // as autovacuum does within a minute
		if _, err := at.SQL(b).ExecContext(b.Context(), "ANALYZE"); err != nil {
			b.Fatal(err)
		}
	}
	const active, closed = conversations.StateActive, conversations.StateClosed
	for _, bench := range []struct {
		name   string
		filter conversations.InboxFilter
	}{
		{"all", conversations.InboxFilter{}},
		{"most/service", conversations.InboxFilter{Service: service}},
		{"most/state", conversations.InboxFilter{State: active}},
		{"most/channel", conversations.InboxFilter{Channel: conversations.InboxWhatsApp}},
		{"rare/service", conversations.InboxFilter{Service: "another service"}},
		{"rare/state", conversations.InboxFilter{State: closed}},
		{"rare/channel", conversations.InboxFilter{Channel: conversations.InboxSMS}},
		{"rare/together", conversations.InboxFilter{Service: "another service", State: closed, Channel: conversations.InboxSMS}},
		{"none/channel", conversations.InboxFilter{Channel: conversations.InboxGroup}},
		{"none/together", conversations.InboxFilter{Service: service, State: active, Channel: conversations.InboxSMS}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := db.Inbox(b.Context(), bench.filter, conversations.Page{Size: 40}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("search", func(b *testing.B) { benchmarkSearches(b, l) })
}

// benchmarkSearches searches for words as the inbox does, when all is indexed.
func benchmarkSearches(b *testing.B, l *library) {
	b.Helper()
	db := l.db
	if err := db.KeepIndex(b.Context()); err != nil {
		b.Fatal(err)
	}
	for !isFilled(b, l.rows) { // which takes longer than tests wait
		<-time.After(100 * time.Millisecond)
	}
	for name, text := range map[string]string{
		"name": "order 4711", "number": "15550004711", "beginning": "parc", "text": `"parcel 4711"`, "nothing": "nowhere",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := db.Search(b.Context(), conversations.SearchQuery{Text: text}, conversations.Page{Size: 40}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
