package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"bridged/store/transfer"
)

// progress shows how far a move or an import is: a bar on a terminal, else a line
// for each table or kind. That it cannot be shown stops nothing.
type progress struct {
	out      io.Writer
	terminal bool
	bar      *progressbar.ProgressBar
	checking bool // that it began is said
}

func newProgress(out io.Writer) *progress {
	file, ok := out.(*os.File)
	return &progress{out: out, terminal: ok && term.IsTerminal(int(file.Fd()))}
}

// Total implements transfer.Observer.
func (p *progress) Total(rows int64) {
	if !p.terminal {
		return
	}
	p.bar = progressbar.NewOptions64(max(rows, 1),
		progressbar.OptionSetWriter(p.out),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(),
	)
}

// Begin implements transfer.Observer.
func (p *progress) Begin(step transfer.Step, table string, rows int64) {
	switch {
	case p.bar != nil:
		p.bar.Describe(fmt.Sprintf("%s %s", step, table))
	case step == transfer.Copying:
		_, _ = fmt.Fprintf(p.out, "%s %s: %d rows\n", step, table, rows)
	case !p.checking:
		p.checking = true
		_, _ = fmt.Fprintf(p.out, "%s all of it\n", step)
	}
}

// Rows implements transfer.Observer.
func (p *progress) Rows(n int) {
	if p.bar != nil {
		_ = p.bar.Add(n)
	}
}

// Stage says what is done now, and how many rows of it there are.
func (p *progress) Stage(what string, rows int64) {
	switch {
	case p.bar != nil:
		p.bar.Describe(what)
	case !p.terminal:
		_, _ = fmt.Fprintf(p.out, "%s: %d\n", what, rows)
	}
}

// close takes the bar off the terminal.
func (p *progress) close() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
