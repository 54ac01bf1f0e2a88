package bridge

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"bridged/conversations"
)

// maxKeyword bounds, in bytes, the messages that are compared with the keywords.
const maxKeyword = 200

// OptOutPolicy says how keywords such as STOP are obeyed.
type OptOutPolicy struct {
	// Modes says of each channel, by its name, who deals with its keywords. A channel
	// that is not there has OptOutOff.
	Modes map[string]conversations.OptOutMode
	// Stop, Start and Help are the keywords. An empty list stands for the usual ones.
	Stop, Start, Help []string
	// The answers on channels with OptOutBridged. Without one there is no answer, and
	// a HELP is a message like any other.
	StopReply, StartReply, HelpReply string
}

// StopWords are the usual keywords of STOP: those that carriers in the United
// States have to obey, and the French form that Canada's have.
func StopWords() []string {
	return []string{"STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT", "OPT-OUT", "ARRET", "ARRÊT"}
}

// StartWords are the usual keywords of START. They count only for whom is opted
// out: "yes" is an answer otherwise.
func StartWords() []string { return []string{"START", "UNSTOP", "YES"} }

// HelpWords are the usual keywords of HELP.
func HelpWords() []string { return []string{"HELP", "INFO", "AIDE"} }

// keywords are what the keywords mean, by the form in which they are compared.
type keywords map[string]conversations.Keyword

// keywords makes the table of the policy. A word that is in several lists stops.
func (p OptOutPolicy) keywords() keywords {
	table := keywords{}
	for _, list := range []struct {
		means conversations.Keyword
		words []string
		usual func() []string
	}{
		{conversations.KeywordHelp, p.Help, HelpWords},
		{conversations.KeywordStart, p.Start, StartWords},
		{conversations.KeywordStop, p.Stop, StopWords},
	} {
		words := list.words
		if len(words) == 0 {
			words = list.usual()
		}
		for _, word := range words {
			if form := keywordForm(word); form != "" {
				table[form] = list.means
			}
		}
	}
	return table
}

// of says what a message asks for. The whole message has to be the keyword: "please
// stop by" is none.
func (k keywords) of(body string) conversations.Keyword {
	if body == "" || len(body) > maxKeyword {
		return conversations.KeywordNone
	}
	return k[keywordForm(body)]
}

// keywordForm is the form in which keywords are compared: without regard to case,
// to the width and composition of characters, to how much space is between words,
// and to what surrounds the first and the last letter. It is empty where there is
// no letter or digit.
func keywordForm(s string) string {
	s = strings.TrimFunc(norm.NFKC.String(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r)
	})
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) { // joiners, marks of direction: nobody sees them
			return -1
		}
		return r
	}, s)
	return cases.Fold().String(strings.Join(strings.Fields(s), " "))
}

// keywordOf says what a message asks us for: what its carrier says, if it says so,
// else what its text means. On a channel whose keywords nobody obeys, and from a
// number of ours, it asks for nothing.
func (b *Bridge) keywordOf(m conversations.Inbound) conversations.Keyword {
	if b.optOutMode(m.To) == conversations.OptOutOff {
		return conversations.KeywordNone
	}
	if b.owned(m.From) {
		return conversations.KeywordNone
	}
	if m.Keyword != conversations.KeywordNone {
		return m.Keyword
	}
	return b.keywords.of(m.Body)
}

// optOutMode says who deals with the keywords that are sent to a number.
func (b *Bridge) optOutMode(proxy conversations.Address) conversations.OptOutMode {
	channel, owned := b.cfg.Channels.Owner(proxy)
	if mode := b.cfg.OptOut.Modes[channel]; owned && mode != "" {
		return mode
	}
	return conversations.OptOutOff
}
