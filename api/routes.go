package api

import "net/http"

// routes lists every path. The reference's paths come in two forms, which the
// same handlers serve: with the service's SID, and without it for the default
// service.
func (s *server) routes() {
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete

	for _, base := range []string{"/v1", "/v1/Services/{ChatServiceSid}"} {
		list := base + "/Conversations"
		s.handle(list, methods{get: s.listConversations, post: s.createConversation})
		s.handle(list+"/{Sid}", methods{get: s.fetchConversation, post: s.updateConversation, del: s.deleteConversation})

		within := list + "/{ConversationSid}"
		s.handle(within+"/Participants", methods{get: s.listParticipants, post: s.createParticipant})
		s.handle(within+"/Participants/{Sid}", methods{get: s.fetchParticipant, post: s.updateParticipant, del: s.deleteParticipant})
		s.handle(within+"/Messages", methods{get: s.listMessages, post: s.createMessage})
		s.handle(within+"/Messages/{Sid}", methods{get: s.fetchMessage, post: s.updateMessage, del: s.deleteMessage})
		s.handle(within+"/Messages/{MessageSid}/Receipts", methods{get: s.listReceipts})
		s.handle(within+"/Messages/{MessageSid}/Receipts/{Sid}", methods{get: s.fetchReceipt})
	}

	s.handle("/bridged/v1/deliveries/{Sid}", methods{get: s.fetchDelivery})
	s.handle("/bridged/v1/dead-letters", methods{get: s.listDeadLetters})
	s.handle("/bridged/v1/unrouted", methods{get: s.listUnrouted})
	s.handle("/bridged/v1/search", methods{get: s.search})
}
