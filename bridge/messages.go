package bridge

import (
	"context"

	"bridged/conversations"
)

// CreateMessage appends a message to a conversation and sends it to every
// participant outside chat but its author (page 04; contract, 5).
func (b *Bridge) CreateMessage(ctx context.Context, caller Caller, service conversations.ServiceID, key conversations.ConversationKey, f MessageFields) (conversations.Message, error) {
	if f.Content != nil {
		f.Body, f.Media = nil, nil // page 04
	}
	if err := checkNewMessage(f); err != nil {
		return conversations.Message{}, err
	}
	return judgedBy(ctx, b, b.commitBeside, caller, func(tx Tx, caller Caller) (conversations.Message, error) {
		m := conversations.Message{
			Author:     conversations.AuthorSystem,
			Body:       f.Body,
			Subject:    f.Subject,
			Attributes: emptyAttributes,
		}
		set(&m.Author, f.Author)
		if m.Author == "" {
			m.Author = conversations.AuthorSystem
		}
		set(&m.Attributes, f.Attributes)
		set(&m.Created, f.Created)
		set(&m.Updated, f.Updated)
		c, err := openConversation(tx, service, key)
		if err != nil {
			return m, err
		}
		if err := fillContent(tx, f, &m); err != nil {
			return m, err
		}
		members, err := tx.Participants(c.ID)
		if err != nil {
			return m, err
		}
		files, err := b.attachable(tx, c, &m, f.Media)
		if err != nil {
			return m, err
		}
		author, err := b.settleAuthor(caller, c, &m, members)
		if err != nil {
			return m, err
		}
		if err := attach(tx, files); err != nil {
			return m, err
		}
		err = b.append(tx, caller, &c, &m, authorship{author: author, sender: author})
		return m, err
	})
}

// settleAuthor finds which participant the author of a new message names, nil when
// it names none, and asks the pre-action webhooks, which may amend it and the rest of
// the message.
func (b *Bridge) settleAuthor(caller Caller, c conversations.Conversation, m *conversations.Message, members []conversations.Participant) (*conversations.Participant, error) {
	author := authorOf(m.Author, members)
	if err := b.checkGroupAuthor(members, author); err != nil {
		return nil, err
	}
	m.Participant = idOf(author)
	amended, err := caller.askMessage(conversations.MessageAdd, c, m)
	if err != nil || !amended {
		return author, err
	}
	author = authorOf(m.Author, members)
	m.Participant = idOf(author)
	return author, b.checkGroupAuthor(members, author)
}

func idOf(p *conversations.Participant) *conversations.ParticipantID {
	if p == nil {
		return nil
	}
	return &p.ID
}

// authorOf returns the participant that the author names, nil when it names none.
func authorOf(author string, members []conversations.Participant) *conversations.Participant {
	for i := range members {
		if members[i].WritesAs(author) {
			return &members[i]
		}
	}
	return nil
}

// UpdateMessage changes a message in the conversation. What was sent to people
// outside chat stays as it was sent.
func (b *Bridge) UpdateMessage(ctx context.Context, caller Caller, service conversations.ServiceID, key conversations.ConversationKey, id conversations.MessageID, f MessageFields) (conversations.Message, error) {
	if err := checkMessage(f); err != nil {
		return conversations.Message{}, err
	}
	return judged(ctx, b, caller, func(tx Tx, caller Caller) (conversations.Message, error) {
		c, err := openConversation(tx, service, key)
		if err != nil {
			return conversations.Message{}, err
		}
		m, err := tx.FindMessage(c.ID, id)
		if err != nil {
			return m, err
		}
		before := m
		m.Updated = b.now()
		set(&m.Author, f.Author)
		setOptional(&m.Body, f.Body)
		setOptional(&m.Subject, f.Subject)
		set(&m.Attributes, f.Attributes)
		set(&m.Created, f.Created)
		set(&m.Updated, f.Updated)
		if _, err := caller.askMessage(conversations.MessageUpdate, c, &m); err != nil {
			return m, err
		}
		if err := tx.UpdateMessage(m); err != nil {
			return m, err
		}
		return m, b.record(tx, caller, conversations.MessageUpdated, c.ID,
			conversations.Resource{Message: &m}, conversations.Resource{Message: &before})
	})
}

// DeleteMessage removes a message with its receipts and files. What the carriers
// have is out of reach; what they do not have yet is not sent any more.
func (b *Bridge) DeleteMessage(ctx context.Context, caller Caller, service conversations.ServiceID, key conversations.ConversationKey, id conversations.MessageID) error {
	return removeJudged(ctx, b, caller, func(tx Tx, caller Caller) error {
		c, err := openConversation(tx, service, key)
		if err != nil {
			return err
		}
		m, err := tx.FindMessage(c.ID, id)
		if err != nil {
			return err
		}
		if _, err := caller.askMessage(conversations.MessageRemove, c, &m); err != nil {
			return err
		}
		if err := discard(tx, c.ID, m.ID); err != nil {
			return err
		}
		pairs, err := tx.DeleteMessage(m)
		if err != nil {
			return err
		}
		if err := b.promoteAll(tx, pairs); err != nil {
			return err
		}
		return b.record(tx, caller, conversations.MessageRemoved, c.ID,
			conversations.Resource{Message: &m}, conversations.Resource{})
	})
}

func checkNewMessage(f MessageFields) error {
	switch {
	case f.Content != nil:
		return firstError(conversations.CheckVariables(f.ContentVariables), checkMessage(f))
	case f.ContentVariables != nil:
		return conversations.Refuse(conversations.ContentMissing, "send the ContentSid of the content that the ContentVariables are for")
	case len(f.Media) > conversations.MaxMediaOfMessage:
		return conversations.Refuse(conversations.InvalidParameter,
			"MediaSid is there %d times; at most %d files are allowed", len(f.Media), conversations.MaxMediaOfMessage)
	case len(f.Media) == 0 && (f.Body == nil || *f.Body == ""):
		return conversations.Refuse(conversations.BodyMissing, "give the text of the message in Body, or a file in MediaSid")
	}
	return checkMessage(f)
}

func checkMessage(f MessageFields) error {
	if f.Body != nil && len(*f.Body) > maxBody {
		return conversations.Refuse(conversations.BodyTooLong, "it has %d bytes; at most %d are allowed", len(*f.Body), maxBody)
	}
	return firstError(
		checkName(f.Author, conversations.AuthorTooLong),
		checkName(f.Subject, conversations.SubjectTooLong),
		checkAttributes(f.Attributes, maxAttributes),
	)
}
