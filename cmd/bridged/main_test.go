package main

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bridged": main})
}

// The scripts run the command as a process of its own; "status N command" runs
// one that must end with that status.
func TestScripts(t *testing.T) {
	t.Parallel()
	example, err := filepath.Abs("../../config.example.toml")
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLE", example)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status},
	})
}

// status checks the exit status of a command.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command…")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = statusOf(err)
	}
	if got != args[0] {
		ts.Fatalf("%v: exit status %s, want %s", args[1:], got, args[0])
	}
}

// statusOf is the status of a command that failed.
func statusOf(err error) string {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return strconv.Itoa(exit.ExitCode())
	}
	return err.Error()
}

func TestPrintVersion(t *testing.T) {
	t.Parallel()
	built := &debug.BuildInfo{
		Main:     debug.Module{Version: "v0.3.0"},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc123"}, {Key: "vcs.modified", Value: "true"}},
	}
	tests := map[string]struct {
		version, commit string
		info            *debug.BuildInfo
		want            string
	}{
		"linker":           {"1.2.3", "", built, "bridged 1.2.3\ncommit abc123 (with changes)\n"},
		"linker, all":      {"1.2.3", "def456", built, "bridged 1.2.3\ncommit def456\n"},
		"module":           {"", "", built, "bridged v0.3.0\ncommit abc123 (with changes)\n"},
		"without git":      {"", "", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "bridged development\ncommit unknown\n"},
		"without anything": {"", "", nil, "bridged development\ncommit unknown\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			require.NoError(t, printVersion(&out, test.version, test.commit, test.info))
			assert.Equal(t, test.want+runtime.Version()+"\n", out.String())
		})
	}
}
