package phone_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/phone"
)

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, number, want string }{
		{"Mexico with the 1", "+5215512345678", "+525512345678"},
		{"Mexico without", "+525512345678", "+525512345678"},
		{"Mexico, area code beginning with 1", "+521234567890", "+521234567890"},
		{"Mexico, too long", "+52155123456789", "+52155123456789"},
		{"Argentina with the 9", "+5491123456789", "+5491123456789"},
		{"Argentina without", "+541123456789", "+5491123456789"},
		{"Argentina, ten digits beginning with 9", "+549112345678", "+549112345678"},
		{"Argentina, short", "+54112345678", "+54112345678"},
		{"Brazil, mobile with its ninth digit", "+5511987654321", "+5511987654321"},
		{"Brazil, mobile without", "+551187654321", "+5511987654321"},
		{"Brazil, lowest mobile digit", "+551161234567", "+5511961234567"},
		{"Brazil, landline", "+551132654321", "+551132654321"},
		{"Brazil, highest landline digit", "+551152654321", "+551152654321"},
		{"elsewhere", "+15550000123", "+15550000123"},
		{"short code", "55512", "55512"},
		{"a short code that looks like a country code", "521", "521"},
		{"business-scoped id", "US.13491208655302741918", "US.13491208655302741918"},
		{"no number, though as long as one", "+521abcdefghij", "+521abcdefghij"},
		{"no number, Argentina", "+54abcdefghij", "+54abcdefghij"},
		{"no number, Brazil", "+55abcdefghij", "+55abcdefghij"},
		{"empty", "", ""},
	} {
		assert.Equal(t, c.want, phone.Canonical(c.number), c.name)
	}
}

func TestCanonicalIsIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.StringMatching(`\+5(21?|49?|5)[0-9]{8,11}`),
			rapid.StringMatching(`\+[1-9][0-9]{6,14}`),
			rapid.String(),
		).Draw(t, "s")
		once := phone.Canonical(s)
		assert.Equal(t, once, phone.Canonical(once))
		assert.Equal(t, phone.Valid(s), phone.Valid(once), "a number stays one")
	})
}

func TestValid(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{
		"+1555000": true, "+155500": false, "+123456789012345": true, "+1234567890123456": false,
		"+5215512345678": true, "15550000123": false, "+05550000123": false, "+1555000012a": false,
		"+1 555 000 0123": false, "": false, "+": false,
	} {
		assert.Equal(t, want, phone.Valid(number), number)
	}
}

func TestShortCode(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]bool{
		"12": false, "123": true, "12345678": true, "123456789": false, "+12345": false, "12a45": false, "": false,
	} {
		assert.Equal(t, want, phone.ShortCode(number), number)
	}
}

// Spellings are those that Canonical takes for one number, and all of them.
func TestSpellings(t *testing.T) {
	t.Parallel()
	for number, want := range map[string][]string{
		"+15550000001":   {"+15550000001"},
		"+525512345678":  {"+525512345678", "+5215512345678"},
		"+5215512345678": {"+525512345678", "+5215512345678"},
		"+541123456789":  {"+5491123456789", "+541123456789"},
		"+5491123456789": {"+5491123456789", "+541123456789"},
		"+551181234567":  {"+5511981234567", "+551181234567"},
		"+551131234567":  {"+551131234567"},
		"no number":      {"no number"},
	} {
		got := phone.Spellings(number)
		assert.Equal(t, want, got, number)
		for _, s := range got {
			assert.Equal(t, phone.Canonical(number), phone.Canonical(s))
		}
	}
}
