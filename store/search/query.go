package search

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxQuery is how many characters a query may have.
	maxQuery = 200
	// minDigits is how many digits of a telephone number find it.
	minDigits = 4
)

// Query is what somebody looks for.
type Query struct {
	phrases []phrase
	// number is the digits of a query that is written like one telephone number
	// with spaces: then it may be found as that instead.
	number string
}

// phrase is words that have to follow one another.
type phrase struct {
	words  []string
	prefix bool   // the last word may go on
	number string // its digits, where it is written like a telephone number
}

// Parse reads a query. All its words have to be found. Words in quotes have to
// follow one another, and so do those that are written without a space between,
// as in an email address. The last word is the beginning of one, unless it is in
// quotes, and so is every word with a star behind it. Digits find telephone
// numbers that begin or end with them. Everything else is as good as a space: no
// text is wrong but one without words, and one that is too long.
func Parse(text string) (Query, error) {
	if n := utf8.RuneCountInString(text); n > maxQuery {
		return Query{}, fmt.Errorf("it has %d characters; at most %d are allowed", n, maxQuery)
	}
	var q Query
	open := false // the last phrase may go on
	for i, part := range strings.Split(plainQuotes(text), `"`) {
		if isQuoted := i%2 == 1; isQuoted {
			open = !q.add(phrase{words: texts(Words(part))}) && open
			continue
		}
		for _, chunk := range strings.Fields(part) {
			p := phrase{words: texts(Words(chunk)), prefix: strings.HasSuffix(chunk, "*"), number: number(chunk)}
			open = q.add(p) || open
		}
	}
	if len(q.phrases) == 0 {
		return Query{}, errors.New("it has no letter and no digit to look for")
	}
	if open {
		q.phrases[len(q.phrases)-1].prefix = true
	}
	if len(q.phrases) > 1 {
		q.number = number(text)
	}
	return q, nil
}

// add adds a phrase, unless it has no words.
func (q *Query) add(p phrase) bool {
	if len(p.words) == 0 {
		return false
	}
	q.phrases = append(q.phrases, p)
	return true
}

// plainQuotes makes one kind of quotes of those that telephones write.
func plainQuotes(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '“', '”', '„', '«', '»':
			return '"'
		}
		return r
	}, text)
}

// number returns the digits of a text that is written like a telephone number and
// has enough of them.
func number(text string) string {
	var digits []byte
	for _, r := range text {
		switch {
		case '0' <= r && r <= '9':
			digits = append(digits, byte(r))
		case strings.ContainsRune("+-./()* \t\u00a0", r):
		default:
			return ""
		}
	}
	if len(digits) < minDigits {
		return ""
	}
	return string(digits)
}

// texts are the words without their places.
func texts(words []Word) []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = w.Text
	}
	return list
}

// Field is a text of a resource in which words are looked for.
type Field struct {
	Name    string
	Text    string
	Address bool // it is found by digits of its telephone number too
}

// phone returns the digits of the telephone number that the field is, if it is
// one: of "+15550200001" and of "whatsapp:+15550200001".
func (f Field) phone() string {
	if !f.Address {
		return ""
	}
	digits := strings.TrimPrefix(f.Text[strings.LastIndexByte(f.Text, ':')+1:], "+")
	if len(digits) > maxWord || strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		return ""
	}
	return digits
}

// dials says whether the digits are the beginning or the end of the number.
func dials(phone, digits string) bool {
	return digits != "" && (strings.HasPrefix(phone, digits) || strings.HasSuffix(phone, digits))
}

// Match is where the first phrase of a query was found.
type Match struct {
	Field      int // its place in the list
	Start, End int // bytes of its text
}

// Match says whether the query finds a resource with these fields, each phrase in
// any of them, and where its first phrase was found.
func (q Query) Match(fields []Field) (found Match, ok bool) {
	words := make([][]Word, len(fields))
	for i, f := range fields {
		words[i] = Words(f.Text)
	}
	for i, p := range q.phrases {
		at, ok := p.find(fields, words)
		if !ok {
			return q.matchNumber(fields)
		}
		if i == 0 {
			found = at
		}
	}
	return found, true
}

func (q Query) matchNumber(fields []Field) (Match, bool) {
	for i, f := range fields {
		if dials(f.phone(), q.number) {
			return Match{Field: i, End: len(f.Text)}, true
		}
	}
	return Match{}, false
}

func (p phrase) find(fields []Field, words [][]Word) (Match, bool) {
	for i, f := range fields {
		if dials(f.phone(), p.number) {
			return Match{Field: i, End: len(f.Text)}, true
		}
		for at := range words[i] {
			if p.begins(words[i][at:]) {
				return Match{Field: i, Start: words[i][at].Start, End: words[i][at+len(p.words)-1].End}, true
			}
		}
	}
	return Match{}, false
}

// begins says whether the words begin with the phrase.
func (p phrase) begins(words []Word) bool {
	if len(words) < len(p.words) {
		return false
	}
	last := len(p.words) - 1
	for i, w := range p.words[:last] {
		if words[i].Text != w {
			return false
		}
	}
	return words[last].Text == p.words[last] || p.prefix && strings.HasPrefix(words[last].Text, p.words[last])
}

// reversed turns digits round, so that the end of a number is the beginning of
// what stands in the index.
func reversed(digits string) string {
	b := []byte(digits)
	slices.Reverse(b)
	return string(b)
}
