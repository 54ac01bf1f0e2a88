package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"bridged/twilio"
)

// lettersPath is where an installation lists its dead letters.
const lettersPath = "/bridged/v1/dead-letters"

// DeadLettersCmd says what becomes of what was given up.
type DeadLettersCmd struct {
	List    ListLettersCmd    `cmd:"" default:"withargs" help:"List what was given up. Without a command, this one."`
	Show    ShowLetterCmd     `cmd:"" help:"Show everything that is known of one."`
	Redrive RedriveLettersCmd `cmd:"" help:"Try again: send, fetch or call once more."`
	Discard DiscardLettersCmd `cmd:"" help:"Take from the list what nobody wants any more."`
}

// letterFilter says which dead letters are wanted.
type letterFilter struct {
	Topic   string `placeholder:"TOPIC" help:"Those of this topic only, such as outbound, fetch or calls."`
	Channel string `placeholder:"NAME" help:"Those of this channel only."`
	Code    int    `placeholder:"CODE" help:"Those with this error code only."`
	Since   string `placeholder:"TIME" help:"Those given up since then only: a date as in 2026-11-21 or 2026-11-21T09:00:00Z, or how long ago, as in 24h."`
}

// values are the filter as parameters of a request.
func (f letterFilter) values(now time.Time) url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("Topic", f.Topic)
	set("Channel", f.Channel)
	if f.Code != 0 {
		set("ErrorCode", strconv.Itoa(f.Code))
	}
	since := f.Since
	if ago, err := time.ParseDuration(since); err == nil {
		since = now.Add(-ago).UTC().Format(time.RFC3339)
	}
	set("Since", since)
	return v
}

// check refuses a time that is none.
func (f letterFilter) check() error {
	if f.Since == "" {
		return nil
	}
	if _, err := time.ParseDuration(f.Since); err == nil {
		return nil
	}
	if _, err := twilio.ParseDate(f.Since); err != nil {
		return errors.New("--since is no time: write a date as in 2026-11-21T09:00:00Z, or how long ago, as in 24h")
	}
	return nil
}

// letter is a dead letter, as far as it is shown in words.
type letter struct {
	ID            int64   `json:"id"`
	State         string  `json:"state"`
	Topic         string  `json:"topic"`
	Key           string  `json:"key"`
	Channel       *string `json:"channel"`
	DeliverySID   *string `json:"delivery_sid"`
	ErrorCode     *int    `json:"error_code"`
	Reason        string  `json:"reason"`
	DateCreated   string  `json:"date_created"`
	DateDiscarded *string `json:"date_discarded"`
	DiscardedBy   *string `json:"discarded_by"`
	DiscardReason *string `json:"discard_reason"`
}

// ListLettersCmd lists what was given up.
type ListLettersCmd struct {
	letterFilter
	Discarded bool `help:"Those that were discarded, instead of those that were not."`
	JSON      bool `name:"json" help:"Print each as a line of JSON."`
	remoteFlags
}

// Validate refuses a URL or a time that is none.
func (c *ListLettersCmd) Validate() error {
	return errors.Join(c.letterFilter.check(), c.remoteFlags.check())
}

// Run lists them, page by page.
func (c *ListLettersCmd) Run(ctx context.Context, e *environment) error {
	installation, err := c.connect(e.environ)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	query := c.values(time.Now())
	query.Set("PageSize", "100")
	if c.Discarded {
		query.Set("State", "discarded")
	}
	if !c.JSON {
		_, _ = fmt.Fprintln(table, "ID\tGIVEN UP\tTOPIC\tCODE\tREASON") // what cannot be written is told by Flush
	}
	for next := "?" + query.Encode(); next != ""; {
		var page struct {
			Letters []json.RawMessage `json:"dead_letters"`
			Meta    struct {
				Next *string `json:"next_page_url"`
			} `json:"meta"`
		}
		if err := installation.get(ctx, lettersPath+next, &page); err != nil {
			return err
		}
		for _, text := range page.Letters {
			if err := c.print(table, text); err != nil {
				return err
			}
		}
		if next, err = queryOf(page.Meta.Next); err != nil {
			return err
		}
	}
	return table.Flush()
}

func (c *ListLettersCmd) print(out io.Writer, text json.RawMessage) error {
	if c.JSON {
		_, err := fmt.Fprintf(out, "%s\n", text)
		return err
	}
	var l letter
	if err := json.Unmarshal(text, &l); err != nil {
		return fmt.Errorf("read a dead letter: %w", err)
	}
	_, err := fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\n", l.ID, l.DateCreated, l.Topic, codeOf(l), printable(l.Reason))
	return err
}

// queryOf is the query of a page's URL, whose host may be another than the one that
// we reach the installation by; empty for none.
func queryOf(page *string) (string, error) {
	if page == nil {
		return "", nil
	}
	u, err := url.Parse(*page)
	if err != nil {
		return "", fmt.Errorf("read where the next page is: %w", err)
	}
	return "?" + u.RawQuery, nil
}

func codeOf(l letter) string {
	if l.ErrorCode == nil {
		return "-"
	}
	return strconv.Itoa(*l.ErrorCode)
}

// printable makes a carrier's words harmless to a terminal, and one line.
func printable(words string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, words)
}

// ShowLetterCmd shows one dead letter.
type ShowLetterCmd struct {
	ID   int64 `arg:"" help:"Its number, from the list."`
	JSON bool  `name:"json" help:"Print it as JSON."`
	remoteFlags
}

// Validate refuses a URL that is none.
func (c *ShowLetterCmd) Validate() error { return c.check() }

// Run shows it.
func (c *ShowLetterCmd) Run(ctx context.Context, e *environment) error {
	installation, err := c.connect(e.environ)
	if err != nil {
		return err
	}
	var text json.RawMessage
	if err := installation.get(ctx, letterPath(c.ID), &text); err != nil {
		return ofLetter(c.ID, err)
	}
	if c.JSON {
		_, err := fmt.Fprintf(e.stdout, "%s\n", text)
		return err
	}
	var l letter
	if err := json.Unmarshal(text, &l); err != nil {
		return fmt.Errorf("read the dead letter: %w", err)
	}
	table := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	code := codeOf(l)
	for _, line := range []struct {
		name  string
		value *string
	}{
		{"state", &l.State},
		{"given up", &l.DateCreated},
		{"topic", &l.Topic},
		{"key", &l.Key},
		{"channel", l.Channel},
		{"delivery", l.DeliverySID},
		{"error code", &code},
		{"reason", &l.Reason},
		{"discarded", l.DateDiscarded},
		{"discarded by", l.DiscardedBy},
		{"because", l.DiscardReason},
	} {
		if line.value != nil {
			_, _ = fmt.Fprintf(table, "%s:\t%s\n", line.name, printable(*line.value)) // what cannot be written is told by Flush
		}
	}
	return table.Flush()
}

func letterPath(id int64) string { return lettersPath + "/" + strconv.FormatInt(id, 10) }

// noLetter says why a dead letter is not found that an operator has seen.
const noLetter = "there is none; it may have been redriven already"

// ofLetter says which dead letter an error is about, in words of this command.
func ofLetter(id int64, err error) error {
	refused := &twilio.Error{}
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return fmt.Errorf("dead letter %d: %s", id, noLetter)
	}
	return fmt.Errorf("dead letter %d: %w", id, err)
}
