package config

import (
	"reflect"
	"strings"
)

// envPrefix begins the name of every variable that overrides a key.
const envPrefix = "BRIDGED"

// A slot is a key that a variable may override.
type slot struct {
	typ  reflect.Type
	path string
	key  string
	// table returns the table that holds the key, making it where the file has
	// none. It is nil where the file has something else in its place.
	table func() tree
}

// overlay writes what the environment overrides into the tree.
func (r *reader) overlay(root tree, environ []string) {
	slots := map[string]slot{}
	r.collect(slots, reflect.TypeFor[Config](), root, "", envPrefix, func() tree { return root })
	for name, s := range slots {
		r.names[s.path] = name
	}
	given := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, envPrefix+"_") {
			given[name] = value
		}
	}
	for name, value := range given {
		s, known := slots[name]
		switch {
		case !known:
			r.warnings = append(r.warnings, Finding{
				File: r.file, Env: name, Text: "overrides nothing: no scalar of the configuration has this name",
			})
		case kindOf(s.typ) == secretKind:
			r.overrideSecret(name, value, s, given)
		default:
			r.override(name, value, s)
		}
	}
}

// override gives a key the value of a variable.
func (r *reader) override(name, value string, s slot) {
	table := s.table()
	if table == nil {
		return // the file's own mistake is told when it is decoded
	}
	r.env[s.path] = name
	raw, err := rawScalar(s.typ, value)
	if err != nil {
		r.wrong(s.path, "%v", err)
		return
	}
	table[s.key] = raw
}

// overrideSecret is override for a secret, which has two keys: a variable for
// one of them takes the file's other one out of force.
func (r *reader) overrideSecret(name, value string, s slot, given map[string]string) {
	other := name + strings.ToUpper(fileSuffix)
	key, isFile := strings.CutSuffix(s.key, fileSuffix)
	if isFile {
		other = strings.TrimSuffix(name, strings.ToUpper(fileSuffix))
	} else {
		key += fileSuffix
	}
	if _, both := given[other]; !both {
		if table := s.table(); table != nil {
			delete(table, key)
		}
	}
	r.override(name, value, s)
}

// collect finds the slots of a table. What the file has decides which entries
// of lists and which keys of maps can be overridden.
func (r *reader) collect(slots map[string]slot, typ reflect.Type, node tree, path, name string, table func() tree) {
	for _, f := range fields(typ) {
		at, env := member(path, f.key), name+"_"+envName(f.key)
		below := func() tree { return r.subtable(table, f.key, at, env) }
		sub, _ := node[f.key].(tree)
		switch kindOf(f.typ) {
		case tableKind:
			r.collect(slots, f.typ, sub, at, env, below)
		case optionalKind:
			r.collect(slots, f.typ.Elem(), sub, at, env, below)
		case tablesKind:
			entries, _ := node[f.key].([]any)
			for i, entry := range entries {
				if sub, ok := entry.(tree); ok && nameOf(sub) != "" {
					r.collect(slots, f.typ.Elem(), sub, element(at, i), env+"_"+envName(nameOf(sub)), func() tree { return sub })
				}
			}
		case mapKind:
			for key := range sub {
				slots[env+"_"+envName(key)] = slot{typ: f.typ.Elem(), path: member(at, key), key: key, table: below}
			}
		case secretKind:
			slots[env] = slot{typ: f.typ, path: at, key: f.key, table: table}
			slots[env+strings.ToUpper(fileSuffix)] = slot{typ: f.typ, path: at + fileSuffix, key: f.key + fileSuffix, table: table}
		case listKind: // only scalars can be overridden
		default:
			slots[env] = slot{typ: f.typ, path: at, key: f.key, table: table}
		}
	}
}

// subtable returns the table under a key, making it where there is none.
func (r *reader) subtable(table func() tree, key, path, env string) tree {
	holder := table()
	if holder == nil {
		return nil
	}
	if _, written := holder[key]; !written {
		holder[key] = tree{}
		r.env[path] = env + "_*"
	}
	sub, _ := holder[key].(tree)
	return sub
}

// nameOf is the name of an entry of a list of tables; empty where it has none.
func nameOf(entry tree) string {
	name, _ := entry["name"].(string)
	return name
}

// envName is a key or a name as it stands in the name of a variable.
func envName(key string) string {
	return strings.ToUpper(strings.Map(func(c rune) rune {
		if isAlphanumeric(c) {
			return c
		}
		return '_'
	}, key))
}

func isAlphanumeric(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
