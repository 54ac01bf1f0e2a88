package store_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

// lister reads one page of a list.
type lister[T any] func(conversations.Page) (conversations.Listing[T], error)

// checkWalk walks a list by Next to its end and by Previous back to its start,
// and checks that both ways have the same pages, which together are want.
func checkWalk[T any](t *rapid.T, list lister[T], id func(T) string, want []string, descending bool) {
	size := rapid.IntRange(1, 7).Draw(t, "size")
	if descending {
		want = slices.Clone(want)
		slices.Reverse(want)
	}
	read := func(p conversations.Page) ([]string, conversations.Listing[T]) {
		p.Size, p.Descending = size, descending
		page, err := list(p)
		require.NoError(t, err)
		var ids []string
		for _, item := range page.Items {
			ids = append(ids, id(item))
		}
		return ids, page
	}
	ids, page := read(conversations.Page{})
	require.Nil(t, page.Previous, "nothing is before the first page")
	forward := [][]string{ids}
	for page.Next != nil {
		require.LessOrEqual(t, len(forward), len(want), "the walk does not end")
		ids, page = read(conversations.Page{After: page.Next})
		require.NotEmpty(t, ids)
		forward = append(forward, ids)
	}
	require.Equal(t, want, slices.Concat(forward...))

	backward := [][]string{ids}
	for page.Previous != nil {
		require.LessOrEqual(t, len(backward), len(want), "the walk does not end")
		ids, page = read(conversations.Page{Before: page.Previous})
		backward = append(backward, ids)
	}
	slices.Reverse(backward)
	require.Equal(t, forward, backward)
}

func TestWalkingConversations(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	sections := 0
	rapid.Check(t, func(rt *rapid.T) {
		sections++
		section := conversations.ServiceID(strconv.Itoa(sections)) // each run has a service of its own
		// Few different dates, so that many are equal.
		dates := rapid.SliceOfN(rapid.IntRange(0, 3), 1, 20).Draw(rt, "dates")
		list := make([]conversations.Conversation, len(dates))
		update(t, db, func(tx *store.Tx) error {
			for i, date := range dates {
				list[i] = newConversation(epoch.Add(time.Duration(date) * time.Second))
				list[i].Service = section
				if err := tx.InsertConversation(&list[i]); err != nil {
					return err
				}
			}
			return nil
		})
		slices.SortStableFunc(list, func(a, b conversations.Conversation) int { return a.Created.Compare(b.Created) })
		var filter conversations.ConversationFilter
		descending := rapid.Bool().Draw(rt, "by date")
		if descending {
			filter.From, filter.Until = epoch, epoch.Add(2*time.Second)
			list = slices.DeleteFunc(list, func(c conversations.Conversation) bool { return !c.Created.Before(filter.Until) })
		}
		var want []string
		for _, c := range list {
			want = append(want, string(c.ID))
		}
		checkWalk(rt, func(p conversations.Page) (conversations.Listing[conversations.Conversation], error) {
			return db.Conversations(t.Context(), section, filter, p)
		}, func(c conversations.Conversation) string { return string(c.ID) }, want, descending)
	})
}

func TestWalkingWhatIsInAConversation(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	const most = 20
	// threads[n] has n+1 participants, messages, and receipts of its first message.
	var (
		threads                          [most]conversations.Message
		participants, messages, receipts [most][]string
	)
	update(t, db, func(tx *store.Tx) error {
		for n := range most {
			c := newConversation(epoch)
			if err := tx.InsertConversation(&c); err != nil {
				return err
			}
			threads[n] = newMessage(c.ID, 0)
			participants[n], messages[n], receipts[n] = nil, nil, nil
			for i := range n + 1 {
				p, m := newParticipant(c.ID, conversations.Address("+1555000"+strconv.Itoa(1000+i))), newMessage(c.ID, int64(i))
				d, untried := newDelivery(threads[n], p), newDelivery(threads[n], p)
				d.Attempts = 1
				for _, err := range []error{
					tx.InsertParticipant(&p), tx.InsertMessage(m), tx.InsertDelivery(&d), tx.InsertDelivery(&untried),
				} {
					if err != nil {
						return err
					}
				}
				participants[n] = append(participants[n], string(p.ID))
				messages[n] = append(messages[n], string(m.ID))
				receipts[n] = append(receipts[n], string(d.ID))
			}
		}
		return nil
	})
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, most-1).Draw(rt, "entries")
		c, descending := threads[n].Conversation, rapid.Bool().Draw(rt, "descending")
		checkWalk(rt, func(p conversations.Page) (conversations.Listing[conversations.Participant], error) {
			return db.Participants(t.Context(), c, p)
		}, func(p conversations.Participant) string { return string(p.ID) }, participants[n], descending)
		checkWalk(rt, func(p conversations.Page) (conversations.Listing[conversations.Message], error) {
			return db.Messages(t.Context(), c, p)
		}, func(m conversations.Message) string { return string(m.ID) }, messages[n], descending)
		checkWalk(rt, func(p conversations.Page) (conversations.Listing[conversations.Delivery], error) {
			return db.Receipts(t.Context(), c, threads[n].ID, p)
		}, func(d conversations.Delivery) string { return string(d.ID) }, receipts[n], descending)
	})
}

func TestAnEmptyListHasNoNeighboringPages(t *testing.T) {
	t.Parallel()
	page, err := storetest.Open(t).Participants(t.Context(), "none", conversations.Page{Size: 5})
	require.NoError(t, err)
	assert.Equal(t, conversations.Listing[conversations.Participant]{}, page)
}
