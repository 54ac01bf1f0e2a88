package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"bridged/conversations"
)

// Codes of errors that come from HTTP rather than from a rule of the domain.
const (
	CodeInvalidParameter = 20001
	CodeUnauthorized     = 20003
	CodeMethodNotAllowed = 20004
	CodeForbidden        = 20403
	CodeNotFound         = 20404
	CodeConflict         = 20409
	// CodePreconditionFailed is made as the others are: the reference's dictionary
	// has none for this status.
	CodePreconditionFailed = 20412
	CodeTooLarge           = 20413
	CodeTooManyRequests    = 20429
	CodeInternal           = 20500
	CodeUnavailable        = 20503
)

// retryAfter is how many seconds a caller is asked to wait when the store
// cannot take a change. It is long enough for a full disk or a long backup to be
// noticed and short enough that a passing lock costs little.
const retryAfter = 5

// Error is an error as the API answers it.
type Error struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
	// RetryAfter is how many seconds to wait before the same request may
	// succeed; 0 says nothing about it. It travels as a header.
	RetryAfter int `json:"-"`
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%d: %s", e.Code, e.Message) }

// NewError makes an *Error.
func NewError(status, code int, format string, args ...any) *Error {
	return &Error{
		Code:     code,
		Message:  fmt.Sprintf(format, args...),
		MoreInfo: fmt.Sprintf("https://www.twilio.com/docs/errors/%d", code),
		Status:   status,
	}
}

// Invalid is the error of a parameter that cannot be read.
func Invalid(format string, args ...any) *Error {
	return NewError(http.StatusBadRequest, CodeInvalidParameter, "Invalid parameter: "+format, args...)
}

// NotFound is the error of a path at which there is nothing.
func NotFound(path string) *Error {
	return NewError(http.StatusNotFound, CodeNotFound, "The requested resource %s was not found", path)
}

// TooManyRequests is the error of a request that may be repeated after wait.
func TooManyRequests(wait time.Duration) *Error {
	e := NewError(http.StatusTooManyRequests, CodeTooManyRequests, "Too Many Requests")
	e.RetryAfter = max(1, int((wait+time.Second-1)/time.Second))
	return e
}

// Internal is the error of a fault of ours. What it was is for the log, not for
// the caller.
func Internal() *Error {
	return NewError(http.StatusInternalServerError, CodeInternal, "Internal Server Error")
}

// FromError says how err is answered to a request for path. An error that
// nothing here knows becomes Internal, which the caller of FromError should log.
func FromError(err error, path string) *Error {
	var wire *Error
	if errors.As(err, &wire) {
		return wire
	}
	var refused *conversations.Error
	if errors.As(err, &refused) {
		return fromFault(refused, path)
	}
	// A request whose time is up changed nothing that it could rely on: it is
	// told to try again, as when the store is busy.
	if errors.Is(err, conversations.ErrUnavailable) || errors.Is(err, conversations.ErrBacklogFull) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		e := NewError(http.StatusServiceUnavailable, CodeUnavailable, "Service unavailable")
		e.RetryAfter = retryAfter
		return e
	}
	return Internal()
}

func fromFault(refused *conversations.Error, path string) *Error {
	if refused.Fault == conversations.NotFound {
		return NotFound(path)
	}
	r, ok := refusals()[refused.Fault]
	if !ok {
		// A fault without an entry is a mistake of ours that a test catches. Its
		// cause is still the request, so it is not answered as a failure.
		r = refusal{http.StatusBadRequest, CodeInvalidParameter, string(refused.Fault)}
	}
	switch {
	case refused.Detail == "":
		return NewError(r.status, r.code, "%s", r.text)
	case refused.Fault == conversations.PairTaken:
		// Clients read the other conversation's SID off the end of the message.
		return NewError(r.status, r.code, "%s in Conversation %s", r.text,
			SID(conversations.ConversationID(refused.Detail)))
	}
	return NewError(r.status, r.code, "%s: %s", r.text, refused.Detail)
}

// refusal is how the reference answers a fault.
type refusal struct {
	status, code int
	text         string
}

