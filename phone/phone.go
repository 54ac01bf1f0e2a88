// Package phone knows how telephone numbers are written: the E.164 form, and
// the few countries where one person has two valid spellings of one number.
//
// It answers few questions only. Valid says whether a text can be a number at
// all; it has no table of numbering plans, because such tables call working
// WhatsApp numbers impossible (carriers.md §2, "Numbers"). Canonical maps the
// spellings of one number to one, for comparing; sending always uses the number
// as it came.
package phone

import (
	"slices"
	"strings"
)

// Valid says whether s has the form of E.164: a plus sign and 7 to 15 digits,
// the first not 0.
func Valid(s string) bool {
	if len(s) < 8 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return false
	}
	return digits(s[1:])
}

// ShortCode says whether s has the form of a short code: 3 to 8 digits.
func ShortCode(s string) bool { return len(s) >= 3 && len(s) <= 8 && digits(s) }

// CarriesGroups says whether the number s may be in a group MMS, which is so for
// the long codes of +1 (page 37): no toll-free number and no short code. Numbers
// that no numbering plan has are not refused.
func CarriesGroups(s string) bool {
	return Valid(s) && strings.HasPrefix(s, "+1") && len(s) >= len("+1")+10 &&
		!slices.Contains(tollFree(), s[len("+1"):len("+1")+3])
}

// tollFree are the area codes of +1 that belong to toll-free numbers.
func tollFree() []string { return []string{"800", "833", "844", "855", "866", "877", "888"} }

// Canonical returns the one spelling that stands for all spellings of the
// number s: Mexico without the 1 after the country code, Argentina with the 9,
// Brazil's mobiles with their ninth digit, its landlines untouched. Any other
// text is returned as it is.
func Canonical(s string) string {
	if !Valid(s) {
		return s
	}
	switch {
	case strings.HasPrefix(s, "+521") && len(s) == len("+521")+10:
		return "+52" + s[len("+521"):]
	case strings.HasPrefix(s, "+54") && !strings.HasPrefix(s, "+549") && len(s) == len("+54")+10:
		return "+549" + s[len("+54"):]
	case strings.HasPrefix(s, "+55") && len(s) == len("+55")+10 && s[5] >= '6':
		return s[:5] + "9" + s[5:]
	}
	return s
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Spellings returns all spellings of the number s, as Canonical has them: its
// canonical one first. Of any other text that is the only one.
func Spellings(s string) []string {
	c := Canonical(s)
	switch {
	case strings.HasPrefix(c, "+52") && len(c) == len("+52")+10:
		return []string{c, "+521" + c[len("+52"):]}
	case strings.HasPrefix(c, "+549") && len(c) == len("+549")+10:
		return []string{c, "+54" + c[len("+549"):]}
	case strings.HasPrefix(c, "+55") && len(c) == len("+55")+11 && c[5] == '9' && c[6] >= '6':
		return []string{c, c[:5] + c[6:]}
	}
	return []string{c}
}
