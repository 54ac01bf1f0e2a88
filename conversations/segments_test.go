package conversations_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/conversations"
)

func TestSegments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"nothing":                       {"", 1},
		"a full one":                    {strings.Repeat("a", 160), 1},
		"one letter more":               {strings.Repeat("a", 161), 2},
		"two full ones":                 {strings.Repeat("a", 306), 2},
		"one letter more than two":      {strings.Repeat("a", 307), 3},
		"escaped letters, a full one":   {strings.Repeat("€", 80), 1},
		"escaped letters, one more":     {strings.Repeat("€", 81), 2},
		"76 escaped fit, not 76½":       {strings.Repeat("€", 152), 2},
		"an escape is not cut":          {strings.Repeat("€", 153), 3},
		"an escape at the border":       {strings.Repeat("a", 152) + "€" + strings.Repeat("a", 151), 2},
		"an escape at the border, more": {strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3},
		"line ends":                     {strings.Repeat("\r\n", 80), 1},
		"a full one of UCS-2":           {strings.Repeat("ж", 70), 1},
		"one more of UCS-2":             {strings.Repeat("ж", 71), 2},
		"two full ones of UCS-2":        {strings.Repeat("ж", 134), 2},
		"one more than two of UCS-2":    {strings.Repeat("ж", 135), 3},
		"pairs, a full one":             {strings.Repeat("🙂", 35), 1},
		"pairs, one more":               {strings.Repeat("🙂", 36), 2},
		"33 pairs fit, not 33½":         {strings.Repeat("🙂", 66), 2},
		"a pair is not cut":             {strings.Repeat("🙂", 67), 3},
		"one curly mark":                {strings.Repeat("a", 159) + "’", 3},
		"a backtick is not in it":       {strings.Repeat("a", 70) + "`", 2},
		"a tab is not in it":            {strings.Repeat("a", 70) + "\t", 2},
		"a small cedilla is not in it":  {strings.Repeat("a", 70) + "ç", 2},
		"a byte that is no letter":      {strings.Repeat("a", 70) + "\xff", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, conversations.Segments(c.text))
		})
	}
}

// letters are of every kind that matters to the count.
var letters = []rune("aZ 9@ß€^[]{}~\\|\n\r\fçж…“`\t\u00a0中🙂𝒳\u200d\ufe0f")

func texts(most int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		alphabet := rapid.SampledFrom([][]rune{letters, letters[:16], []rune("a"), []rune("a€"), []rune("ж🙂")}).Draw(t, "alphabet")
		return string(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, most).Draw(t, "letters"))
	})
}

// The slow counter cuts a text as an encoder would, into lists of septets or of
// code units, letter by letter, and counts the lists.
func TestSegments_agreeWithASlowerCounter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := texts(500).Draw(t, "text")
		assert.Equal(t, slowSegments(text), conversations.Segments(text))
	})
}

func slowSegments(text string) int {
	encoded, alone, ofMany := make([][]uint16, 0, len(text)), 160, 153
	for _, r := range text {
		code, ok := gsmTable[r]
		if !ok {
			encoded, alone, ofMany = encoded[:0], 70, 67
			for _, r := range text {
				encoded = append(encoded, utf16.Encode([]rune{r}))
			}
			break
		}
		encoded = append(encoded, code)
	}
	var all []uint16
	for _, code := range encoded {
		all = append(all, code...)
	}
	if len(all) <= alone {
		return 1
	}
	parts := [][]uint16{nil}
	for _, code := range encoded {
		last := len(parts) - 1
		if len(parts[last])+len(code) > ofMany {
			parts, last = append(parts, nil), last+1
		}
		parts[last] = append(parts[last], code...)
	}
	return len(parts)
}

func TestUTF16Length(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 0, conversations.UTF16Length(""))
	assert.Equal(t, 2, conversations.UTF16Length("é€"))
	assert.Equal(t, 3, conversations.UTF16Length("a🙂"), "a surrogate pair is two units")
	assert.Equal(t, 2, conversations.UTF16Length("a\xff"), "an invalid byte is replaced by one unit")
	rapid.Check(t, func(t *rapid.T) {
		text := texts(500).Draw(t, "text")
		assert.Len(t, utf16.Encode([]rune(text)), conversations.UTF16Length(text))
	})
}

// gsmTable is GSM 03.38 by code, as its tables print it: a row of sixteen letters
// after the other, the escape at 0x1B left out.
var gsmTable = func() map[rune][]uint16 {
	const escape = 0x1B
	table := make(map[rune][]uint16)
	for row, line := range []string{
		"@£$¥èéùìòÇ\nØø\rÅå", "Δ_ΦΓΛΩΠΨΣΘΞ\x00ÆæßÉ", " !\"#¤%&'()*+,-./", "0123456789:;<=>?",
		"¡ABCDEFGHIJKLMNO", "PQRSTUVWXYZÄÖÑÜ§", "¿abcdefghijklmno", "pqrstuvwxyzäöñüà",
	} {
		for column, r := range []rune(line) {
			if code := uint16(row*16 + column); code != escape {
				table[r] = []uint16{code}
			}
		}
	}
	for r, code := range map[rune]uint16{
		'\f': 0x0A, '^': 0x14, '{': 0x28, '}': 0x29, '\\': 0x2F, '[': 0x3C, '~': 0x3D, ']': 0x3E, '|': 0x40, '€': 0x65,
	} {
		table[r] = []uint16{escape, code}
	}
	return table
}()

// Every letter that the slow table has takes as many septets as its code is long,
// and no other letter of the first plane takes any.
func TestIsGSM_knowsTheWholeTable(t *testing.T) {
	t.Parallel()
	assert.Len(t, gsmTable, 127+10)
	for r := rune(1); r <= 0xFFFF; r++ {
		if utf16.IsSurrogate(r) {
			continue
		}
		_, want := gsmTable[r]
		if got := conversations.IsGSM(string(r)); got != want {
			assert.Equal(t, want, got, "%q", r)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"quotation marks":           {"“Hi,” she’d said, ‘yes’", `"Hi," she'd said, 'yes'`},
		"dashes and dots":           {"9–5 — or so…", "9-5 - or so..."},
		"spaces that do not break":  {"10\u00a0km\u202f!", "10 km !"},
		"nothing to do":             {"plain, with à and €", "plain, with à and €"},
		"an emoji needs UCS-2":      {"“Hi” 🙂", "“Hi” 🙂"},
		"another script, likewise":  {"«да» – нет…", "«да» – нет…"},
		"what is no UTF-8 is kept":  {"“\xff”", "“\xff”"},
		"a mark by itself":          {"…", "..."},
		"dots that would be dearer": {strings.Repeat("…", 70), strings.Repeat("…", 70)},
		"code is no typography":     {"`ls`\t’", "`ls`\t’"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, conversations.Plain(c.text))
		})
	}
}

// Making a text plain never makes it dearer, leaves letters alone, and does nothing
// when done again.
func TestPlain_neverCostsMore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := texts(300).Draw(t, "text")
		mapped := conversations.Plain(text)
		assert.LessOrEqual(t, conversations.Segments(mapped), conversations.Segments(text))
		assert.Equal(t, mapped, conversations.Plain(mapped))
		if mapped != text {
			assert.True(t, conversations.IsGSM(mapped))
		}
	})
}
