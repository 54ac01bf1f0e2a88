package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

const (
	// erasuresPath is where persons are erased.
	erasuresPath = "/bridged/v1/erasures"
	// erasurePoll is how often it is asked how far an erasure has come.
	erasurePoll = 500 * time.Millisecond
)

// EraseCmd removes a person from the running installation.
type EraseCmd struct {
	Address   string `required:"" placeholder:"ADDRESS" help:"The person's number, such as +15550001111, or another name that a carrier has for them. The number is erased on SMS, MMS and WhatsApp alike, with all names that are known to be its."`
	Yes       bool   `help:"Do it. Without it, only what would go is counted."`
	NoCompact bool   `help:"Do not write the database's file anew afterwards, for which nothing else is written meanwhile. Then bytes of what is gone stay in the parts of the file that are free."`
	remoteFlags
}

// Validate refuses a URL that is none.
func (c *EraseCmd) Validate() error {
	if c.Address == "" {
		return errors.New("--address is empty: name the person")
	}
	return c.check()
}

// erasure is how far the removal of a person has come.
type erasure struct {
	ID      *int64         `json:"id"`
	State   string         `json:"state"`
	Removed map[string]int `json:"removed"`
	Left    []struct {
		Table  string `json:"table"`
		Column string `json:"column"`
		Rows   int    `json:"rows"`
	} `json:"left"`
	Problem *string `json:"problem"`
}

// Run says what would go or, with --yes, removes it and waits for the proof. That the
// person is still named in the words of others is no failure.
func (c *EraseCmd) Run(ctx context.Context, e *environment) error {
	installation, err := c.connect(e.environ)
	if err != nil {
		return err
	}
	form := url.Values{"Address": {c.Address}, "DryRun": {strconv.FormatBool(!c.Yes)}, "Compact": {strconv.FormatBool(!c.NoCompact)}}
	var answer erasure
	if err := installation.post(ctx, erasuresPath, form, &answer); err != nil {
		return err
	}
	if !c.Yes {
		if err := answer.print(e.stdout, "would go"); err != nil {
			return err
		}
		return errors.New("nothing was removed: add --yes to remove this for good")
	}
	if answer.ID == nil {
		return errors.New("the installation did not say which erasure this is")
	}
	for answer.State != "done" {
		select {
		case <-ctx.Done():
			return fmt.Errorf("erasure %d goes on without this command: %w", *answer.ID, ctx.Err())
		case <-time.After(erasurePoll):
		}
		if err := installation.get(ctx, erasuresPath+"/"+strconv.FormatInt(*answer.ID, 10), &answer); err != nil {
			return fmt.Errorf("erasure %d goes on, but how far it has come cannot be asked: %w", *answer.ID, err)
		}
	}
	if err := answer.print(e.stdout, "removed"); err != nil {
		return err
	}
	if answer.Problem != nil {
		return fmt.Errorf("erasure %d: %s", *answer.ID, *answer.Problem)
	}
	return nil
}

// print tells what went, and what was looked through to prove it.
func (r erasure) print(out io.Writer, went string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(format string, values ...any) { _, _ = fmt.Fprintf(table, format+"\n", values...) } // what cannot be written is told by Flush
	if r.ID != nil {
		line("erasure %d", *r.ID)
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Removed)) {
		line("%s:\t%d\t%s", went, r.Removed[kind], kind)
	}
	if len(r.Removed) == 0 {
		line("%s:\t0", went)
	}
	for _, l := range r.Left {
		line("stays:\t%d\trows of %s.%s, in words of others or of yours", l.Rows, l.Table, l.Column)
	}
	if r.ID != nil && len(r.Left) == 0 {
		line("proof:\tno column of the store names the person any more")
	}
	return table.Flush()
}
