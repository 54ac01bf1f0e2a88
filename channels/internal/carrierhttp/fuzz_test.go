package carrierhttp

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzRetryAfter reads how long a carrier asks to wait: never back in time, and never
// for longer than a day.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"7", "0.5", "-1", "NaN", "Inf", "1e300", "0x1p-2", "Fri, 02 Jan 2026 03:05:05 GMT", "Friday, 02-Jan-26 03:05:05 GMT", "1_000", ""} {
		f.Add(value, int64(1767323045))
	}
	f.Fuzz(func(t *testing.T, value string, now int64) {
		a := Answer{Header: http.Header{"Retry-After": {value}}}
		wait := a.retryAfter(time.Unix(now, 0))
		require.True(t, wait >= 0 && wait <= 24*time.Hour, wait)
	})
}
