package bridge

import (
	"encoding/json"
	"slices"
	"time"

	"bridged/conversations"
)

// What pre-action webhooks are asked of each kind of resource, and what they may
// amend of it. An amendment obeys the same rules as a request over REST (page 33);
// what breaks them refuses the change.

// askConversation asks about a conversation as it is about to be, and amends it.
func (c Caller) askConversation(t conversations.EventType, after *conversations.Conversation) error {
	return c.askCreation(t, after, nil, nil)
}

// askCreation is askConversation for one that a message makes: origin are its author
// and its receivers.
func (c Caller) askCreation(t conversations.EventType, after *conversations.Conversation, origin []conversations.Address, first *conversations.Message) error {
	if !c.judges() {
		return nil
	}
	told := *after
	p := conversations.Proposal{
		Type: t, Scene: sceneOf(*after), Resource: conversations.Resource{Conversation: &told}, Origin: origin, First: first,
	}
	if t != conversations.ConversationAdd {
		p.Conversation = after.ID
	}
	amendment, err := c.ask("", p)
	if err != nil || amendment.FriendlyName == nil || t == conversations.ConversationRemove {
		return err
	}
	after.FriendlyName = amendment.FriendlyName
	return checkName(after.FriendlyName, conversations.FriendlyNameTooLong)
}

// askParticipant asks about a participant of a conversation. Nothing of it can be
// amended.
func (c Caller) askParticipant(t conversations.EventType, of conversations.Conversation, p conversations.Participant) error {
	if !c.judges() {
		return nil
	}
	_, err := c.ask(nameOf(p), conversations.Proposal{
		Type: t, Scene: sceneOf(of), Conversation: of.ID, Resource: conversations.Resource{Participant: &p},
	})
	return err
}

// nameOf is by what a participant is known among the others of its conversation.
func nameOf(p conversations.Participant) string {
	switch {
	case p.Identity != nil:
		return *p.Identity
	case p.Native():
		return string(p.Binding.Address)
	}
	return string(p.Projected())
}

// askMessage asks about a message as it is about to be, and amends it. It says
// whether anything was amended.
func (c Caller) askMessage(t conversations.EventType, of conversations.Conversation, after *conversations.Message) (amended bool, err error) {
	if !c.judges() {
		return false, nil
	}
	told := *after
	told.Conversation = of.ID
	amendment, err := c.ask("", conversations.Proposal{
		Type: t, Scene: sceneOf(of), Conversation: of.ID, Resource: conversations.Resource{Message: &told},
	})
	if err != nil || t == conversations.MessageRemove {
		return false, err
	}
	fields := MessageFields{Author: amendment.Author, Body: amendment.Body, Attributes: amendment.Attributes}
	if fields.Author == nil && fields.Body == nil && fields.Attributes == nil {
		return false, nil
	}
	if fields.Body != nil && t == conversations.MessageAdd {
		after.Content = nil // what goes out is what was judged
	}
	setOptional(&after.Body, fields.Body)
	set(&after.Attributes, fields.Attributes)
	set(&after.Author, fields.Author)
	if after.Author == "" {
		after.Author = conversations.AuthorSystem
	}
	return true, firstError(checkText(t, *after), checkMessage(fields))
}

// checkText refuses a new message that nothing is left of.
func checkText(t conversations.EventType, m conversations.Message) error {
	if t == conversations.MessageAdd && len(m.Media) == 0 && (m.Body == nil || *m.Body == "") {
		return conversations.Refuse(conversations.BodyMissing, "a pre-action webhook has taken all of the text away")
	}
	return nil
}

// askUser asks about a user as it is about to be. Nothing of it can be amended.
func (c Caller) askUser(t conversations.EventType, after conversations.User) error {
	if !c.judges() {
		return nil
	}
	_, err := c.ask("", conversations.Proposal{
		Type: t, Scene: conversations.Scene{Service: after.Service}, Resource: conversations.Resource{User: &after},
	})
	return err
}

func sceneOf(c conversations.Conversation) conversations.Scene {
	return conversations.Scene{Service: c.Service, MessagingService: c.MessagingService}
}

// essenceOf is what makes a proposal the change that it is, as text: two with the
// same one need not be judged apart. What the time of the run, the run itself or the
// passing of messages decides is no part of it.
func essenceOf(p conversations.Proposal) (string, error) {
	isNew := p.Type == conversations.ConversationAdd || p.Type == conversations.ParticipantAdd || p.Type == conversations.MessageAdd
	r := p.Resource
	if r.Conversation != nil {
		c := *r.Conversation
		c.Seq, c.NextIndex, c.Created, c.Updated, c.LastStateOrMessage = 0, 0, time.Time{}, time.Time{}, time.Time{}
		c.Timers.DateInactive, c.Timers.DateClosed = time.Time{}, time.Time{}
		if isNew {
			c.ID = ""
		}
		p.Resource.Conversation = &c
	}
	if r.Participant != nil {
		m := *r.Participant
		m.Seq, m.LastReadAt, m.Created, m.Updated = 0, nil, time.Time{}, time.Time{}
		if isNew {
			m.ID = ""
		}
		p.Resource.Participant = &m
	}
	if r.Message != nil {
		m := essenceOfMessage(*r.Message, isNew)
		p.Resource.Message = &m
	}
	if p.First != nil {
		m := essenceOfMessage(*p.First, true)
		p.First = &m
	}
	if r.User != nil {
		u := *r.User
		u.Seq, u.Created, u.Updated = 0, time.Time{}, time.Time{}
		p.Resource.User = &u
	}
	text, err := json.Marshal(p)
	return string(text), err
}

func essenceOfMessage(m conversations.Message, isNew bool) conversations.Message {
	m.Created, m.Updated = time.Time{}, time.Time{}
	if !isNew {
		m.Media = nil // they do not change but while they are fetched
		return m
	}
	m.ID, m.Index = "", 0
	m.Media = slices.Clone(m.Media)
	for i := range m.Media {
		m.Media[i].ID, m.Media[i].State = "", conversations.MediaKept
	}
	return m
}
