package conversations

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The letters of GSM 03.38: those that take one septet, and those of its extension
// table, which take two: an escape and themselves.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "\f^{}\\[~]|€"
)

// How much one segment of an SMS holds: alone, and as one of several, where a
// header takes the place of some letters (carriers.md §3 c).
const (
	septetsAlone   = 160 // of GSM 03.38
	septetsOfMany  = 153
	utf16Alone     = 70 // code units of UCS-2, in which a letter beyond U+FFFF takes two
	utf16OfMany    = 67
	escapedSeptets = 2
)

// Segments says how many messages of the air interface a text takes as SMS, at
// least one. Carriers charge for each. A text of which every letter is in GSM
// 03.38, its extension table included, is counted in septets: 160 in one segment,
// 153 in each of several. Any other is counted in UTF-16 code units, as UCS-2: 70,
// or 67. A letter of the extension table and a surrogate pair are never cut, so a
// segment may stay one short of full. A byte that is no UTF-8 counts as the
// replacement character that carriers see.
func Segments(text string) int {
	width, alone, ofMany := septets, septetsAlone, septetsOfMany
	if !IsGSM(text) {
		width, alone, ofMany = utf16.RuneLen, utf16Alone, utf16OfMany
	}
	whole, segments, used := 0, 1, 0
	for _, r := range text {
		n := width(r)
		whole += n
		if used+n > ofMany {
			segments++
			used = 0
		}
		used += n
	}
	if whole <= alone {
		return 1
	}
	return segments
}

// IsGSM says whether every letter of a text is in GSM 03.38, or in its extension
// table.
func IsGSM(text string) bool {
	for _, r := range text {
		if septets(r) == 0 {
			return false
		}
	}
	return true
}

// septets is how many septets a letter takes; 0 for one that GSM 03.38 lacks.
func septets(r rune) int {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == ' ':
		return 1 // most letters, without a search
	case strings.ContainsRune(gsmBasic, r):
		return 1
	case strings.ContainsRune(gsmExtended, r):
		return escapedSeptets
	}
	return 0
}

// UTF16Length is the length of a text in UTF-16 code units, the unit in which
// carriers limit texts. A byte that is no UTF-8 counts as one, as the replacement
// character that carriers see.
func UTF16Length(text string) (units int) {
	for _, r := range text {
		units += utf16.RuneLen(r)
	}
	return units
}

// plain maps the marks that word processors and phones put in by themselves to
// those of a typewriter.
var plain = strings.NewReplacer( //nolint:gochecknoglobals // it never changes
	"“", `"`, "”", `"`, "„", `"`, "‟", `"`, "″", `"`, "«", `"`, "»", `"`,
	"‘", "'", "’", "'", "‚", "'", "‛", "'", "′", "'", "‹", "'", "›", "'",
	"–", "-", "—", "-", "‒", "-", "―", "-", "‐", "-", "‑", "-", "−", "-",
	"…", "...",
	"\u00a0", " ", "\u2007", " ", "\u202f", " ", "\u2009", " ", "\u200a", " ", "\u2002", " ", "\u2003", " ",
)

// Plain returns a text with typographic quotation marks, dashes, ellipses and
// spaces made plain, where that leaves only letters of GSM 03.38: one curly mark
// would otherwise make of each segment less than half of one. A text that needs
// UCS-2 all the same gains nothing, nor does one that would grow by its dots; they
// are left as they are.
func Plain(text string) string {
	if !utf8.ValidString(text) || IsGSM(text) {
		return text
	}
	mapped := plain.Replace(text)
	if !IsGSM(mapped) || Segments(mapped) > Segments(text) {
		return text
	}
	return mapped
}
