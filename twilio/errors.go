package twilio

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"bridged/conversations"
)

// Codes of errors that come from HTTP rather than from a rule of the domain.
const (
	CodeInvalidParameter = 20001
	CodeUnauthorized     = 20003
	CodeMethodNotAllowed = 20004
	CodeNotFound         = 20404
	CodeConflict         = 20409
	CodeTooLarge         = 20413
	CodeInternal         = 20500
	CodeUnavailable      = 20503
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
		conversations.ContentUnknown:          {400, 50526, "Invalid content SID"},
		conversations.ContentVariablesInvalid: {400, 50527, "Invalid content variables format"},
		conversations.ContentMissing:          {400, 50528, "Content SID is missing"},
		conversations.ContentVariablesTooLong: {400, 50529, "Content variables are too long"},
		conversations.ContentKeyTooLong:       {400, 50540, "Content variable key is too long"},
		conversations.ContentValueTooLong:     {400, 50541, "Content variable value is too long"},
		conversations.ChannelNotPrivate:       {400, 50393, "Type value should be 'private'."},
		conversations.ChannelMetadataUnknown:  {404, 50530, "Channel Metadata not found"},
		conversations.KeyReused:               {409, CodeConflict, "Conflict"},
	}
}
