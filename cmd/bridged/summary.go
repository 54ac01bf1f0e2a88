package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"bridged/twilio"
)

// importSummary counts what became of the resources of an import. It does not
// grow with their number.
type importSummary struct {
	counts  map[twilio.ExportKind]map[string]int // by outcome
	reasons map[string]*importReason             // of refusals
	notes   map[string]*importReason
}

// importReason is why something was refused, or what is not as it was.
type importReason struct {
	text  string
	first string // the first resource that it was said of
	times int
}

func newImportSummary() importSummary {
	s := importSummary{
		counts:  map[twilio.ExportKind]map[string]int{},
		reasons: map[string]*importReason{}, notes: map[string]*importReason{},
	}
	for _, kind := range append(importKinds(), "") {
		s.counts[kind] = map[string]int{}
	}
	return s
}

// refused is how many were refused.
func (s importSummary) refused() (n int) {
	for _, count := range s.counts {
		n += count[outcomeRefused]
	}
	return n
}

// add counts a resource.
func (s importSummary) add(entry importEntry, o importOutcome) {
	s.counts[entry.Kind][o.Outcome]++
	for _, note := range o.Notes {
		// What follows a colon is particular to the resource.
		text, _, _ := strings.Cut(note, ":")
		count(s.notes, text, text, entry)
	}
	if o.Outcome != outcomeRefused {
		return
	}
	text := ""
	if o.Message != nil {
		text = *o.Message
	}
	// Refusals with one code are of one kind, though their words name what they
	// are about.
	key := text
	if o.Code != nil {
		key = strconv.Itoa(*o.Code)
		text = key + " " + text
	}
	count(s.reasons, key, text, entry)
}

// maxReasons is how many kinds of reasons are told apart.
const maxReasons = 50

func count(reasons map[string]*importReason, key, text string, entry importEntry) {
	if reasons[key] == nil && len(reasons) >= maxReasons {
		key, text = "", "other reasons"
	}
	if reasons[key] == nil {
		reasons[key] = &importReason{text: text, first: entry.name()}
	}
	reasons[key].times++
}

// name is what a resource is called in a summary.
func (e importEntry) name() string {
	switch {
	case e.SID != "":
		return e.SID
	case e.Place != "":
		return e.file + ", " + e.Place
	}
	return e.file
}

// print writes the summary.
func (s importSummary) print(out io.Writer, dry bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var errs []error
	line := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		errs = append(errs, err)
	}
	if dry {
		line("dry run: nothing is stored")
	}
	line("\tcreated\texisted\trefused")
	for _, kind := range importKinds() {
		line("%ss\t%d\t%d\t%d", kind, s.counts[kind][outcomeCreated], s.counts[kind][outcomeExists], s.counts[kind][outcomeRefused])
	}
	if n := s.counts[""][outcomeRefused]; n > 0 {
		line("no such resource\t\t\t%d", n)
	}
	for _, reason := range sorted(s.reasons) {
		line("refused %d times, first %s: %s", reason.times, reason.first, reason.text)
	}
	for _, note := range sorted(s.notes) {
		line("noted %d times, first of %s: %s", note.times, note.first, note.text)
	}
	return errors.Join(append(errs, w.Flush())...)
}

// sorted are the reasons, the most frequent first.
func sorted(reasons map[string]*importReason) []*importReason {
	return slices.SortedFunc(maps.Values(reasons), func(a, b *importReason) int {
		return cmp.Or(cmp.Compare(b.times, a.times), cmp.Compare(a.text, b.text))
	})
}

// reported is a line of the report.
type reported struct {
	File            string            `json:"file"`
	Place           string            `json:"place,omitempty"`
	Kind            twilio.ExportKind `json:"kind,omitempty"`
	SID             string            `json:"sid,omitempty"`
	ConversationSID string            `json:"conversation_sid,omitempty"`
	importOutcome
}

func reportLine(entry importEntry, outcome importOutcome) reported {
	if outcome.Notes == nil {
		outcome.Notes = []string{}
	}
	return reported{
		File: entry.file, Place: entry.Place, Kind: entry.Kind, SID: entry.SID,
		ConversationSID: twilio.SID(entry.Conversation), importOutcome: outcome,
	}
}
