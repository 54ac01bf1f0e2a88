package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"bridged/api"
	"bridged/bridge"
	"bridged/conversations"
	"bridged/store"
)

// The real verbs and the real store are what the API needs.
var (
	_ api.Verbs   = (*bridge.Bridge)(nil)
	_ api.Queries = (*store.DB)(nil)
)

// memory is as much of a transaction as the real verbs need here.
type memory struct {
	bridge.Tx
	answers map[string]conversations.Answer
	made    []conversations.Conversation
}

func (m *memory) Answer(key string) (conversations.Answer, bool, error) {
	a, ok := m.answers[key]
	return a, ok, nil
}

func (*memory) Lock(...string) error { return nil }

func (m *memory) KeepAnswer(key string, a conversations.Answer) error {
	m.answers[key] = a
	return nil
}

func (m *memory) InsertConversation(c *conversations.Conversation) error {
	m.made = append(m.made, *c)
	return nil
}

func (m *memory) FindConversation(conversations.ServiceID, conversations.ConversationKey) (conversations.Conversation, error) {
	if len(m.made) == 0 {
		return conversations.Conversation{}, conversations.Refuse(conversations.NotFound, "gone")
	}
	return m.made[0], nil
}

func (m *memory) DeleteConversation(conversations.ConversationID, time.Time) ([]string, error) {
	m.made = m.made[1:]
	return nil, nil
}

func (*memory) Configuration() (conversations.Configuration, error) {
	return conversations.Configuration{}, nil
}

func (*memory) DeleteMediaOf(conversations.ConversationID, conversations.MessageID) ([]conversations.MediaID, error) {
	return nil, nil
}

func (*memory) Record(conversations.Event) error { return nil }

// lasting is an API over the real verbs.
func lasting() (http.Handler, *memory) {
	m := &memory{answers: map[string]conversations.Answer{}}
	w := newWorld()
	cfg := config(w)
	cfg.Bridge = bridge.New(bridge.Config{
		Commit:            func(_ context.Context, op func(bridge.Tx) error) error { return op(m) },
		MessagingServices: []conversations.MessagingServiceID{digits},
	})
	return api.New(cfg), m
}

func TestARepeatGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	h, m := lasting()
	first := do(t, h, http.MethodPost, "/v1/Conversations", "FriendlyName=a", "Idempotency-Key", "k")
	again := do(t, h, http.MethodPost, "/v1/Conversations", "FriendlyName=a", "Idempotency-Key", "k")
	assert.Equal(t, 201, first.status)
	assert.NotEqual(t, first.header.Get("Twilio-Request-Id"), again.header.Get("Twilio-Request-Id"), "it is another request")
	first.header.Del("Twilio-Request-Id")
	again.header.Del("Twilio-Request-Id")
	assert.Equal(t, first, again)
	assert.Len(t, m.made, 1)
	for key := range m.answers {
		assert.Contains(t, key, account, "a key is the account's own")
	}

	fresh := do(t, h, http.MethodPost, "/v1/Conversations", "FriendlyName=a", "Idempotency-Key", "l")
	assert.NotEqual(t, first.body, fresh.body)
	assert.Len(t, m.made, 2)
	do(t, h, http.MethodPost, "/v1/Conversations", "FriendlyName=a")
	assert.Len(t, m.made, 3)
}

func TestADeletionCanBeRepeated(t *testing.T) {
	t.Parallel()
	h, m := lasting()
	do(t, h, http.MethodPost, "/v1/Conversations", "")
	for range 2 {
		a := do(t, h, http.MethodDelete, "/v1/Conversations/x", "", "Idempotency-Key", "k")
		assert.Equal(t, 204, a.status)
		assert.Empty(t, a.body)
	}
	assert.Empty(t, m.made)
	assert.Equal(t, 404, do(t, h, http.MethodDelete, "/v1/Conversations/x", "").status)
}

func TestAKeyIsForOneRequest(t *testing.T) {
	t.Parallel()
	h, m := lasting()
	do(t, h, http.MethodPost, "/v1/Conversations", "FriendlyName=a", "Idempotency-Key", "k")
	for _, request := range [][]string{
		{http.MethodPost, "/v1/Conversations", "FriendlyName=b"},
		{http.MethodPost, "/v1/Services/" + service + "/Conversations", "FriendlyName=a"},
		{http.MethodDelete, "/v1/Conversations/x", ""},
	} {
		a := do(t, h, request[0], request[1], request[2], "Idempotency-Key", "k")
		assert.Equal(t, 409, a.status)
		assert.EqualValues(t, 20409, a.json(t)["code"])
	}
	assert.Len(t, m.made, 1)
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		a := do(t, h, method, "/v1/Conversations/x", "", "Idempotency-Key", strings.Repeat("k", 256))
		assert.Equal(t, 400, a.status)
	}
}
