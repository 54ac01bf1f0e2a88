// Package twilio is the wire format of the reference REST API and nothing else:
// how identifiers, resources, errors, lists, dates and forms are written and read.
//
//	sid.go           identifiers with their two letters: CH…, MB…, IM…
//	errors.go, refusals.go
//	                 the code, HTTP status and words of every refusal
//	paging.go        page sizes, page tokens and the `meta` of a list
//	form.go, words.go
//	                 the parameters of a request, typed
//	dates.go         ISO 8601 dates and durations
//	token.go         Access Tokens: how they are made, and whether one is to be believed
//	scope.go         the account, and which of the two forms a URL has
//	conversation.go, participant.go, message.go, receipt.go, webhook.go, user.go,
//	role.go, service.go, configuration.go, push.go, media.go
//	                 the resources, key for key as in the reference's examples
//	metadata.go      what a message's carrier said of it
//	chat.go          the channel of the Chat API
//	content.go, content_forms.go, json.go
//	                 the Content API, whose requests are JSON
//	exports.go, exported.go
//	                 the same resources as another installation exported them
//
// It knows nothing of HTTP handlers, of the store or of the verbs. Package api
// uses it to answer requests; whatever else has to speak of a resource in the
// reference's terms (webhooks, the client SDKs' protocol) uses the same types,
// so that there is one place where the format is written down.
package twilio
