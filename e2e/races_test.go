package e2e

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twilio/twilio-go/client"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"
)

// atOnce runs n calls side by side. One must succeed and the others be refused
// with the code; it returns which one succeeded.
func atOnce(t *testing.T, n, code int, call func(i int) error) (winner int) {
	t.Helper()
	errs := make([]error, n)
	var calls sync.WaitGroup
	for i := range n {
		calls.Go(func() { errs[i] = call(i) })
	}
	calls.Wait()
	winner = -1
	for i, err := range errs {
		if err == nil {
			require.Equal(t, -1, winner, "a second one succeeded")
			winner = i
			continue
		}
		var refusal *client.TwilioRestError
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, []int{http.StatusConflict, code}, []int{refusal.Status, refusal.Code}, refusal.Message)
	}
	require.NotEqual(t, -1, winner, "nobody succeeded")
	return winner
}

func TestOfManyConversationsOneGetsAPair(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	list := make([]string, 20)
	for i := range list {
		list[i] = w.newConversation()
	}
	winner := atOnce(t, len(list), 50416, func(i int) error { return w.addPair(list[i], alice, smsProxy) })
	w.aliceWrites("SM00000000000000000000000000000001", "where am I?")
	eventually(t, func() bool { return len(w.messages(list[winner])) == 1 }, "she writes into the one that has her")
}

func TestAnIdentityJoinsOnceHoweverManyAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.newConversation()
	atOnce(t, 20, 50433, func(int) error {
		_, err := w.api.CreateConversationParticipant(c, &conversations.CreateConversationParticipantParams{Identity: ptr("carol")})
		return err
	})
	list, err := w.api.ListConversationParticipant(c, &conversations.ListConversationParticipantParams{})
	require.NoError(t, err)
	assert.Len(t, list, 1)
}

func TestAUniqueNameIsGivenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	atOnce(t, 20, 50353, func(int) error {
		_, err := w.api.CreateConversation(&conversations.CreateConversationParams{UniqueName: ptr("order-7")})
		return err
	})
	c, err := w.api.FetchConversation("order-7")
	require.NoError(t, err)
	assert.Equal(t, "order-7", *c.UniqueName)
	m, err := w.api.CreateConversationMessage("order-7", &conversations.CreateConversationMessageParams{Body: ptr("hello")})
	require.NoError(t, err, "the name stands for the SID everywhere")
	assert.Equal(t, *c.Sid, *m.ConversationSid)
}
