package bridge

import (
	"errors"
	"slices"

	"bridged/bindings"
	"bridged/conversations"
)

// draft is what becomes of a message from a carrier that goes to a conversation,
// before any of it is stored: so far pre-action webhooks can amend or refuse it.
type draft struct {
	conversation conversations.Conversation
	// members are to be added to a conversation that the message makes, its sender
	// first; none where there is one already.
	members []conversations.Participant
	message conversations.Message
	files   []conversations.MediaFile
	by      authorship
}

// rejection is the error of a draft that pre-action webhooks have refused, or have
// amended to what is refused.
type rejection struct{ cause *conversations.Error }

// Error implements error.
func (r *rejection) Error() string {
	return "it was rejected because of a pre-action webhook's answer: " + r.cause.Error()
}

// rejected makes a rejection of an error of what asks.
func rejected(err error) error {
	if cause, ok := errors.AsType[*conversations.Error](err); ok && cause.Fault != conversations.ConversationBusy {
		return &rejection{cause}
	}
	return err
}

// draftOf drafts what becomes of a message that goes to a conversation, and asks the
// pre-action webhooks: about the conversation that it makes, about each of those who
// are in it, and about the message. It stores nothing. Of a message that goes
// elsewhere, or that was obeyed as a keyword, there is nothing to draft.
func (b *Bridge) draftOf(tx Tx, caller Caller, r conversations.InboundRecord, to routing) (draft, error) {
	isNew := to.Destination == conversations.ToNewConversation
	if r.Effect != conversations.EffectNone || !isNew && to.Destination != conversations.ToConversation {
		return draft{}, nil
	}
	d := draft{conversation: to.conversation, by: authorship{author: &to.author, sender: &to.author}}
	var err error
	if isNew {
		if d, err = b.draftConversation(tx, caller, r, to); err != nil {
			return d, err
		}
	}
	if err := b.draftMessage(tx, caller, r, &d); err != nil {
		return d, err
	}
	if len(d.members) > 0 {
		if err := b.askCreation(tx, caller, r, &d); err != nil {
			return d, err
		}
	}
	caller.By = string(d.by.sender.Binding.Address)
	amended, err := caller.askMessage(conversations.MessageAdd, d.conversation, &d.message)
	if err != nil || !amended {
		return d, rejected(err)
	}
	return d, b.renameAuthor(tx, &d)
}

// draftConversation drafts the conversation of a message that none took, with its
// sender as the only participant or, of a group message, all who are in the group
// (page 38): the numbers of ours as projected addresses that nobody stands behind, the
// others by their addresses.
func (b *Bridge) draftConversation(tx Tx, caller Caller, r conversations.InboundRecord, to routing) (d draft, err error) {
	var fields ConversationFields
	if to.MessagingService != "" {
		fields.MessagingService = &to.MessagingService
	}
	if d.conversation, err = b.newConversation(caller, to.Service, fields); err != nil {
		return d, err
	}
	d.conversation.ID = kept(caller, "conversation", d.conversation.ID)
	if err := b.completeConversation(tx, &d.conversation, fields); err != nil {
		return d, err
	}
	if r.CopyKey == "" {
		d.members = append(d.members, b.newcomer(caller, d.conversation.ID, conversations.Binding{Address: r.From, Proxy: r.To}))
	} else {
		d.conversation.State = conversations.StateInitializing
		d.members = b.groupMembers(caller, d.conversation.ID, r.Inbound)
	}
	d.by = authorship{author: &d.members[0], sender: &d.members[0]}
	return d, nil
}

// groupMembers drafts the participants of a group message's conversation.
func (b *Bridge) groupMembers(caller Caller, c conversations.ConversationID, m conversations.Inbound) (members []conversations.Participant) {
	for _, address := range membersOf(m) {
		if slices.ContainsFunc(members, func(p conversations.Participant) bool { return bindings.Name(p.InGroup()) == bindings.Name(address) }) {
			continue
		}
		binding := conversations.Binding{Address: address}
		if b.owned(address) {
			binding = conversations.Binding{Projected: address}
		}
		members = append(members, b.newcomer(caller, c, binding))
	}
	return members
}

// newcomer drafts a participant outside chat.
func (b *Bridge) newcomer(caller Caller, c conversations.ConversationID, binding conversations.Binding) conversations.Participant {
	now := b.now()
	p := conversations.Participant{
		ID: conversations.NewID[conversations.ParticipantID](now), Conversation: c,
		Binding: &binding, Attributes: emptyAttributes, Created: now, Updated: now,
	}
	p.ID = kept(caller, nameOf(p), p.ID)
	return p
}

// draftMessage drafts the message itself.
func (b *Bridge) draftMessage(tx Tx, caller Caller, r conversations.InboundRecord, d *draft) (err error) {
	d.message = conversations.Message{Author: string(d.by.sender.Binding.Address), Participant: &d.by.sender.ID}
	if d.message.Attributes, err = b.attributesOf(tx, r, d.conversation, d.by.sender.ID); err != nil {
		return err
	}
	if r.Body != "" || len(r.Media) == 0 {
		d.message.Body = &r.Body
	}
	d.files = kept(caller, "files", b.incomingFiles(r.Inbound))
	for _, file := range d.files {
		d.message.Media = append(d.message.Media, file.Media())
	}
	return nil
}

// askCreation asks about a conversation that a message makes and about its members.
func (b *Bridge) askCreation(tx Tx, caller Caller, r conversations.InboundRecord, d *draft) error {
	if !caller.judges() {
		return nil
	}
	first := d.message
	err := caller.askCreation(conversations.ConversationAdd, &d.conversation, membersOf(r.Inbound), &first)
	if err == nil {
		err = b.admitAll(tx, caller, d.conversation, d.members)
	}
	return rejected(err)
}

// renameAuthor gives the message of a draft the author that a webhook wants. What it
// shows is that one's: its participant, if it names any, counts as the author, and
// gets no copy (contract, 5). Who wrote it gets none either, and decides how it goes
// out. The author of a message in a group text has to be in the group.
func (b *Bridge) renameAuthor(tx Tx, d *draft) error {
	if d.message.Author == string(d.by.sender.Binding.Address) {
		return nil
	}
	members := d.members
	if len(members) == 0 {
		var err error
		if members, err = tx.Participants(d.conversation.ID); err != nil {
			return err
		}
	}
	d.by.author = authorOf(d.message.Author, members)
	d.message.Participant = idOf(d.by.author)
	if sizeOf(members) > 0 && (d.by.author == nil || d.by.author.InGroup() == "") {
		return rejected(conversations.Refuse(conversations.AuthorOutsideGroup, "the author is to be a member of the group text"))
	}
	return nil
}
