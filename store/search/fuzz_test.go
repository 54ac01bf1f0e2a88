package search_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"bridged/store/search"
)

// FuzzSearch looks for a query that breaks out of the formula that it becomes, or that
// does not find what it matches.
func FuzzSearch(f *testing.F) {
	for _, q := range []string{`hello`, `"two words" thr*`, `+1 555 020`, `o'neil@example.com`, `') OR 1=1 --`, `a:* | b & !c <-> "d`, "東京 é̀", "\xff \x00", "_kuser _p1"} {
		f.Add(q, "Hello two words, +15550200001 東京")
		f.Add("hello", q)
	}
	f.Fuzz(func(t *testing.T, typed, text string) {
		q, err := search.Parse(typed)
		if err != nil {
			return
		}
		fields := []search.Field{{Name: "one", Text: text}, {Name: "two", Text: "whatsapp:" + typed, Address: true}}
		strict := search.Syntax{And: " & ", Or: " | ", Word: func(word string, prefix bool) string {
			require.NotEmpty(t, word)
			require.True(t, utf8.ValidString(word), "%q", word)
			for _, r := range word {
				require.True(t, unicode.In(r, unicode.L, unicode.N, unicode.M) || r == '_', "%q in %q ends the word", r, word)
			}
			return plain.Word(word, prefix)
		}}
		formula := q.Formula([]string{"message", "user"}, strict)
		index := search.Index("message", fields)
		require.True(t, utf8.ValidString(index) && !strings.Contains(index, "\x00"))
		match, ok := q.Match(fields)
		require.False(t, evaluate(q.Formula([]string{"user"}, strict), strings.Fields(index)), "it is of another kind")
		if !ok {
			return
		}
		require.True(t, evaluate(formula, strings.Fields(index)))
		found := fields[match.Field].Text
		require.True(t, match.Start >= 0 && match.Start <= match.End && match.End <= len(found))
		if utf8.ValidString(found) {
			snippet := search.Snippet(found, match.Start, match.End)
			require.True(t, utf8.ValidString(snippet), "%q", snippet)
			require.LessOrEqual(t, utf8.RuneCountInString(snippet), 162)
		}
	})
}
