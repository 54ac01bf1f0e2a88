package config

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
)

// placeholder is what config.example.toml has in the place of every secret.
const placeholder = "change-me"

// A reader turns a tree into values and collects every mistake on the way.
type reader struct {
	file     string
	lines    map[string]int    // path → line in the file
	env      map[string]string // path → variable that gave its value
	names    map[string]string // path → variable that could give its value
	bad      map[string]bool   // paths with a mistake: they hold no usable value
	mistakes []Finding
	warnings []Finding
}

func newReader(file string, lines map[string]int) *reader {
	return &reader{
		file: file, lines: lines,
		env: map[string]string{}, names: map[string]string{}, bad: map[string]bool{},
	}
}

// wrong records a mistake at a path.
func (r *reader) wrong(path, format string, args ...any) {
	r.bad[path] = true
	r.mistakes = append(r.mistakes, r.finding(path, fmt.Sprintf(format, args...)))
}

// warn records a warning at a path. What the embedded default itself says needs
// none.
func (r *reader) warn(path, text string) {
	if r.lines == nil && r.env[path] == "" {
		return
	}
	r.warnings = append(r.warnings, r.finding(path, text))
}

func (r *reader) finding(path, text string) Finding {
	f := Finding{File: r.file, Env: r.env[path], Key: path, Text: text}
	// What is missing is told at the table in which it is missing.
	for at := path; f.Line == 0 && at != ""; at = parent(at) {
		f.Line = r.lines[at]
	}
	if f.Line == 0 && r.lines != nil {
		f.Line = 1
	}
	return f
}

// ok says whether a path, and all that holds it, is without a mistake so far.
func (r *reader) ok(path string) bool {
	for ; path != ""; path = parent(path) {
		if r.bad[path] {
			return false
		}
	}
	return true
}

// table decodes a table into a struct.
func (r *reader) table(v reflect.Value, node tree, path string) {
	list := fields(v.Type())
	for _, f := range list {
		if kindOf(f.typ) == secretKind {
			r.secret(v.Field(f.index), f, node, path)
			continue
		}
		r.field(v.Field(f.index), f, node, member(path, f.key))
	}
	known := keysOf(v.Type())
	for key := range node {
		if !slices.Contains(known, key) {
			r.unknown(member(path, key), known)
		}
	}
}

func (r *reader) unknown(path string, known []string) {
	if len(known) == 0 {
		r.wrong(path, "is an unknown key: there is none in this table; remove it")
		return
	}
	r.wrong(path, "is an unknown key: correct or remove it; here may be %s", strings.Join(known, ", "))
}

// field decodes one key of a table, or what it is by default.
func (r *reader) field(v reflect.Value, f field, node tree, path string) {
	raw, written := node[f.key]
	if !written {
		r.absent(v, f, path)
		return
	}
	switch kindOf(f.typ) {
	case tableKind:
		if sub, ok := r.asTable(raw, path); ok {
			r.table(v, sub, path)
		}
	case optionalKind:
		if sub, ok := r.asTable(raw, path); ok {
			v.Set(reflect.New(f.typ.Elem()))
			r.table(v.Elem(), sub, path)
		}
	case tablesKind:
		r.tables(v, raw, path)
	case listKind:
		r.list(v, f, raw, path)
	case mapKind:
		r.strings(v, raw, path)
	default:
		r.scalar(v, f, raw, path)
	}
	if f.later && r.ok(path) && !reflect.DeepEqual(v.Interface(), defaultOf(f).Interface()) {
		r.warn(path, "is accepted, but this version of bridged does not act on it yet")
	}
}

// absent handles a key that is not written.
func (r *reader) absent(v reflect.Value, f field, path string) {
	switch {
	case kindOf(f.typ) == tableKind:
		r.table(v, tree{}, path) // for the defaults of its keys
	case f.required:
		r.missing(path)
	default:
		v.Set(defaultOf(f))
	}
}

// missing records that a required key is not written.
func (r *reader) missing(path string) {
	if name := r.names[path]; name != "" {
		r.wrong(path, "is required: add it to this table, or set %s", name)
		return
	}
	r.wrong(path, "is required: add it to this table")
}

// defaultOf is the value of a field that is not written.
func defaultOf(f field) reflect.Value {
	v := reflect.New(f.typ).Elem()
	if f.fallback == "" {
		return v
	}
	raw, err := rawScalar(f.typ, f.fallback)
	if err == nil {
		err = setScalar(v, raw)
	}
	if err != nil { // a default is part of the program
		panic(fmt.Sprintf("default of %s: %v", f.key, err))
	}
	return v
}

func (r *reader) asTable(raw any, path string) (tree, bool) {
	sub, ok := raw.(tree)
	if !ok {
		r.wrong(path, "must be a table, not %s: write [%s]", rawName(raw), withoutIndexes(path))
	}
	return sub, ok
}

