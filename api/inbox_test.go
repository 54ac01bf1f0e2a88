package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/conversations"
)

func TestInbox(t *testing.T) {
	t.Parallel()
	w := crowded(2)
	w.conversations[1].LastStateOrMessage = at(7)
	got := do(t, api.New(config(w)), http.MethodGet, "/bridged/v1/inbox?Channel=WhatsApp&State=active&PageSize=7&ConversationSid=CH"+other+"&ConversationSid=CH"+digits, "")
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.Equal(t, conversations.InboxFilter{
		State: conversations.StateActive, Channel: conversations.InboxWhatsApp, Only: []conversations.ConversationID{other, digits},
	}, w.inbox)
	list, ok := got.json(t)["conversations"].([]any)
	require.True(t, ok)
	require.Len(t, list, 2)
	first, _ := list[0].(map[string]any)
	second, _ := list[1].(map[string]any)
	assert.Equal(t, "CH"+digits, first["conversation"].(map[string]any)["sid"])
	assert.Len(t, first["participants"], 2)
	last, _ := first["last_message"].(map[string]any)
	assert.Equal(t, "IM"+digits, last["sid"])
	assert.Equal(t, public+"/v1/Services/"+service+"/Conversations/CH"+digits+"/Messages/IM"+digits, last["url"], "through its service")
	assert.Nil(t, second["last_message"])
	assert.Equal(t, []any{}, second["participants"])
	assert.Equal(t, "2024-05-01T10:00:07Z", second["date_active"])
}

func TestInboxesThatAreRefused(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"State=open":           "State must be initializing, active, inactive or closed",
		"Channel=fax":          "Channel must be sms, whatsapp, group or chat",
		"ChatServiceSid=x":     "ChatServiceSid must be IS and 32 hexadecimal digits",
		"ConversationSid=name": "ConversationSid must be CH and 32 hexadecimal digits",
		"PageSize=x":           "PageSize must be a number from 1 to 100",
		strings.Repeat("ConversationSid=CH"+digits+"&", 101): "ConversationSid is there 101 times; at most 100 are allowed",
	} {
		got := do(t, api.New(config(newWorld())), http.MethodGet, "/bridged/v1/inbox?"+query, "")
		assert.Equal(t, http.StatusBadRequest, got.status, query)
		assert.Equal(t, "Invalid parameter: "+want, got.json(t)["message"], query)
	}
	w := newWorld()
	w.fail = &conversations.Error{Fault: conversations.NotFound}
	assert.Equal(t, http.StatusNotFound, do(t, api.New(config(w)), http.MethodGet, "/bridged/v1/inbox?"+url.Values{"State": {"Active"}}.Encode(), "").status)
}
