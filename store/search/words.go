// Package search says what the words of a text are, and which texts a query
// finds. It knows no database: package store keeps the words that Index makes in
// an index of either kind, looks up what Query.Formula asks for, and lets
// Query.Match decide on the text itself. So both databases find the same.
package search

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord is how many characters of a word count. What is longer is no word that
// somebody types, and databases have bounds of their own.
const maxWord = 64

// Word is a word of a text in the form in which it is compared: without accents,
// and without a difference between capital and small letters.
type Word struct {
	Text       string
	Start, End int // bytes of the original text
}

// Words returns the words of a text: its runs of letters and digits. In scripts
// that are written without spaces every letter is a word.
func Words(text string) []Word {
	s := splitter{}
	for at, r := range text {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(text[at:])
		}
		s.read(r, at, at+size)
	}
	s.flush()
	return s.words
}

// splitter makes words of characters.
type splitter struct {
	words      []Word
	word       []byte // the one that has begun
	length     int    // its characters
	start, end int
	alone      bool // it is a letter that is a word by itself
	buffer     [64]byte
}

// read takes one character of the text, which stands from start to end.
func (s *splitter) read(r rune, start, end int) {
	if r < utf8.RuneSelf {
		s.add(r, start, end)
		return
	}
	// The compatible decomposition takes accents from their letters, and makes
	// plain digits and letters of what only looks different.
	original := utf8.AppendRune(s.buffer[:0], r)
	for _, part := range string(norm.NFKD.Append(nil, original...)) {
		s.add(part, start, end)
	}
}

// add takes one character of the decomposed text.
func (s *splitter) add(r rune, start, end int) {
	switch {
	case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
		s.letter(r, start, end)
	case 'A' <= r && r <= 'Z':
		s.letter(r-'A'+'a', start, end)
	case r < utf8.RuneSelf:
		s.flush()
	case ignored(r):
		if len(s.word) > 0 {
			s.end = end
		}
	case unicode.IsMark(r):
		if len(s.word) > 0 {
			s.append(r, end)
		}
	case unicode.IsLetter(r), unicode.IsNumber(r):
		if plain := withoutStroke(r); plain != "" {
			for _, part := range plain {
				s.letter(part, start, end)
			}
			return
		}
		s.letter(fold(r), start, end)
	default:
		s.flush()
	}
}

// letter takes a letter or a digit.
func (s *splitter) letter(r rune, start, end int) {
	alone := r >= utf8.RuneSelf && withoutSpaces(r)
	if s.alone || alone {
		s.flush()
	}
	if len(s.word) == 0 {
		s.start, s.alone = start, alone
	}
	s.append(r, end)
}

func (s *splitter) append(r rune, end int) {
	s.end = end
	if s.length < maxWord {
		s.word = utf8.AppendRune(s.word, r)
		s.length++
	}
}

// flush ends the word that has begun.
func (s *splitter) flush() {
	if len(s.word) > 0 {
		s.words = append(s.words, Word{Text: string(s.word), Start: s.start, End: s.end})
	}
	s.word, s.length, s.alone = s.word[:0], 0, false
}

// ignored says whether a character makes no difference: an accent, which belongs
// to no script in particular, or a character that only says how others look. The
// voicing marks of Japanese do make another letter.
func ignored(r rune) bool {
	if unicode.IsMark(r) {
		return unicode.Is(unicode.Inherited, r) && r != '\u3099' && r != '\u309A'
	}
	return unicode.Is(unicode.Cf, r)
}

// fold makes one of the forms of a letter: capital, small, and the Greek sigma at
// the end of a word.
func fold(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

// withoutStroke returns what people type who do not have these letters. Unicode
// does not take them apart.
func withoutStroke(r rune) string {
	switch r {
	case 'ß', 'ẞ':
		return "ss"
	case 'ø', 'Ø':
		return "o"
	case 'ł', 'Ł':
		return "l"
	case 'đ', 'Đ', 'ð', 'Ð':
		return "d"
	case 'ħ', 'Ħ':
		return "h"
	case 'æ', 'Æ':
		return "ae"
	case 'œ', 'Œ':
		return "oe"
	case 'þ', 'Þ':
		return "th"
	}
	return ""
}

// withoutSpaces says whether a letter is of a script that does not part words.
func withoutSpaces(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
