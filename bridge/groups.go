package bridge

import (
	"slices"

	"bridged/bindings"
	"bridged/conversations"
)

// maxGroup is how many members a group text has at most, projected addresses
// included (contract, routing 3).
const maxGroup = 10

// checkProjected checks the projected address of a participant (page 37).
func (b *Bridge) checkProjected(a conversations.Address) (*conversations.Binding, error) {
	if !b.cfg.Channels.HasGroups() {
		return nil, conversations.Refuse(conversations.GroupsUnavailable,
			"no configured channel can carry group MMS; add the participant with an address and a proxy address")
	}
	if a == "" {
		return nil, conversations.Refuse(conversations.ProjectedMissing, "give one of your numbers in MessagingBinding.ProjectedAddress")
	}
	projected, err := b.cfg.Channels.Parse(a)
	switch {
	case err != nil || !b.owned(projected):
		return nil, conversations.Refuse(conversations.ProjectedNotOwned, "no configured channel has this number in its numbers")
	case !b.cfg.Channels.CarriesGroups(projected):
		return nil, conversations.Refuse(conversations.GroupsUnavailable, "the channel that has this number cannot carry group MMS")
	case !bindings.CanBeGrouped(projected):
		return nil, conversations.Refuse(conversations.AddressInvalid, "a projected address is a long code of +1: no toll-free number and no short code")
	}
	return &conversations.Binding{Projected: projected}, nil
}

// checkGroupMember checks the address of somebody who is to be in a group text
// without a proxy address. Where that cannot be meant, the proxy address is
// missing.
func (b *Bridge) checkGroupMember(a conversations.Address) (*conversations.Binding, error) {
	if !b.cfg.Channels.HasGroups() || a.Type() != conversations.TypeSMS {
		return nil, conversations.Refuse(conversations.ProxyMissing, "give one of your numbers in MessagingBinding.ProxyAddress")
	}
	if len(a) > maxName {
		return nil, conversations.Refuse(conversations.AddressInvalid, "it has %d characters; at most %d are allowed", len(a), maxName)
	}
	address, err := b.cfg.Channels.Parse(a)
	if err != nil {
		return nil, conversations.Refuse(conversations.AddressInvalid, "%s", err)
	}
	if b.owned(address) {
		return nil, conversations.Refuse(conversations.AddressInvalid, "it is one of your numbers; in a group text that is a MessagingBinding.ProjectedAddress")
	}
	if !bindings.CanBeGrouped(address) {
		return nil, conversations.Refuse(conversations.AddressInvalid,
			"without a proxy address it is for a group text, in which there are only long codes of +1")
	}
	return &conversations.Binding{Address: address}, nil
}

// checkGroup refuses a participant that does not go together with the others of
// its conversation: a group text has members of group texts only, each once.
func checkGroup(others []conversations.Participant, p conversations.Participant) error {
	grouped, paired, unprojected := 0, false, false
	for _, m := range others {
		switch {
		case m.Grouped():
			grouped++
		case m.Paired():
			paired = true
		default:
			unprojected = true
		}
	}
	switch {
	case p.Paired() && grouped > 0:
		return conversations.Refuse(conversations.PairInGroup, "the conversation is a group text, whose members have no proxy address")
	case p.Paired():
		return nil
	case !p.Grouped() && grouped > 0:
		return conversations.Refuse(conversations.ProjectedMissing, "the conversation is a group text; give one of your numbers in MessagingBinding.ProjectedAddress")
	case !p.Grouped():
		return nil
	case p.Native() && paired:
		return conversations.Refuse(conversations.ProxyMissing, "the others of the conversation have proxy addresses; give one of your numbers in MessagingBinding.ProxyAddress")
	case paired:
		return conversations.Refuse(conversations.GroupImpossible, "the conversation has a participant with a proxy address, which no member of a group text has")
	case p.Native() && unprojected:
		return conversations.Refuse(conversations.ProjectedMissing, "the conversation has a chat participant without one; give it one before, or give this address a proxy address")
	}
	return checkGroupSize(others, p)
}

// checkGroupSize refuses a member that the group has, or has no room for.
func checkGroupSize(others []conversations.Participant, p conversations.Participant) error {
	size := 0
	for _, m := range others {
		if !m.Grouped() {
			continue
		}
		size++
		if bindings.Name(m.InGroup()) == bindings.Name(p.InGroup()) {
			return conversations.Refuse(conversations.GroupMemberTaken, "this number is a member of the group text already")
		}
	}
	if size >= maxGroup {
		return conversations.Refuse(conversations.GroupFull, "a group text has at most %d members, projected addresses included", maxGroup)
	}
	return nil
}

// numberGroup is what captures the messages of a group text: the group of its
// members or, of two, their pair.
type numberGroup struct {
	key    string // of three members or more; else empty
	pair   string // the match key of two; else empty
	native conversations.Participant
}

// groupOf returns the number group of a conversation's participants. It is none
// before there is somebody by address and somebody by a projected address, and
// while anybody has a proxy address.
func groupOf(members []conversations.Participant) numberGroup {
	var (
		g         numberGroup
		projected conversations.Address
		addresses []conversations.Address
	)
	for _, m := range members {
		switch {
		case m.Paired():
			return numberGroup{}
		case m.Native():
			g.native = m
		case m.Grouped():
			projected = m.Projected()
		default:
			continue
		}
		addresses = append(addresses, m.InGroup())
	}
	if projected == "" || !g.native.Native() {
		return numberGroup{}
	}
	key, size := bindings.GroupKey(addresses...)
	if size == 2 {
		g.pair = bindings.MatchKey(g.native.Binding.Address, projected)
	} else {
		g.key = key
	}
	return g
}

