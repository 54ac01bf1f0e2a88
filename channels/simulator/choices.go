package simulator

import (
	"unicode/utf8"

	"bridged/channels"
	"bridged/channels/internal/normal"
	"bridged/conversations"
)

// What buttons and lists can have on WhatsApp, in characters and entries.
const (
	maxButtons     = 3
	maxButtonTitle = 20
	maxListRows    = 10
	maxListTitle   = 24
	maxListButton  = 20
)

// showsChoices says whether a WhatsApp handset shows the form with its buttons or
// its list, and not as numbered text.
func showsChoices(f conversations.ContentForm) bool {
	choices, most, longest := f.Choices(), maxButtons, maxButtonTitle
	switch f.Type {
	case conversations.ContentQuickReply:
	case conversations.ContentListPicker:
		most, longest = maxListRows, maxListTitle
		if !short(f.Button, maxListButton) {
			return false
		}
	default:
		return false
	}
	ids := make(map[string]bool)
	for _, c := range choices {
		if !short(c.Title, longest) || c.ID == "" {
			return false
		}
		ids[c.ID] = true
	}
	return len(choices) > 0 && len(choices) <= most && len(ids) == len(choices) && f.Body != ""
}

func short(s string, longest int) bool { return s != "" && utf8.RuneCountInString(s) <= longest }

// offer puts a content's text and choices into a message.
func (m *Message) offer(out channels.Outbound) {
	if out.Content == nil {
		return
	}
	form := out.Content.Form
	if !showsChoices(form) {
		return
	}
	m.Body, m.Choices = form.Text(), form.Choices()
	if form.Type == conversations.ContentListPicker {
		m.List = form.Button
	}
}

// choose completes a draft that answers with one of the choices of a message that
// the handset has received: its text is the title.
func (c *Carrier) choose(d Draft) (Draft, error) {
	if d.Choice == "" && d.ReplyTo == "" {
		return d, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	asked := c.handsets.received(d.From, d.ReplyTo)
	if asked == nil {
		return d, invalid("reply_to is no message that the handset has received")
	}
	if d.Choice == "" {
		return d, nil
	}
	for _, choice := range asked.Choices {
		if choice.ID == d.Choice {
			d.Body = choice.Title
			attributes := choice.Attributes(asked.List != "")
			kind, _ := attributes["type"].(string)
			fields, _ := attributes[kind].(map[string]any)
			d.attributes = normal.Attributes(kind, fields)
			return d, nil
		}
	}
	return d, invalid("choice is none of those that the message in reply_to offers")
}

// received returns a message that a handset has received; nil for none.
func (s *handsets) received(a conversations.Address, id string) *Message {
	h := s.find(a)
	if h == nil {
		return nil
	}
	for i := range h.thread {
		if h.thread[i].ID == id && h.thread[i].Direction == Received {
			return &h.thread[i]
		}
	}
	return nil
}
