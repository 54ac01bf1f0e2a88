// Package webhooks calls the servers of those who run bridged, over HTTP.
//
// Client calls the webhooks of events (page 33), with what Parameters renders of a
// change that was made and Asked of one that is about to be.
//
// Inbound calls the classic inbound webhooks: those of single numbers and those
// of messaging services (page 38). They are told of a message as Programmable
// Messaging tells of it, and may answer with TwiML. What is said here to a server
// is signed (package sign); what a server is told, and what its answer says, is
// never in a log line or an error, which name its host only.
package webhooks
