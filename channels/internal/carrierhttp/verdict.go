package carrierhttp

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"bridged/channels"
	"bridged/channels/internal/normal"
)

// ErrNonsense is the cause of an Unknown where a carrier says that it accepted
// a message and not under which id.
var ErrNonsense = errors.New("the carrier's answer makes no sense")

// Nonsense is the error for an answer of success that cannot be understood: the
// carrier may have taken the message.
func Nonsense() *channels.SendError {
	return &channels.SendError{Verdict: channels.Unknown, Cause: ErrNonsense}
}

// Verdict is what an answer's HTTP status means where the carrier's own code
// says no more. An authentication that fails is mended by the operator, and a
// redirect is a base URL that the operator mistyped: neither is the message's
// fault, so it waits.
func Verdict(status int) channels.Verdict {
	switch {
	case status == http.StatusTooManyRequests:
		return channels.Throttled
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusRequestTimeout:
		return channels.Retry
	case status >= 400 && status < 500:
		return channels.Permanent
	case status >= 300:
		return channels.Retry
	default:
		return channels.Unknown
	}
}

// Refusal fills in what every refusal has: the carrier's words, cut to what is
// kept, and how long a throttling carrier asks to wait.
func (a Answer) Refusal(v channels.Verdict, code int, carrierCode, detail string) *channels.SendError {
	e := &channels.SendError{
		Verdict:     v,
		Code:        code,
		CarrierCode: normal.Detail(carrierCode),
		Detail:      normal.Detail(detail),
	}
	if v == channels.Throttled {
		e.After = a.retryAfter(time.Now())
	}
	return e
}

// retryAfter reads the Retry-After header (RFC 9110, 10.2.3): seconds or a date.
// It is 0 when the carrier does not say, and a day at most.
func (a Answer) retryAfter(now time.Time) time.Duration {
	const longest = 24 * time.Hour
	value := a.Header.Get("Retry-After")
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		if !(seconds > 0) { // NaN included
			return 0
		}
		if seconds > longest.Seconds() {
			return longest
		}
		return time.Duration(seconds * float64(time.Second))
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), longest)
}
