package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The markers of the section that runs write in docs/reliability.md.
const (
	sectionBegins = "<!-- runs: written by `make torture` -->\n"
	sectionEnds   = "<!-- end of the runs -->\n"
)

// writeSummary says on a terminal how a run went.
func writeSummary(w io.Writer, o *outcome) {
	for _, r := range o.results {
		fmt.Fprintf(w, "%-50s %8d checked, %d broken\n", r.Name, r.Checked, len(r.Violations))
	}
	fmt.Fprintf(w, "%d steps in %s: %s\n", len(o.plan.steps), o.took.Round(time.Second), counts(o.faults))
}

// counts are names with their numbers, in order.
func counts(of map[string]int) string {
	list := make([]string, 0, len(of))
	for _, name := range slices.Sorted(maps.Keys(of)) {
		list = append(list, fmt.Sprintf("%s %d", name, of[name]))
	}
	return strings.Join(list, " · ")
}

// updateReport writes a run into the section of a file: in the place of the one with
// the same plan, or before the others.
func updateReport(path, commit string, o *outcome) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed, err := withRun(string(text), o.title(), o.section(commit, machine()))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(changed), 0o644)
}

// commitHere is the commit that is checked out. It is asked for before a run, which takes
// so long that there may be another one at its end.
func commitHere(ctx context.Context) (string, error) {
	commit, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "", fmt.Errorf("which commit this is: %w", err)
	}
	return strings.TrimSpace(string(commit)), nil
}

// withRun is a document with one more run, or a newer one, in its section.
func withRun(text, title, section string) (string, error) {
	before, rest, found := strings.Cut(text, sectionBegins)
	inside, after, closed := strings.Cut(rest, sectionEnds)
	if !found || !closed {
		return "", errors.New("there are no markers")
	}
	const heading = "\n### "
	var kept strings.Builder
	for _, run := range strings.Split(inside, heading)[1:] {
		if !strings.HasPrefix(run, title+"\n") {
			kept.WriteString(heading + run)
		}
	}
	return before + sectionBegins + heading + title + "\n\n" + section + kept.String() + sectionEnds + after, nil
}

func (o *outcome) title() string {
	return fmt.Sprintf("%s, seed %d, %d crashes", map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}[o.store], o.seed, o.crashes)
}

// section is what the document says of a run.
func (o *outcome) section(commit, machine string) string {
	h := o.history
	var b strings.Builder
	fmt.Fprintf(&b, "%s, commit %s, %s. %d steps in %s.\n\n", o.began.UTC().Format("2 January 2006 15:04 UTC"), commit, machine,
		len(o.plan.steps), o.took.Round(time.Second))
	acknowledged, taken, repeated, unknown := 0, 0, 0, 0
	for _, w := range h.Written {
		if w.Acknowledged {
			acknowledged++
		}
	}
	seen := make(map[string]bool)
	for _, s := range h.Sends {
		if !s.Taken {
			continue
		}
		taken++
		if key := s.Token + strings.Join(s.To, ","); s.Token != "" && seen[key] {
			repeated++
		} else {
			seen[key] = true
		}
	}
	for _, a := range h.Left.Attempts {
		if a.Outcome == "unknown" {
			unknown++
		}
	}
	told := 0
	for _, t := range h.Told {
		if t.Taken {
			told++
		}
	}
	b.WriteString("| what | how many |\n|---|---|\n")
	for _, row := range [][2]string{
		{"messages acknowledged", strconv.Itoa(acknowledged)},
		{"messages in conversations", fmt.Sprintf("%d in %d", len(h.Left.Messages), len(h.Left.Conversations))},
		{"deliveries", fmt.Sprintf("%d, of which %d are dead letters", len(h.Left.Deliveries), len(h.Left.DeadLetters))},
		{"requests to carriers", fmt.Sprintf("%d, of which %d were taken, %d of them again after an unknown outcome", len(h.Sends), taken, repeated)},
		{"attempts of unknown outcome at the end", strconv.Itoa(unknown)},
		{"statuses acknowledged", strconv.Itoa(len(h.Reports))},
		{"calls of webhooks", fmt.Sprintf("%d, of which %d were taken", len(h.Told), told)},
		{"around the daemon", counts(o.tally)},
		{"faults", counts(o.faults)},
		{"carriers", counts(o.carriers)},
		{"webhooks", counts(o.webhooks)},
		{"the disk is", o.disk},
		{"faults that could not be made", orNone(strings.Join(o.missing, " · "))},
		{"goroutines, heap and RSS of the last process", fmt.Sprintf("%d, %d MB, %d MB; at the end %d, %d MB, %d MB",
			h.Warm.Goroutines, h.Warm.Heap>>20, h.Warm.RSS>>20, h.End.Goroutines, h.End.Heap>>20, h.End.RSS>>20)},
		{"checks while it ran", strconv.Itoa(o.during)},
	} {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
	}
	b.WriteString("\n| promise | checked | broken |\n|---|---|---|\n")
	for _, r := range o.results {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", r.Name, r.Checked, len(r.Violations))
	}
	return b.String()
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// machine is what the run ran on.
func machine() string {
	name := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if found := regexp.MustCompile(`model name\s*: (.+)`).FindSubmatch(text); found != nil {
			name = string(found[1])
		}
	}
	return fmt.Sprintf("%d × %s", runtime.NumCPU(), name)
}
