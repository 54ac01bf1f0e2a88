package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

// version is set by the linker: -ldflags "-X main.version=1.2.3".
var version string

// commit is set by the linker likewise, where Go is not to find it in the repository.
var commit string //nolint:gochecknoglobals // as version, which the linter knows by its name

// VersionCmd prints what this program is.
type VersionCmd struct{}

// Run prints version, commit and Go version, each on a line of its own.
func (c *VersionCmd) Run(e *environment) error {
	info, _ := debug.ReadBuildInfo()
	return printVersion(e.stdout, version, commit, info)
}

// printVersion writes what the linker and the build information say. Info may be
// nil.
func printVersion(w io.Writer, version, commit string, info *debug.BuildInfo) error {
	changed := ""
	if commit == "" && info != nil {
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				commit = setting.Value
			case setting.Key == "vcs.modified" && setting.Value == "true":
				changed = " (with changes)"
			}
		}
	}
	if commit == "" { // as in a repository without one
		commit, changed = "unknown", ""
	}
	_, err := fmt.Fprintf(w, "bridged %s\ncommit %s%s\n%s\n", versionName(version, info), commit, changed, runtime.Version())
	return err
}

// versionName is what the program is called in its log and by the version
// command.
func versionName(version string, info *debug.BuildInfo) string {
	if version == "" && info != nil && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	if version == "" {
		return "development"
	}
	return version
}
