package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bridged/bindings"
	"bridged/conversations"
	"bridged/store"
)

const (
	service conversations.ServiceID = "5e"
	proxy   conversations.Address   = "+15550100001"
)

// epoch is when everything in these tests happens.
var epoch = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

var errRefused = errors.New("refused on purpose")

// update runs op in a commit that has to succeed. Op must not end the test: it
// runs in the writer's goroutine.
func update(t testing.TB, db *store.DB, op func(*store.Tx) error) {
	t.Helper()
	require.NoError(t, db.Update(context.Background(), op))
}

// view runs a query of a Tx and returns its result.
func view[T any](t testing.TB, db *store.DB, query func(*store.Tx) (T, error)) T {
	t.Helper()
	var result T
	update(t, db, func(tx *store.Tx) (err error) {
		result, err = query(tx)
		return err
	})
	return result
}

func newConversation(created time.Time) conversations.Conversation {
	return conversations.Conversation{
		ID: conversations.NewID[conversations.ConversationID](created), Service: service, MessagingService: "a6",
		Attributes: "{}", State: conversations.StateActive, Created: created, Updated: created, LastStateOrMessage: created,
	}
}

func newParticipant(c conversations.ConversationID, address conversations.Address) conversations.Participant {
	return conversations.Participant{
		ID: conversations.NewID[conversations.ParticipantID](epoch), Conversation: c, Attributes: "{}",
		Binding: &conversations.Binding{Address: address, Proxy: proxy}, Created: epoch, Updated: epoch,
	}
}

func newMessage(c conversations.ConversationID, index int64) conversations.Message {
	return conversations.Message{
		ID: conversations.NewID[conversations.MessageID](epoch), Conversation: c, Index: index,
		Author: conversations.AuthorSystem, Attributes: "{}", Created: epoch, Updated: epoch,
	}
}

func newDelivery(m conversations.Message, p conversations.Participant) conversations.Delivery {
	return conversations.Delivery{
		ID: conversations.NewID[conversations.DeliveryID](epoch), Conversation: m.Conversation, Message: m.ID,
		Participant: p.ID, Channel: "sim", Address: p.Binding.Address, Proxy: p.Binding.Proxy, Created: epoch, Updated: epoch,
	}
}

func newStatus(providerID, pairKey string, received time.Time) conversations.StatusRecord {
	return conversations.StatusRecord{
		StatusReport: conversations.StatusReport{
			Channel: "sim", ProviderID: providerID, Status: conversations.StatusSent, CarrierCode: "c", Detail: "d", At: epoch,
		},
		PairKey: pairKey, Received: received,
	}
}

func pairKey(p conversations.Participant) string {
	return bindings.MatchKey(p.Binding.Address, p.Binding.Proxy)
}

// thread is a conversation with one participant, one message and its delivery.
type thread struct {
	conversation conversations.Conversation
	participant  conversations.Participant
	message      conversations.Message
	delivery     conversations.Delivery
}

func (th thread) pairKey() string { return pairKey(th.participant) }

// insertThread stores a thread with somebody on SMS, who holds the pair.
func insertThread(t testing.TB, db *store.DB, address conversations.Address) thread {
	t.Helper()
	th := thread{conversation: newConversation(epoch)}
	th.participant = newParticipant(th.conversation.ID, address)
	th.message = newMessage(th.conversation.ID, 0)
	th.delivery = newDelivery(th.message, th.participant)
	update(t, db, func(tx *store.Tx) error {
		_, bindErr := tx.BindPair(th.pairKey(), th.participant)
		return errors.Join(
			tx.InsertConversation(&th.conversation), tx.InsertParticipant(&th.participant), bindErr,
			tx.InsertMessage(th.message), tx.InsertDelivery(&th.delivery),
		)
	})
	return th
}

func requireNotFound(t testing.TB, err error) {
	t.Helper()
	require.True(t, conversations.NotFound.Is(err), "not found, but: %v", err)
}

// eventually waits until the condition holds.
func eventually(t testing.TB, condition func() bool, what string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !condition(); <-time.After(time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "waited in vain until %s", what)
	}
}

func ptr[T any](v T) *T { return &v }
