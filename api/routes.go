package api

import (
	"net/http"

	"bridged/twilio"
)

// The methods, for the table below.
const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete

// throughService is the beginning of the paths that name their service.
const throughService = "/v1/Services/{ChatServiceSid}"

// routes lists every path. The reference's paths come in two forms, which the
// same handlers serve: with the service's SID, and without it for the default
// service.
func (s *server) routes() {
	for _, base := range []string{"/v1", throughService} {
		s.routeConversations(base)
		s.routePeople(base)
	}
	s.routeServices()
	s.routeAccount()

	s.handle("/bridged/v1/numbers", methods{get: s.listNumbers})
	s.handle("/bridged/v1/deliveries", methods{get: s.listDeliveries})
	s.handle("/bridged/v1/deliveries/{Sid}", methods{get: s.fetchDelivery})
	s.handle("/bridged/v1/dead-letters", methods{get: s.listDeadLetters, post: s.redriveMany})
	s.handle("/bridged/v1/dead-letters/{ID}", methods{get: s.fetchDeadLetter, post: s.redrive})
	s.handle("/bridged/v1/dead-letters/{ID}/discard", methods{post: s.discard})
	s.handle("/bridged/v1/windows", methods{get: s.listWindows})
	s.handle("/bridged/v1/unrouted", methods{get: s.listUnrouted})
	s.handle("/bridged/v1/unrouted/{ID}", methods{post: s.reroute})
	s.handle("/bridged/v1/alias-conflicts", methods{get: s.listAliasConflicts})
	s.handle("/bridged/v1/opt-outs", methods{get: s.listOptOuts, post: s.createOptOut})
	s.handle("/bridged/v1/opt-outs/{ID}", methods{get: s.fetchOptOut, del: s.deleteOptOut})
	s.handle("/bridged/v1/erasures", methods{post: s.createErasure})
	s.handle("/bridged/v1/erasures/{ID}", methods{get: s.fetchErasure})
	s.handle("/bridged/v1/routing/explain", methods{get: s.explainRouting})
	if s.cfg.Targets != nil {
		s.handle("/bridged/v1/webhooks", methods{get: s.listTargets})
		s.handle("/bridged/v1/webhooks/{Target}", methods{get: s.fetchTarget})
		s.handle("/bridged/v1/webhooks/{Target}/resume", methods{post: s.resumeTarget})
		s.handle("/bridged/v1/webhooks/{Target}/test", methods{post: s.testTarget})
	}
	if s.cfg.Metrics != nil {
		s.handle("/bridged/v1/live", methods{get: s.fetchLive})
	}
	s.handle("/bridged/v1/messages/{Sid}/trace", methods{get: s.traceMessage})
	s.handle("/bridged/v1/import", methods{post: s.importResources})
	s.handle("/bridged/v1/search", methods{get: s.search})
	s.stream("/bridged/v1/events", map[string]streamer{get: s.events})
	s.handle("/bridged/v1/inbox", methods{get: s.listInbox})
	s.stream("/bridged/v1/backup", map[string]streamer{get: s.backup})
}

func (s *server) routeConversations(base string) {
	list := base + "/Conversations"
	s.handle(list, methods{get: s.listConversations, post: s.createConversation})
	s.handle(list+"/{Sid}", methods{get: s.fetchConversation, post: s.updateConversation, del: s.deleteConversation})
	s.handle(base+"/ConversationWithParticipants", methods{post: s.createConversationWithParticipants})

	within := list + "/{ConversationSid}"
	s.stream(within+"/Export", map[string]streamer{get: s.exportConversation})
	s.handle(within+"/Participants", methods{get: s.listParticipants, post: s.createParticipant})
	s.handle(within+"/Participants/{Sid}", methods{get: s.fetchParticipant, post: s.updateParticipant, del: s.deleteParticipant})
	s.handle(within+"/Messages", methods{get: s.listMessages, post: s.createMessage})
	s.handle(within+"/Messages/{Sid}", methods{get: s.fetchMessage, post: s.updateMessage, del: s.deleteMessage})
	s.handle(within+"/Messages/{MessageSid}/ChannelMetadata", methods{get: s.fetchChannelMetadata})
	s.handle(within+"/Messages/{MessageSid}/Receipts", methods{get: s.listReceipts})
	s.handle(within+"/Messages/{MessageSid}/Receipts/{Sid}", methods{get: s.fetchReceipt})
	s.handle(within+"/Webhooks", methods{get: s.listWebhooks, post: s.createWebhook})
	s.handle(within+"/Webhooks/{Sid}", methods{get: s.fetchWebhook, post: s.updateWebhook, del: s.deleteWebhook})
}

