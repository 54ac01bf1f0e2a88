package postgres

import (
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// replacement stands for what PostgreSQL does not take in a text.
const replacement = "\uFFFD"

// clean makes arguments as PostgreSQL takes them: it refuses NUL characters and
// what is no UTF-8, which people's phones do send.
func clean(args []any) []any {
	isCopy := false
	for i, arg := range args {
		text, ok := textOf(arg)
		if !ok || utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
			continue
		}
		if !isCopy {
			args, isCopy = slices.Clone(args), true
		}
		args[i] = strings.ReplaceAll(strings.ToValidUTF8(text, replacement), "\x00", replacement)
	}
	return args
}

// textOf returns the text of an argument of any type of string, or of a pointer
// to one.
func textOf(arg any) (string, bool) {
	if text, ok := arg.(string); ok {
		return text, true
	}
	v := reflect.ValueOf(arg)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.String {
		return "", false
	}
	return v.String(), true
}
