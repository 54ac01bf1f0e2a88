package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bindings"
	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func TestANumberGroupHasOneConversation(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	one, two := newConversation(epoch), newConversation(epoch)
	for _, c := range []*conversations.Conversation{&one, &two} {
		update(t, db, func(tx *store.Tx) error { return tx.InsertConversation(c) })
	}
	bind := func(key string, c conversations.ConversationID) conversations.ConversationID {
		return view(t, db, func(tx *store.Tx) (conversations.ConversationID, error) { return tx.BindGroup(key, c) })
	}
	resolve := func(key string) conversations.ConversationID {
		var found conversations.ConversationID
		update(t, db, func(tx *store.Tx) error {
			c, err := tx.ResolveGroup(key)
			if conversations.NotFound.Is(err) {
				found = ""
				return nil
			}
			found = c.ID
			return err
		})
		return found
	}
	assert.Empty(t, resolve("k"))
	assert.Empty(t, bind("k", one.ID), "it was free")
	assert.Equal(t, one.ID, bind("k", two.ID), "it is held")
	assert.Equal(t, one.ID, resolve("k"))
	update(t, db, func(tx *store.Tx) error { return tx.FreeGroup(one.ID) })
	assert.Empty(t, bind("k", two.ID))
	assert.Equal(t, two.ID, resolve("k"))
	update(t, db, func(tx *store.Tx) error { return tx.FreePairs(two.ID) })
	assert.Empty(t, resolve("k"), "closed")
	assert.Empty(t, bind("k", one.ID))
	update(t, db, func(tx *store.Tx) error { _, err := tx.DeleteConversation(one.ID, time.Now()); return err })
	assert.Empty(t, resolve("k"), "deleted")
	assert.Empty(t, bind("k", two.ID))
	update(t, db, func(tx *store.Tx) error { return tx.DeleteService(service) })
	assert.Empty(t, resolve("k"), "deleted with its service")
}

func TestCopiesAreFoundOnceTheyAreFinished(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	insert := func(id, copyKey string, received time.Time) conversations.InboundRecord {
		r := conversations.InboundRecord{
			Inbound: conversations.Inbound{
				Channel: "sim", ProviderID: id, From: "+14155550001", To: proxy,
				Others: []conversations.Address{"+14155550002"}, Body: "ok",
			},
			MatchKey: "k", CopyKey: copyKey, Received: received,
		}
		update(t, db, func(tx *store.Tx) error { _, err := tx.InsertInbound(&r); return err })
		return r
	}
	finish := func(r conversations.InboundRecord, state conversations.InboundState) {
		r.State, r.Reason = state, "a reason"
		update(t, db, func(tx *store.Tx) error { return tx.FinishInbound(r, "m") })
	}
	first, late, other := insert("1", "c", epoch), insert("2", "c", epoch.Add(time.Hour)), insert("3", "d", epoch)
	insert("4", "c", epoch) // and never finished
	finish(first, conversations.InboundDropped)
	finish(late, conversations.InboundUnrouted)
	finish(other, conversations.InboundAppended)
	copies := func(of conversations.InboundRecord, since time.Time) (ids []string) {
		for _, r := range view(t, db, func(tx *store.Tx) ([]conversations.InboundRecord, error) { return tx.CopiesOf(of, since) }) {
			assert.Equal(t, "c", r.CopyKey)
			assert.Equal(t, r.State == conversations.InboundDropped, r.Body == "", "what is dropped is not kept")
			ids = append(ids, r.ProviderID)
		}
		return ids
	}
	asked := insert("5", "c", epoch)
	assert.Equal(t, []string{"1", "2"}, copies(asked, epoch))
	assert.Equal(t, []string{"2"}, copies(asked, epoch.Add(time.Second)))
	assert.Equal(t, []string{"1"}, copies(late, epoch), "it is no copy of itself")
}

