package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Finding is something to tell the operator about one key.
type Finding struct {
	// File is the file that holds the key, or what stands for one.
	File string
	// Line is the key's line; where the key is missing, that of its table. It is
	// 0 where there is no file.
	Line int
	// Env is the environment variable that gave the value; empty where the file
	// did.
	Env string
	// Key is the path of the key, such as "channels[0].twilio.auth_token".
	Key string
	// Text says what is wrong and what to change.
	Text string
}

// String is "FILE:LINE: key: text", or "VARIABLE: key: text" for a value out of
// the environment.
func (f Finding) String() string {
	parts := make([]string, 0, 3)
	switch {
	case f.Env != "":
		parts = append(parts, f.Env)
	case f.Line > 0:
		parts = append(parts, fmt.Sprintf("%s:%d", f.File, f.Line))
	default:
		parts = append(parts, f.File)
	}
	if f.Key != "" {
		parts = append(parts, f.Key)
	}
	return strings.Join(append(parts, f.Text), ": ")
}

// KeyErrors are all the mistakes of a configuration: those of the file in the
// order of their lines, then those of the environment.
type KeyErrors []Finding

// Error lists the mistakes, one a line.
func (m KeyErrors) Error() string {
	lines := make([]string, len(m))
	for i, finding := range m {
		lines[i] = finding.String()
	}
	return strings.Join(lines, "\n")
}

// ordered sorts findings as KeyErrors says.
func ordered(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Env, b.Env), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key))
	})
	return findings
}
