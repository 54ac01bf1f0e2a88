package config

import (
	"log/slog"
	"sync/atomic"
)

// redacted stands for a secret wherever one would be printed.
const redacted = "[redacted]"

// Secret is a value that must not be seen. Nothing prints it: neither fmt, nor
// slog, nor an encoder; only Value tells it. Copies share one value, so a reload
// reaches every part of the program that holds one. It is safe for concurrent
// use, and the zero Secret is empty.
type Secret struct{ value *atomic.Pointer[string] }

// NewSecret makes a secret of its own.
func NewSecret(value string) Secret {
	s := Secret{value: new(atomic.Pointer[string])}
	s.set(value)
	return s
}

// Value returns the secret as it is now. Callers ask anew each time they need
// it, for it may change.
func (s Secret) Value() string {
	if s.value == nil {
		return ""
	}
	return *s.value.Load()
}

// set changes the value for all copies.
func (s Secret) set(value string) { s.value.Store(&value) }

// String hides the value.
func (s Secret) String() string { return redacted }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return redacted }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the value from encoders, JSON among them.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
