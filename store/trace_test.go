package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/store"
	"bridged/store/storetest"
)

func TestTheTraceOfAMessageHasItsTimes(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	at := func(second int) time.Time { return epoch.Add(time.Duration(second) * time.Second) }
	c := newConversation(epoch)
	m := newMessage(c.ID, 0)
	read, refused, waiting, twoParts := newDelivery(m, newParticipant(c.ID, "+15550000001")), newDelivery(m, newParticipant(c.ID, "+15550000002")),
		newDelivery(m, newParticipant(c.ID, "+15550000003")), newDelivery(m, newParticipant(c.ID, "+15550000004"))
	read.Status, refused.Status, refused.ErrorCode = conversations.StatusRead, conversations.StatusFailed, 30003
	attempt := func(number int, outcome conversations.Outcome, provider string, started, ended time.Time) conversations.Attempt {
		return conversations.Attempt{Number: number, Outcome: outcome, ProviderID: provider, Started: started, Ended: ended}
	}
	report := func(tx *store.Tx, status conversations.Status, received time.Time) error {
		r := conversations.StatusRecord{StatusReport: conversations.StatusReport{Channel: "main", ProviderID: "p", Status: status}, Received: received}
		err := tx.InsertStatus(&r)
		return errors.Join(err, tx.MatchStatus(r.Seq, read.ID))
	}
	inbound := conversations.InboundRecord{
		Inbound:  conversations.Inbound{Channel: "main", ProviderID: "in", From: "+15550000009", To: proxy},
		Received: at(1),
	}
	update(t, db, func(tx *store.Tx) error {
		errs := []error{tx.InsertConversation(&c), tx.InsertMessage(m)}
		for _, d := range []*conversations.Delivery{&read, &refused, &waiting, &twoParts} {
			errs = append(errs, tx.InsertDelivery(d))
		}
		_, err := tx.InsertInbound(&inbound)
		inbound.State = conversations.InboundAppended
		return errors.Join(append(errs, err, tx.FinishInbound(inbound, m.ID),
			tx.InsertAttempt(read, attempt(1, conversations.OutcomeRefused, "", at(2), at(3))),
			tx.InsertAttempt(read, attempt(2, conversations.OutcomeAccepted, "p", at(4), at(5))),
			report(tx, conversations.StatusDelivered, at(6)), report(tx, conversations.StatusRead, at(7)),
			tx.InsertAttempt(refused, attempt(1, conversations.OutcomeRefused, "", at(2), at(8))),
			tx.InsertAttempt(twoParts, attempt(1, conversations.OutcomeAccepted, "q", at(3), at(4))))...)
	})

	found, err := db.MessageTrace(t.Context(), m.ID, 4)
	require.NoError(t, err)
	assert.Equal(t, []any{m.ID, c.ID, service, m.Created.UTC(), false}, []any{found.Message, found.Conversation, found.Service, found.Appended.UTC(), found.More})
	require.NotNil(t, found.Inbound)
	assert.True(t, found.Inbound.Received.Equal(at(1)))
	type times struct{ Started, Sent, Delivered, Read, Failed time.Time }
	var got []times
	for _, d := range found.Deliveries {
		got = append(got, times{d.Started.UTC(), d.Sent.UTC(), d.Delivered.UTC(), d.Read.UTC(), d.Failed.UTC()})
	}
	assert.Equal(t, []times{
		{Started: at(2), Sent: at(5), Delivered: at(6), Read: at(7)},
		{Started: at(2), Failed: at(8)},
		{},
		{Started: at(3)}, // not all of its parts are sent
	}, got)

	found, err = db.MessageTrace(t.Context(), m.ID, 3)
	require.NoError(t, err)
	assert.Len(t, found.Deliveries, 3)
	assert.True(t, found.More)
	_, err = db.MessageTrace(t.Context(), "nothing", 3)
	assert.True(t, conversations.NotFound.Is(err))
}
