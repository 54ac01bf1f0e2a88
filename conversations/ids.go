package conversations

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"
	"time"
)

// Identifiers are 32 lower-case hexadecimal digits. Each kind has a type of its
// own so that one cannot be handed over for another.
type (
	// ServiceID identifies a conversation service (IS in the reference).
	ServiceID string
	// MessagingServiceID identifies a messaging service (MG).
	MessagingServiceID string
	// ConversationID identifies a conversation (CH).
	ConversationID string
	// ParticipantID identifies a participant (MB).
	ParticipantID string
	// MessageID identifies a message (IM).
	MessageID string
	// DeliveryID identifies a delivery, which the reference calls a receipt (DY).
	DeliveryID string
	// UserID identifies a chat user (US).
	UserID string
	// RoleID identifies a role (RL).
	RoleID string
	// MediaID identifies a file (ME).
	MediaID string
	// WebhookID identifies a webhook of one conversation (WH).
	WebhookID string
	// AddressConfigurationID identifies an address configuration (IG).
	AddressConfigurationID string
	// CredentialID identifies a credential of a push service (CR).
	CredentialID string
	// PushBindingID identifies a device that gets push notifications (BS).
	PushBindingID string
)

// idCounter keeps identifiers of one process unique and ascending even when
// many are made within one millisecond. It carries no meaning and is never read.
var idCounter atomic.Uint32 //nolint:gochecknoglobals // a counter for uniqueness, not state

// NewID makes an identifier: 48 bits of milliseconds, 16 bits of a counter and
// 64 random bits. Identifiers made later sort later (but for the counter's
// wrap), which keeps the pages of the store's indexes full.
func NewID[T ~string](now time.Time) T {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16|uint64(idCounter.Add(1)&0xffff))
	_, _ = rand.Read(b[8:]) // crypto/rand.Read never fails: it aborts the program instead
	return T(hex.EncodeToString(b[:]))
}

// ValidID says whether s has the form of an identifier.
func ValidID(s string) bool {
	if len(s) != 32 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