// refusals lists every fault of the domain but NotFound, whose message names
// the path. Codes, statuses and words are the reference's error dictionary's.
func refusals() map[conversations.Fault]refusal {
	return map[conversations.Fault]refusal{
		conversations.InvalidParameter:        {400, CodeInvalidParameter, "Invalid parameter"},
		conversations.FriendlyNameTooLong:     {400, 50003, "Friendly name too long"},
		conversations.UniqueNameTooLong:       {400, 50004, "Unique Name too long"},
		conversations.UniqueNameTaken:         {409, 50353, "Conversation with provided unique name already exists"},
		conversations.UniqueNameLikeSID:       {400, 50390, "Unique name should not match conversation sid pattern"},
		conversations.AttributesNotJSON:       {400, 50304, "Attributes not valid JSON"},
		conversations.AttributesTooLong:       {400, 50303, "Attributes too long"},
		conversations.MessagingServiceUnknown: {400, 50341, "Invalid messaging service SID"},
		conversations.StateInvalid:            {400, 50378, "'State' parameter value is invalid"},
		conversations.StateInitiallyClosed:    {400, 50384, "Initial state can't be 'closed'"},
		conversations.ConversationClosed:      {400, 50377, "Can't update conversation as it's in final closed state"},
		conversations.TimerInactiveInvalid:    {400, 50379, "TimeToInactive format is invalid"},
		conversations.TimerInactiveTooShort:   {400, 50375, "TimeToInactive should be greater or equal to 1 minute"},
		conversations.TimerClosedInvalid:      {400, 50380, "TimeToClosed format is invalid"},
		conversations.TimerClosedTooShort:     {400, 50376, "TimeToClosed should be greater or equal to 10 minutes"},
		conversations.IdentityTooLong:         {400, 50207, "Identity too long"},
		conversations.IdentityTaken:           {409, 50433, "Participant already exists"},
		conversations.IdentityWithBinding:     {400, 50211, "Identity parameter not acceptable for this Participant"},
		conversations.IdentityMissing:         {400, 50204, "Identity not provided"},
		conversations.IdentityPresent:         {400, 50444, "Failed to add an identity to a participant"},
		conversations.AddressInvalid:          {400, 50407, "Invalid messaging binding address"},
		conversations.AddressMissing:          {400, 50411, "Participant address is empty"},
		conversations.AddressEqualsProxy:      {400, 50409, "Participant address equals proxy address"},
		conversations.ProxyMissing:            {400, 50412, "Participant proxy address is empty"},
		conversations.ProxyNotOwned:           {403, 50413, "Account is not authorized to use proxy address"},
		conversations.TypesDiffer:             {400, 50414, "Participant address type does not match proxy address type"},
		conversations.PairTaken:               {409, 50416, "A binding for this participant and proxy address already exists"},
		conversations.ProxyNotRemovable:       {400, 50440, "Failed to remove the proxy address of a participant"},
		conversations.ProxyNotAddable:         {400, 50441, "Failed to add a proxy address to a participant"},
		conversations.GroupsUnavailable:       {400, 50452, "Group MMS is not enabled for this Account"},
		conversations.TooManyParticipants:     {400, 50417, "Participants limit exceeded"},
		conversations.TooManyNative:           {400, 50418, "Non-Chat participants limit exceeded"},
		conversations.RoleUnknown:             {404, 50109, "Conversation role not found"},
		conversations.ReadIndexInvalid:        {400, 50421, "Invalid last read message index format"},
		conversations.AuthorTooLong:           {400, 50310, "Author parameter is too long"},
		conversations.BodyMissing:             {400, 50503, "Message body not provided"},
		conversations.BodyTooLong:             {400, 50504, "Message body parameter is too long"},
		conversations.SubjectTooLong:          {400, CodeInvalidParameter, "Invalid parameter: Subject is too long"},
		conversations.MediaUnknown:            {404, 50507, "Media not found"},
		conversations.MediaTaken:              {400, 50508, "Media already sent with another message"},
		conversations.MediaTooLarge:           {400, 50512, "Message media size is too large"},
		conversations.MediaTypeInvalid:        {400, 50511, "Invalid message media content type"},
		conversations.FileTooLarge:            {413, CodeTooLarge, "Request Entity Too Large"},
		conversations.ContentUnknown:          {400, 50526, "Invalid content SID"},
		conversations.Conflict:                {409, CodeConflict, "Conflict"},
		conversations.FriendlyNameMissing:     {400, 50000, "FriendlyName not provided"},
		conversations.ServiceUnknown:          {404, 50050, "Service Instance not found"},
		conversations.ConversationBusy:        {409, 50391, "Conflicting conversation modification"},
		conversations.RoleTypeInvalid:         {400, 50105, "Invalid role type"},
		conversations.PermissionUnknown:       {404, 50104, "Permission not found"},
		conversations.UserRoleUnknown:         {404, 50100, "Role not found"},
		conversations.UserTaken:               {409, 50201, "User already exists"},
		conversations.IdentityLikeSID:         {400, 50206, "Identity should not match user SID pattern"},
		conversations.TooManyConversations:    {400, 50214, "User conversation limit exceeded"},
		conversations.NotificationLevelWrong:  {400, 50210, "Invalid notification level"},
		conversations.PersonAmbiguous:         {400, 50451, "One user identifier parameter for lookup at a time is allowed. Please, use either Identity or Address."},
		conversations.TemplateTooLong:         {400, 50058, "Notification template too long"},
		conversations.SoundTooLong:            {400, 50059, "Notification sound name too long"},
		conversations.PushTypeInvalid:         {400, 50209, "Invalid binding type"},
		conversations.WebhooksInvalid:         {400, 50054, "Invalid webhook format"},
		conversations.WebhooksMethodInvalid:   {400, 50055, "Invalid webhook method"},
		conversations.TooManyWebhooks:         {400, 50361, "Too many conversation webhooks"},
		conversations.TooManyTriggers:         {400, 50362, "Too many conversation webhook triggers"},
		conversations.WebhookTargetInvalid:    {400, 50364, "Invalid conversation webhook type"},
		conversations.WebhookTargetMissing:    {400, 50368, "Conversation webhook type not provided"},
		conversations.WebhookFilterInvalid:    {400, 50365, "Invalid conversation webhook filter"},
		conversations.WebhookFilterMissing:    {400, 50370, "Conversation webhook filter not provided"},
		conversations.WebhookTriggerInvalid:   {400, 50366, "Invalid conversation webhook trigger"},
		conversations.WebhookTriggerMissing:   {400, 50371, "Conversation webhook trigger not provided"},
		conversations.WebhookFlowInvalid:      {400, 50367, "Invalid conversation webhook flow SID"},
		conversations.WebhookURLMissing:       {400, 50369, "Conversation webhook URL not provided"},
		conversations.WebhookURLTooLong:       {400, 50372, "Conversation webhook URL is too long"},
	}
}
