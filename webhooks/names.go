package webhooks

import (
	"strings"

	"bridged/conversations"
)

// What several events tell. A question mark marks what is left out where it is
// empty.
const (
	namesOfBinding = " MessagingBinding.ProxyAddress? MessagingBinding.Address? MessagingBinding.ProjectedAddress?"
	namesOfOrigin  = namesOfBinding + " MessagingBinding.AuthorAddress?"
	namesOfPlace   = " Attributes ChatServiceSid MessagingServiceSid State"
	namesOfText    = " Body Author ParticipantSid? Attributes Media?"
	namesOfMember  = " Identity? RoleSid Attributes" + namesOfBinding + " MessagingBinding.Type"
	namesOfUser    = " Identity? RoleSid Attributes FriendlyName"
)

// listed are the parameters that page 33 lists for a change that was made, beside
// those of every event; nil for one of which no webhook hears.
func listed(t conversations.EventType) []string {
	var names string
	switch t {
	case conversations.ConversationAdded:
		names = "ConversationSid DateCreated DateUpdated FriendlyName? UniqueName?" + namesOfPlace + namesOfOrigin
	case conversations.ConversationUpdated:
		names = "ConversationSid DateCreated DateUpdated FriendlyName? UniqueName?" + namesOfPlace
	case conversations.ConversationRemoved:
		names = "ConversationSid DateCreated DateUpdated DateRemoved FriendlyName? UniqueName?" + namesOfPlace
	case conversations.ConversationState:
		names = "ChatServiceSid StateUpdated StateFrom StateTo ConversationSid Reason MessagingServiceSid"
	case conversations.MessageAdded:
		names = "ConversationSid MessageSid MessagingServiceSid Index DateCreated" + namesOfText
	case conversations.MessageUpdated:
		names = "ConversationSid MessageSid Index DateCreated DateUpdated" + namesOfText
	case conversations.MessageRemoved:
		names = "ConversationSid MessageSid Index DateCreated DateUpdated DateRemoved" + namesOfText
	case conversations.ParticipantAdded:
		names = "ConversationSid ParticipantSid DateCreated" + namesOfMember
	case conversations.ParticipantUpdated:
		names = "ConversationSid ParticipantSid DateCreated DateUpdated LastReadMessageIndex" + namesOfMember
	case conversations.ParticipantRemoved:
		names = "ConversationSid ParticipantSid DateCreated DateUpdated DateRemoved" + namesOfMember
	case conversations.DeliveryUpdated:
		names = "ConversationSid ChatServiceSid MessageSid DeliveryReceiptSid ChannelMessageSid ParticipantSid" +
			" Status ErrorCode DateCreated DateUpdated"
	case conversations.UserAdded:
		names = "ChatServiceSid UserSid DateCreated" + namesOfUser
	case conversations.UserUpdated:
		names = "ChatServiceSid UserSid DateCreated DateUpdated isOnline isNotifiable" + namesOfUser
	default:
		return nil
	}
	return strings.Fields(names)
}

// asked are likewise the parameters of a change that is about to be made.
func asked(t conversations.EventType) []string {
	var names string
	switch t {
	case conversations.ConversationAdd:
		names = "FriendlyName? UniqueName MessageBody? Media?" + namesOfPlace + namesOfOrigin
	case conversations.ConversationUpdate, conversations.ConversationRemove:
		names = "ConversationSid DateCreated DateUpdated FriendlyName? UniqueName" + namesOfPlace
	case conversations.MessageAdd:
		names = "ConversationSid" + namesOfText
	case conversations.MessageUpdate, conversations.MessageRemove:
		names = "ConversationSid MessageSid Index DateCreated DateUpdated" + namesOfText
	case conversations.ParticipantAdd:
		names = "ConversationSid" + namesOfMember
	case conversations.ParticipantUpdate, conversations.ParticipantRemove:
		names = "ConversationSid ParticipantSid DateCreated DateUpdated" + namesOfMember
	case conversations.UserUpdate:
		names = "ChatServiceSid UserSid DateUpdated" + namesOfUser
	default:
		return nil
	}
	return strings.Fields(names)
}
