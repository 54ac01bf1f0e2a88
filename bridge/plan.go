package bridge

import (
	"errors"
	"slices"
	"strings"
	"time"

	"bridged/conversations"
	"bridged/receipts"
)

// Outlet is what planning has to know of the channel that a delivery goes out by.
type Outlet struct {
	// Split cuts a text into the parts that the channel takes, at least one.
	Split func(text string) []string
	// Segments counts those of the air interface that a text takes; optional, 0
	// where the channel has none at the moment.
	Segments func(text string) int
	// Spell changes the spelling of a text that has segments. Optional.
	Spell func(text string) string
	// Cut is Split for a longest text, in UTF-16 code units, that is not the
	// channel's own; nil: Split.
	Cut func(text string, limit int) []string
	// Contents is what the channel can do with contents; nil: they go out as text.
	Contents ContentOutlet
}

// spelled is a text as it goes out.
func (o *Outlet) spelled(text string) string {
	if o.Spell == nil || o.Segments == nil || o.Segments(text) == 0 {
		return text
	}
	return o.Spell(text)
}

// segments counts those of a delivery. Beside files there are none.
func (o *Outlet) segments(parts []Part) (n int) {
	for _, p := range parts {
		if o.Segments != nil && len(p.Media) == 0 && p.refusal == nil {
			n += o.Segments(p.Text)
		}
	}
	return n
}

// Part is what goes to a carrier in one request, or why it cannot.
type Part struct {
	Text  string
	Media []conversations.Media // each with the URL that the carrier fetches it from
	// Content is what goes out instead of both, on a channel that takes contents:
	// as the template that it has, else as its form. Text is what it says.
	Content *conversations.OutboundContent

	refusal *undeliverable
}

// undeliverable is why a delivery, or a part of it, cannot go out, whatever its
// carrier would say.
type undeliverable struct {
	code   int // the reference's, for the receipt (errors.tsv)
	reason string
	later  bool // it may be able to another time: it becomes a dead letter
}

// Error implements error.
func (u *undeliverable) Error() string { return u.reason }

// plan says in which parts a delivery goes out. It is made anew for each attempt
// and has to come to the same parts each time, because attempts know them by their
// numbers. The error is an *undeliverable where nothing of it can go out.
//
// A text goes beside the first files where the channel has room for it there, else
// before them. What of the files cannot go at all comes last, so that the rest is
// sent before the delivery fails.
func (b *Bridge) plan(d conversations.Delivery, m conversations.Message, out *Outlet) ([]Part, error) {
	together, refusal := b.filesOf(d)
	body := out.spelled(withLinks(text(m), d.Files))
	var parts []Part
	switch {
	case body != "" && len(together) > 0 && conversations.UTF16Length(body) <= together[0].maxText:
		together[0].Text = body
	case body != "" || len(together) == 0 && refusal == nil:
		for _, text := range out.Split(body) {
			parts = append(parts, Part{Text: text})
		}
	}
	for _, t := range together {
		parts = append(parts, t.Part)
	}
	if refusal == nil {
		return parts, nil
	}
	if len(parts) == 0 {
		return nil, refusal
	}
	return append(parts, Part{refusal: refusal}), nil
}

// together is what goes into one message of the carrier with files.
type together struct {
	Part
	maxText int // UTF-16 code units beside the files
}

// filesOf puts the files of a delivery together as they go out. It says why one of
// them does not, if one does not.
func (b *Bridge) filesOf(d conversations.Delivery) (list []together, refusal *undeliverable) {
	for _, f := range d.Files {
		switch {
		case f.Code != 0 && refusal == nil:
			refusal = &undeliverable{code: f.Code, reason: "a file cannot be sent: " + f.Reason}
		case f.Goes():
			if f.Message == len(list) {
				list = append(list, together{maxText: f.MaxText})
			}
			t := &list[f.Message]
			sent := f.Sent
			if sent.URL == "" {
				sent.URL = b.cfg.FileURL(sent.ID, b.now().Add(b.cfg.FileURLLife))
			}
			t.Media = append(t.Media, sent)
		}
	}
	return list, refusal
}

// withLinks is a text with the links to files that the channel does not take.
func withLinks(text string, files []conversations.SentFile) string {
	lines := []string{text}
	for _, f := range files {
		if f.Link != "" {
			lines = append(lines, f.Link)
		}
	}
	return strings.Join(slices.DeleteFunc(lines, func(s string) bool { return s == "" }), "\n")
}

// refuse ends a delivery that has no plan, or of which a part cannot go out.
func (b *Bridge) refuse(tx Tx, d conversations.Delivery, err error) error {
	var u *undeliverable
	switch {
	case !errors.As(err, &u):
		return err
	case u.later:
		return b.giveUp(tx, d, u.code, u.reason)
	}
	d.Progress, d.Due, d.Reason = conversations.ProgressDone, time.Time{}, u.reason
	return b.finish(tx, d, receipts.Part{Status: conversations.StatusFailed, ErrorCode: u.code})
}
