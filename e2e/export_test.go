package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// resource is what these tests look at of the resources of a conversation.
type resource struct {
	SID        string
	Body       string
	MessageSID string `json:"message_sid"`
	URL        string
}

func TestAConversationIsExported(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.converse()
	const messages = 230 // over two pages
	for n := range messages - 1 {
		w.write(c, fmt.Sprint(n))
	}
	w.aliceWrites("SM00000000000000000000000000000001", "the last <one> & only")
	var document struct {
		Conversation resource
		Participants []resource
		Messages     []resource
		Receipts     []resource
	}
	export := func(url string) int {
		return w.call(http.MethodGet, url+"/Export", nil, &document)
	}
	eventually(t, func() bool {
		document.Receipts = nil
		return export("/v1/Conversations/"+c) == http.StatusOK && len(document.Receipts) == 2*(messages-1)+1
	}, "all is delivered")
	assert.Equal(t, c, document.Conversation.SID)
	assert.Len(t, document.Participants, 2)
	require.Len(t, document.Messages, messages)
	for n, m := range document.Messages[:messages-1] {
		require.Equal(t, fmt.Sprint(n), m.Body)
	}
	last := document.Messages[messages-1]
	assert.Equal(t, "the last <one> & only", last.Body)
	assert.Equal(t, last.SID, document.Receipts[len(document.Receipts)-1].MessageSID)

	conversation, err := w.api.FetchConversation(c)
	require.NoError(t, err)
	var links struct{ Export string }
	text, err := json.Marshal(conversation.Links)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &links))
	assert.Equal(t, w.URL+"/v1/Conversations/"+c+"/Export", links.Export)
	long := "/v1/Services/" + *conversation.ChatServiceSid + "/Conversations/" + c
	require.Equal(t, http.StatusOK, export(long))
	assert.Equal(t, w.URL+long, document.Conversation.URL)
	assert.Equal(t, http.StatusNotFound, w.call(http.MethodGet, "/v1/Conversations/CH00000000000000000000000000000000/Export", nil, nil))
}

func TestAMessageTellsWhatItsCarrierSaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "from Alice")
	w.bobWrites("wamid.bob", "from Bob")
	eventually(t, func() bool { return len(w.messages(c)) == 2 }, "both messages are there")
	ours := w.write(c, "from the API")
	type metadata struct {
		Code int
		Type string
		Data struct {
			Channel           string
			ChannelMessageSID string `json:"channel_message_sid"`
			ProviderID        string `json:"provider_id"`
			From, To          string
		}
	}
	got := map[string]metadata{}
	for _, m := range w.messages(c) {
		var shown metadata
		w.call(http.MethodGet, "/v1/Conversations/"+c+"/Messages/"+*m.Sid+"/ChannelMetadata", nil, &shown)
		got[*m.Body] = shown
	}
	assert.Equal(t, metadata{Code: 50530}, got["from the API"])
	sms, whatsapp := got["from Alice"], got["from Bob"]
	assert.Equal(t, "sms", sms.Type)
	assert.Equal(t, []string{"sms-main", "SM00000000000000000000000000000001", "SM00000000000000000000000000000001", alice, smsProxy},
		[]string{sms.Data.Channel, sms.Data.ChannelMessageSID, sms.Data.ProviderID, sms.Data.From, sms.Data.To})
	assert.Equal(t, "whatsapp", whatsapp.Type)
	assert.Equal(t, []string{"wa-main", "wamid.bob", bob, whatsappProxy},
		[]string{whatsapp.Data.Channel, whatsapp.Data.ProviderID, whatsapp.Data.From, whatsapp.Data.To})
	assert.Regexp(t, "^WA[0-9a-f]{32}$", whatsapp.Data.ChannelMessageSID)

	m, err := w.api.FetchConversationMessage(c, ours)
	require.NoError(t, err)
	assert.Equal(t, w.URL+"/v1/Conversations/"+c+"/Messages/"+ours+"/ChannelMetadata", (*m.Links)["channel_metadata"])
	assert.Equal(t, http.StatusNotFound,
		w.call(http.MethodGet, "/v1/Conversations/"+c+"/Messages/IM00000000000000000000000000000000/ChannelMetadata", nil, nil))
}
