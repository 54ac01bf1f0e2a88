package conversations

import (
	"errors"
	"fmt"
)

// Fault classifies what is wrong with a request. Package twilio gives each the
// reference's code and HTTP status.
type Fault string

// The faults that the domain knows.
const (
	NotFound                Fault = "not found"
	InvalidParameter        Fault = "invalid parameter"
	FriendlyNameTooLong     Fault = "friendly name too long"
	UniqueNameTooLong       Fault = "unique name too long"
	UniqueNameTaken         Fault = "unique name taken"
	UniqueNameLikeSID       Fault = "unique name looks like a SID"
	AttributesNotJSON       Fault = "attributes not JSON"
	AttributesTooLong       Fault = "attributes too long"
	MessagingServiceUnknown Fault = "messaging service unknown"
	StateInvalid            Fault = "state invalid"
	StateInitiallyClosed    Fault = "state initially closed"
	ConversationClosed      Fault = "conversation closed"
	TimerInactiveInvalid    Fault = "inactive timer invalid"
	TimerInactiveTooShort   Fault = "inactive timer too short"
	TimerClosedInvalid      Fault = "closed timer invalid"
	TimerClosedTooShort     Fault = "closed timer too short"
	IdentityTooLong         Fault = "identity too long"
	IdentityTaken           Fault = "identity taken"
	IdentityWithBinding     Fault = "identity with binding"
	IdentityMissing         Fault = "identity missing"
	IdentityPresent         Fault = "identity present"
	AddressInvalid          Fault = "address invalid"
	AddressMissing          Fault = "address missing"
	AddressEqualsProxy      Fault = "address equals proxy"
	ProxyMissing            Fault = "proxy missing"
	ProxyNotOwned           Fault = "proxy not owned"
	TypesDiffer             Fault = "types differ"
	PairTaken               Fault = "pair taken"
	ProxyNotRemovable       Fault = "proxy not removable"
	ProxyNotAddable         Fault = "proxy not addable"
	GroupsUnavailable       Fault = "groups unavailable"
	GroupImpossible         Fault = "group impossible"
	GroupFull               Fault = "group full"
	GroupMemberTaken        Fault = "group member taken"
	GroupTaken              Fault = "group taken"
	PairInGroup             Fault = "pair in group"
	ProjectedMissing        Fault = "projected address missing"
	ProjectedNotOwned       Fault = "projected address not owned"
	ProjectedNotRemovable   Fault = "projected address not removable"
	ProjectedNotAddable     Fault = "projected address not addable"
	AuthorOutsideGroup      Fault = "author outside group"
	TooManyParticipants     Fault = "too many participants"
	TooManyNative           Fault = "too many native participants"
	RoleUnknown             Fault = "role unknown"
	ReadIndexInvalid        Fault = "read index invalid"
	AuthorTooLong           Fault = "author too long"
	BodyMissing             Fault = "body missing"
	BodyTooLong             Fault = "body too long"
	SubjectTooLong          Fault = "subject too long"
	MediaUnknown            Fault = "media unknown"
	MediaTaken              Fault = "media taken"
	MediaTooLarge           Fault = "media too large"
	MediaTypeInvalid        Fault = "media type invalid"
	FileTooLarge            Fault = "file too large"
	ContentUnknown          Fault = "content unknown"
	Conflict                Fault = "conflict"
	Gone                    Fault = "gone"
	FriendlyNameMissing     Fault = "friendly name missing"
	ServiceUnknown          Fault = "service unknown"
	ConversationBusy        Fault = "conversation busy"
	RoleTypeInvalid         Fault = "role type invalid"
	PermissionUnknown       Fault = "permission unknown"
	UserRoleUnknown         Fault = "user role unknown"
	UserTaken               Fault = "user taken"
	IdentityLikeSID         Fault = "identity looks like a SID"
	TooManyConversations    Fault = "too many conversations"
	NotificationLevelWrong  Fault = "notification level wrong"
	PersonAmbiguous         Fault = "person ambiguous"
	TemplateTooLong         Fault = "template too long"
	SoundTooLong            Fault = "sound too long"
	PushTypeInvalid         Fault = "push type invalid"
	WebhooksInvalid         Fault = "webhooks invalid"
	WebhooksMethodInvalid   Fault = "webhooks method invalid"
	TooManyWebhooks         Fault = "too many webhooks"
	TooManyTriggers         Fault = "too many triggers"
	WebhookTargetInvalid    Fault = "webhook target invalid"
	WebhookTargetMissing    Fault = "webhook target missing"
	WebhookFilterInvalid    Fault = "webhook filter invalid"
	WebhookFilterMissing    Fault = "webhook filter missing"
	WebhookTriggerInvalid   Fault = "webhook trigger invalid"
	WebhookTriggerMissing   Fault = "webhook trigger missing"
	WebhookFlowInvalid      Fault = "webhook flow invalid"
	WebhookURLMissing       Fault = "webhook URL missing"
	WebhookURLTooLong       Fault = "webhook URL too long"
	ContentVariablesInvalid Fault = "content variables invalid"
	ContentMissing          Fault = "content missing"
	ContentVariablesTooLong Fault = "content variables too long"
	ContentKeyTooLong       Fault = "content key too long"
	ContentValueTooLong     Fault = "content value too long"
	ChannelNotPrivate       Fault = "channel not private"
	ChannelMetadataUnknown  Fault = "channel metadata unknown"
	ChangeRefused           Fault = "change refused"
)

// Error is a refusal that the caller can mend. Detail says what to change; for
// some faults it is the name that the reference's message ends with, such as
// the other conversation's ID of PairTaken.
type Error struct {
	Fault  Fault
	Detail string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Detail == "" {
		return string(e.Fault)
	}
	return string(e.Fault) + ": " + e.Detail
}

// Refuse makes an *Error.
func Refuse(f Fault, format string, args ...any) error {
	return &Error{Fault: f, Detail: fmt.Sprintf(format, args...)}
}

// Is reports whether err is a refusal because of f.
func (f Fault) Is(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Fault == f
}

// ErrUnavailable says that the store cannot take a change now: the disk is full
// or the database locked. Nothing was changed; the same request can succeed later.
var ErrUnavailable = errors.New("the store is unavailable")

// ErrBacklogFull says that more inbound messages are unfinished than the
// configured bound allows, or that the disk is nearly full (contract, limits.backlog).
var ErrBacklogFull = errors.New("the backlog is full")
