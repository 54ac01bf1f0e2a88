package bridge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"bridged/bindings"
	"bridged/conversations"
)

// A group message is reported once for each number of ours in the group by some
// carriers, each time under another id.
const (
	// copiesApart is how far apart by the carrier's clock the reports of one message
	// can be. Where the carrier does not tell the time, that of acceptance counts.
	copiesApart = 2 * time.Minute
	// copiesLate is how late a carrier may repeat itself (carriers.md §3 d).
	copiesLate = 25 * time.Hour
)

// noGroup is why a group message is not for any conversation that there is.
const noGroup = "it is a group message, and no live conversation has this group of addresses"

// groupKey returns the key of the number group of a group message, which has
// three members or more.
func groupKey(m conversations.Inbound) (key string, isGroup bool) {
	if len(m.Others) == 0 {
		return "", false
	}
	key, size := bindings.GroupKey(membersOf(m)...)
	return key, size > 2
}

// membersOf returns who is in the group of a message, the sender first.
func membersOf(m conversations.Inbound) []conversations.Address {
	return slices.Concat([]conversations.Address{m.From, m.To}, m.Others)
}

// copyKey is what the reports of one group message have in common, as far as it
// can be told from what is in it.
func copyKey(group string, m conversations.Inbound) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d\n%s", group, bindings.Name(m.From), len(m.Media), m.Body))
	return hex.EncodeToString(sum[:])
}

// decideOnce is decide for a message that is about to go there. The second report
// of a group message goes nowhere.
func (b *Bridge) decideOnce(tx Tx, r conversations.InboundRecord) (routing, error) {
	if r.CopyKey == "" {
		return b.decide(tx, r.Inbound)
	}
	if err := tx.Lock(lockOfCopies(r.CopyKey)); err != nil {
		return routing{}, err
	}
	reports, err := tx.CopiesOf(r, r.Received.Add(-copiesLate))
	if err != nil {
		return routing{}, err
	}
	reports = slices.DeleteFunc(reports, func(other conversations.InboundRecord) bool {
		return !b.owned(other.To) || sentAt(r).Sub(sentAt(other)).Abs() > copiesApart
	})
	if isCopy(r, reports) {
		var to routing
		to.found(conversations.RuleGroup, conversations.Dropped, "the carrier has told of this group message already, for another number of ours")
		return to, nil
	}
	return b.decide(tx, r.Inbound)
}

// isCopy says whether a message has been told of by the reports for other numbers
// of ours. Of people who write the same twice there are two messages: the n-th
// report for one number is of the n-th message.
func isCopy(r conversations.InboundRecord, reports []conversations.InboundRecord) bool {
	messages, told := 0, 0
	for _, other := range reports {
		if other.State != conversations.InboundDropped {
			messages++
		}
		if other.To == r.To {
			told++
		}
	}
	return told < messages
}

// sentAt is when a message was sent, as well as it is known.
func sentAt(r conversations.InboundRecord) time.Time {
	if r.SentAt.IsZero() {
		return r.Received
	}
	return r.SentAt
}

// decideGroup says where a message of the group goes: to the conversation that has
// exactly these members, or to one that is made for it (page 38).
func (b *Bridge) decideGroup(tx Tx, m conversations.Inbound, group string, r *routing) error {
	members := membersOf(m)
	if _, size := bindings.GroupKey(members...); size > maxGroup {
		reason := fmt.Sprintf("it is a group message with %d members, and a group has at most %d", size, maxGroup)
		r.found(conversations.RuleGroup, "", reason)
		b.decideWebhook(m, reason, r)
		return nil
	}
	c, err := tx.ResolveGroup(group)
	if conversations.NotFound.Is(err) {
		r.found(conversations.RuleGroup, "", noGroup)
		if err := b.decideGroupCreation(tx, members, r); err != nil || r.Destination != "" {
			return err
		}
		b.decideWebhook(m, noGroup, r)
		return nil
	}
	if err != nil {
		return err
	}
	participants, err := tx.Participants(c.ID)
	if err != nil {
		return err
	}
	for _, p := range participants {
		if p.Native() && bindings.Name(p.Binding.Address) == bindings.Name(m.From) {
			r.author, r.conversation = p, c
			r.Service, r.Conversation, r.Participant = c.Service, c.ID, p.ID
			r.found(conversations.RuleGroup, conversations.ToConversation, "a live conversation has this group of addresses")
			return nil
		}
	}
	return fmt.Errorf("conversation %s has a number group that its participants do not make", c.ID)
}

// decideGroupCreation says whether a conversation is made for a group: where the
// configuration of any number of ours in it says so. They are asked in one order,
// whichever of them the carrier has told of.
func (b *Bridge) decideGroupCreation(tx Tx, members []conversations.Address, r *routing) error {
	ours := slices.DeleteFunc(slices.Clone(members), func(a conversations.Address) bool { return !b.owned(a) })
	if i := slices.IndexFunc(ours, func(a conversations.Address) bool { return !b.cfg.Channels.CarriesGroups(a) }); i >= 0 {
		r.found(conversations.RuleGroup, "", "a channel of our numbers in it cannot carry group MMS, so that none is made")
		return nil
	}
	slices.Sort(ours)
	before := *r
	before.Findings = slices.Clip(before.Findings)
	for _, number := range slices.Compact(ours) {
		*r = before
		if err := b.decideCreation(tx, conversations.Inbound{From: members[0], To: number}, r); err != nil {
			return err
		}
		if r.Destination == conversations.ToNewConversation {
			return nil
		}
	}
	return nil
}

// completeGroup ends the initializing of a group message's conversation, all of whose
// members are in it.
func (b *Bridge) completeGroup(tx Tx, caller Caller, c *conversations.Conversation, members []conversations.Participant) error {
	if err := b.regroup(tx, c.ID, members); err != nil {
		return err
	}
	before := *c
	c.State, c.Updated = conversations.StateActive, b.now()
	c.RestartTimers(c.Updated)
	if err := tx.UpdateConversation(*c); err != nil {
		return err
	}
	return b.changedState(tx, caller, conversations.ReasonEvent, *c, before)
}
