package bridge

import (
	"errors"

	"bridged/conversations"
	"bridged/receipts"
)

// Outlet is what planning has to know of the channel that a delivery goes out by.
type Outlet struct {
	// Split cuts a text into the parts that the channel takes, at least one.
	Split func(text string) []string
	// Cut is Split for a longest text, in UTF-16 code units, that is not the
	// channel's own; nil: Split.
	Cut func(text string, limit int) []string
	// Contents is what the channel can do with contents; nil: they go out as text.
	Contents ContentOutlet
}

// Part is what goes to a carrier in one request.
type Part struct {
	Text  string
	Media []conversations.Media
	// Content is what goes out instead of both, on a channel that takes contents:
	// as the template that it has, else as its form. Text is what it says.
	Content *conversations.OutboundContent
}

// plan says in which parts a delivery goes out. It is made anew for each attempt
// and has to come to the same parts each time, because attempts know them by their
// numbers. The error is an *undeliverable where it cannot go out.
func (b *Bridge) plan(m conversations.Message, out *Outlet) ([]Part, error) {
	var parts []Part
	for _, text := range out.Split(text(m)) {
		parts = append(parts, Part{Text: text})
	}
	parts[0].Media = m.Media
	return parts, nil
}

// undeliverable is why a delivery cannot go out, whatever its carrier would say.
type undeliverable struct {
	code   int // the reference's, for the receipt (errors.tsv)
	reason string
	later  bool // it may be able to another time: it becomes a dead letter
}

// Error implements error.
func (u *undeliverable) Error() string { return u.reason }

// refuse ends a delivery that has no plan.
func (b *Bridge) refuse(tx Tx, d conversations.Delivery, err error) error {
	var u *undeliverable
	switch {
	case !errors.As(err, &u):
		return err
	case u.later:
		return b.giveUp(tx, d, u.code, u.reason)
	}
	d.Reason = u.reason
	return b.finish(tx, d, receipts.Part{Status: conversations.StatusFailed, ErrorCode: u.code})
}
