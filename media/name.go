package media

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"bridged/conversations"
)

// maxName is how many characters the name of a file may have (page 31).
const maxName = 256

// Filename is the name that a file is kept with. Nothing on disk is called by it,
// but who fetches the file may save it under that name: so of a path only the
// end remains, and nothing that is not to be seen. A name that is too long, or no
// text, is refused with conversations.InvalidParameter.
func Filename(given string) (string, error) {
	if !utf8.ValidString(given) {
		return "", conversations.Refuse(conversations.InvalidParameter, "the name of the file is not UTF-8 text")
	}
	name := given[strings.LastIndexAny(given, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, name)
	name = strings.TrimSpace(name)
	if strings.Trim(name, ".") == "" {
		return "", nil // "", "." and ".." name no file
	}
	if n := utf8.RuneCountInString(name); n > maxName {
		return "", conversations.Refuse(conversations.InvalidParameter,
			"the name of the file has %d characters; at most %d are allowed", n, maxName)
	}
	return name, nil
}