// groupDelivery is a delivery of a group message, which goes out with lead.
func groupDelivery(m conversations.Message, address conversations.Address, lead conversations.DeliveryID, others ...conversations.Address) conversations.Delivery {
	d := newDelivery(m, newParticipant("c", address))
	d.Others, d.Lead = others, lead
	if lead != "" {
		d.Progress = conversations.ProgressAlong
	}
	return d
}

func TestTheDeliveriesOfAGroupMessageAreOneInItsLine(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	const alice, bob = conversations.Address("+14155550001"), conversations.Address("+14155550002")
	m := newMessage("c", 0)
	first := groupDelivery(m, alice, "", bob)
	second := groupDelivery(m, bob, first.ID, alice)
	plain := newDelivery(newMessage("c", 1), newParticipant("c", alice))
	for _, d := range []*conversations.Delivery{&first, &second, &plain} {
		update(t, db, func(tx *store.Tx) error { return tx.InsertDelivery(d) })
	}
	line := bindings.LineKey(first)
	assert.Equal(t, line, bindings.LineKey(second), "it is one")
	assert.NotEqual(t, line, bindings.LineKey(plain))
	update(t, db, func(tx *store.Tx) error {
		for _, d := range []conversations.Delivery{first, second} {
			group, err := tx.GroupDeliveries(d)
			require.NoError(t, err)
			assert.Equal(t, []conversations.Delivery{first, second}, group)
		}
		head, _, err := tx.NextInLine(line)
		assert.Equal(t, first, head)
		require.NoError(t, err)
		head, _, err = tx.NextInLine(pairKey(newParticipant("c", alice)))
		assert.Equal(t, plain, head, "a pair of somebody in the group has a line of its own")
		stranded, strandedErr := tx.StrandedDeliveries()
		assert.Len(t, stranded, 2, "of the group only that which is handed over")
		return errors.Join(err, strandedErr)
	})
	update(t, db, func(tx *store.Tx) error {
		first.Progress = conversations.ProgressDone
		require.NoError(t, tx.UpdateDelivery(first))
		busy, err := tx.PairBusy(line)
		assert.False(t, busy, "the others hold up nothing")
		return err
	})
}

func TestAttemptsAtAGroupMessageAreFoundByTheirLine(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	const alice, bob = conversations.Address("+14155550001"), conversations.Address("+14155550002")
	m := newMessage("c", 0)
	first := groupDelivery(m, alice, "", bob)
	second := groupDelivery(m, bob, first.ID, alice)
	plain := newDelivery(newMessage("c", 1), newParticipant("c", bob))
	pair := pairKey(newParticipant("c", bob))
	attempt := conversations.Attempt{Number: 1, Outcome: conversations.OutcomeUnknown, Started: epoch, Ended: epoch}
	for _, d := range []*conversations.Delivery{&first, &second, &plain} {
		update(t, db, func(tx *store.Tx) error {
			return errors.Join(tx.InsertDelivery(d), tx.InsertAttempt(*d, attempt))
		})
	}
	lines := func(pair string) []string {
		return view(t, db, func(tx *store.Tx) ([]string, error) { return tx.GroupLines(pair) })
	}
	assert.Equal(t, []string{bindings.LineKey(first)}, lines(pair))
	assert.Empty(t, lines("another"))
	for want, line := range map[conversations.DeliveryID]string{second.ID: bindings.LineKey(first), plain.ID: pair} {
		update(t, db, func(tx *store.Tx) error {
			d, _, err := tx.UnknownAttempt(reportOf(second.Channel, epoch), conversations.PairLine{Pair: pair, Line: line}, epoch)
			assert.Equal(t, want, d.ID)
			return err
		})
	}
	attempt.Outcome, attempt.ProviderID = conversations.OutcomeAccepted, "P1"
	update(t, db, func(tx *store.Tx) error { return tx.UpdateAttempt(second, attempt) })
	assert.Empty(t, lines(pair), "it is known by its id")
}
