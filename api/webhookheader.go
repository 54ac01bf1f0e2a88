package api

import (
	"net/http"
	"path"
	"strings"

	"bridged/twilio"
)

// webhookHeader asks that a change fires webhooks, which those over REST else do
// not (contract, 17).
const webhookHeader = "X-Twilio-Webhook-Enabled"

// webhooksEnabled reads the header where the reference documents it: on the
// writes of conversations, participants, messages and users, which the route's
// pattern names. Elsewhere it is ignored like any other.
func webhooksEnabled(r *http.Request) (bool, error) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || !takesWebhookHeader(r.Pattern) {
		return false, nil
	}
	switch value := r.Header.Get(webhookHeader); strings.ToLower(strings.TrimSpace(value)) {
	case "true":
		return true, nil
	case "false", "":
		return false, nil
	}
	return false, twilio.Invalid("%s must be true or false", webhookHeader)
}

func takesWebhookHeader(pattern string) bool {
	if !strings.HasPrefix(pattern, "/v1/") {
		return false
	}
	last := path.Base(pattern)
	if strings.HasPrefix(last, "{") {
		last = path.Base(path.Dir(pattern))
	}
	switch last {
	case "Conversations":
		return !strings.Contains(pattern, "{UserSid}") // a user's view of one is another resource
	case "Participants", "Messages", "Users", "ConversationWithParticipants":
		return true
	}
	return false
}
