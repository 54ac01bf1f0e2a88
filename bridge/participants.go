package bridge

import (
	"context"

	"bridged/conversations"
)

// removal is the value by which an update removes an address (contract, 4).
const removal conversations.Address = "null"

// AddParticipant adds a chat participant by identity, or one outside chat by
// address and proxy address (page 06). The pair of addresses must be in no other
// live conversation. An identity that is new to the service becomes a user.
func (b *Bridge) AddParticipant(ctx context.Context, caller Caller, service conversations.ServiceID, key conversations.ConversationKey, f ParticipantFields) (conversations.Participant, error) {
	p, err := b.newParticipant(f)
	if err != nil {
		return p, err
	}
	return judged(ctx, b, caller, func(tx Tx, caller Caller) (conversations.Participant, error) {
		c, err := openConversation(tx, service, key)
		if err != nil {
			return p, err
		}
		added := p
		err = b.join(tx, caller, c, &added)
		return added, err
	})
}

// newParticipant makes a participant of what needs no storage to be checked.
func (b *Bridge) newParticipant(f ParticipantFields) (conversations.Participant, error) {
	now := b.now()
	if f.Created != nil && f.Updated == nil {
		f.Updated = f.Created
	}
	p := conversations.Participant{
		ID:         conversations.NewID[conversations.ParticipantID](now),
		Identity:   f.Identity,
		Attributes: emptyAttributes,
		Created:    now,
		Updated:    now,
	}
	binding, err := b.newBinding(f)
	if err != nil {
		return p, err
	}
	p.Binding = binding
	if err := b.applyParticipant(&p, f); err != nil {
		return p, err
	}
	return p, nil
}

// join adds a participant to a conversation.
func (b *Bridge) join(tx Tx, caller Caller, c conversations.Conversation, p *conversations.Participant) error {
	if err := b.enter(tx, caller, c, p); err != nil || !p.Grouped() {
		return err
	}
	return b.regroupStored(tx, p.Conversation)
}

// admission completes a participant that is to be added, and asks the pre-action
// webhooks. It writes nothing.
func (b *Bridge) admission(tx Tx, caller Caller, of conversations.Service, c conversations.Conversation, p *conversations.Participant) error {
	p.Conversation = c.ID
	if err := checkConversationRole(tx, of, p.Role); err != nil {
		return err
	}
	if p.Role == nil && !byAddressAlone(*p) {
		p.Role = &of.ConversationRole
	}
	if err := b.checkRoom(tx, c.Service, *p); err != nil {
		return err
	}
	return caller.askParticipant(conversations.ParticipantAdd, c, *p)
}

// enter is join for one of several participants, after all of whom the number
// group of the conversation is found.
func (b *Bridge) enter(tx Tx, caller Caller, c conversations.Conversation, p *conversations.Participant) error {
	of, err := tx.FindService(c.Service)
	if err != nil {
		return err
	}
	if err := b.admission(tx, caller, of, c, p); err != nil {
		return err
	}
	if err := tx.InsertParticipant(p); err != nil {
		return err
	}
	if err := b.bind(tx, *p); err != nil {
		return err
	}
	if err := b.ensureUser(tx, caller, of, *p); err != nil {
		return err
	}
	return b.record(tx, caller, conversations.ParticipantAdded, p.Conversation,
		conversations.Resource{Participant: p}, conversations.Resource{})
}

// byAddressAlone says whether a participant is a member of a group text that has
// no role unless it is given one (contract, 4).
func byAddressAlone(p conversations.Participant) bool { return p.Grouped() && p.Native() }

// UpdateParticipant changes the fields that are given. A new proxy address moves
// the pair in the same commit.
func (b *Bridge) UpdateParticipant(ctx context.Context, caller Caller, service conversations.ServiceID, key conversations.ConversationKey, who conversations.ParticipantKey, f ParticipantFields) (conversations.Participant, error) {
	return judged(ctx, b, caller, func(tx Tx, caller Caller) (conversations.Participant, error) {
		c, p, err := openParticipant(tx, service, key, who)
		if err != nil {
			return p, err
		}
		of, err := tx.FindService(service)
		if err != nil {
			return p, err
		}
		if err := checkConversationRole(tx, of, f.Role); err != nil {
			return p, err
		}
		err = b.modify(tx, caller, of, c, &p, f)
		return p, err
	})
}

