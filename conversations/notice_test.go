package conversations_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/conversations"
)

func TestWhatPeopleAreShownOfAURLHoldsNoSecret(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://example.com/hook":                         "https://example.com/hook",
		"https://example.com/hook?":                        "https://example.com/hook?",
		"https://example.com/hook#rc=2&rp=5xx":             "https://example.com/hook#rc=2&rp=5xx",
		"https://somebody:secret@example.com/hook":         "https://somebody:xxxxx@example.com/hook",
		"https://somebody:@example.com/hook":               "https://somebody:xxxxx@example.com/hook",
		"https://secret@example.com:8443/hook":             "https://xxxxx@example.com:8443/hook",
		"https://example.com/hook?token=secret&of=ours#ct": "https://example.com/hook?token=xxxxx&of=xxxxx#ct",
		"https://example.com/hook?secret":                  "https://example.com/hook?xxxxx",
		"https://example.com/hook?a=sec=ret&&b=%zz":        "https://example.com/hook?a=xxxxx&&b=xxxxx",
		"https://%zz": "",
	} {
		assert.Equal(t, want, conversations.MaskURL(text), text)
	}
}
