package twilio

import (
	"strings"

	"bridged/conversations"
)

// Scope is from where resources are looked at: it decides the account that they
// name and the form of their URLs. A request through /v1/Services/{IS…} gets
// resources whose URLs go through the service too, and which name it.
type Scope struct {
	// PublicURL is where the installation is seen from outside, whatever Host
	// header a request carries.
	PublicURL string
	// Account is the account's SID.
	Account string
	Service conversations.ServiceID
	// ThroughService says that the request named the service.
	ThroughService bool
}

// AccountURL is the URL of one of the account's own resources, which no service
// has.
func (s Scope) AccountURL(path string) string {
	return strings.TrimRight(s.PublicURL, "/") + "/v1/" + path
}

// ServiceURL is the URL of a service.
func (s Scope) ServiceURL(id conversations.ServiceID) string {
	return s.AccountURL("Services/" + SID(id))
}

// URL is the URL of one of the service's resources, in the form of the request.
func (s Scope) URL(path string) string {
	if s.ThroughService {
		return s.ServiceURL(s.Service) + "/" + path
	}
	return s.AccountURL(path)
}

// ConversationsURL is the URL of the list of conversations.
func (s Scope) ConversationsURL() string { return s.URL("Conversations") }

// ConversationURL is the URL of a conversation.
func (s Scope) ConversationURL(id conversations.ConversationID) string {
	return s.ConversationsURL() + "/" + SID(id)
}

// ParticipantsURL is the URL of the list of a conversation's participants.
func (s Scope) ParticipantsURL(id conversations.ConversationID) string {
	return s.ConversationURL(id) + "/Participants"
}

// MessagesURL is the URL of the list of a conversation's messages.
func (s Scope) MessagesURL(id conversations.ConversationID) string {
	return s.ConversationURL(id) + "/Messages"
}

// ReceiptsURL is the URL of the list of a message's receipts.
func (s Scope) ReceiptsURL(c conversations.ConversationID, m conversations.MessageID) string {
	return s.MessagesURL(c) + "/" + SID(m) + "/Receipts"
}

// service is the `chat_service_sid` of resources that name their service only
// when the request did.
func (s Scope) service() string {
	if !s.ThroughService {
		return ""
	}
	return SID(s.Service)
}

// attributes are shown as an empty object when they were never set.
func attributes(text string) string {
	if text == "" {
		return "{}"
	}
	return text
}