// regroup gives a conversation the number group of these participants, which are
// all of its members, in place of the one that it had. Another live conversation
// must not have it.
func (b *Bridge) regroup(tx Tx, id conversations.ConversationID, members []conversations.Participant) error {
	if err := tx.FreeGroup(id); err != nil {
		return err
	}
	for _, m := range members {
		if !m.Native() || m.Paired() {
			continue
		}
		if err := tx.FreePair(m.ID); err != nil {
			return err
		}
	}
	var (
		holder conversations.ConversationID
		err    error
	)
	switch g := groupOf(members); {
	case g.key != "":
		holder, err = tx.BindGroup(g.key, id)
	case g.pair != "":
		holder, err = tx.BindPair(g.pair, g.native)
	}
	if err == nil && holder != "" {
		err = &conversations.Error{Fault: conversations.GroupTaken, Detail: string(holder)}
	}
	return err
}

// checkGroupFree refuses participants whose number group another live conversation
// has.
func checkGroupFree(tx Tx, members []conversations.Participant) error {
	var (
		holder conversations.ConversationID
		err    error
	)
	switch g := groupOf(members); {
	case g.key != "":
		holder, err = tx.GroupHolder(g.key)
	case g.pair != "":
		holder, err = tx.PairHolder(g.pair)
	}
	if err == nil && holder != "" {
		err = &conversations.Error{Fault: conversations.GroupTaken, Detail: string(holder)}
	}
	return err
}

// regroupStored is regroup with the participants that are stored, where the
// conversation captures messages.
func (b *Bridge) regroupStored(tx Tx, id conversations.ConversationID) error {
	c, err := tx.ConversationByID(id)
	if err != nil || !c.State.Live() {
		return err
	}
	members, err := tx.Participants(id)
	if err != nil {
		return err
	}
	return b.regroup(tx, id, members)
}

// regroupWithout is regroupStored after a user was deleted, which nothing refuses:
// where another live conversation has the group that remains, this one has none
// until its members change again.
func (b *Bridge) regroupWithout(tx Tx, p conversations.Participant) error {
	if !p.Grouped() {
		return nil
	}
	err := b.regroupStored(tx, p.Conversation)
	if conversations.GroupTaken.Is(err) {
		return nil
	}
	return err
}

// reproject carries out what an update asks of a participant's projected address.
func (b *Bridge) reproject(tx Tx, p *conversations.Participant, wanted conversations.Address) error {
	switch {
	case !b.cfg.Channels.HasGroups():
		return conversations.Refuse(conversations.GroupsUnavailable, "no configured channel can carry group MMS")
	case wanted == removal && p.Projected() == "":
		return conversations.Refuse(conversations.ProjectedNotRemovable, "the participant has none")
	case wanted == removal && p.Identity == nil:
		return conversations.Refuse(conversations.ProjectedNotRemovable, "nothing of the participant would remain; remove the participant")
	case wanted == removal:
		p.Binding = nil
		return nil
	case p.Native():
		return conversations.Refuse(conversations.ProjectedNotAddable, "the participant has an address of its own")
	case wanted == p.Projected():
		return nil
	}
	binding, err := b.checkProjected(wanted)
	if err != nil {
		return err
	}
	p.Binding = binding
	others, err := othersOf(tx, *p)
	if err != nil {
		return err
	}
	return checkGroup(others, *p)
}

// othersOf returns the other participants of a participant's conversation.
func othersOf(tx Tx, p conversations.Participant) ([]conversations.Participant, error) {
	members, err := tx.Participants(p.Conversation)
	return slices.DeleteFunc(members, func(m conversations.Participant) bool { return m.ID == p.ID }), err
}

// unproxy takes a participant's proxy address away, so that it is in a group text
// by its address alone.
func (b *Bridge) unproxy(tx Tx, p *conversations.Participant) error {
	if !b.cfg.Channels.HasGroups() {
		return conversations.Refuse(conversations.GroupsUnavailable, "a participant without a proxy address needs group MMS, which no configured channel can carry")
	}
	binding, err := b.checkGroupMember(p.Binding.Address)
	if err != nil {
		return err
	}
	p.Binding = binding
	others, err := othersOf(tx, *p)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(others, conversations.Participant.Paired) {
		return conversations.Refuse(conversations.GroupImpossible, "another participant has a proxy address, which no member of a group text has")
	}
	return checkGroupSize(others, *p)
}

// takeOver gives a projected address another identity behind it (page 37,
// "Sharing a Projected Address").
func (b *Bridge) takeOver(tx Tx, of conversations.Service, p *conversations.Participant, identity string) error {
	if err := checkIdentity(identity); err != nil {
		return err
	}
	p.Identity = &identity
	return b.checkRoom(tx, of.ID, *p)
}

// checkGroupAuthor refuses a message to a group text that cannot go out: it needs
// the projected address of its author (contract, 5), and to three members or more a
// channel that can carry it. As several plain ones everybody would have it in a
// thread with the author alone.
func (b *Bridge) checkGroupAuthor(members []conversations.Participant, author *conversations.Participant) error {
	native := slices.ContainsFunc(members, conversations.Participant.Native)
	switch size := sizeOf(members); {
	case size == 0:
		return nil
	case author == nil || author.InGroup() == "":
		return conversations.Refuse(conversations.AuthorOutsideGroup, "name an identity with a projected address, or a projected address, as the Author")
	case author.Native():
		return conversations.Refuse(conversations.AuthorOutsideGroup, "a member by address writes from its own telephone; name a projected address, or the identity behind it, as the Author")
	case native && size > 2 && !b.cfg.Channels.CarriesGroups(author.Projected()):
		return conversations.Refuse(conversations.GroupsUnavailable, cannotCarry)
	}
	return nil
}
