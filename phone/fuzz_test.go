package phone_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/phone"
)

// FuzzCanonical looks for a number whose canonical form has another one, or is none:
// two people would be taken for one, or one for two.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{"+5215512345678", "+541112345678", "+5491112345678", "+551187654321", "+5511987654321", "+15550001111", "+0", "72345", "", "+55é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		canonical := phone.Canonical(s)
		require.Equal(t, canonical, phone.Canonical(canonical))
		require.Equal(t, phone.Valid(s), phone.Valid(canonical))
		if !phone.Valid(s) {
			require.Equal(t, s, canonical, "what is no number stays as it came")
		}
		if phone.Valid(s) || phone.ShortCode(s) {
			require.False(t, phone.Valid(s) && phone.ShortCode(s))
			require.LessOrEqual(t, len(s), 16)
		}
		if phone.CarriesGroups(s) {
			require.True(t, phone.Valid(s))
		}
	})
}
