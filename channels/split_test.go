package channels_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/channels"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		text  string
		limit int
		want  []string
	}{
		{"empty", "", 10, []string{""}},
		{"fits", "hello", 5, []string{"hello"}},
		{"between words, the space before the cut", "hello world", 8, []string{"hello ", "world"}},
		{"several spaces", "aaaa   bbbb", 8, []string{"aaaa   ", "bbbb"}},
		{"the space does not fit", "hello world", 5, []string{"hello", " worl", "d"}},
		{"one long word", "abcdefgh", 3, []string{"abc", "def", "gh"}},
		{"only spaces", "     ", 2, []string{"  ", "  ", " "}},
		{"sentence before word", "One. Two three four", 10, []string{"One. ", "Two three ", "four"}},
		{"a closing mark ends no sentence alone", `It "is (so) and so`, 12, []string{`It "is (so) `, "and so"}},
		{"a sentence in quotation marks", `"Go on." He went away`, 14, []string{`"Go on." `, "He went away"}},
		{"line before sentence", "One. Two\nThree. Four", 16, []string{"One. Two\n", "Three. Four"}},
		{"paragraph before line", "a\nbc\n\nd\nefgh", 11, []string{"a\nbc\n\n", "d\nefgh"}},
		{"a part that would be too short", "a\n\nbcd efgh ijkl", 12, []string{"a\n\nbcd efgh ", "ijkl"}},
		{"CRLF", "abc\r\ndef", 5, []string{"abc\r\n", "def"}},
		{"a space that does not break", "ab cd\u00a0ef", 6, []string{"ab ", "cd\u00a0ef"}},
		{"no spaces between sentences", "今日は。明日も。", 6, []string{"今日は。", "明日も。"}},
		{"the mark stays with its sentence", "今日は。」明日も", 6, []string{"今日は。」", "明日も"}},
		{"a surrogate pair counts two", "a😀😀", 3, []string{"a😀", "😀"}},
		{"a family stays together", "ab👩‍👩‍👧c", 8, []string{"ab", "👩‍👩‍👧", "c"}},
		{"a flag stays together", "abc🇩🇪", 6, []string{"abc", "🇩🇪"}},
		{"a mark stays with its letter", "abce\u0301", 4, []string{"abc", "e\u0301"}},
		{"a grapheme longer than the limit", "e\u0301\u0301\u0301\u0301x", 2, []string{"e\u0301", "\u0301\u0301", "\u0301x"}},
		{"a limit below a surrogate pair", "😀😀", 0, []string{"😀", "😀"}},
		{"invalid UTF-8", "a\xffb\xe2\x82c", 2, []string{"a\xff", "b", "\xe2\x82", "c"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, channels.Split(c.text, c.limit))
		})
	}
}

// units is the length in UTF-16 code units, counted in another way than Split does.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// texts draws what people and broken senders write.
func texts() *rapid.Generator[string] {
	word := rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z]{1,12}`),
		rapid.SampledFrom([]string{
			" ", "  ", "\n", "\r\n", "\n\n", ". ", "! ", `" `, "。", "」", "\u00a0", "\u2028",
			"😀", "👩‍👩‍👧‍👦", "🇩🇪", "🇩", "e\u0301", "\u0301", "क्षि", "각", "\u200d", "\xff", "\xf0\x9f", "\x00",
		}),
		rapid.String(),
	)
	return rapid.Map(rapid.SliceOfN(word, 0, 60), func(words []string) string { return strings.Join(words, "") })
}

func TestSplitProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		limit := rapid.IntRange(2, 50).Draw(t, "limit")
		parts := channels.Split(text, limit)

		require.Equal(t, text, strings.Join(parts, ""), "nothing is lost or added")
		require.Equal(t, parts, channels.Split(text, limit), "deterministic")
		if text == "" {
			require.Equal(t, []string{""}, parts)
			return
		}
		cuts := map[int]bool{}
		at := 0
		for _, p := range parts {
			require.NotEmpty(t, p)
			require.LessOrEqual(t, units(p), limit)
			at += len(p)
			cuts[at] = true
		}
		for it := graphemes.FromString(text); it.Next(); {
			g := it.Value()
			if units(g) <= limit {
				for i := it.Start() + 1; i < it.End(); i++ {
					require.False(t, cuts[i], "a cut inside the grapheme %q", g)
				}
				continue
			}
			for i := range len(g) {
				if cuts[it.Start()+i] && utf8.ValidString(g) {
					require.True(t, utf8.RuneStart(g[i]), "a cut inside a rune of %q", g)
				}
			}
		}
	})
}

// TestSplitFillsParts bounds the number of parts, and with it the work.
func TestSplitFillsParts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const limit = 40 // longer than any grapheme below
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{
			"a", "bc", "def", " ", "\n", "\n\n", ". ", "。", "😀",
		})).Draw(t, "words"), "")
		assert.LessOrEqual(t, len(channels.Split(text, limit)), 2*units(text)/(limit/2)+1)
	})
}

func TestSplitIsLinear(t *testing.T) {
	t.Parallel()
	const size = 1 << 20 // 32 times the longest body: quadratic work would take minutes
	for name, unit := range map[string]string{
		"one grapheme": "\u0301", "joined": "👩\u200d", "spaces": " ", "lines": "\n", "letters": "a",
		"words": "a ", "sentences": "a. ", "invalid": "\xff",
	} {
		started := time.Now()
		text := "a" + strings.Repeat(unit, size/len(unit))
		parts := channels.Split(text, 1600)
		assert.Less(t, time.Since(started), 20*time.Second, name)
		assert.Equal(t, text, strings.Join(parts, ""), name)
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("Hello. World\n\n😀 \xff", 7)
	f.Add("e\u0301\u0301\u0301", 2)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		require.Equal(t, text, strings.Join(channels.Split(text, limit), ""))
	})
}
