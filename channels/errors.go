package channels

import (
	"errors"
	"fmt"
	"time"
)

// Errors of a hook request.
var (
	// ErrSignature means that the request does not prove that it is the carrier's.
	ErrSignature = errors.New("the request's signature is wrong or missing")
	// ErrMalformed means that the request is the carrier's but makes no sense.
	ErrMalformed = errors.New("the request is malformed")
)

// Verdict classifies a failed send by what to do about it.
type Verdict int

// The verdicts. The zero value is Unknown: a driver that forgets to decide must
// not cause a message to be sent twice.
const (
	Unknown       Verdict = iota // the carrier may have taken it (contract, 11)
	Retry                        // the carrier does not have it; try again later
	Throttled                    // likewise, and not before After
	Permanent                    // it will never take this
	OptedOut                     // the person does not want messages from this proxy
	OutsideWindow                // free text is not allowed now
)

// String names the verdict for logs and metrics.
func (v Verdict) String() string {
	return [...]string{"unknown", "retry", "throttled", "permanent", "opted_out", "outside_window"}[v]
}

// Scope is whose sends a throttling carrier wants to come more slowly.
type Scope int

// The scopes. Of the zero value, which a bare 429 has, the pipeline finds out by
// itself: one that meets several people is about more than one pair.
const (
	ScopeUnsaid  Scope = iota
	ScopePair          // those from the proxy address to this person
	ScopeNumber        // those from the proxy address
	ScopeChannel       // those of the account
)

// SendError is a send that did not end in acceptance.
type SendError struct {
	Verdict Verdict
	// Code is the reference's error code for the receipt (errors.tsv), 0 where
	// none fits.
	Code int
	// CarrierCode and Detail are the carrier's own code and words. They are kept
	// with the attempt and shown to the operator, never logged.
	CarrierCode string
	Detail      string
	// After is how long a throttling carrier asks to wait; 0 when it does not say.
	After time.Duration
	// Scope says whose sends are too many, of Throttled.
	Scope Scope
	// Cause is the error of the transport, if there was one.
	Cause error
}

// Error implements error. It leaves out the carrier's words, which may hold an
// address.
func (e *SendError) Error() string {
	s := "send: " + e.Verdict.String()
	if e.CarrierCode != "" {
		s += fmt.Sprintf(", carrier's code %s", e.CarrierCode)
	}
	return s
}

// Unwrap returns the transport's error.
func (e *SendError) Unwrap() error { return e.Cause }
