package api

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The operations of the reference's description whose parameters have the header.
func TestWhichRoutesTakeTheWebhookHeader(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"/v1", "/v1/Services/{ChatServiceSid}"} {
		for path, want := range map[string]bool{
			"/Conversations": true, "/Conversations/{Sid}": true,
			"/Conversations/{ConversationSid}/Messages": true, "/Conversations/{ConversationSid}/Messages/{Sid}": true,
			"/Conversations/{ConversationSid}/Participants": true, "/Conversations/{ConversationSid}/Participants/{Sid}": true,
			"/ConversationWithParticipants": true, "/Users": true, "/Users/{Sid}": true,
			"/Roles": false, "/Roles/{Sid}": false, "/Conversations/{ConversationSid}/Webhooks": false,
			"/Conversations/{ConversationSid}/Webhooks/{Sid}":  false,
			"/Users/{UserSid}/Conversations/{ConversationSid}": false, "/Configuration": false, "/Configuration/Webhooks": false,
		} {
			assert.Equal(t, want, takesWebhookHeader(base+path), base+path)
		}
	}
	for _, pattern := range []string{"/v1/Services", "/v1/Services/{Sid}", "/v1/Credentials/{Sid}", "/bridged/v1/Users", ""} {
		assert.False(t, takesWebhookHeader(pattern), pattern)
	}
}
