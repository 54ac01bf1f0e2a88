package config

import (
	"encoding"
	"reflect"
	"time"
)

// fileSuffix makes of a secret's key the one that names a file to read it from.
const fileSuffix = "_file"

// A field is one key of a table, as the tags of its struct field describe it.
type field struct {
	key      string
	fallback string // the default, as text
	check    string
	required bool
	later    bool
	fixed    bool // a secret that a reload leaves alone
	index    int
	typ      reflect.Type
}

// fields lists the keys of a table.
func fields(table reflect.Type) []field {
	var list []field
	for i := range table.NumField() {
		f := table.Field(i)
		key := f.Tag.Get("toml")
		if key == "" || key == "-" {
			continue
		}
		list = append(list, field{
			key:      key,
			fallback: f.Tag.Get("default"),
			check:    f.Tag.Get("check"),
			required: f.Tag.Get("required") != "",
			later:    f.Tag.Get("later") != "",
			fixed:    f.Tag.Get("reload") == "no",
			index:    i,
			typ:      f.Type,
		})
	}
	return list
}

// A kind is what the loader distinguishes among the types of config.go.
type kind int

const (
	scalarKind kind = iota
	secretKind
	tableKind    // a table that is always there
	optionalKind // a table that is nil where it is not written
	tablesKind   // a list of tables
	listKind     // a list of scalars
	mapKind      // a table with keys of the operator's choice
)

// kindOf tells the kind of a type.
func kindOf(t reflect.Type) kind {
	switch {
	case t == reflect.TypeFor[Secret]():
		return secretKind
	case isText(t):
		return scalarKind
	case t.Kind() == reflect.Struct:
		return tableKind
	case t.Kind() == reflect.Pointer:
		return optionalKind
	case t.Kind() == reflect.Map:
		return mapKind
	case t.Kind() != reflect.Slice:
		return scalarKind
	case t.Elem().Kind() == reflect.Struct && !isText(t.Elem()):
		return tablesKind
	default:
		return listKind
	}
}

// isText says whether values of a type read themselves out of a string.
func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// keysOf lists the names that may be written in a table.
func keysOf(table reflect.Type) []string {
	var keys []string
	for _, f := range fields(table) {
		keys = append(keys, f.key)
		if kindOf(f.typ) == secretKind {
			keys = append(keys, f.key+fileSuffix)
		}
	}
	return keys
}

// isDuration says whether values of a type are written like "5s".
func isDuration(t reflect.Type) bool { return t == reflect.TypeFor[time.Duration]() }
