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
	CodeGone             = 20410
	// CodePreconditionFailed is made as the others are: the reference's dictionary
	// has none for this status.
	CodePreconditionFailed = 20412
	CodeTooLarge           = 20413
	CodeTooManyRequests    = 20429
	CodeInternal           = 20500
	// CodeNotImplemented and CodeNoRoom are made as the others are: the reference's
	// dictionary has none for these statuses.
	CodeNotImplemented = 20501
	CodeUnavailable    = 20503
	CodeNoRoom         = 20507
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
	case refused.Fault == conversations.GroupTaken:
		return NewError(r.status, r.code, "%s %s", r.text, SID(conversations.ConversationID(refused.Detail)))
	case refused.Fault == conversations.PairTaken:
		// Clients read the other conversation's SID off the end of the message.
		return NewError(r.status, r.code, "%s in Conversation %s", r.text,
			SID(conversations.ConversationID(refused.Detail)))
	}
	return NewError(r.status, r.code, "%s: %s", r.text, refused.Detail)
}
