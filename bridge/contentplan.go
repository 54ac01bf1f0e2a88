package bridge

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"bridged/conversations"
)

// ContentOutlet is what a channel says of contents.
type ContentOutlet interface {
	// ContentWay says how the channel can send a content: as the template that it is
	// approved as, as a form that it shows, as text, or not at all.
	ContentWay(c conversations.OutboundContent) conversations.Way
}

// maxTemplateText is the longest text of a template with its variables filled in, in
// UTF-16 code units (page 45).
const maxTemplateText = 1024

// Codes of deliveries that no channel is asked about (errors.tsv).
const (
	codeContentRefused = 63005 // "Channel did not accept given content"
	codeTemplateGone   = 63027 // "Template does not exist for a language and locale"
)

// isWayFixed says whether a delivery has to go on in the way in which it began: the
// carrier has a part of it, or may have one.
func isWayFixed(attempts []conversations.Attempt) bool {
	return slices.ContainsFunc(attempts, func(a conversations.Attempt) bool { return a.Outcome != conversations.OutcomeRefused })
}

// planWay says how a delivery goes out where that depends on its content or on a
// window: it sets the delivery's way, and returns its parts, or nil and the message
// that is to be planned as any other text. A way that was begun is kept, whatever
// has happened to the window since, because attempts know parts by their numbers.
func (b *Bridge) planWay(tx Tx, d *conversations.Delivery, m conversations.Message, out *Outlet) ([]Part, conversations.Message, error) {
	if m.Content == nil && !b.hasWindow(*d) {
		return nil, m, nil
	}
	var attempts []conversations.Attempt
	if d.Attempts > 0 {
		var err error
		if attempts, err = tx.Attempts(*d); err != nil {
			return nil, m, err
		}
	}
	content, err := contentOf(tx, m)
	if err != nil {
		return nil, m, err
	}
	if !isWayFixed(attempts) {
		if err := b.chooseWay(tx, d, content, attempts, out); err != nil {
			return nil, m, err
		}
	} else if m.Content != nil && content == nil && d.Way != conversations.WayFallback {
		return nil, m, &undeliverable{code: codeTemplateGone, reason: "its content was deleted while it was being sent"}
	}
	return b.goBy(tx, *d, m, content, out)
}

// contentOf returns the content of a message as it goes out; nil where it has none,
// or one that is gone.
func contentOf(tx Tx, m conversations.Message) (*conversations.OutboundContent, error) {
	if m.Content == nil {
		return nil, nil //nolint:nilnil // a message without a content is a text
	}
	c, err := tx.FindContent(m.Content.ID)
	if conversations.NotFound.Is(err) {
		return nil, nil //nolint:nilnil // its body has the rendered text
	}
	if err != nil {
		return nil, err
	}
	out := c.Outbound(m.Content.Variables)
	return &out, nil
}

// chooseWay decides how a delivery goes out now that it has to.
func (b *Bridge) chooseWay(tx Tx, d *conversations.Delivery, c *conversations.OutboundContent, attempts []conversations.Attempt, out *Outlet) error {
	d.Way, d.Fallback = conversations.WayText, ""
	if c != nil && out.Contents != nil {
		d.Way = out.Contents.ContentWay(*c)
	}
	if d.Way == conversations.WayNone {
		d.Way = conversations.WayUndecided
		return &undeliverable{
			code:   codeContentRefused,
			reason: "the channel takes cards and buttons that open something only in an approved template: record its approval, and send a new message",
		}
	}
	if d.Way == conversations.WayTemplate || !b.hasWindow(*d) {
		return nil
	}
	closed, err := b.isWindowClosed(tx, *d, attempts)
	if err != nil || !closed {
		return err
	}
	d.Way = conversations.WayFallback
	if d.Fallback, err = b.fallbackOf(tx, *d); err != nil || d.Fallback != "" {
		return err
	}
	d.Way = conversations.WayUndecided
	return &undeliverable{
		code: codeOutsideWindow, later: true,
		reason: "the window for free text is closed, and there is no fallback template; " + windowAdvice,
	}
}

