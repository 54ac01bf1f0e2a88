package twilio

import (
	"strings"

	"bridged/autocreate"
	"bridged/conversations"
)

// ID is any of the domain's identifiers. Each type of identifier has its own
// two letters, so a SID of one kind cannot be read as another.
type ID interface {
	conversations.ServiceID | conversations.MessagingServiceID | conversations.ConversationID |
		conversations.ParticipantID | conversations.MessageID | conversations.DeliveryID |
		conversations.UserID | conversations.RoleID | conversations.MediaID |
		conversations.WebhookID | conversations.AddressConfigurationID |
		conversations.CredentialID | conversations.PushBindingID
}

func prefix[T ID]() string {
	var id T
	switch any(id).(type) {
	case conversations.ServiceID:
		return "IS"
	case conversations.MessagingServiceID:
		return "MG"
	case conversations.ConversationID:
		return "CH"
	case conversations.ParticipantID:
		return "MB"
	case conversations.MessageID:
		return "IM"
	case conversations.DeliveryID:
		return "DY"
	case conversations.UserID:
		return "US"
	case conversations.RoleID:
		return "RL"
	case conversations.MediaID:
		return "ME"
	case conversations.WebhookID:
		return "WH"
	case conversations.AddressConfigurationID:
		return "IG"
	case conversations.CredentialID:
		return "CR"
	case conversations.PushBindingID:
		return "BS"
	}
	return ""
}

// SID writes an identifier as the API does: "CH" and 32 hexadecimal digits. The
// empty identifier stays empty.
func SID[T ID](id T) string {
	if id == "" {
		return ""
	}
	return prefix[T]() + string(id)
}

// NullableSID writes an identifier that may be missing; nil becomes null.
func NullableSID[T ID](id *T) *string {
	if id == nil || *id == "" {
		return nil
	}
	sid := SID(*id)
	return &sid
}

// ParseSID reads a SID of the kind that T names. Its digits may be of either
// case, its letters may not.
func ParseSID[T ID](s string) (id T, ok bool) {
	digits, ok := strings.CutPrefix(s, prefix[T]())
	if !ok {
		return "", false
	}
	digits = strings.ToLower(digits)
	if !conversations.ValidID(digits) {
		return "", false
	}
	return T(digits), true
}

// ParseConversationKey reads what addresses a conversation in a URL: whatever
// is no SID is a unique name.
func ParseConversationKey(segment string) conversations.ConversationKey {
	if id, ok := ParseSID[conversations.ConversationID](segment); ok {
		return conversations.ConversationKey{ID: id}
	}
	return conversations.ConversationKey{UniqueName: segment}
}

// ParseParticipantKey reads what addresses a participant in a URL: whatever is
// no SID is an identity.
func ParseParticipantKey(segment string) conversations.ParticipantKey {
	if id, ok := ParseSID[conversations.ParticipantID](segment); ok {
		return conversations.ParticipantKey{ID: id}
	}
	return conversations.ParticipantKey{Identity: segment}
}

// ParseUserKey reads what addresses a user in a URL: whatever is no SID is an
// identity.
func ParseUserKey(segment string) conversations.UserKey {
	if id, ok := ParseSID[conversations.UserID](segment); ok {
		return conversations.UserKey{ID: id}
	}
	return conversations.UserKey{Identity: segment}
}

// ParseAddressKey reads what addresses an address configuration in a URL:
// whatever is no SID is an address.
func ParseAddressKey(segment string) autocreate.Key {
	if id, ok := ParseSID[conversations.AddressConfigurationID](segment); ok {
		return autocreate.Key{ID: id}
	}
	return autocreate.Key{Address: conversations.Address(segment)}
}