// modify changes a participant of a conversation of the service.
func (b *Bridge) modify(tx Tx, caller Caller, of conversations.Service, c conversations.Conversation, p *conversations.Participant, f ParticipantFields) error {
	before := *p
	p.Updated = b.now()
	if err := b.rebind(tx, p, f); err != nil {
		return err
	}
	if f.Identity != nil && (p.Identity == nil || *p.Identity != *f.Identity) {
		switch {
		case p.Native():
			return conversations.Refuse(conversations.IdentityWithBinding, "a participant is reached by an identity or by an address, not both")
		case p.Projected() == "":
			return conversations.Refuse(conversations.IdentityPresent, "remove the participant and add one with the other identity")
		}
		if err := b.takeOver(tx, of, p, *f.Identity); err != nil {
			return err
		}
	}
	if err := b.applyParticipant(p, f); err != nil {
		return err
	}
	if err := caller.askParticipant(conversations.ParticipantUpdate, c, *p); err != nil {
		return err
	}
	if err := b.moveIn(tx, caller, of, *p, before); err != nil {
		return err
	}
	if err := tx.UpdateParticipant(*p); err != nil {
		return err
	}
	if before.Grouped() || p.Grouped() {
		if err := b.regroupStored(tx, p.Conversation); err != nil {
			return err
		}
	}
	return b.record(tx, caller, conversations.ParticipantUpdated, p.Conversation,
		conversations.Resource{Participant: p}, conversations.Resource{Participant: &before})
}

// RemoveParticipant takes a participant out of its conversation and frees its
// pair. Its messages and receipts remain (contract, 16).
func (b *Bridge) RemoveParticipant(ctx context.Context, caller Caller, service conversations.ServiceID, key conversations.ConversationKey, who conversations.ParticipantKey) error {
	return removeJudged(ctx, b, caller, func(tx Tx, caller Caller) error {
		c, p, err := openParticipant(tx, service, key, who)
		if err != nil {
			return err
		}
		return b.leave(tx, caller, c, p)
	})
}

// leave takes a participant out of its conversation. The number group that remains
// must be in no other live conversation.
func (b *Bridge) leave(tx Tx, caller Caller, c conversations.Conversation, p conversations.Participant) error {
	if err := caller.askParticipant(conversations.ParticipantRemove, c, p); err != nil {
		return err
	}
	if err := b.depart(tx, caller, p); err != nil || !p.Grouped() {
		return err
	}
	return b.regroupStored(tx, p.Conversation)
}

// depart is leave without the number group.
func (b *Bridge) depart(tx Tx, caller Caller, p conversations.Participant) error {
	if err := tx.DeleteParticipant(p); err != nil {
		return err
	}
	return b.record(tx, caller, conversations.ParticipantRemoved, p.Conversation,
		conversations.Resource{Participant: &p}, conversations.Resource{})
}

func openParticipant(tx Tx, service conversations.ServiceID, key conversations.ConversationKey, who conversations.ParticipantKey) (c conversations.Conversation, p conversations.Participant, err error) {
	if c, err = openConversation(tx, service, key); err != nil {
		return c, p, err
	}
	p, err = tx.FindParticipant(c.ID, who)
	return c, p, err
}

// newBinding checks what a new participant is reached by (contract, 4). It
// returns nil for a chat participant.
func (b *Bridge) newBinding(f ParticipantFields) (*conversations.Binding, error) {
	switch {
	case f.Projected != nil:
		return b.newProjected(f)
	case f.Identity != nil && (f.Address != nil || f.Proxy != nil):
		return nil, conversations.Refuse(conversations.IdentityWithBinding, "give an identity or the addresses of a messaging binding, not both")
	case f.Identity != nil:
		return nil, checkIdentity(*f.Identity)
	case f.Address == nil && f.Proxy == nil:
		return nil, conversations.Refuse(conversations.InvalidParameter, "give an Identity, or a MessagingBinding.Address with a MessagingBinding.ProxyAddress")
	case f.Address == nil || *f.Address == "":
		return nil, conversations.Refuse(conversations.AddressMissing, "give the participant's own address in MessagingBinding.Address")
	case f.Proxy == nil || *f.Proxy == "":
		return b.checkGroupMember(*f.Address)
	}
	return b.checkBinding(conversations.Binding{Address: *f.Address, Proxy: *f.Proxy})
}

// newProjected checks what a new participant with a projected address has: an
// identity, or nothing else.
func (b *Bridge) newProjected(f ParticipantFields) (*conversations.Binding, error) {
	binding, err := b.checkProjected(*f.Projected)
	if err != nil {
		return nil, err
	}
	if f.Address != nil || f.Proxy != nil {
		return nil, conversations.Refuse(conversations.ProjectedNotAddable, "give a projected address, or the addresses of a messaging binding, not both")
	}
	if f.Identity != nil {
		err = checkIdentity(*f.Identity)
	}
	return binding, err
}

