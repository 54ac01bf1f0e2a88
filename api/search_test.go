package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/conversations"
)

func TestSearchResults(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.hits = []conversations.SearchHit{
		{Kind: conversations.SearchMessage, Service: digits, Conversation: digits, Message: other, Field: conversations.FieldBody, Snippet: "a < b", Created: at(3)},
		{Kind: conversations.SearchParticipant, Service: other, Conversation: digits, Participant: other, Field: conversations.FieldAddress, Snippet: "+15550200001", Created: at(2)},
		{Kind: conversations.SearchConversation, Service: digits, Conversation: other, Field: conversations.FieldFriendlyName, Snippet: "Name", Created: at(1)},
		{Kind: conversations.SearchUser, Service: digits, User: other, Field: conversations.FieldIdentity, Snippet: "ann", Created: at(0)},
	}
	got := do(t, api.New(config(w)), http.MethodGet, "/bridged/v1/search?Query=a+b&Type=message,user&Type=Conversation&PageSize=7", "")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Equal(t, conversations.SearchQuery{Text: "a b", Kinds: []conversations.SearchKind{
		conversations.SearchMessage, conversations.SearchUser, conversations.SearchConversation,
	}}, w.search)
	assert.Equal(t, 7, w.page.Size)
	const in = public + "/v1/Conversations/CH" + digits
	assert.Equal(t, []any{
		map[string]any{
			"type": "message", "sid": "IM" + other, "conversation_sid": "CH" + digits, "chat_service_sid": service, "field": "body",
			"snippet": "a < b", "date_created": "2024-05-01T10:00:03Z", "url": in + "/Messages/IM" + other,
		},
		map[string]any{
			"type": "participant", "sid": "MB" + other, "conversation_sid": "CH" + digits, "chat_service_sid": "IS" + other,
			"field": "messaging_binding.address", "snippet": "+15550200001", "date_created": "2024-05-01T10:00:02Z",
			"url": public + "/v1/Services/IS" + other + "/Conversations/CH" + digits + "/Participants/MB" + other,
		},
		map[string]any{
			"type": "conversation", "sid": "CH" + other, "conversation_sid": "CH" + other, "chat_service_sid": service, "field": "friendly_name",
			"snippet": "Name", "date_created": "2024-05-01T10:00:01Z", "url": public + "/v1/Conversations/CH" + other,
		},
		map[string]any{
			"type": "user", "sid": "US" + other, "conversation_sid": nil, "chat_service_sid": service, "field": "identity",
			"snippet": "ann", "date_created": "2024-05-01T10:00:00Z", "url": public + "/v1/Users/US" + other,
		},
	}, got.json(t)["results"])
}

func TestSearchesThatAreRefused(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                         "Invalid parameter: Query is missing; give the words to look for",
		"Query=a&Type=media":       "Invalid parameter: Type must be conversation, participant, message or user",
		"Query=a&PageSize=0":       "Invalid parameter: PageSize must be a number from 1 to 100",
		"Query=a&PageToken=abc":    "Invalid parameter: PageToken is none that this list gave out",
		"Query=%ff":                "Invalid parameter: Query is not UTF-8 text",
		"Query=a%00b&Type=message": "Invalid parameter: Query is not UTF-8 text",
	} {
		got := do(t, api.New(config(newWorld())), http.MethodGet, "/bridged/v1/search?"+query, "")
		assert.Equal(t, http.StatusBadRequest, got.status, query)
		assert.Equal(t, want, got.json(t)["message"], query)
	}
	got := do(t, api.New(config(newWorld())), http.MethodPost, "/bridged/v1/search", "Query=a")
	assert.Equal(t, http.StatusMethodNotAllowed, got.status)
}
