package bridge

import (
	"context"
	"strings"

	"bridged/conversations"
)

// CreateContent makes a template of messages (page 45). Of c the caller gives
// what is the template's own: name, language, variables and forms.
func (b *Bridge) CreateContent(ctx context.Context, c conversations.Content) (conversations.Content, error) {
	if err := c.Check(); err != nil {
		return c, err
	}
	now := b.now()
	c.ID = conversations.NewID[conversations.ContentID](now)
	c.Approval, c.Created, c.Updated = nil, now, now
	return change(ctx, b, func(tx Tx) (conversations.Content, error) {
		err := tx.InsertContent(&c)
		return c, err
	})
}

// ApproveContent records the name that the content has as a template at WhatsApp;
// it is approved from then on (contract, 9). A later one replaces it.
func (b *Bridge) ApproveContent(ctx context.Context, id conversations.ContentID, a conversations.Approval) (conversations.Content, error) {
	if err := a.Check(); err != nil {
		return conversations.Content{}, err
	}
	return change(ctx, b, func(tx Tx) (conversations.Content, error) {
		c, err := tx.FindContent(id)
		if err != nil {
			return c, err
		}
		now := b.now()
		c.Approval = &conversations.Approval{Name: a.Name, Category: a.Category, At: now}
		c.Updated = now
		return c, tx.UpdateContent(c)
	})
}

// DeleteContent removes a template. The messages that were made of it stay.
func (b *Bridge) DeleteContent(ctx context.Context, id conversations.ContentID) error {
	return remove(ctx, b, func(tx Tx) error {
		if _, err := tx.FindContent(id); err != nil {
			return err
		}
		return tx.DeleteContent(id)
	})
}

// fillContent makes the message of its content, where it has one: its body is the
// rendered text (pages 04 and 45; contract, 9).
func fillContent(tx Tx, f MessageFields, m *conversations.Message) error {
	if f.Content == nil {
		return nil
	}
	c, err := tx.FindContent(*f.Content)
	if conversations.NotFound.Is(err) {
		return conversations.Refuse(conversations.ContentUnknown, "there is no content with this SID")
	}
	if err != nil {
		return err
	}
	values, err := c.Values(f.ContentVariables)
	if err != nil {
		return err
	}
	body := c.Render(values)
	if strings.TrimSpace(body) == "" {
		return conversations.Refuse(conversations.BodyMissing, "with these variables nothing is left of the content's text")
	}
	m.Body = &body
	m.Content = &conversations.MessageContent{ID: c.ID, Variables: values}
	return checkMessage(MessageFields{Body: &body})
}
