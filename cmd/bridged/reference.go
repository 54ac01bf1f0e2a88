package main

import (
	"runtime/debug"

	"github.com/alecthomas/kong"

	"bridged/cmd/bridged/internal/reference"
)

// ReferenceCmd prints what packages have beside the program. It is for those who
// make them, and not shown.
type ReferenceCmd struct {
	Form string `arg:"" enum:"man,bash,zsh,fish" help:"man, bash, zsh or fish."`
}

// Run prints it as the command line is now.
func (c *ReferenceCmd) Run(e *environment, parser *kong.Kong) error {
	program := parser.Model.Node
	switch c.Form {
	case "bash":
		return reference.Bash(e.stdout, program)
	case "zsh":
		return reference.Zsh(e.stdout, program)
	case "fish":
		return reference.Fish(e.stdout, program)
	default:
		build, _ := debug.ReadBuildInfo()
		return reference.Manual(e.stdout, program, versionName(version, build))
	}
}
