package bridge

import (
	"slices"

	"bridged/bindings"
	"bridged/conversations"
)

// channelGone is the error code of a delivery whose proxy address no configured
// channel owns any more: the reference's 63007, "could not find a Channel with
// the specified From address".
const channelGone = 63007

// authorship is who is behind a message. The two differ where a pre-action webhook
// has given a message from a carrier another author.
type authorship struct {
	author *conversations.Participant // whom the message names; nil when it names nobody
	sender *conversations.Participant // who wrote it, and decides how it goes out; nil when that is nobody
}

// append adds the message to the conversation and makes a delivery for every
// participant outside chat but its author and who wrote it. It fills in what the
// message lacks. An inactive conversation becomes active by it (page 35).
func (b *Bridge) append(tx Tx, caller Caller, c *conversations.Conversation, m *conversations.Message, by authorship) error {
	now := b.now()
	before := *c
	if c.State == conversations.StateInactive {
		c.State = conversations.StateActive
	}
	c.RestartTimers(now)
	index, err := tx.NextIndex(c)
	if err != nil {
		return err
	}
	if m.ID == "" {
		m.ID = conversations.NewID[conversations.MessageID](now)
	}
	m.Conversation = c.ID
	m.Index = index
	m.Participant = idOf(by.author)
	if m.Created.IsZero() {
		m.Created = now
	}
	if m.Updated.IsZero() {
		m.Updated = m.Created
	}
	if err := tx.InsertMessage(*m); err != nil {
		return err
	}
	if c.State != before.State {
		byMessage := caller
		byMessage.Webhooks = true // what a message changes fires always
		if err := b.changedState(tx, byMessage, conversations.ReasonEvent, *c, before); err != nil {
			return err
		}
	}
	err = b.record(tx, caller, conversations.MessageAdded, c.ID, conversations.Resource{Message: m}, conversations.Resource{})
	if err != nil {
		return err
	}
	return b.fanOut(tx, c, *m, by)
}

// fanOut makes the deliveries of a message. The first of a pair's line gets a task; the others follow when the one before them is done. While
// files of the message are being fetched its deliveries have none: they go on with
// the last file.
func (b *Bridge) fanOut(tx Tx, c *conversations.Conversation, m conversations.Message, by authorship) error {
	members, err := tx.Participants(m.Conversation)
	if err != nil {
		return err
	}
	if sendsToGroup(members, by.sender) {
		return b.fanOutGroup(tx, m, members, *by.sender)
	}
	prefix, err := b.prefixOf(tx, c, m, members)
	if err != nil {
		return err
	}
	recipients := recipientsOf(members, by.sender)
	if by.author != by.sender && by.author != nil {
		recipients = slices.DeleteFunc(recipients, func(p conversations.Participant) bool { return p.ID == by.author.ID })
	}
	if err := lockLines(tx, recipients); err != nil {
		return err
	}
	for _, p := range recipients {
		if err := b.deliver(tx, m, p, prefix); err != nil {
			return err
		}
	}
	return nil
}

// recipientsOf returns those of a conversation who get a message through a carrier,
// each with the pair of addresses by which it goes out. In a group text of two that
// is by the author's projected address; what somebody in a group text wrote the
// carrier has brought to the others already.
func recipientsOf(members []conversations.Participant, author *conversations.Participant) (recipients []conversations.Participant) {
	for _, p := range members {
		switch {
		case author != nil && p.ID == author.ID:
		case p.Paired():
			recipients = append(recipients, p)
		case p.Native() && author != nil && author.Projected() != "":
			p.Binding = &conversations.Binding{Address: p.Binding.Address, Proxy: author.Projected()}
			recipients = append(recipients, p)
		}
	}
	return recipients
}

// lockLines locks the lines of all participants, in an order that all keep to.
func lockLines(tx Tx, members []conversations.Participant) error {
	locks := make([]string, len(members))
	for i, p := range members {
		locks[i] = lockOfLine(bindings.MatchKey(p.Binding.Address, p.Binding.Proxy))
	}
	slices.Sort(locks)
	return tx.Lock(locks...)
}

func (b *Bridge) deliver(tx Tx, m conversations.Message, p conversations.Participant, prefix string) error {
	d := b.newDelivery(m, p, *p.Binding)
	d.Prefix = prefix
	return b.dispatch(tx, d)
}

// newDelivery makes a delivery that is to go out by the pair of addresses.
func (b *Bridge) newDelivery(m conversations.Message, p conversations.Participant, by conversations.Binding) conversations.Delivery {
	now := b.now()
	d := conversations.Delivery{
		ID:           conversations.NewID[conversations.DeliveryID](now),
		Conversation: m.Conversation,
		Message:      m.ID,
		Participant:  p.ID,
		Address:      by.Address,
		Proxy:        by.Proxy,
		Created:      now,
		Updated:      now,
	}
	if m.Fetching() {
		d.Progress = conversations.ProgressHeld
	}
	return d
}

// dispatch stores a delivery and puts it at the end of its line, which the caller has
// locked.
func (b *Bridge) dispatch(tx Tx, d conversations.Delivery) error {
	channel, ok := b.cfg.Channels.Owner(d.Proxy)
	if !ok {
		return b.deliverNowhere(tx, d, noOwner)
	}
	d.Channel = channel
	key := pairKey(d)
	busy, err := tx.PairBusy(key)
	if err != nil {
		return err
	}
	if err := tx.InsertDelivery(&d); err != nil || busy || d.Progress == conversations.ProgressHeld {
		return err
	}
	return tx.Enqueue(sendTask(d, key))
}

// noOwner is why a delivery goes nowhere whose channel has been taken out of the
// configuration.
const noOwner = "no configured channel owns the participant's proxy address"

// deliverNowhere records a delivery that no channel can carry.
func (b *Bridge) deliverNowhere(tx Tx, d conversations.Delivery, reason string) error {
	d.Progress = conversations.ProgressDead
	d.Status, d.ErrorCode = conversations.StatusFailed, channelGone
	d.Reason = reason
	if err := tx.InsertDelivery(&d); err != nil {
		return err
	}
	return b.bury(tx, d)
}

// pairKey is the key of the line that a delivery waits in.
func pairKey(d conversations.Delivery) string { return bindings.LineKey(d) }

// record adds an event to the commit.
func (b *Bridge) record(tx Tx, caller Caller, t conversations.EventType, c conversations.ConversationID, after, before conversations.Resource) error {
	return b.recordFrom(tx, caller, nil, t, c, after, before)
}

// recordFrom is record for what the message of these addresses has made, the author
// first.
func (b *Bridge) recordFrom(tx Tx, caller Caller, origin []conversations.Address, t conversations.EventType, c conversations.ConversationID, after, before conversations.Resource) error {
	return tx.Record(conversations.Event{
		Type: t, Conversation: c, Source: caller.Source, By: caller.By, Origin: origin,
		Webhooks: caller.firesWebhooks(),
		After:    after, Before: before, At: b.now(),
	})
}
