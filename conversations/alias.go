package conversations

import "time"

// Alias is another name of a person, which a carrier told together with the
// person's number. Both are in canonical form (package bindings).
type Alias struct {
	Name, Root Address
	Learned    time.Time
}

// Pair is a live pair and who holds it.
type Pair struct {
	MatchKey     string
	Participant  ParticipantID
	Conversation ConversationID
	Joined       int64 // order in which the participants joined, over all conversations
}

// AliasConflict is a pair that two live conversations turned out to hold, because
// a name in the one and a number in the other are the same person's. Kept
// captures the person's messages, Freed does not any more.
type AliasConflict struct {
	Seq         int64
	Alias       Alias
	Proxy       Address
	Kept, Freed Pair
	Created     time.Time
}