// checkBinding brings both addresses into the form in which they are kept.
func (b *Bridge) checkBinding(pair conversations.Binding) (*conversations.Binding, error) {
	if len(pair.Address) > maxName {
		return nil, conversations.Refuse(conversations.AddressInvalid, "it has %d characters; at most %d are allowed", len(pair.Address), maxName)
	}
	if pair.Address.Type() != pair.Proxy.Type() {
		return nil, conversations.Refuse(conversations.TypesDiffer, "the address is of type %s and the proxy address of type %s", pair.Address.Type(), pair.Proxy.Type())
	}
	address, err := b.cfg.Channels.Parse(pair.Address)
	if err != nil {
		return nil, conversations.Refuse(conversations.AddressInvalid, "%s", err)
	}
	proxy, err := b.cfg.Channels.Parse(pair.Proxy)
	if err == nil {
		if address == proxy { // however they were written
			return nil, conversations.Refuse(conversations.AddressEqualsProxy, "the proxy address is one of your numbers, the address is the participant's own")
		}
		if b.owned(proxy) {
			return &conversations.Binding{Address: address, Proxy: proxy}, nil
		}
	}
	return nil, conversations.Refuse(conversations.ProxyNotOwned, "no configured channel has this number in its numbers")
}

// bind gives a participant outside chat its pair.
func (b *Bridge) bind(tx Tx, p conversations.Participant) error {
	if !p.Paired() {
		return nil
	}
	key, err := matchKey(tx, p.Binding.Address, p.Binding.Proxy)
	if err != nil {
		return err
	}
	holder, err := tx.BindPair(key, p)
	if err == nil && holder != "" {
		err = &conversations.Error{Fault: conversations.PairTaken, Detail: string(holder)}
	}
	return err
}

// checkRoom refuses a participant that the conversation has, or has no room for
// (page 31).
func (b *Bridge) checkRoom(tx Tx, service conversations.ServiceID, p conversations.Participant) error {
	members, err := othersOf(tx, p)
	if err != nil {
		return err
	}
	if err := checkGroup(members, p); err != nil {
		return err
	}
	native := 0
	for _, m := range members {
		if m.Native() {
			native++
		}
		if p.Identity != nil && m.Identity != nil && *p.Identity == *m.Identity {
			return conversations.Refuse(conversations.IdentityTaken, "this identity is a participant of the conversation already")
		}
	}
	switch {
	case len(members) >= maxParticipants:
		return conversations.Refuse(conversations.TooManyParticipants, "a conversation has at most %d", maxParticipants)
	case p.Native() && native >= maxNative:
		return conversations.Refuse(conversations.TooManyNative, "a conversation has at most %d outside chat", maxNative)
	case p.Identity == nil:
		return nil
	}
	live, err := tx.CountLive(service, *p.Identity)
	if err == nil && live >= maxLive {
		err = conversations.Refuse(conversations.TooManyConversations,
			"an identity is in at most %d conversations that are not closed", maxLive)
	}
	return err
}

// applyParticipant sets the fields that need no storage to be checked.
func (b *Bridge) applyParticipant(p *conversations.Participant, f ParticipantFields) error {
	if err := checkAttributes(f.Attributes, maxAttributes); err != nil {
		return err
	}
	if f.LastReadIndex != nil && *f.LastReadIndex < 0 {
		return conversations.Refuse(conversations.ReadIndexInvalid, "use an index from 0, or null")
	}
	set(&p.Attributes, f.Attributes)
	setOptional(&p.Role, f.Role)
	if f.LastReadIndex != nil {
		now := b.now()
		p.LastReadIndex, p.LastReadAt = f.LastReadIndex, &now
	}
	if f.ClearLastRead {
		p.LastReadIndex, p.LastReadAt = nil, nil
	}
	setOptional(&p.LastReadAt, f.LastReadAt)
	set(&p.Muted, f.Muted)
	set(&p.Created, f.Created)
	set(&p.Updated, f.Updated)
	return nil
}

// checkConversationRole refuses a role that is none of the service's conversation
// roles. Its default role needs no look.
func checkConversationRole(tx Tx, of conversations.Service, id *conversations.RoleID) error {
	if id == nil || *id == of.ConversationRole {
		return nil
	}
	return checkRole(tx, of.ID, *id, conversations.RoleOfConversation, conversations.RoleUnknown)
}

// ensureUser makes the user of a chat participant whose identity is new.
func (b *Bridge) ensureUser(tx Tx, caller Caller, of conversations.Service, p conversations.Participant) error {
	if p.Identity == nil {
		return nil
	}
	u := b.newUser(of, *p.Identity)
	created, err := tx.EnsureUser(u)
	if err != nil || !created {
		return err
	}
	return b.record(tx, caller, conversations.UserAdded, "", conversations.Resource{User: &u}, conversations.Resource{})
}
