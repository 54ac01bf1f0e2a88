// Package api answers the REST API: the reference's under /v1, and under
// /bridged/v1 what the reference does not have.
//
// Every handler does three things: it decodes the request, calls one verb of
// package bridge or one query of the store, and renders the result. Rules of
// the domain are checked by the verbs and the wire format is package twilio's,
// so a handler is short and the files here read as a list of what can be asked:
//
//	routes.go        every path and method, on one screen
//	conversations.go, participants.go, messages.go, receipts.go
//	                 one resource each, in both forms of its URL
//	operations.go    deliveries, dead letters and unrouted messages
//	search.go        what words are found in
//	server.go        what happens around a handler: panics, errors, 404 and 405
//	auth.go          who may call
//	call.go          a request as the handlers see it, and its answer
//	idempotency.go   requests that may be repeated
//	ports.go         what the handlers need of package bridge and of the store
//
// To add a resource: add its paths to routes.go, its handlers in a file of
// their own, and what they call to ports.go.
package api
