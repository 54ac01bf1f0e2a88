package conversations

import "time"

// SearchKind is a kind of resource that can be searched for.
type SearchKind string

// What can be searched for.
const (
	SearchConversation SearchKind = "conversation"
	SearchParticipant  SearchKind = "participant"
	SearchMessage      SearchKind = "message"
	SearchUser         SearchKind = "user"
)

// SearchField is the part of a resource that words were found in.
type SearchField string

// What is searched of each resource.
const (
	FieldFriendlyName SearchField = "friendly name"
	FieldUniqueName   SearchField = "unique name"
	FieldIdentity     SearchField = "identity"
	FieldAddress      SearchField = "address"
	FieldBody         SearchField = "body"
	FieldSubject      SearchField = "subject"
)

// SearchQuery is what somebody looks for, in their own words. No kinds are all.
type SearchQuery struct {
	Text  string
	Kinds []SearchKind
}

// SearchHit is a resource that a query has found. Of the identifiers those are
// set that the kind of resource has.
type SearchHit struct {
	Kind         SearchKind
	Service      ServiceID
	Conversation ConversationID
	Participant  ParticipantID
	Message      MessageID
	User         UserID
	Field        SearchField // where the first of the words was found
	Snippet      string      // what stands around it
	Created      time.Time
}