func (s *server) routePeople(base string) {
	s.handle(base+"/Users", methods{get: s.listUsers, post: s.createUser})
	s.handle(base+"/Users/{Sid}", methods{get: s.fetchUser, post: s.updateUser, del: s.deleteUser})
	s.handle(base+"/Users/{UserSid}/Conversations", methods{get: s.listUserConversations})
	s.handle(base+"/Users/{UserSid}/Conversations/{ConversationSid}",
		methods{get: s.fetchUserConversation, post: s.updateUserConversation, del: s.deleteUserConversation})
	s.handle(base+"/ParticipantConversations", methods{get: s.listParticipantConversations})
	s.handle(base+"/Roles", methods{get: s.listRoles, post: s.createRole})
	s.handle(base+"/Roles/{Sid}", methods{get: s.fetchRole, post: s.updateRole, del: s.deleteRole})
}

// routeServices serves the services, and what only a service has.
func (s *server) routeServices() {
	s.handle("/v1/Services", methods{get: s.listServices, post: s.createService})
	s.handle("/v1/Services/{Sid}", methods{get: s.fetchService, del: s.deleteService})
	configuration := throughService + "/Configuration"
	s.handle(configuration, methods{get: s.fetchServiceConfiguration, post: s.updateServiceConfiguration})
	s.handle(configuration+"/Notifications", methods{get: s.fetchNotifications, post: s.updateNotifications})
	s.handle(configuration+"/Webhooks", methods{get: s.fetchServiceWebhooks, post: s.updateServiceWebhooks})
	s.handle(throughService+"/Bindings", methods{get: s.listBindings})
	s.handle(throughService+"/Bindings/{Sid}", methods{get: s.fetchBinding, del: s.deleteBinding})

	files := throughService + "/Media"
	s.stream(files, map[string]streamer{post: s.uploadMedia})
	s.handle(files+"/{Sid}", methods{get: s.fetchMedia})
	s.stream(files+"/{Sid}/Content", map[string]streamer{get: s.fetchMediaContent})
	s.mux.HandleFunc(twilio.DirectMediaPath+"{Sid}", s.fetchDirect) // without credentials

	s.handle("/v3/Services/{ChatServiceSid}/Channels/{Sid}", methods{post: s.migrateChannel})
}

// routeAccount serves what no service has.
func (s *server) routeAccount() {
	s.handle("/v1/Configuration", methods{get: s.fetchConfiguration, post: s.updateConfiguration})
	for _, path := range []string{"/v1/Configuration/Webhooks", "/v1/Conversations/Webhooks"} { // contract, 24
		s.handle(path, methods{get: s.fetchWebhooks, post: s.updateWebhooks})
	}
	s.handle("/v1/Configuration/Addresses", methods{get: s.listAddresses, post: s.createAddress})
	s.handle("/v1/Configuration/Addresses/{Sid}", methods{get: s.fetchAddress, post: s.updateAddress, del: s.deleteAddress})
	s.handle("/v1/Credentials", methods{get: s.listCredentials, post: s.createCredential})
	s.handle("/v1/Credentials/{Sid}", methods{get: s.fetchCredential, post: s.updateCredential, del: s.deleteCredential})
	s.handle("/v1/Content", methods{get: s.listContents, post: s.createContent})
	s.handle("/v1/Content/{Sid}", methods{get: s.fetchContent, del: s.deleteContent})
	s.handle("/v1/Content/{Sid}/ApprovalRequests", methods{get: s.fetchApprovals})
	s.handle("/v1/Content/{Sid}/ApprovalRequests/whatsapp", methods{post: s.approveContent})
}
