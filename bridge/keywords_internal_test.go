package bridge

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/conversations"
)

func TestKeywords(t *testing.T) {
	t.Parallel()
	usual := OptOutPolicy{}.keywords()
	for keyword, texts := range map[conversations.Keyword][]string{
		conversations.KeywordStop: {
			"STOP", "stop", "Stop.", "  stop \n", "«Stop!»", "\"STOP\"", "stop 🛑", "STOP\u200b", "\ufeffstop", "ＳＴＯＰ", "ｓｔｏｐ",
			"stopall", "Stop  All", "STOP\tALL", "unsubscribe", "Cancel", "end", "QUIT", "revoke", "OptOut", "opt-out", "opt out",
			"arrêt", "ARRE\u0302T", "arret", "S\u200dTOP",
		},
		conversations.KeywordStart: {"start", "UNSTOP", "Yes", "yes!"},
		conversations.KeywordHelp:  {"help", "HELP?", "Info"},
		conversations.KeywordNone: {
			"", " ", "?!", "🛑", "please stop by", "stop it", "stop end", "nonstop", "stopped", "don't stop", "sto p", "S.T.O.P",
			"стоп", "yes please", "the end", "information", strings.Repeat(" ", maxKeyword) + "stop",
		},
	} {
		for _, text := range texts {
			assert.Equal(t, keyword, usual.of(text), "%q", text)
		}
	}

	local := OptOutPolicy{Stop: []string{"СТОП", "baja", "Nicht mehr!", "", "停止"}, Help: []string{"hilfe", "baja"}}.keywords()
	for text, keyword := range map[string]conversations.Keyword{
		"стоп": conversations.KeywordStop, "Стоп!!!": conversations.KeywordStop, "BAJA": conversations.KeywordStop,
		"nicht  mehr": conversations.KeywordStop, "停止。": conversations.KeywordStop, "Hilfe": conversations.KeywordHelp,
		"stop": conversations.KeywordNone, "start": conversations.KeywordStart, "": conversations.KeywordNone, "!": conversations.KeywordNone,
	} {
		assert.Equal(t, keyword, local.of(text), "%q", text)
	}
}

// What surrounds a keyword changes nothing, and a further word does.
func TestAKeywordIsTheWholeMessage(t *testing.T) {
	t.Parallel()
	usual := OptOutPolicy{}.keywords()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom(StopWords()).Draw(t, "word")
		around := rapid.StringOfN(rapid.SampledFrom([]rune(" \t\n.,!?*\"'()-–—…«»🙏\u00a0\u200b")), 0, 8, -1)
		cased := word
		if rapid.Bool().Draw(t, "small") {
			cased = strings.ToLower(word)
		}
		before, after := around.Draw(t, "before"), around.Draw(t, "after")
		assert.Equal(t, conversations.KeywordStop, usual.of(before+cased+after))
		more := rapid.StringMatching(`[a-z]{1,10}`).Draw(t, "more")
		if usual[keywordForm(cased+" "+more)] == conversations.KeywordNone {
			assert.Equal(t, conversations.KeywordNone, usual.of(before+cased+" "+more+after))
		}
	})
}

func TestNamesThatOthersMaySee(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Alice": "Alice", "  Alice \n Smith\t": "Alice Smith", "[Bob]": "Bob", "Agent 7": "Agent 7", "Zoë 🙂": "Zoë 🙂", "陳大文": "陳大文",
		"room 404, floor 12": "room 404, floor 12",
		"":                   "", " ": "", "[]": "", "\u200b": "", "\u0301": "\u0301",
		"+15550200001": "", "1 (555) 020-0001": "", "whatsapp:+15550200001": "", "call 555-0200": "", "٥٥٥٠٢٠٠٠": "", "５５５０２００１": "",
		"US.13491208655302741918": "", "alice@example.com": "", "alice＠example.com": "", "5.5.5.0.2.0.0": "", "①②③④⑤⑥⑦": "",
		strings.Repeat("ab ", 20):           strings.Repeat("ab ", 13) + "a",
		strings.Repeat("e\u0301", 30):       strings.Repeat("e\u0301", 20),
		strings.Repeat("x", 39) + "e\u0301": strings.Repeat("x", 39),
	} {
		assert.Equal(t, want, showable(name), "%q", name)
	}
	member := []conversations.Participant{{}, {Binding: &conversations.Binding{Address: "wa:Carla", Proxy: "72345"}}}
	assert.True(t, holdsAddress("code 72345", member))
	assert.True(t, holdsAddress("cArLa", member))
	assert.False(t, holdsAddress("Dan", member))
}

// No name that is shown has what could be dialled.
func TestNoNameIsANumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`[0-9][0-9 ().-]{0,2}([0-9][ ().-]?){6,12}`).Draw(t, "number")
		words := rapid.StringMatching(`[A-Za-z ]{0,10}`)
		assert.Empty(t, showable(words.Draw(t, "before")+" "+number+words.Draw(t, "after")))
		free := showable(rapid.String().Draw(t, "anything"))
		assert.Equal(t, free, showable(free), "it is in its final form")
		assert.NotContains(t, free, "\n")
	})
}
