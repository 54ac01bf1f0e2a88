package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/receipts"
	"bridged/store"
	"bridged/store/storetest"
)

// insertLine stores deliveries of one pair that are at these steps, oldest first.
func insertLine(t testing.TB, db *store.DB, address conversations.Address, steps ...conversations.Progress) []conversations.Delivery {
	t.Helper()
	th := thread{message: newMessage("c", 0), participant: newParticipant("c", address)}
	line := make([]conversations.Delivery, len(steps))
	update(t, db, func(tx *store.Tx) error {
		for i, progress := range steps {
			line[i] = newDelivery(th.message, th.participant)
			line[i].Progress = progress
			line[i].Due = epoch.Add(time.Duration(i) * time.Minute)
			if err := tx.InsertDelivery(&line[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return line
}

func keyOf(d conversations.Delivery) string {
	return pairKey(conversations.Participant{Binding: &conversations.Binding{Address: d.Address, Proxy: d.Proxy}})
}

func pairLineOf(d conversations.Delivery) conversations.PairLine {
	return conversations.PairLine{Pair: keyOf(d), Line: keyOf(d)}
}

func TestTheLineOfAPair(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	line := insertLine(t, db, "+15550000001",
		conversations.ProgressDone, conversations.ProgressUnknown, conversations.ProgressWaiting, conversations.ProgressDead)
	insertLine(t, db, "+15550000002", conversations.ProgressDone, conversations.ProgressDead)
	nextInLine := func() (head conversations.DeliveryID) {
		update(t, db, func(tx *store.Tx) error {
			d, ok, err := tx.NextInLine(keyOf(line[0]))
			busy, busyErr := tx.PairBusy(keyOf(line[0]))
			assert.Equal(t, ok, busy)
			head = d.ID
			return errors.Join(err, busyErr)
		})
		return head
	}
	for _, i := range []int{1, 2} {
		assert.Equal(t, line[i].ID, nextInLine())
		line[i].Progress = conversations.ProgressDone
		update(t, db, func(tx *store.Tx) error { return tx.UpdateDelivery(line[i]) })
	}
	assert.Empty(t, nextInLine())
}

func TestDueDeliveries(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	line := insertLine(t, db, "+15550000001", conversations.ProgressRetry, conversations.ProgressWaiting,
		conversations.ProgressUnknown, conversations.ProgressDone, conversations.ProgressRetry)
	at := func(i int) time.Time { return epoch.Add(time.Duration(i) * time.Minute) }
	for _, c := range []struct {
		name  string
		now   time.Time
		limit int
		want  []conversations.Delivery
		next  time.Time
	}{
		{"none yet", at(-1), 10, nil, at(0)},
		{"the time itself counts", at(0), 10, line[:1], at(2)},
		{"some", at(3), 10, []conversations.Delivery{line[0], line[2]}, at(4)},
		{"all", at(9), 10, []conversations.Delivery{line[0], line[2], line[4]}, time.Time{}},
		{"no more than the limit", at(9), 1, line[:1], at(2)},
		{"exactly the limit", at(9), 3, []conversations.Delivery{line[0], line[2], line[4]}, time.Time{}},
	} {
		update(t, db, func(tx *store.Tx) error {
			due, next, err := tx.DueDeliveries(c.now, c.limit)
			assert.Len(t, due, len(c.want), c.name)
			assert.Subset(t, due, c.want, c.name)
			assert.Equal(t, c.next, next, c.name)
			return err
		})
	}
}

func TestWhatACrashLeft(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	sending := insertLine(t, db, "+15550000001", conversations.ProgressSending, conversations.ProgressWaiting)
	stranded := insertLine(t, db, "+15550000002", conversations.ProgressDone, conversations.ProgressWaiting, conversations.ProgressWaiting)
	tasked := insertLine(t, db, "+15550000003", conversations.ProgressWaiting)
	other := insertLine(t, db, "+15550000004", conversations.ProgressWaiting)
	enqueue(t, db, "outbound.sim", keyOf(tasked[0]), "task")
	enqueue(t, db, "outbound.another", keyOf(other[0]), "task of another channel")
	assert.Equal(t, sending[:1], view(t, db, (*store.Tx).InterruptedDeliveries))
	assert.Equal(t, []conversations.Delivery{stranded[1], other[0]}, view(t, db, (*store.Tx).StrandedDeliveries))
}

func TestReceiptsAreDeliveriesOfWhichSomethingIsKnown(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	m := newMessage("c", 0)
	var list [4]conversations.Delivery
	for i := range list {
		list[i] = newDelivery(m, newParticipant("c", "+15550000001"))
	}
	list[1].Attempts = 1
	list[2].Status, list[2].ErrorCode, list[2].ProviderID, list[2].Parts = conversations.StatusFailed, 30008, "P", 2
	list[3].Status = conversations.StatusFailed
	update(t, db, func(tx *store.Tx) error {
		for i := range list {
			if err := tx.InsertDelivery(&list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	for i, d := range list {
		got, err := db.Receipt(t.Context(), "c", m.ID, d.ID)
		if i == 0 {
			requireNotFound(t, err)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, d, got)
		_, err = db.Receipt(t.Context(), "another", m.ID, d.ID)
		requireNotFound(t, err)
	}
	counts, err := db.DeliveryCounts(t.Context(), m.Conversation, []conversations.MessageID{m.ID, "none"})
	require.NoError(t, err)
	assert.Equal(t, map[conversations.MessageID]receipts.Counts{m.ID: {
		Total: 4, Receipts: 3,
		ByStatus: map[conversations.Status]int{conversations.StatusNone: 2, conversations.StatusFailed: 2},
	}}, counts)
	counts, err = db.DeliveryCounts(t.Context(), m.Conversation, nil)
	require.NoError(t, err)
	assert.Empty(t, counts)
}

func TestAttemptsAreFoundByTheCarriersID(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	line := insertLine(t, db, "+15550000001", conversations.ProgressUnknown, conversations.ProgressUnknown)
	first := conversations.Attempt{Number: 1, Started: epoch}
	second := conversations.Attempt{Number: 2, Part: 1, Outcome: conversations.OutcomeUnknown, Started: epoch, Ended: epoch.Add(time.Second)}
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.InsertAttempt(line[0], first), tx.InsertAttempt(line[0], second), tx.InsertAttempt(line[1], first))
	})
	first.Outcome, first.ProviderID, first.Status, first.Ended = conversations.OutcomeAccepted, "P1", conversations.StatusSent, epoch
	first.ErrorCode, first.CarrierCode, first.Detail = 30008, "carrier's", "words"
	update(t, db, func(tx *store.Tx) error { return tx.UpdateAttempt(line[0], first) })
	update(t, db, func(tx *store.Tx) error {
		d, a, err := tx.FindAttempt("sim", "P1")
		assert.Equal(t, line[0], d)
		assert.Equal(t, first, a)
		unknown, last, unknownErr := tx.UnknownAttempt(reportOf("sim", epoch), pairLineOf(line[0]), epoch.Add(time.Hour))
		assert.Equal(t, line[0], unknown, "the oldest")
		assert.Equal(t, second, last, "its last attempt")
		attempts, listErr := tx.Attempts(line[0])
		assert.Equal(t, []conversations.Attempt{first, second}, attempts)
		return errors.Join(err, unknownErr, listErr)
	})
	for _, find := range []func(tx *store.Tx) error{
		func(tx *store.Tx) error { _, _, err := tx.FindAttempt("another", "P1"); return err },
		func(tx *store.Tx) error {
			_, _, err := tx.UnknownAttempt(reportOf("another", epoch), pairLineOf(line[0]), epoch)
			return err
		},
		func(tx *store.Tx) error { // a report from before it began
			_, _, err := tx.UnknownAttempt(reportOf("sim", epoch.Add(-time.Second)), pairLineOf(line[0]), epoch)
			return err
		},
		func(tx *store.Tx) error { // and one from before there was the delivery, whatever the clock said
			r := reportOf("sim", epoch)
			r.Newest = line[0].Seq - 1
			_, _, err := tx.UnknownAttempt(r, pairLineOf(line[0]), epoch)
			return err
		},
		func(tx *store.Tx) error { _, err := tx.FindDelivery("none"); return err },
		func(tx *store.Tx) error { _, err := tx.FindStatus(99); return err },
		func(tx *store.Tx) error { _, err := tx.FindInbound(99); return err },
	} {
		requireNotFound(t, db.Update(t.Context(), find))
	}
}

func TestEarlyStatuses(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	d := insertLine(t, db, "+15550000001", conversations.ProgressSending)[0]
	key := keyOf(d)
	matched, known, early, old := newStatus("matched", key, epoch), newStatus("known", key, epoch),
		newStatus("early", key, epoch), newStatus("early", key, epoch.Add(-time.Second))
	update(t, db, func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertStatus(&matched), tx.MatchStatus(matched.Seq, d.ID), tx.InsertStatus(&known),
			tx.InsertAttempt(d, conversations.Attempt{Number: 1, ProviderID: "known", Started: epoch}),
			tx.InsertStatus(&early), tx.InsertStatus(&old),
		)
	})
	matched.Delivery = d.ID
	for _, c := range []struct {
		name, channel, providerID, key string
		want                           []conversations.StatusRecord
	}{
		{"by provider id", "sim", "early", "", []conversations.StatusRecord{early, old}},
		{"by provider id, matched already", "sim", "matched", "", nil},
		{"by pair, of no known attempt, since then", "sim", "", key, []conversations.StatusRecord{early}},
		{"by either, each once", "sim", "early", key, []conversations.StatusRecord{early, old}},
		{"another pair", "sim", "", "another", nil},
		{"another channel", "another", "", key, nil},
		{"another channel's id", "another", "early", "", nil},
	} {
		got := view(t, db, func(tx *store.Tx) ([]conversations.StatusRecord, error) {
			return tx.EarlyStatuses(c.channel, c.providerID, c.key, epoch)
		})
		assert.Equal(t, c.want, got, c.name)
	}
	assert.Equal(t, matched, view(t, db, func(tx *store.Tx) (conversations.StatusRecord, error) { return tx.FindStatus(matched.Seq) }))

	drop := func(tx *store.Tx) (map[string]int, error) { return tx.DropStatuses(epoch, 10) }
	assert.Equal(t, map[string]int{"sim": 1}, view(t, db, drop))
	assert.Empty(t, view(t, db, drop))
	detail, err := db.DeliveryDetail(t.Context(), d.ID)
	require.NoError(t, err)
	assert.Equal(t, []conversations.StatusRecord{matched}, detail.Reports, "what is matched stays")
}

func TestAConversationsReceiptsAreWalkedMessageByMessage(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	th, other := insertThread(t, db, "+15550000001"), insertThread(t, db, "+15550000002")
	var want []conversations.DeliveryID
	update(t, db, func(tx *store.Tx) error {
		want = nil
		for n := range 5 {
			m := newMessage(th.conversation.ID, int64(n+1))
			for range n { // the first has none
				d, untried := newDelivery(m, th.participant), newDelivery(m, th.participant)
				d.Attempts = 1
				if err := errors.Join(tx.InsertDelivery(&d), tx.InsertDelivery(&untried)); err != nil {
					return err
				}
				want = append(want, d.ID)
			}
		}
		elsewhere := newDelivery(other.message, other.participant)
		elsewhere.Attempts = 1
		return tx.InsertDelivery(&elsewhere)
	})
	for _, size := range []int{1, 3, 10, 100} {
		var got []conversations.DeliveryID
		for last := (conversations.Delivery{}); ; {
			page, err := db.ReceiptsAfter(t.Context(), th.conversation.ID, last, size)
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			for _, d := range page {
				got = append(got, d.ID)
			}
			last = page[len(page)-1]
		}
		assert.Equal(t, want, got, size)
	}
}

// reportOf is a report that came at a time.
func reportOf(channel string, received time.Time) conversations.StatusRecord {
	return conversations.StatusRecord{StatusReport: conversations.StatusReport{Channel: channel}, Received: received, Newest: -1}
}
