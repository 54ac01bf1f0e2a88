package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// before and snippetLength are how many characters of a text are shown before
	// what was found, and in all.
	before        = 40
	snippetLength = 160
	ellipsis      = "…"
)

// Snippet returns the part of a text around what stands from start to end in it,
// on one line.
func Snippet(text string, start, end int) string {
	from := back(text, start, before)
	until := forward(text, from, snippetLength)
	if from > 0 {
		// Begin with a whole word, where one begins before what was found.
		if i := strings.IndexFunc(text[from:start], unicode.IsSpace); i >= 0 {
			from += i
		}
	}
	if until < len(text) {
		if end = max(end, from); end < until {
			if i := strings.LastIndexFunc(text[end:until], unicode.IsSpace); i >= 0 {
				until = end + i
			}
		}
	}
	shown := strings.Join(strings.Fields(text[from:until]), " ")
	if from > 0 {
		shown = ellipsis + shown
	}
	if until < len(text) {
		shown += ellipsis
	}
	return shown
}

// back returns the place n characters before at.
func back(text string, at, n int) int {
	for ; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
	}
	return at
}

// forward returns the place n characters behind at.
func forward(text string, at, n int) int {
	for ; n > 0 && at < len(text); n-- {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}