// fallbackOf is the template that goes out in the stead of free text: the
// conversation's own, or the channel's.
func (b *Bridge) fallbackOf(tx Tx, d conversations.Delivery) (conversations.ContentID, error) {
	if d.Conversation != "" && b.cfg.FallbackIn != nil {
		attributes, err := tx.ConversationAttributes(d.Conversation)
		if err != nil && !conversations.NotFound.Is(err) {
			return "", err
		}
		if own := b.cfg.FallbackIn(attributes); own != "" {
			return own, nil
		}
	}
	return b.cfg.Windows[d.Channel].Fallback, nil
}

// goBy makes the parts of a delivery whose way is decided, or the message that is to
// be planned as a text.
func (b *Bridge) goBy(tx Tx, d conversations.Delivery, m conversations.Message, c *conversations.OutboundContent, out *Outlet) ([]Part, conversations.Message, error) {
	if d.Way == conversations.WayFallback {
		parts, err := b.planFallback(tx, d, m, c, out)
		return parts, m, err
	}
	if c != nil && (d.Way == conversations.WayTemplate || d.Way == conversations.WayForm) {
		part := *c
		if d.Way == conversations.WayForm {
			part.Template = nil
		}
		return []Part{{Text: text(m), Content: &part}}, m, nil
	}
	if c != nil {
		written := c.Form.Written()
		m.Body = &written
	}
	return nil, m, nil
}

// planFallback puts a message into the template that goes out in its stead: the
// text is the value of the template's first variable, in several messages where it
// is too long for one.
func (b *Bridge) planFallback(tx Tx, d conversations.Delivery, m conversations.Message, c *conversations.OutboundContent, out *Outlet) ([]Part, error) {
	template, err := tx.FindContent(d.Fallback)
	if conversations.NotFound.Is(err) {
		return nil, &undeliverable{
			code: codeTemplateGone, later: true,
			reason: "the window for free text is closed, and the configured fallback_content_sid is no content that there is",
		}
	}
	if err != nil {
		return nil, err
	}
	fill := func(values map[string]string) (Part, bool) {
		content := template.Outbound(values)
		part := Part{Text: template.Render(values), Content: &content}
		return part, out.Contents != nil && out.Contents.ContentWay(content) == conversations.WayTemplate
	}
	values := make(map[string]string, len(template.Variables))
	maps.Copy(values, template.Variables)
	variable := template.FirstVariable()
	texts := []string{""}
	if variable != "" {
		values[variable] = ""
		room := maxTemplateText - conversations.UTF16Length(template.Render(values))
		texts = out.cut(wordsOf(d, m, c), max(room, maxTemplateText/8))
	}
	var parts []Part
	for _, words := range texts {
		if variable != "" {
			values[variable] = words
		}
		part, ok := fill(values)
		if !ok {
			return nil, &undeliverable{
				code: codeOutsideWindow, later: true,
				reason: "the window for free text is closed, and the configured fallback_content_sid is not approved for the channel",
			}
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// wordsOf is what of a message fits into a template's variable: its text, and of its
// files the links, or else the names.
func wordsOf(d conversations.Delivery, m conversations.Message, c *conversations.OutboundContent) string {
	all := []string{text(m)}
	if c != nil {
		all[0] = c.Form.Written()
	}
	for _, f := range m.Media {
		all = append(all, "["+cmp.Or(f.Filename, f.ContentType, "file")+"]")
	}
	for _, f := range d.Files {
		if f.Link != "" {
			all = append(all, f.Link)
		}
	}
	return strings.TrimSpace(strings.Join(all, " "))
}

// cut divides a text so that no part is longer than the limit, in UTF-16 code units.
func (o *Outlet) cut(text string, limit int) []string {
	if o.Cut == nil {
		return o.Split(text)
	}
	return o.Cut(text, limit)
}
