// Package normal brings what carriers write into the form in which bridged
// keeps it.
package normal

import (
	"bytes"
	"strings"
	"time"
	"unicode/utf8"
)

// Text returns s as valid UTF-8 without NUL characters, which not every database
// can store: bytes that are no UTF-8 become U+FFFD, NULs are dropped.
func Text(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// What was done to a text that could not be kept as it came.
const (
	noteBytes = "what was no UTF-8 was replaced by U+FFFD"
	noteNUL   = "NUL characters were removed"
)

// Notes says what Text does to any of the texts; nil where it changes nothing.
func Notes(texts ...string) []string {
	var replaced, removed bool
	for _, s := range texts {
		replaced = replaced || !utf8.ValidString(s)
		removed = removed || strings.IndexByte(s, 0) >= 0
	}
	return notes(replaced, removed)
}

// JSONNotes says what is done to texts that were decoded from JSON, in which the
// decoder has already replaced what was no UTF-8 and halves of surrogate pairs.
func JSONNotes(raw []byte, decoded ...string) []string {
	var replaced, removed bool
	for _, s := range decoded {
		replaced = replaced || strings.ContainsRune(s, utf8.RuneError)
		removed = removed || strings.IndexByte(s, 0) >= 0
	}
	if replaced && utf8.Valid(raw) {
		// People write U+FFFD too, as itself or escaped.
		wrote := bytes.ContainsRune(raw, utf8.RuneError) || bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`))
		replaced = !wrote
	}
	return notes(replaced, removed)
}

func notes(replaced, removed bool) (list []string) {
	if replaced {
		list = append(list, noteBytes)
	}
	if removed {
		list = append(list, noteNUL)
	}
	return list
}

// maxDetail is how much of a carrier's own words is kept, in bytes.
const maxDetail = 500

// Detail returns a carrier's own words, cut to what is kept of them.
func Detail(s string) string {
	s = Text(s)
	if len(s) <= maxDetail {
		return s
	}
	end := maxDetail
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// Unix returns the time of a timestamp in seconds or, where the number is too
// great for those, milliseconds. It is zero for a number that is no such time.
func Unix(n int64) time.Time {
	const (
		milliseconds = 100_000_000_000 // seconds until the year 5138
		latest       = milliseconds * 1000
	)
	switch {
	case n <= 0 || n >= latest:
		return time.Time{}
	case n >= milliseconds:
		return time.UnixMilli(n).UTC()
	}
	return time.Unix(n, 0).UTC()
}

// Time returns the time of a timestamp in RFC 3339. It is zero for a text that is
// none, and for what was before computers had clocks.
func Time(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Unix() <= 0 {
		return time.Time{}
	}
	return t.UTC()
}
