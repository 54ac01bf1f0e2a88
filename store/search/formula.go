package search

import (
	"slices"
	"strings"
)

// What stands in the index beside the words themselves begins with a character
// that no word has.
const (
	kindMark   = "_k" // and the kind of the resource
	phoneMark  = "_p" // and the digits of a telephone number
	phonedMark = "_e" // and its digits from the end to the beginning
)

// Index returns what stands in the index for a resource: its words, each once and
// in alphabetical order, with a space between. It is empty where there is nothing
// to be found.
func Index(kind string, fields []Field) string {
	var list []string
	for _, f := range fields {
		list = append(list, texts(Words(f.Text))...)
		if phone := f.phone(); phone != "" {
			list = append(list, phoneMark+phone, phonedMark+reversed(phone))
		}
	}
	if len(list) == 0 {
		return ""
	}
	list = append(list, kindMark+kind)
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " ")
}

// Syntax is how a database writes what is looked up in its index.
type Syntax struct {
	And, Or string
	// Word writes a word, or the beginning of one. It has letters, digits, marks and
	// the underscore only.
	Word func(word string, prefix bool) string
}

// Formula returns what to look up for resources of these kinds, or of all where
// there are none. It finds all that Match does, and may find more: the index does
// not know which words follow one another.
func (q Query) Formula(kinds []string, s Syntax) string {
	phrases := make([]string, len(q.phrases))
	for i, p := range q.phrases {
		phrases[i] = s.orNumber(s.phrase(p), p.number)
	}
	formula := s.orNumber(strings.Join(phrases, s.And), q.number)
	if len(kinds) == 0 {
		return formula
	}
	marks := make([]string, len(kinds))
	for i, kind := range kinds {
		marks[i] = s.Word(kindMark+kind, false)
	}
	return "(" + strings.Join(marks, s.Or) + ")" + s.And + formula
}

// phrase writes that all words of a phrase are there.
func (s Syntax) phrase(p phrase) string {
	words := make([]string, len(p.words))
	for i, w := range p.words {
		words[i] = s.Word(w, p.prefix && i == len(p.words)-1)
	}
	return strings.Join(words, s.And)
}

// orNumber writes that the formula holds, or that a telephone number begins or ends
// with the digits, if there are some.
func (s Syntax) orNumber(formula, number string) string {
	if number == "" {
		return "(" + formula + ")"
	}
	return "((" + formula + ")" + s.Or + s.Word(phoneMark+number, true) + s.Or + s.Word(phonedMark+reversed(number), true) + ")"
}

// May says whether a resource may be what is looked for, of which the index has these
// words. It says what Formula does, without an index.
func (q Query) May(words string, kinds []string) bool {
	words = " " + words + " "
	if len(kinds) > 0 && !slices.ContainsFunc(kinds, func(kind string) bool { return hasWord(words, kindMark+kind, false) }) {
		return false
	}
	for _, p := range q.phrases {
		if !p.may(words) && !hasNumber(words, p.number) {
			return hasNumber(words, q.number)
		}
	}
	return true
}

// may says whether all words of a phrase are there.
func (p phrase) may(words string) bool {
	for i, w := range p.words {
		if !hasWord(words, w, p.prefix && i == len(p.words)-1) {
			return false
		}
	}
	return true
}

func hasWord(words, word string, prefix bool) bool {
	if !prefix {
		word += " "
	}
	return strings.Contains(words, " "+word)
}

func hasNumber(words, number string) bool {
	return number != "" && (hasWord(words, phoneMark+number, true) || hasWord(words, phonedMark+reversed(number), true))
}
