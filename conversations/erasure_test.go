package conversations_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
)

func TestANameIsFoundByItselfOnly(t *testing.T) {
	t.Parallel()
	s := conversations.Spellings{"15550000001", "US.13491208655302741918"}
	for text, want := range map[string]bool{
		"":                                   false,
		"+15550000001":                       true,
		"15550000001":                        true,
		"whatsapp:+15550000001":              true,
		"sms:+15550000001>sms:+15559990001":  true,
		`{"Address":"+15550000001"}`:         true,
		"Author=whatsapp%3A%2B15550000001&A": true,
		"Body=call%0A15550000001":            true,
		`"call\n15550000001"`:                true,
		`"call\u000015550000001"`:            true,
		"+155500000012":                      false,
		"+215550000001":                      false,
		"a15550000001":                       false,
		"+155500000012 or +15550000001":      true,
		"whatsapp:US.13491208655302741918":   true,
		"whatsapp:US.134912086553027419180":  false,
	} {
		assert.Equal(t, want, s.In(text), text)
	}
	assert.True(t, s.Are("whatsapp:+15550000001"))
	assert.True(t, s.Are("+15550000001"))
	assert.True(t, s.Are("whatsapp:US.13491208655302741918"))
	assert.False(t, s.Are("15550000001"), "an identity may be like this")
	assert.False(t, s.Are("call +15550000001"))
	assert.Equal(t, "erased, +155500000012, +erased", s.Replace("15550000001, +155500000012, +15550000001", "erased"))
}

// However a text is wrapped, the name in it is found, and is not when it is replaced.
func TestANameIsFoundHoweverItIsWrapped(t *testing.T) {
	t.Parallel()
	s := conversations.Spellings{"15550000001"}
	wraps := []func(string) string{
		func(text string) string {
			b, err := json.Marshal(map[string]string{"text": text})
			require.NoError(t, err)
			return string(b)
		},
		func(text string) string { return url.Values{"Body": {text}}.Encode() },
	}
	rapid.Check(t, func(t *rapid.T) {
		mark := rapid.SampledFrom([]string{"", " ", "\n", "\t", "(", ",", "é", "\"", "\\", "\x01", "&", "<"})
		text := mark.Draw(t, "before") + rapid.SampledFrom([]string{"", "+"}).Draw(t, "plus") + "15550000001" + mark.Draw(t, "after")
		for range rapid.IntRange(0, 2).Draw(t, "wraps") {
			text = rapid.SampledFrom(wraps).Draw(t, "wrap")(text)
		}
		assert.True(t, s.In(text), text)
		assert.False(t, s.In(s.Replace(text, "erased")), text)
	})
}
