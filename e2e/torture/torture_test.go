package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/torture/history"
)

// The short form of `make torture`: a handful of faults, each once, in an order and
// with people that a random seed decides. Where nothing may be mounted, a limit on the
// size of files stands in for the full disk.
func TestBridgedKeepsItsPromisesUnderAHandfulOfFaults(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "bridged")
	out, err := exec.Command("go", "build", "-tags", "torture", "-o", binary, "bridged/cmd/bridged").CombinedOutput()
	require.NoError(t, err, string(out))
	o := options{binary: binary, seed: uint64(time.Now().UnixNano()) % 1_000_000, store: "sqlite", short: true}
	require.NoError(t, play(t.Context(), o, t.Output()))
}

func TestARunSaysHowToRepeatIt(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "make torture SEED=5 CYCLES=60 STORE=postgres", options{seed: 5, crashes: 60, store: "postgres"}.again())
	assert.Equal(t, "make torture SEED=5 STORE=sqlite ARGS=-short", options{seed: 5, store: "sqlite", short: true}.again())
	assert.Equal(t, `make torture SEED=5 CYCLES=6 STORE=sqlite ARGS='-only "disk full"'`,
		options{seed: 5, crashes: 6, store: "sqlite", only: "disk full"}.again())
}

func TestAStoreThatThereIsNotIsRefused(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, play(t.Context(), options{store: "another"}, t.Output()), "use sqlite or postgres")
}

func TestAReportTakesThePlaceOfThatOfTheSamePlan(t *testing.T) {
	t.Parallel()
	const before, after = "# Reliability\n\n", "the end\n"
	text := before + sectionBegins + sectionEnds + after
	for _, run := range [][2]string{{"one", "old\n"}, {"two", "second\n"}, {"one", "new\n"}} {
		var err error
		text, err = withRun(text, run[0], run[1])
		require.NoError(t, err)
	}
	assert.Equal(t, before+sectionBegins+"\n### one\n\nnew\n\n### two\n\nsecond\n"+sectionEnds+after, text)
	_, err := withRun("no markers", "one", "new\n")
	require.Error(t, err)
}

func TestAReportSaysWhatWasFound(t *testing.T) {
	t.Parallel()
	o := &outcome{
		options: options{store: "sqlite", seed: 9, crashes: 3}, plan: &plan{}, faults: map[string]int{faultKill: 2, faultClock: 1},
		history: &history.History{
			Written: []history.Written{{Acknowledged: true}, {}},
			Sends:   []history.Send{{Token: "p00-000000", To: []string{"a"}, Taken: true}, {Token: "p00-000000", To: []string{"a"}, Taken: true}, {}},
		},
		results: []history.Result{{Name: "nothing lost", Checked: 4, Violations: []string{"one is"}}},
	}
	text := o.section("abcdef", "a machine")
	assert.Equal(t, "SQLite, seed 9, 3 crashes", o.title())
	for _, said := range []string{
		"| messages acknowledged | 1 |", "3, of which 2 were taken, 1 of them again", "| faults | SIGKILL 2 · clock jumps 1 |",
		"| nothing lost | 4 | 1 |", "commit abcdef, a machine", "| faults that could not be made | none |",
	} {
		assert.Contains(t, text, said)
	}
	assert.Equal(t, []string{"nothing lost: one is"}, o.broken())
}

// Both ways of filling a disk end when it is emptied.
func TestADiskCanBeFilledAndEmptied(t *testing.T) {
	t.Parallel()
	d, err := newDisk(filepath.Join(t.TempDir(), "data"), 0)
	require.NoError(t, err)
	defer func() { require.NoError(t, d.close(false)) }()
	if !d.mounted {
		assert.Contains(t, d.means(), "RLIMIT_FSIZE")
		return // a process is limited, and not the disk: the run above does it
	}
	file := filepath.Join(d.path, "file")
	require.NoError(t, d.fill(nil))
	require.ErrorContains(t, os.WriteFile(file, []byte(strings.Repeat("x", 100_000)), 0o600), "no space left")
	require.NoError(t, d.empty(nil))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.NoError(t, d.readOnly(true))
	require.ErrorContains(t, os.WriteFile(file+"2", nil, 0o600), "read-only")
	require.NoError(t, d.readOnly(false))
}
