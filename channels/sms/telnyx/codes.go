package telnyx

import (
	"encoding/json"
	"strconv"
	"strings"

	"bridged/channels"
	"bridged/channels/internal/carrierhttp"
	"bridged/channels/internal/sms"
)

// carrierError is an error in Telnyx's form: of an answer, and of a message that
// was not delivered.
type carrierError struct {
	Code   code   `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

// code is an error code. It is documented as a text, and a number is taken too.
type code int

// UnmarshalJSON implements json.Unmarshaler. What is no number is 0.
func (c *code) UnmarshalJSON(b []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(b), `"`))
	if err == nil && n > 0 {
		*c = code(n)
	}
	return nil
}

// String is the code as text, empty where there is none.
func (c code) String() string {
	if c == 0 {
		return ""
	}
	return strconv.Itoa(int(c))
}

// words are the most telling of Telnyx's.
func (e carrierError) words() string {
	if e.Detail != "" {
		return e.Detail
	}
	return e.Title
}

// refusal reads Telnyx's error. Its code says more than the HTTP status.
func refusal(a carrierhttp.Answer) *channels.SendError {
	var said struct {
		Errors []carrierError `json:"errors"`
	}
	_ = json.Unmarshal(a.Body, &said) // a proxy's page instead leaves it empty
	var first carrierError
	if len(said.Errors) > 0 {
		first = said.Errors[0]
	}
	number, verdict, known := translate(first.Code)
	if !known {
		verdict = carrierhttp.Verdict(a.Status)
		number = codeOfStatus(verdict, a.Status)
	}
	if a.Header.Get("Retry-After") == "" {
		// Telnyx's own header says in seconds when the limit is lifted.
		if wait, err := strconv.Atoi(a.Header.Get("X-Ratelimit-Reset")); err == nil && wait > 0 && wait <= longestReset {
			a.Header = a.Header.Clone()
			a.Header.Set("Retry-After", strconv.Itoa(wait))
		}
	}
	return a.Refusal(verdict, number, first.Code.String(), first.words())
}

// longestReset is the longest wait that x-ratelimit-reset is believed, in
// seconds. A greater number would be a time of day.
const longestReset = 3600

// codeOfStatus is the reference's code where only the HTTP status is known.
func codeOfStatus(v channels.Verdict, status int) int {
	switch {
	case v == channels.Throttled:
		return sms.CodeTooMany
	case status == 401 || status == 403:
		return sms.CodeCredentials
	}
	return sms.CodeUnknown
}

// translate says what Telnyx's code means: the reference's code, and what a send
// that was refused with it is to do. What the operator can mend (a key, money, a
// number that is not set up) is tried again. Of a message that was taken and not
// delivered only the first counts: it is the receipt that fails.
//
// Telnyx lists its codes under "Messaging Error Code Reference" and "API error
// codes".
func translate(c code) (number int, verdict channels.Verdict, known bool) {
	if number = later(c); number != 0 {
		return number, channels.Retry, true
	}
	if number = throttled(c); number != 0 {
		return number, channels.Throttled, true
	}
	if c == 40300 { // the person wrote STOP to a number of the profile
		return sms.CodeOptedOut, channels.OptedOut, true
	}
	number = permanent(c)
	return number, channels.Permanent, number != 0
}

// later translates what the operator can mend; 0 for any other code.
func later(c code) int {
	switch c {
	case 10005: // no such resource: the base URL is mistyped
		return sms.CodeUnknown
	case 10009, 10010, 20002, 20006, 40311, 40313: // the key or its permissions
		return sms.CodeCredentials
	case 20012, 20013, 20014, 20015, 20016, 20017, 20100, 40312, 40314: // the account, its money, its profile
		return sms.CodeSuspended
	case 10001, 40013, 40100, 40305, 40306, 40308, 40321: // our number may not send
		return sms.CodeSender
	case 40151, 40320: // it soon may
		return sms.CodePending
	case 40150, 40329: // toll-free and not verified
		return sms.CodeUnverified
	case 40010:
		return sms.CodeUnregistered
	}
	return 0
}

// throttled translates what is too much at once; 0 for any other code.
func throttled(c code) int {
	switch c {
	case 10011:
		return sms.CodeTooMany
	case 40318:
		return sms.CodeQueue
	case 40011, 40018: // of a network, of AT&T
		return sms.CodeRate
	case 40016: // T-Mobile's, until midnight
		return sms.CodeDailyCap
	}
	return 0
}

// permanent translates what no second attempt mends; 0 for any other code.
func permanent(c code) int {
	switch c {
	case 10002, 10016, 40310: // no number
		return sms.CodeReceiver
	case 40012: // a number that its network does not know
		return sms.CodeUnknownNumber
	case 40001, 40006, 40309: // a landline, a network that does not answer, a country that is not enabled
		return sms.CodeLandline
	case 40002, 40003, 40015, 40017, 40315, 40322: // spam
		return sms.CodeFiltered
	case 40004:
		return sms.CodeBlocked
	case 40005: // it expired on the way to the handset
		return sms.CodeUnreachable
	case 40014: // it expired in Telnyx's queue
		return sms.CodeQueue
	case 40301, 40319: // a type of message that the receiver does not take
		return sms.CodeNoMMS
	case 40302, 40328:
		return sms.CodeTooLarge
	case 10003, 40317: // a URL, the files
		return sms.CodeMedia
	case 40007, 40008, 40009, 40304, 40316:
		return sms.CodeUnknown
	}
	return 0
}
