package conversations

import "time"

// Service is an isolated instance of conversations (page 21), with its own
// configuration (page 20).
type Service struct {
	Seq          int64
	ID           ServiceID
	FriendlyName string
	// The roles that it gives to newcomers: to participants, to the creator of a
	// conversation, and to users.
	ConversationRole        RoleID
	ConversationCreatorRole RoleID
	UserRole                RoleID
	// Reachability says whether users see who is online (page 44).
	Reachability  bool
	Notifications Notifications
	// Webhooks are used in place of the account's; nil: the account's (page 28).
	Webhooks         *Webhooks
	Created, Updated time.Time
}

// NewService makes a service with the roles that it has from the start.
func NewService(friendlyName string, now time.Time) (Service, []Role) {
	s := Service{
		ID:            NewID[ServiceID](now),
		FriendlyName:  friendlyName,
		Notifications: DefaultNotifications(),
		Created:       now,
		Updated:       now,
	}
	role := func(name string, t RoleType, permissions []Permission) Role {
		return Role{
			ID: NewID[RoleID](now), Service: s.ID, FriendlyName: name, Type: t,
			Permissions: permissions, Created: now, Updated: now,
		}
	}
	member := role("conversation user", RoleOfConversation, MemberPermissions())
	creator := role("conversation admin", RoleOfConversation, RoleOfConversation.Permissions())
	user := role("service user", RoleOfService, UserPermissions())
	admin := role("service admin", RoleOfService, RoleOfService.Permissions())
	s.ConversationRole, s.ConversationCreatorRole, s.UserRole = member.ID, creator.ID, user.ID
	return s, []Role{user, admin, member, creator}
}

// Notifications say which changes are pushed to the devices of a service's users,
// and in which words (page 17).
type Notifications struct {
	LogEnabled              bool
	NewMessage              Notification
	BadgeCount              bool         // of new messages
	NewMessageWithMedia     Notification // its Sound is that of NewMessage
	AddedToConversation     Notification
	RemovedFromConversation Notification
}

// Notification is one kind of push notification.
type Notification struct {
	Enabled  bool
	Template string // with ${CONVERSATION}, ${PARTICIPANT}, ${MESSAGE}, …
	Sound    string
}

// DefaultNotifications are those of a new service: all of them off, in the words
// of page 39.
func DefaultNotifications() Notifications {
	off := func(template string) Notification { return Notification{Template: template, Sound: "default"} }
	return Notifications{
		NewMessage:              off("${CONVERSATION}:${PARTICIPANT}: ${MESSAGE}"),
		NewMessageWithMedia:     off("You have a new message in ${CONVERSATION} with ${MEDIA_COUNT} media files: ${MEDIA}"),
		AddedToConversation:     off("You have been added to the conversation ${CONVERSATION} by ${PARTICIPANT}"),
		RemovedFromConversation: off("${PARTICIPANT} has removed you from the conversation ${CONVERSATION}"),
	}
}

// Configuration is what holds for the whole account (page 10).
type Configuration struct {
	// Service is the default service: that of the URLs which name none.
	Service ServiceID
	// MessagingService was chosen as the default one; empty: none was.
	MessagingService MessagingServiceID
	// The timers of a conversation that sets none; 0: off.
	TimerInactive, TimerClosed time.Duration
	Webhooks                   Webhooks
}

// MessagingServiceAmong returns the messaging service of a conversation that
// names none: the one that was chosen, as long as it is still configured, or the
// first that is. Configured must not be empty.
func (c Configuration) MessagingServiceAmong(configured []MessagingServiceID) MessagingServiceID {
	for _, id := range configured {
		if id == c.MessagingService {
			return id
		}
	}
	return configured[0]
}
