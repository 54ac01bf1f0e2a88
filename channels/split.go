package channels

import (
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// Split cuts text into parts of at most limit UTF-16 code units, the unit of
// TextLimiter. Joined, the parts are exactly the text: no byte is added, lost or
// changed, invalid UTF-8 included (a byte of which counts as one unit, as the
// replacement character that carriers see).
//
// A part ends after a paragraph, a line or a sentence where that leaves it at
// least half full, else after a word, else between two graphemes; white space
// stays at the end of the part before. Only a grapheme that is longer than limit
// by itself is cut, between runes: never inside a surrogate pair, for which a
// limit below 2 counts as 2. A part is never empty, except the one of an empty
// text. The time is linear in the text's length.
func Split(text string, limit int) []string {
	const surrogatePair = 2
	limit = max(limit, surrogatePair)
	if len(text) <= limit { // a byte is never more than one unit
		return []string{text}
	}
	atoms := segment(text, limit)
	var parts []string
	start := 0 // of the part, in bytes
	for first := 0; first < len(atoms); {
		next := partEnd(atoms, first, limit)
		end := atoms[next-1].end
		parts = append(parts, text[start:end])
		first, start = next, end
	}
	return parts
}

// cut says how good a place for a cut is. Better places are greater.
type cut uint8

const (
	cutGrapheme  cut = iota
	cutEdge          // a word ends here, but the white space behind it follows
	cutWord          // a word and its white space end here
	cutSentence      // likewise a sentence,
	cutLine          // a line,
	cutParagraph     // a paragraph
	cuts
)

// atom is a piece of the text that is not cut: a grapheme or, of one longer than
// the limit, as many runes as fit.
type atom struct {
	end   int // offset of its end in the text
	units int // length in UTF-16 code units
	blank bool
	after cut // how good a cut behind it is
}

// partEnd returns the index of the atom behind the part that starts with the
// atom first. It looks at no more atoms than fit into a part, and of two parts
// in a row one is at least half full; hence the linear time.
func partEnd(atoms []atom, first, limit int) int {
	var best, bestUnits [cuts]int // the last place that is as good or better
	units, next := 0, first
	text := false // seen anything but white space: carriers refuse blank messages
	for ; next < len(atoms) && units+atoms[next].units <= limit; next++ {
		units += atoms[next].units
		text = text || !atoms[next].blank
		if !text {
			continue
		}
		for c := cutEdge; c <= atoms[next].after; c++ {
			best[c], bestUnits[c] = next+1, units
		}
	}
	if next == len(atoms) {
		return next
	}
	for c := cutParagraph; c > cutWord; c-- {
		if best[c] > 0 && bestUnits[c] >= limit/2 {
			return best[c]
		}
	}
	for c := cutWord; c > cutGrapheme; c-- {
		if best[c] > 0 {
			return best[c]
		}
	}
	return next
}

// segment divides the text into atoms and rates the cut behind each.
func segment(text string, limit int) []atom {
	atoms := make([]atom, 0, len(text))
	var seen preceding
	for it := graphemes.FromString(text); it.Next(); {
		g := it.Value()
		k := kindOf(g)
		if len(atoms) > 0 {
			atoms[len(atoms)-1].after = seen.cutBefore(k)
		}
		seen.add(k)
		at, units := it.Start(), 0
		for i, r := range g {
			n := utf16.RuneLen(r)
			if units+n > limit {
				atoms = append(atoms, atom{end: at + i, units: units})
				units = 0
			}
			units += n
		}
		atoms = append(atoms, atom{end: it.End(), units: units, blank: k == kindSpace || k == kindNewline})
	}
	return atoms
}

// kind is what a grapheme means for where a text can be cut.
type kind uint8

const (
	kindOther   kind = iota
	kindSpace        // where a line may break
	kindNewline      // an end of line
	kindStop         // may end a sentence: . ! ? …
	kindWide         // ends a sentence also without a space behind it: 。！？
	kindClose        // may stand between the end of a sentence and the space: " ) ]
)

// kindOf classifies a grapheme.
func kindOf(g string) kind {
	if g == "\r\n" {
		return kindNewline
	}
	r, size := utf8.DecodeRuneInString(g)
	if size < len(g) {
		return kindOther // a letter with its marks, an emoji
	}
	switch r {
	case '\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029':
		return kindNewline
	case '.', '!', '?', '…', '؟', '۔', '।', '॥':
		return kindStop
	case '。', '！', '？', '．', '｡':
		return kindWide
	case '\u00a0', '\u2007', '\u202f': // spaces that keep words together
		return kindOther
	case '"', '\'':
		return kindClose
	}
	switch {
	case unicode.IsSpace(r):
		return kindSpace
	case unicode.In(r, unicode.Pe, unicode.Pf):
		return kindClose
	}
	return kindOther
}

// preceding is what the cut before a grapheme depends on: the white space directly
// before it and what stands before that.
type preceding struct {
	spaces   int
	newlines int
	stopped  bool // the last thing but white space and closing marks ended a sentence
	wide     bool // likewise with one of kindWide
}

// cutBefore rates a cut between what was seen and a grapheme of kind k.
func (c *preceding) cutBefore(k kind) cut {
	const paragraph = 2 // ends of line
	blank := k == kindSpace || k == kindNewline
	switch {
	case blank && c.spaces == 0:
		return cutEdge
	case blank:
		return cutGrapheme
	case c.newlines >= paragraph:
		return cutParagraph
	case c.newlines > 0:
		return cutLine
	case c.spaces > 0 && c.stopped:
		return cutSentence
	case c.spaces > 0:
		return cutWord
	case c.wide && k == kindOther:
		return cutSentence
	}
	return cutGrapheme
}

// add takes a grapheme of kind k into account.
func (c *preceding) add(k kind) {
	switch k {
	case kindNewline:
		c.newlines++
		c.spaces++
		return
	case kindSpace:
		c.spaces++
		return
	case kindClose:
		if c.spaces > 0 { // an opening quotation mark, rather
			c.stopped, c.wide = false, false
		}
	case kindStop, kindWide:
		c.stopped, c.wide = true, k == kindWide
	case kindOther:
		c.stopped, c.wide = false, false
	}
	c.spaces, c.newlines = 0, 0
}
