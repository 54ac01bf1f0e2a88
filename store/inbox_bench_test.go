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
// nearly all pass, and filters that only the oldest ten pass, or none.
func BenchmarkInbox(b *testing.B) {
	const all, batch, rare = 100_000, 500, 10
	db := storetest.Open(b)
	for from := 0; from < all; from += batch {
		update(b, db, func(tx *store.Tx) error {
			var errs []error
			for i := from; i < from+batch; i++ {
				c := newConversation(epoch)
				c.LastStateOrMessage = epoch.Add(time.Duration(i) * time.Second)
				address := conversations.Address(fmt.Sprintf("whatsapp:+1555%07d", i))
				if i < rare {
					c.State, c.Service = conversations.StateClosed, "another service"
					address = conversations.Address(fmt.Sprintf("+1555%07d", i))
				}
				p := newParticipant(c.ID, address)
				m := newMessage(c.ID, 0)
				errs = append(errs, tx.InsertConversation(&c), tx.InsertParticipant(&p), tx.InsertMessage(m))
			}
			return errors.Join(errs...)
		})
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
}
