// Package api answers the REST API: the reference's under /v1, and under
// /bridged/v1 what the reference does not have.
//
// Every handler does three things: it decodes the request, calls one verb of
// package bridge or one query of the store, and renders the result. Rules of
// the domain are checked by the verbs and the wire format is package twilio's,
// so a handler is short and the files here read as a list of what can be asked:
//
//	routes.go        every path and method, on one screen
//	conversations.go, participants.go, messages.go, receipts.go, webhooks.go,
//	users.go, roles.go
//	                 one resource each, in both forms of its URL
//	services.go, configuration.go
//	                 services with their settings; those of the account, and addresses
//	push.go          credentials of push services, and the devices that they reach
//	media.go, upload.go
//	                 files, which are streamed
//	export.go        a whole conversation, and the carrier's side of a message
//	content.go       contents and their approvals
//	chat.go          what is left of the Chat API, under /v3
//	operations.go    deliveries and unrouted messages
//	letters.go       dead letters
//	import.go        resources of another installation
//	search.go        what words are found in
//	events.go, eventstream.go, eventchunks.go
//	                 what happens, in pages and as a stream
//	inbox.go         conversations as an operator sees them in a list
//	server.go        what happens around a handler: panics, errors, 404 and 405
//	auth.go          who may call
//	call.go          a request as the handlers see it, and its answer
//	lists.go         what lists and single resources are answered by
//	stream.go        requests and answers that are too large to be in memory
//	idempotency.go   requests that may be repeated
//	cors.go          pages that call from a browser; OPTIONS
//	etag.go          conditional requests
//	gzip.go          compressed answers
//	webhookheader.go X-Twilio-Webhook-Enabled
//	requestid.go     what a request is called, in its answer and in the log
//	ratelimit.go     how many writes a second
//	ports.go         what the handlers need of package bridge and of the store
//
// To add a resource: add its paths to routes.go, its handlers in a file of
// their own, and what they call to ports.go.
package api
