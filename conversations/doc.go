// Package conversations holds the nouns of bridged and the rules that need no
// storage: conversations, participants, messages, files, deliveries, services with
// their users and roles, contents, webhooks, events, typed identifiers, addresses
// and errors.
//
// It is the vocabulary that every other package speaks, so it imports only the
// standard library and knows nothing of HTTP, of JSON field names, of SQL or of
// SID prefixes: an ID here is 32 hexadecimal digits, and package twilio writes
// "CH" in front of it. The words are those of the reference documentation
// (pages 00, 04, 06, 14, 22): a participant is reached through a messaging
// binding, which is the pair of its own address and one of our proxy addresses.
package conversations
