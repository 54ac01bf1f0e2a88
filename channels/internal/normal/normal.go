// Package normal brings what carriers write into the form in which bridged
// keeps it.
package normal

import (
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
