package conversations

import (
	"slices"
	"time"
)

// RoleType says where the permissions of a role hold (page 09).
type RoleType string

// The types of roles.
const (
	RoleOfConversation RoleType = "conversation"
	RoleOfService      RoleType = "service"
)

// Permission allows the holders of a role one kind of action (page 09).
type Permission string

// The permissions.
const (
	AddParticipant             Permission = "addParticipant"
	CreateConversation         Permission = "createConversation"
	DeleteAnyMessage           Permission = "deleteAnyMessage"
	DeleteConversation         Permission = "deleteConversation"
	DeleteOwnMessage           Permission = "deleteOwnMessage"
	EditAnyMessage             Permission = "editAnyMessage"
	EditAnyMessageAttributes   Permission = "editAnyMessageAttributes"
	EditAnyUserInfo            Permission = "editAnyUserInfo"
	EditConversationAttributes Permission = "editConversationAttributes"
	EditConversationName       Permission = "editConversationName"
	EditOwnMessage             Permission = "editOwnMessage"
	EditOwnMessageAttributes   Permission = "editOwnMessageAttributes"
	EditOwnUserInfo            Permission = "editOwnUserInfo"
	JoinConversation           Permission = "joinConversation"
	LeaveConversation          Permission = "leaveConversation"
	RemoveParticipant          Permission = "removeParticipant"
	SendMediaMessage           Permission = "sendMediaMessage"
	SendMessage                Permission = "sendMessage"
)

// Valid says whether there is such a type.
func (t RoleType) Valid() bool { return t == RoleOfConversation || t == RoleOfService }

// Permissions returns all that a role of this type can have.
func (t RoleType) Permissions() []Permission {
	if t == RoleOfService {
		return []Permission{
			AddParticipant, CreateConversation, DeleteAnyMessage, DeleteConversation, EditAnyMessage,
			EditAnyMessageAttributes, EditAnyUserInfo, EditConversationAttributes, EditConversationName,
			EditOwnMessage, EditOwnMessageAttributes, EditOwnUserInfo, JoinConversation, RemoveParticipant,
		}
	}
	return []Permission{
		AddParticipant, DeleteAnyMessage, DeleteOwnMessage, DeleteConversation, EditAnyMessage,
		EditAnyMessageAttributes, EditAnyUserInfo, EditConversationAttributes, EditConversationName,
		EditOwnMessage, EditOwnMessageAttributes, EditOwnUserInfo, LeaveConversation, RemoveParticipant,
		SendMediaMessage, SendMessage,
	}
}

// MemberPermissions are those of the role that participants get when the service
// is new: page 09's example.
func MemberPermissions() []Permission {
	return []Permission{SendMessage, LeaveConversation, EditOwnMessage, DeleteOwnMessage}
}

// UserPermissions are those of the role that users get when the service is new.
func UserPermissions() []Permission {
	return []Permission{CreateConversation, JoinConversation, EditOwnUserInfo}
}

// Role is a set of permissions that users have in the service, or participants
// in a conversation (page 09).
type Role struct {
	Seq              int64
	ID               RoleID
	Service          ServiceID
	FriendlyName     string
	Type             RoleType
	Permissions      []Permission
	Created, Updated time.Time
}

// Allows says whether the role has the permission.
func (r Role) Allows(p Permission) bool { return slices.Contains(r.Permissions, p) }
