package e2e

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	chat "github.com/twilio/twilio-go/rest/chat/v3"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"
)

// Page 29.
func TestAChatChannelMigrates(t *testing.T) {
	t.Parallel()
	const messaging = "MG0123456789abcdef0123456789abcdef"
	w := newWorld(t, setup{config: "[[messaging_services]]\nsid = \"MG" + "00000000000000000000000000000000\"\n[[messaging_services]]\nsid = \"" + messaging + "\"\n"})
	c := w.converse()
	w.write(c, "one")
	before, err := w.api.FetchConversation(c)
	require.NoError(t, err)
	require.NotEqual(t, messaging, *before.MessagingServiceSid)
	channel, err := w.helper().ChatV3.UpdateChannel(*before.ChatServiceSid, c, &chat.UpdateChannelParams{
		Type: ptr("private"), MessagingServiceSid: ptr(messaging), XTwilioWebhookEnabled: ptr("true"),
	})
	require.NoError(t, err)
	assert.Equal(t, "private", *channel.Type)
	assert.Equal(t, []string{c, account, *before.ChatServiceSid, messaging}, []string{*channel.Sid, *channel.AccountSid, *channel.ServiceSid, *channel.MessagingServiceSid})
	assert.Equal(t, []int{2, 1}, []int{channel.MembersCount, channel.MessagesCount})
	after, err := w.api.FetchConversation(c)
	require.NoError(t, err)
	assert.Equal(t, messaging, *after.MessagingServiceSid)
	assert.Equal(t, "active", *after.State)

	_, err = w.helper().ChatV3.UpdateChannel(*before.ChatServiceSid, c, &chat.UpdateChannelParams{Type: ptr("public")})
	refused(t, err, http.StatusBadRequest, 50393)
	_, err = w.helper().ChatV3.UpdateChannel(*before.ChatServiceSid, "CH00000000000000000000000000000000", &chat.UpdateChannelParams{Type: ptr("private")})
	refused(t, err, http.StatusNotFound, 20404)
	_, err = w.api.UpdateConversation(c, &conversations.UpdateConversationParams{State: ptr("closed")})
	require.NoError(t, err)
	_, err = w.helper().ChatV3.UpdateChannel(*before.ChatServiceSid, c, &chat.UpdateChannelParams{
		Type: ptr("private"), MessagingServiceSid: before.MessagingServiceSid,
	})
	refused(t, err, http.StatusBadRequest, 50377)
}
