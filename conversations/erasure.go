package conversations

import (
	"regexp"
	"strings"
	"time"
)

// ErasureState is how far the erasure of a person has come.
type ErasureState string

// The states of an erasure.
const (
	ErasureRunning ErasureState = "running" // rows are being removed
	ErasureProving ErasureState = "proving" // none is left, and the store is cleaned behind them
	ErasureDone    ErasureState = "done"
)

// Erasure is the removal of a person on request. Once the rows are gone it holds
// nothing that tells who it was: not even a digest, which anybody could find again by
// trying all telephone numbers.
type Erasure struct {
	Seq int64
	// Spellings are the names of the person while they are still looked for.
	Spellings Spellings
	State     ErasureState
	// Compact says that the files of the store are written anew afterwards, so that
	// nothing remains in what they do not use any more.
	Compact bool
	By      string // who asked for it
	// Removed counts what went, by kind.
	Removed map[string]int
	// Left is where a name of the person still stands: in words of others, which stay.
	Left              []Leftover
	Problem           string // why it is not proved or not compacted; empty for none
	Created, Finished time.Time
}

// Leftover is a column in which a name of a person stands, and in how many rows.
type Leftover struct {
	Table, Column string
	Rows          int
}

// Aged is a message or a file by its age.
type Aged struct {
	ID      string
	Created time.Time
	Service ServiceID
}

// ErasedName stands where the name of a person was, in what is not theirs alone.
const ErasedName = "erased"

// Belonging is a row of the store that is of a person, or in which the person is
// named.
type Belonging struct {
	Kind   string   // in the words of a report
	Key    any      // of the row in its table
	Values []string // what of it tells that it is
}

// Spellings are the ways in which the names of one person are written, without the
// type of an address and without the plus sign of a number: as they also stand in
// URLs, forms and JSON.
type Spellings []string

// In says whether one of the names stands in a text, by itself: not as a part of a
// longer number or word.
func (s Spellings) In(text string) bool {
	for _, name := range s {
		if next(text, name, 0) >= 0 {
			return true
		}
	}
	return false
}

// Are says whether an address is one of the person's.
func (s Spellings) Are(a Address) bool {
	local := strings.TrimSpace(a.Local())
	for _, name := range s {
		if local == name && !numeric(name) || local == "+"+name {
			return true
		}
	}
	return false
}

// Replace writes other words in the place of the names in a text.
func (s Spellings) Replace(text, words string) string {
	for _, name := range s {
		for at := next(text, name, 0); at >= 0; at = next(text, name, at+len(words)) {
			text = text[:at] + words + text[at+len(name):]
		}
	}
	return text
}

// next is where a name stands by itself in a text, from a place on; -1 for nowhere.
func next(text, name string, from int) int {
	for from <= len(text) {
		at := strings.Index(text[from:], name)
		if at < 0 {
			return -1
		}
		at += from
		if begins(text[:at]) && ends(text[at+len(name):]) {
			return at
		}
		from = at + 1
	}
	return -1
}

// escaped is the end of a text that ends with an escaped character, as in URLs and in
// JSON, however often one is wrapped in the other.
var escaped = regexp.MustCompile(`(?:%(?:25)*[0-9A-Fa-f]{2}|(?:\\|%(?:25)*5C)(?:[bfnrt]|u[0-9a-fA-F]{4}))$`)

// longestEscape bounds what of a text is looked at for that, in bytes.
const longestEscape = 32

// begins says whether a name can begin behind a text: at a mark, escaped or not.
func begins(before string) bool {
	return before == "" || !alphanumeric(before[len(before)-1]) || escaped.MatchString(before[max(0, len(before)-longestEscape):])
}

func ends(after string) bool { return after == "" || !alphanumeric(after[0]) }

func alphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func numeric(s string) bool { return strings.Trim(s, "0123456789") == "" }
