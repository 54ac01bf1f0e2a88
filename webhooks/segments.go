package webhooks

import (
	"strings"
	"unicode/utf16"

	"bridged/conversations"
)

// The letters of GSM 03.38: those that take one septet, and those that take two.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "\f^{}\\[~]|€"
)

// segments says how many messages of the air interface a text takes: 160 septets,
// or 70 code units where a letter is not in the alphabet of GSM; of a longer text
// each takes 153 or 67 (carriers.md §3 c). Channels other than SMS have no such
// parts.
func segments(t conversations.ChannelType, text string) int {
	if t != conversations.TypeSMS {
		return 1
	}
	n, one, many := 0, 160, 153
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			n++
		case strings.ContainsRune(gsmExtended, r):
			n += 2
		default:
			n, one, many = len(utf16.Encode([]rune(text))), 70, 67
		}
		if one == 70 {
			break
		}
	}
	if n <= one {
		return 1
	}
	return (n + many - 1) / many
}
