// Command torture plays a world around the built binary of bridged in which
// everything goes wrong, and compares what has become of it with what bridged
// promises. docs/reliability.md says what is done, what is checked, and how it went.
//
// A seed decides who there is, what is written when and which faults are made: the
// same seed makes the same plan. How the threads of the processes interleave is the
// machine's.
package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the command line.
type options struct {
	binary  string
	seed    uint64
	crashes int
	store   string // sqlite or postgres
	report  string // a file with markers; empty: none
	dir     string // where the run works; empty: the system's place for such things
	only    string // part of a fault's name; empty: all
	short   bool   // each fault of a handful once, in some order
}

func main() {
	var o options
	flag.StringVar(&o.binary, "bridged", "bin/bridged-torture", "the binary to test; its clock jumps where it was built with -tags torture")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano())%1_000_000, "decides the plan")
	flag.IntVar(&o.crashes, "cycles", 60, "how many crashes; other faults come between them")
	flag.StringVar(&o.store, "store", "sqlite", "sqlite, or postgres on a server that the run starts")
	flag.StringVar(&o.report, "report", "", "the file whose section between the markers gets the result")
	flag.StringVar(&o.dir, "dir", "", "where the run works")
	flag.StringVar(&o.only, "only", "", "deal only the faults whose name contains this")
	flag.BoolVar(&o.short, "short", false, "each fault of a handful once, as the tests do")
	flag.Parse()
	if err := play(context.Background(), o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// errBroken is the end of a run that has found something.
var errBroken = errors.New("a promise is broken")

// play runs a plan and says how it went.
func play(ctx context.Context, o options, say io.Writer) error {
	if o.store != "sqlite" && o.store != "postgres" {
		return fmt.Errorf("-store %s: use sqlite or postgres", o.store)
	}
	var err error
	if o.binary, err = filepath.Abs(o.binary); err != nil {
		return err
	}
	isReported, commit := o.report != "" && !o.short, ""
	if isReported {
		if commit, err = commitHere(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(say, "seed %d\n", o.seed)
	out, err := run(ctx, o, say)
	if err == nil {
		writeSummary(say, out)
		if list := out.broken(); len(list) > 0 {
			err = fmt.Errorf("%w:\n%s", errBroken, strings.Join(list[:min(len(list), 40)], "\n"))
		}
	}
	if err != nil {
		return fmt.Errorf("%w\nrepeat it with: %s", err, o.again())
	}
	if !isReported {
		return nil
	}
	return updateReport(o.report, commit, out)
}

// again is the command that repeats the run.
func (o options) again() string {
	command := fmt.Sprintf("make torture SEED=%d CYCLES=%d STORE=%s", o.seed, o.crashes, o.store)
	if o.short {
		command = fmt.Sprintf("make torture SEED=%d STORE=%s ARGS=-short", o.seed, o.store)
	}
	if o.only != "" {
		command += fmt.Sprintf(" ARGS='-only \"%s\"'", o.only)
	}
	return command
}

// deck are the faults that can be made here, and why others cannot.
func (o options) deck() (deck []card, missing []string) {
	without := make(map[string]string)
	if !jumps(o.binary) {
		without[faultClock] = "the binary was not built with -tags torture"
	}
	if _, err := exec.LookPath("strace"); err != nil {
		without[faultSlowSync], without[faultReadOnly] = "strace is not installed", "strace is not installed"
	} else if err := mayTrace(); err != nil {
		without[faultSlowSync], without[faultReadOnly] = "strace may not attach", "strace may not attach"
	}
	if !mayMount() {
		without[faultReadOnlyStart] = "nothing may be mounted"
	}
	for _, c := range append(cards(), cardsOf(o.store)...) {
		if why, ok := without[c.fault]; ok {
			missing = append(missing, c.fault+": "+why)
			continue
		}
		if strings.Contains(c.fault, o.only) && (!o.short || slices.Contains(handful(), c.fault)) {
			deck = append(deck, c)
		}
	}
	return deck, missing
}

// handful are the faults of the short form.
func handful() []string {
	return []string{
		faultKill, faultKillStarting, faultKillStopping, faultSuspend, faultDiskFullKill, faultReadOnlyStart,
		faultCarriersSilent, faultWebhooksFail, faultClock, faultSlowSync,
	}
}

// jumps says whether a binary's clock can jump.
func jumps(binary string) bool {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" {
			return slices.Contains(strings.Split(s.Value, ","), "torture")
		}
	}
	return false
}

// mayTrace tries whether strace may look at a process that this one has started.
func mayTrace() error {
	other := exec.Command("sleep", "60")
	if err := other.Start(); err != nil {
		return err
	}
	defer func() { _, _ = other.Process.Kill(), other.Wait() }()
	tracer := exec.Command("timeout", "-s", "INT", "0.2", "strace", "-qq", "-o", "/dev/null", "-p", strconv.Itoa(other.Process.Pid))
	var ended *exec.ExitError
	if err := tracer.Run(); errors.As(err, &ended) && ended.ExitCode() == 124 {
		return nil
	}
	return errors.New("strace did not attach")
}

// mayMount tries whether file systems may be mounted.
func mayMount() bool {
	dir, err := os.MkdirTemp("", "bridged-torture-mount-")
	if err != nil {
		return false
	}
	d, err := newDisk(filepath.Join(dir, "disk"), 0)
	mounted := err == nil && d.mounted
	if err == nil {
		err = d.close(false)
	}
	return mounted && errors.Join(err, os.RemoveAll(dir)) == nil
}
