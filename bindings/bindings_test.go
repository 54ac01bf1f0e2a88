package bindings_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/bindings"
	"bridged/conversations"
)

const proxy conversations.Address = "+15550100001"

func TestMatchKeyOfTheSamePair(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		a, b conversations.Address
		same bool
	}{
		{"Mexico", "+5215512345678", "+525512345678", true},
		{"Argentina", "+541123456789", "+5491123456789", true},
		{"Brazil, mobile", "+551187654321", "+5511987654321", true},
		{"Brazil, landline and a mobile", "+551132654321", "+5511932654321", false},
		{"the type in capitals", "whatsapp:+15550000123", "WhatsApp:+15550000123", true},
		{"on WhatsApp too", "whatsapp:+5215512345678", "whatsapp:+525512345678", true},
		{"another type", "whatsapp:+15550000123", "+15550000123", false},
		{"the type named and not", "sms:+15550000123", "+15550000123", true},
		{"spaces around", " +15550000123", "+15550000123", true},
		{"another number", "+15550000123", "+15550000124", false},
		{"short codes", "55512", "55513", false},
		{"business-scoped id", "whatsapp:US.13491208655302741918", "whatsapp:US.13491208655302741918", true},
		{"business-scoped ids differ in case", "whatsapp:US.aB1", "whatsapp:US.Ab1", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			check := assert.NotEqual
			if c.same {
				check = assert.Equal
			}
			check(t, bindings.MatchKey(c.a, proxy), bindings.MatchKey(c.b, proxy), "as the person's address")
			check(t, bindings.MatchKey(proxy, c.a), bindings.MatchKey(proxy, c.b), "as the proxy address")
		})
	}
}

func TestMatchKeyTellsTheTwoEndsApart(t *testing.T) {
	t.Parallel()
	assert.NotEqual(t, bindings.MatchKey("+15550000123", proxy), bindings.MatchKey(proxy, "+15550000123"))
}

func TestBothSpellingsHaveTheSameMatchKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		subscriber := rapid.StringMatching(`[1-8][0-9]{9}`).Draw(t, "subscriber")
		mobile := rapid.StringMatching(`[6-9][0-9]{7}`).Draw(t, "mobile")
		area := rapid.StringMatching(`[1-9]{2}`).Draw(t, "area")
		kind := rapid.SampledFrom([]string{"", "whatsapp:"}).Draw(t, "type")
		for _, spellings := range [][2]string{
			{"+521" + subscriber, "+52" + subscriber},
			{"+549" + subscriber, "+54" + subscriber},
			{"+55" + area + "9" + mobile, "+55" + area + mobile},
		} {
			a, b := conversations.Address(kind+spellings[0]), conversations.Address(kind+spellings[1])
			assert.Equal(t, bindings.MatchKey(a, proxy), bindings.MatchKey(b, proxy))
			assert.Equal(t, bindings.MatchKey(proxy, a), bindings.MatchKey(proxy, b))
		}
	})
}

func TestDifferentNumbersHaveDifferentMatchKeys(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// Numbers of countries that have one spelling.
		number := rapid.StringMatching(`\+(1|44|49)[0-9]{7,10}`)
		a := conversations.Address(number.Draw(t, "a"))
		b := conversations.Address(number.Draw(t, "b"))
		assert.Equal(t, a == b, bindings.MatchKey(a, proxy) == bindings.MatchKey(b, proxy))
	})
}
