package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bridged/channels/internal/normal"
	"bridged/conversations"
)

// The bounds of what a handset can send. Ten is the largest group (contract, 3)
// and the most files that carriers take; the text is what conversations take.
const (
	maxTo    = 10
	maxMedia = 10
	maxBody  = 32 << 10
	maxID    = 255
)

// Draft is a message that a handset is about to send.
type Draft struct {
	From      conversations.Address
	To        []conversations.Address // one of them a proxy address at least
	Body      string
	MediaURLs []string
	// ID is the carrier's id, made up when empty. The same again is the same
	// message, reported by its carrier twice.
	ID string
	// ReplyTo is the id of the message that it answers, and Choice the id of the one
	// of its choices that was tapped: the body is that choice's title then.
	ReplyTo string
	Choice  string

	attributes string // of the choice
}

// inputError is a sentence about what is wrong with a request.
type inputError struct{ sentence string }

func (e *inputError) Error() string { return e.sentence }

func invalid(format string, args ...any) error {
	return &inputError{fmt.Sprintf(format, args...)}
}

// Originate sends as a handset and returns the carrier's id of the message. It
// returns once the message was accepted; else the thread stays as it is.
//
// Several To make a group message. It is reported once for each proxy address among
// them, by the channel that owns it, as carriers do; the other handsets get it too,
// as phones in a group text do.
func (c *Carrier) Originate(ctx context.Context, d Draft) (string, error) {
	d, err := c.checkDraft(d)
	if err != nil {
		return "", err
	}
	in, strangers := c.inbound(d)
	acceptor, order := c.departure()
	if acceptor == nil {
		return "", errNotConnected
	}
	if err := acceptor.Accept(ctx, in); err != nil {
		return "", fmt.Errorf("accept the handset's message: %w", err)
	}
	c.enter(in[0], d, strangers, order)
	return d.ID, nil
}

// departure returns where the message goes, and its place in the threads: that
// of its sending. An answer may arrive before it is entered.
func (c *Carrier) departure() (Acceptor, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accept, c.nextOrder()
}

// inbound puts a checked draft into normal form, once for each proxy address among
// its recipients, and returns the handsets among them.
func (c *Carrier) inbound(d Draft) (in []conversations.Inbound, strangers []conversations.Address) {
	m := conversations.Inbound{ProviderID: d.ID, From: d.From, Body: normal.Text(d.Body), SentAt: c.cfg.Now().UTC(), Notes: normal.Notes(d.Body), Attributes: d.attributes, ReplyTo: d.ReplyTo}
	for _, u := range d.MediaURLs {
		m.Media = append(m.Media, conversations.Media{URL: u})
	}
	for _, to := range d.To {
		if c.owner(to) == "" {
			strangers = append(strangers, to)
		}
	}
	return c.reports(m, d.To), strangers
}

// reports are what is told of a message to these recipients: once for each proxy
// address among them, the first time under the message's own id.
func (c *Carrier) reports(m conversations.Inbound, to []conversations.Address) (reports []conversations.Inbound) {
	for i, a := range to {
		owner := c.owner(a)
		if owner == "" {
			continue
		}
		r := m
		r.Channel, r.To = owner, a
		for j, other := range to {
			if j != i {
				r.Others = append(r.Others, other)
			}
		}
		r.Media = slices.Clone(m.Media)
		if len(reports) > 0 {
			r.ProviderID = m.ProviderID + "/" + strconv.Itoa(len(reports)+1)
		}
		reports = append(reports, r)
	}
	return reports
}

// enter puts an accepted message into the threads.
func (c *Carrier) enter(in conversations.Inbound, d Draft, strangers []conversations.Address, order uint64) {
	m := Message{
		ID: in.ProviderID, Direction: Sent, From: d.From, To: d.To,
		Body: d.Body, Media: d.MediaURLs, At: in.SentAt, ReplyTo: d.ReplyTo, order: order,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	sender := c.handsets.get(d.From)
	if sender.sent(m.ID) {
		return // the carrier repeats itself; the person wrote once
	}
	c.handsets.append(sender, m)
	m.Direction = Received
	for _, a := range strangers {
		c.handsets.append(c.handsets.get(a), m)
	}
}

// checkDraft brings a draft into its final form, or says what is wrong with it.
func (c *Carrier) checkDraft(d Draft) (Draft, error) {
	from, err := parseAny(string(d.From))
	switch {
	case d.From == "":
		return d, invalid("from is missing: it is the address of the handset that sends")
	case err != nil:
		return d, invalid("from is malformed: %v", err)
	case c.owner(from) != "":
		return d, invalid("from is a proxy address of bridged: messages are sent as a handset")
	}
	d.From = from
	if d, err = c.choose(d); err != nil {
		return d, err
	}
	switch {
	case len(d.Body) > maxBody:
		return d, invalid("body has more than %d bytes", maxBody)
	case d.Body == "" && len(d.MediaURLs) == 0:
		return d, invalid("the message is empty: it needs a body or media_urls")
	case len(d.ID) > maxID:
		return d, invalid("id has more than %d bytes", maxID)
	}
	if d.To, err = c.checkRecipients(d); err != nil {
		return d, err
	}
	if err := checkMedia(d.MediaURLs); err != nil {
		return d, err
	}
	if d.ID = normal.Text(d.ID); d.ID == "" {
		d.ID = c.messageID(from.Type())
	}
	return d, nil
}

func (c *Carrier) checkRecipients(d Draft) ([]conversations.Address, error) {
	switch {
	case len(d.To) == 0:
		return nil, invalid("to is missing: it is a list with at least one proxy address of bridged")
	case len(d.To) > maxTo:
		return nil, invalid("to has more than %d addresses", maxTo)
	case len(d.To) > 1 && d.From.Type() != conversations.TypeSMS:
		return nil, invalid("to has more than one address: only SMS handsets send to groups")
	}
	to := make([]conversations.Address, 0, len(d.To))
	for i, raw := range d.To {
		a, err := parseAny(string(raw))
		switch {
		case err != nil:
			return nil, invalid("to[%d] is malformed: %v", i, err)
		case a.Type() != d.From.Type():
			return nil, invalid("to[%d] is an address of type %s and from one of type %s", i, a.Type(), d.From.Type())
		case a == d.From:
			return nil, invalid("to[%d] is the handset that sends", i)
		case slices.Contains(to, a):
			return nil, invalid("to[%d] is in the list twice", i)
		}
		to = append(to, a)
	}
	if !slices.ContainsFunc(to, func(a conversations.Address) bool { return c.owner(a) != "" }) {
		return nil, invalid("none of to is a proxy address of a simulated channel: handsets can write to bridged, not only to one another")
	}
	return to, nil
}

func checkMedia(urls []string) error {
	if len(urls) > maxMedia {
		return invalid("media_urls has more than %d entries", maxMedia)
	}
	for i, s := range urls {
		if ownFile.MatchString(s) {
			continue
		}
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || (!strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https")) {
			return invalid("media_urls[%d] is not an absolute http or https URL", i)
		}
	}
	return nil
}

// asInput returns the sentence of an error that the caller can mend.
func asInput(err error) (string, bool) {
	var input *inputError
	if errors.As(err, &input) {
		return input.sentence, true
	}
	var refusal *conversations.Error
	if errors.As(err, &refusal) {
		return refusal.Error(), true
	}
	return "", false
}
