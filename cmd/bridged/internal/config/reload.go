package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// ReloadSecrets reads the file, the environment and the files of secrets again
// and gives every Secret of the configuration its new value, in place. Nothing
// else changes before a restart, nor does the store's URL: the connections are
// made. Entries of lists are matched by their name or
// SID, not by their place. An API key that is gone is revoked: its secret becomes
// one that nobody knows. Where anything is wrong nothing changes at all.
func (c *Config) ReloadSecrets() error {
	c.reloadMu.Lock()
	defer c.reloadMu.Unlock()
	if c.again == nil {
		return errors.New("reload secrets: this configuration was not loaded from anywhere")
	}
	fresh, err := c.again()
	if err != nil {
		return fmt.Errorf("reload secrets: %w", err)
	}
	values := map[string]Secret{}
	eachSecret(reflect.ValueOf(fresh).Elem(), "", func(id string, s Secret) { values[id] = s })
	eachSecret(reflect.ValueOf(c).Elem(), "", func(id string, s Secret) {
		switch value, found := values[id]; {
		case found:
			s.set(value.Value())
		case strings.HasPrefix(id, "account.api_keys."):
			s.set(randomHex())
		}
	})
	return nil
}

// eachSecret calls visit with every secret in a table. Its id stays the same
// when the entries of a list change places.
func eachSecret(table reflect.Value, id string, visit func(id string, s Secret)) {
	for _, f := range fields(table.Type()) {
		v, at := table.Field(f.index), member(id, f.key)
		switch kindOf(f.typ) {
		case secretKind:
			if s, ok := v.Interface().(Secret); ok && s.value != nil && !f.fixed {
				visit(at, s)
			}
		case tableKind:
			eachSecret(v, at, visit)
		case optionalKind:
			if !v.IsNil() {
				eachSecret(v.Elem(), at, visit)
			}
		case tablesKind:
			for i := range v.Len() {
				eachSecret(v.Index(i), member(at, idOf(v.Index(i))), visit)
			}
		default: // holds no secret
		}
	}
}

// idOf is what names an entry of a list: its first key.
func idOf(entry reflect.Value) string { return entry.Field(0).String() }