func (r *reader) tables(v reflect.Value, raw any, path string) {
	entries, ok := raw.([]any)
	if !ok {
		r.wrong(path, "must be a list of tables, not %s: write [[%s]]", rawName(raw), withoutIndexes(path))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(entries), len(entries)))
	for i, entry := range entries {
		at := element(path, i)
		if sub, ok := entry.(tree); ok {
			r.table(v.Index(i), sub, at)
			continue
		}
		r.wrong(at, "must be a table, not %s: write [[%s]]", rawName(entry), withoutIndexes(path))
	}
}

func (r *reader) list(v reflect.Value, f field, raw any, path string) {
	entries, ok := raw.([]any)
	switch {
	case !ok:
		r.wrong(path, "must be a list, not %s: write it in brackets, like [\"…\"]", rawName(raw))
		return
	case f.required && len(entries) == 0:
		r.wrong(path, "is empty: it needs one entry at least")
		return
	case len(entries) == 0:
		return // as if it were not written
	}
	v.Set(reflect.MakeSlice(v.Type(), len(entries), len(entries)))
	for i, entry := range entries {
		if err := setScalar(v.Index(i), entry); err != nil {
			r.wrong(element(path, i), "%v", err)
		}
	}
}

// strings decodes a table with keys of the operator's choice.
func (r *reader) strings(v reflect.Value, raw any, path string) {
	node, ok := r.asTable(raw, path)
	if !ok || len(node) == 0 {
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(node)))
	for key, entry := range node {
		value := reflect.New(v.Type().Elem()).Elem()
		if err := setScalar(value, entry); err != nil {
			r.wrong(member(path, key), "%v", err)
			continue
		}
		v.SetMapIndex(reflect.ValueOf(key), value)
	}
}

func (r *reader) scalar(v reflect.Value, f field, raw any, path string) {
	if !r.ok(path) { // the environment gave no value for it
		return
	}
	err := setScalar(v, raw)
	switch {
	case err != nil:
	case f.required && v.IsZero():
		r.wrong(path, "is empty: give it a value")
		return
	default:
		err = checkScalar(f.check, v)
	}
	if err != nil {
		r.wrong(path, "%v", err)
	}
}

// secret decodes a key x that may be written as x_file instead.
func (r *reader) secret(v reflect.Value, f field, node tree, table string) {
	path, filePath := member(table, f.key), member(table, f.key+fileSuffix)
	raw, written := node[f.key]
	file, fromFile := node[f.key+fileSuffix]
	switch {
	case written && fromFile:
		r.wrong(filePath, "is given together with %s: remove one of the two", f.key)
		return
	case fromFile:
		raw, path = r.readSecret(file, filePath), filePath
		if !r.ok(path) {
			return
		}
	case !written && f.required:
		r.missing(path)
		return
	case !written:
		if f.fallback != "" {
			v.Set(reflect.ValueOf(NewSecret(f.fallback)))
		}
		return
	}
	if value, ok := r.secretValue(raw, f, path, fromFile); ok {
		v.Set(reflect.ValueOf(NewSecret(value)))
	}
}

// secretValue checks what was found for a secret, and returns it when it can be
// used. No mistake quotes it.
func (r *reader) secretValue(raw any, f field, path string, fromFile bool) (string, bool) {
	value, ok := raw.(string)
	switch {
	case !ok:
		r.wrong(path, "%v", mustBe(reflect.TypeFor[string](), raw))
		return "", false
	case value == "" && fromFile:
		r.wrong(path, "names an empty file: write the secret into it")
		return "", false
	case value == "":
		r.wrong(path, "is empty: give it a value")
		return "", false
	case value == placeholder:
		r.warn(path, "is still the example's placeholder: put the real secret here")
	}
	if err := checkScalar(f.check, reflect.ValueOf(&value).Elem()); err != nil {
		r.wrong(path, "%v", err)
		return "", false
	}
	return value, true
}

// readSecret reads the file that an x_file key names. The line end that editors
// leave at the end of a file is no part of a secret.
func (r *reader) readSecret(raw any, path string) string {
	name, ok := raw.(string)
	if !ok {
		r.wrong(path, "%v", mustBe(reflect.TypeFor[string](), raw))
		return ""
	}
	data, err := os.ReadFile(name) //nolint:gosec // the operator names the file
	if err != nil {
		r.wrong(path, "cannot be read: %v; correct the path or the file's permissions", err)
		return ""
	}
	return strings.TrimRight(string(data), "\r\n")
}

// withoutIndexes is the path as a TOML header has it.
func withoutIndexes(path string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(path, "[") {
		if _, rest, ok := strings.Cut(part, "]"); ok {
			part = rest
		}
		b.WriteString(part)
	}
	return b.String()
}
