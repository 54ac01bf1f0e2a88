package search_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/store/search"
)

func wordsOf(text string) []string {
	list := []string{}
	for _, w := range search.Words(text) {
		list = append(list, w.Text)
	}
	return list
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{}},
		{" … 🙂 !?", []string{}},
		{"Hello, World", []string{"hello", "world"}},
		{"Ann's order #42-B", []string{"ann", "s", "order", "42", "b"}},
		{"Zoë ZOE\u0308 Ångström İstanbul", []string{"zoe", "zoe", "angstrom", "istanbul"}},
		{"Straße STRASSE Łukasz Søren Œuvre", []string{"strasse", "strasse", "lukasz", "soren", "oeuvre"}},
		{"ΟΔΟΣ οδός", []string{"οδοσ", "οδοσ"}},
		{"ﬁne ２０２６ x²", []string{"fine", "2026", "x2"}},
		{"soft\u00adhyphen zero\u200bwidth", []string{"softhyphen", "zerowidth"}},
		{"東京へ go", []string{"東", "京", "へ", "go"}},
		{"が か\u3099 か", []string{"か\u3099", "か\u3099", "か"}},
		{"snake_case a.b@c.example", []string{"snake", "case", "a", "b", "c", "example"}},
		{"हिन्दी", []string{"हिन्दी"}},
		{"bad\xffbytes\x00here", []string{"bad", "bytes", "here"}},
		{strings.Repeat("é", 100), []string{strings.Repeat("e", 64)}},
	} {
		assert.Equal(t, c.want, wordsOf(c.text), "%q", c.text)
	}
}

func TestWordsKnowTheirPlaces(t *testing.T) {
	t.Parallel()
	const text = "«Zoë» e\u0301té!"
	words := search.Words(text)
	require.Len(t, words, 2)
	assert.Equal(t, "Zoë", text[words[0].Start:words[0].End])
	assert.Equal(t, "e\u0301té", text[words[1].Start:words[1].End])
}

// Words stand apart in the index, and are the same wherever they come from.
func TestWordsAreWordsOfThemselves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		end := 0
		for _, w := range search.Words(text) {
			require.NotContains(t, w.Text, " ")
			require.NotContains(t, w.Text, "_")
			require.NotContains(t, w.Text, "'")
			require.NotContains(t, w.Text, `"`)
			require.NotContains(t, w.Text, `\`)
			require.True(t, utf8.ValidString(w.Text))
			require.GreaterOrEqual(t, w.End, w.Start)
			require.GreaterOrEqual(t, w.End, end)
			end = w.End
		}
	})
}

func TestQueriesMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query, text string
		want        bool
	}{
		{"hello", "Hello, world", true},
		{"WORLD hello", "Hello, world", true},
		{"hello there", "Hello, world", false},
		{"wor", "Hello, world", true},
		{"wor hello", "Hello, world", false}, // the last word only may go on
		{"wor* hello", "Hello, world", true},
		{"world ...", "Hello, worlds", true}, // and there is a last word
		{`"hello world"`, "Hello, world", true},
		{`"world hello"`, "Hello, world", false},
		{`"hello wor"`, "Hello, world", false}, // nor one in quotes
		{`"hello wor`, "Hello, world", false},
		{`“hello world”`, "Hello, world", true},
		{`"" hello`, "Hello, world", true},
		{"jean-luc@x.exa", "write to jean-luc@x.example", true},
		{"luc-jean", "jean-luc", false},
		{"zoe", "Zoë", true},
		{"ZOË", "zoe", true},
		{"東京", "私は東京にいます", true},
		{"京東", "私は東京にいます", false},
		{"OR AND NOT NEAR(", "not near and or", true},
		{"a", "b", false},
	} {
		q, err := search.Parse(c.query)
		require.NoError(t, err, c.query)
		_, ok := q.Match([]search.Field{{Name: "body", Text: c.text}})
		assert.Equal(t, c.want, ok, "%q in %q", c.query, c.text)
	}
}

func TestDigitsFindTelephoneNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query, text string
		want        bool
	}{
		{"+15550200001", "+15550200001", true},
		{"+1 (555) 020-0001", "+15550200001", true},
		{"1555", "+15550200001", true},
		{"0001", "+15550200001", true},
		{"200001", "whatsapp:+15550200001", true},
		{"0001 whatsapp", "whatsapp:+15550200001", true},
		{"001", "+15550200001", false},  // too few
		{"5020", "+15550200001", false}, // from the middle
		{"155", "+15550200001", true},   // the beginning of a word, like any other
		{"9000", "+15550200001", false},
		{"0001", "brand0001", false},
		{"0001", "brand:x0001", false},
	} {
		q, err := search.Parse(c.query)
		require.NoError(t, err, c.query)
		_, ok := q.Match([]search.Field{{Name: "address", Text: c.text, Address: true}})
		assert.Equal(t, c.want, ok, "%q in %q", c.query, c.text)
	}
	q, err := search.Parse("0001")
	require.NoError(t, err)
	_, ok := q.Match([]search.Field{{Name: "body", Text: "call +15550200001"}})
	assert.False(t, ok, "in a text they are a word")
}

func TestQueriesThatCannotBeSearchedFor(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                       "no letter and no digit",
		`"" * ... 🙂`:             "no letter and no digit",
		strings.Repeat("é", 201): "it has 201 characters",
	} {
		_, err := search.Parse(query)
		require.ErrorContains(t, err, want, query)
	}
	_, err := search.Parse(strings.Repeat("é", 200))
	require.NoError(t, err)
}

// What a query matches is found by its formula too, whatever people type.
func TestFormulasFindWhatMatches(t *testing.T) {
	t.Parallel()
	text := rapid.StringOfN(rapid.RuneFrom([]rune(`aÀb19+-"*@ 東 _'(`)), 0, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		fields := []search.Field{
			{Name: "one", Text: text.Draw(t, "one")},
			{Name: "two", Text: rapid.OneOf(text, rapid.StringMatching(`(whatsapp:)?\+[19]{3,8}`)).Draw(t, "two"), Address: true},
		}
		typed := rapid.OneOf(text, rapid.StringMatching(`[19]{4,5}`)).Draw(t, "query")
		q, err := search.Parse(typed)
		if err != nil {
			return
		}
		_, matches := q.Match(fields)
		index := strings.Fields(search.Index("message", fields))
		found := evaluate(q.Formula([]string{"message", "user"}, plain), index)
		if matches {
			require.True(t, found, "%q", typed)
		}
		require.False(t, evaluate(q.Formula([]string{"user"}, plain), index), "it is of another kind")
	})
}

// plain writes formulas for evaluate.
var plain = search.Syntax{And: " & ", Or: " | ", Word: func(word string, prefix bool) string {
	if prefix {
		return word + "*"
	}
	return word
}}

// evaluate says whether a formula holds for words.
func evaluate(formula string, words []string) bool {
	formula = strings.ReplaceAll(strings.ReplaceAll(formula, "(", " ( "), ")", " ) ")
	tokens := strings.Fields(formula)
	var or func() bool
	operand := func() bool {
		token := tokens[0]
		tokens = tokens[1:]
		if token == "(" {
			value := or()
			tokens = tokens[1:]
			return value
		}
		prefix, isPrefix := strings.CutSuffix(token, "*")
		return slices.ContainsFunc(words, func(w string) bool { return w == prefix || isPrefix && strings.HasPrefix(w, prefix) })
	}
	and := func() bool {
		value := operand()
		for len(tokens) > 0 && tokens[0] == "&" {
			tokens = tokens[1:]
			next := operand()
			value = value && next
		}
		return value
	}
	or = func() bool {
		value := and()
		for len(tokens) > 0 && tokens[0] == "|" {
			tokens = tokens[1:]
			next := and()
			value = value || next
		}
		return value
	}
	return or()
}

func TestSnippets(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "all of it", search.Snippet("all  of\nit", 0, 3))
	long := strings.Repeat("before ", 50) + "the needle is here" + strings.Repeat(" behind", 50)
	at := strings.Index(long, "needle")
	shown := search.Snippet(long, at, at+6)
	assert.True(t, strings.HasPrefix(shown, "…before before"), shown)
	assert.True(t, strings.HasSuffix(shown, "behind…"), shown)
	assert.Contains(t, shown, "the needle is here")
	assert.LessOrEqual(t, utf8.RuneCountInString(shown), 162)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		for _, w := range search.Words(text) {
			shown := search.Snippet(text, w.Start, w.End)
			require.True(t, utf8.ValidString(shown))
		}
	})
}
