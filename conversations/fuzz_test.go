package conversations_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"bridged/conversations"
)

// FuzzAddress masks addresses for the log. Never is more shown than the beginning and
// the end, nor of a short one anything at all.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"+15550001111", "whatsapp:+15550001111", "WhatsApp:US.13491208655302741918", "72345", "", ":", "a:b:c", "web:ééééééééé", "\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a := conversations.Address(s)
		masked := a.Masked()
		require.Contains(t, masked, "•••")
		require.True(t, utf8.ValidString(masked) || !utf8.ValidString(s), "%q", masked)
		require.Equal(t, masked, a.LogValue().String())
		hidden := len(a.Local()) - (len(masked) - len("•••") - (len(s) - len(a.Local())))
		require.GreaterOrEqual(t, hidden, min(3, len(a.Local())))
		require.Equal(t, a.Type(), conversations.Address(strings.Map(shout, s)).Type())
	})
}

// shout makes a capital of a letter of ASCII. Types have no others, some of which are
// not what they were when they come back from being capitals.
func shout(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r - 'a' + 'A'
	}
	return r
}

// FuzzSegments counts what a text takes on the air.
func FuzzSegments(f *testing.F) {
	for _, s := range []string{"", strings.Repeat("a", 160), strings.Repeat("€", 81), strings.Repeat("😀", 36), "“quoted” – text…\u00a0", "\xff\x1b[", strings.Repeat("ж", 71)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, units := conversations.Segments(s), conversations.UTF16Length(s)
		require.GreaterOrEqual(t, n, 1)
		require.LessOrEqual(t, n, units/66+1)
		plain := conversations.Plain(s)
		require.LessOrEqual(t, conversations.Segments(plain), n, "a text becomes plain to be cheaper")
		require.Equal(t, plain, conversations.Plain(plain))
		if plain != s {
			require.True(t, conversations.IsGSM(plain))
			require.False(t, conversations.IsGSM(s))
		}
		if conversations.IsGSM(s) && len(s) <= 70 {
			require.Equal(t, 1, n)
		}
	})
}

// FuzzURL looks for a URL that is taken for one of the web and leads elsewhere, or
// breaks a header.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"https://a.example/b?c#d", "http://user:password@[::1]:80", "//a", "javascript:1", "https://", "https://a\r\nHost: b", "HTTPS://a", "https:///a", "https://%zz"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if err := conversations.CheckURL("Url", s); err != nil {
			require.True(t, conversations.InvalidParameter.Is(err))
			return
		}
		lower := strings.ToLower(s)
		require.True(t, strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://"), "%q", s)
		require.False(t, strings.ContainsAny(s, " \r\n\t\x00"), "%q", s)
	})
}
