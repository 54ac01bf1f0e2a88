package cloud

import (
	"encoding/json"
	"strconv"

	"bridged/channels"
	"bridged/channels/internal/carrierhttp"
)

// The reference's codes that are used in more than one place (errors.tsv).
const (
	codeAuthentication = 63001 // could not authenticate the request
	codeNotAccepted    = 63005 // the channel did not accept the content
	codeInternal       = 63009 // internal error of the channel
	codeWindow         = 63016 // free text outside the window
	codeRate           = 63018 // too many messages
	codeContent        = 63021 // invalid content
	codeGeneric        = 63023 // any other error of the channel
)

// metaError is an error in Meta's form: of an answer, and of a failed status,
// where the title stands for the message.
type metaError struct {
	Code    integer `json:"code"`
	Message string  `json:"message"`
	Title   string  `json:"title"`
	Data    struct {
		Details string `json:"details"`
	} `json:"error_data"`
}

// listOfErrors are errors beside a message. What is no list of them is none: the
// message is worth more.
type listOfErrors []metaError

// UnmarshalJSON implements json.Unmarshaler.
func (l *listOfErrors) UnmarshalJSON(b []byte) error {
	var list []metaError
	if json.Unmarshal(b, &list) == nil {
		*l = list
	}
	return nil
}

// carrierCode is Meta's code as text, empty where there is none.
func (e metaError) carrierCode() string {
	if e.Code == 0 {
		return ""
	}
	return strconv.FormatInt(int64(e.Code), 10)
}

// detail is the most telling of Meta's words.
func (e metaError) detail() string {
	for _, words := range []string{e.Data.Details, e.Message, e.Title} {
		if words != "" {
			return words
		}
	}
	return ""
}

// refusal reads Meta's error. Its code says more than the HTTP status.
func refusal(a carrierhttp.Answer) *channels.SendError {
	var said struct {
		Error metaError `json:"error"`
	}
	_ = json.Unmarshal(a.Body, &said) // a proxy's page instead leaves all empty
	code, verdict, known := translate(int(said.Error.Code))
	if !known {
		verdict = carrierhttp.Verdict(a.Status)
		code = codeOfStatus(verdict, a.Status)
	}
	e := a.Refusal(verdict, code, said.Error.carrierCode(), said.Error.detail())
	e.Scope = scopeOf(int(said.Error.Code))
	return e
}

// scopeOf says whose sends were too many, by Meta's code.
func scopeOf(code int) channels.Scope {
	switch code {
	case 131056:
		return channels.ScopePair
	case 131048, 133016: // as spam, or after registrations
		return channels.ScopeNumber
	case 4, 80007, 130429: // the app's, the account's, the throughput of the Cloud API
		return channels.ScopeChannel
	}
	return channels.ScopeUnsaid
}

// codeOfStatus is the reference's code where only the HTTP status is known.
func codeOfStatus(v channels.Verdict, status int) int {
	switch {
	case v == channels.Throttled:
		return codeRate
	case v == channels.Permanent:
		return codeNotAccepted
	case status >= 500:
		return codeInternal
	case status == 401 || status == 403:
		return codeAuthentication
	}
	return codeGeneric
}

// translate says what Meta's code means: the reference's code, and what a send
// that was refused with it is to do. What the operator can mend (a token, an
// unpaid bill) is tried again. Asynchronous failures use the first of the two
// only: the message was taken, and it is the receipt that fails.
//
// Meta lists its codes under "Support, Error codes" of the Cloud API.
func translate(code int) (reference int, verdict channels.Verdict, known bool) {
	switch code {
	case 131047, 470: // 470 is the on-premises API's
		return codeWindow, channels.OutsideWindow, true
	case 4, 80007, 130429, 131048, 131056, 133016: // the app, the account, the number, spam, the pair, registration
		return codeRate, channels.Throttled, true
	case 1, 2, 131000, 131016, 131057, 133004: // overloaded, or in maintenance
		return codeInternal, channels.Retry, true
	case 3, 10, 190, 131005:
		return codeAuthentication, channels.Retry, true
	case 131042: // a bill is not paid
		return 63020, channels.Retry, true
	case 131052, 131053: // media that Meta could not fetch or store
		return 63019, channels.Retry, true
	}
	if code >= 200 && code <= 299 { // a permission that was not granted
		return codeAuthentication, channels.Retry, true
	}
	reference = permanent(code)
	return reference, channels.Permanent, reference != 0
}

// permanent translates what no second attempt mends; 0 for any other code.
func permanent(code int) int {
	switch code {
	case 131026: // not on WhatsApp, an old version, terms not accepted
		return 63024
	case 131021: // to itself
		return 63031
	case 131030: // a test number's list does not have the person
		return 63015
	case 131051:
		return codeContent
	case 100, 131008, 131009, 131055, 135000: // a parameter, a method
		return codeNotAccepted
	case 130472, 131049: // an experiment, marketing limits
		return 63032
	case 131050: // the person stopped marketing messages, not all
		return 63014
	case 368, 130497: // policy, a country
		return 63013
	case 131031: // the account is locked
		return 63051
	case 131037: // the number's name is not approved
		return 63022
	case 33, 131045, 133010: // the number is not registered, or gone
		return 63007
	case 132000: // number of parameters
		return 63028
	case 132001: // no such template
		return 63027
	case 132005, 132068, 132069: // a text that is too long with its variables; a flow that is blocked or throttled
		return codeNotAccepted
	case 132007:
		return 63013
	case 132012, 132018: // the form of a parameter
		return 63030
	case 132015: // a template paused
		return 63041
	case 132016: // disabled
		return 63042
	}
	return 0
}

// codeOfFailure is the reference's code for a status that says failed.
func codeOfFailure(code int) int {
	reference, _, known := translate(code)
	if !known {
		return codeGeneric
	}
	return reference
}
