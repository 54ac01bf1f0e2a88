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

// BenchmarkInbox opens the inbox of 100,000 conversations: its first page, a filter
// that nearly all pass, and one that only the oldest pass.
func BenchmarkInbox(b *testing.B) {
	const all, batch = 100_000, 500
	db := storetest.Open(b)
	for from := 0; from < all; from += batch {
		update(b, db, func(tx *store.Tx) error {
			var errs []error
			for i := from; i < from+batch; i++ {
				c := newConversation(epoch)
				c.LastStateOrMessage = epoch.Add(time.Duration(i) * time.Second)
				address := conversations.Address(fmt.Sprintf("whatsapp:+1555%07d", i))
				if i < 10 {
					address = conversations.Address(fmt.Sprintf("+1555%07d", i))
				}
				p := newParticipant(c.ID, address)
				m := newMessage(c.ID, 0)
				errs = append(errs, tx.InsertConversation(&c), tx.InsertParticipant(&p), tx.InsertMessage(m))
			}
			return errors.Join(errs...)
		})
	}
	for name, f := range map[string]conversations.InboxFilter{
		"all": {}, "service": {Service: service}, "whatsapp": {Channel: conversations.InboxWhatsApp}, "rare": {Channel: conversations.InboxSMS},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := db.Inbox(b.Context(), f, conversations.Page{Size: 40}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
