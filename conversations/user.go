package conversations

import "time"

// User is a chat identity known to a service (page 08). It comes into being when
// it is created, or when its identity is first added to a conversation.
type User struct {
	Seq              int64
	ID               UserID
	Service          ServiceID
	Identity         string
	FriendlyName     *string
	Attributes       string // JSON text; "{}" when never set
	Role             RoleID
	Created, Updated time.Time
}

// UserKey addresses a user as a URL does: by ID, or by identity. Exactly one of
// the two is set.
type UserKey struct {
	ID       UserID
	Identity string
}

// Membership is one participant seen from its own side: with its conversation
// and what it has not read of it (pages 15 and 16).
type Membership struct {
	Participant  Participant
	Conversation Conversation
	User         *UserID // nil outside chat
	// Unread is how many messages are beyond the participant's read horizon, at
	// most MaxUnread; nil where it has none.
	Unread *int64
}

// MaxUnread is where the count of unread messages ends (page 15).
const MaxUnread = 1000

// Person names whose memberships are asked for: a chat identity, or an address.
// Exactly one of the two is set.
type Person struct {
	Identity string
	Address  Address
}
