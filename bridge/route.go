package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"bridged/autocreate"
	"bridged/bindings"
	"bridged/conversations"
)

// errAlone says that a message makes a conversation, which takes a commit that
// nothing runs beside.
var errAlone = errors.New("a conversation has to be made")

// Route carries out the task of an accepted inbound message: it is appended in
// the name of the participant whom its pair means, if need be in a conversation
// that is made for it, or it is recorded as unrouted with the reason; so it is where
// a pre-action webhook refuses it. Carrying it out again changes nothing.
func (b *Bridge) Route(ctx context.Context, task, seq int64) error {
	var (
		r      conversations.InboundRecord
		routed bool
	)
	err := b.inquire(ctx, Caller{Source: conversations.SourceSystem}, func(caller Caller) (err error) {
		finishing, _ := b.backlog.begin(0, 0)
		finished := 0
		defer func() { finishing.end(-finished, err) }()
		r, routed, err = b.routeIn(ctx, b.commitBeside, caller, task, seq, false)
		if errors.Is(err, errAlone) {
			r, routed, err = b.routeIn(ctx, b.commit, caller, task, seq, true)
		}
		if err == nil && routed {
			finished = 1
		}
		return err
	})
	if err != nil || !routed {
		return err
	}
	b.cfg.Observer.Routed(r.Channel, r.State, b.lag(r.Received))
	if r.State == conversations.InboundUnrouted {
		b.cfg.Log.WarnContext(ctx, "inbound message is unrouted",
			"channel", r.Channel, "from", r.From, "to", r.To, "reason", r.Reason)
	}
	return nil
}

func (b *Bridge) routeIn(ctx context.Context, commit Committer, caller Caller, task, seq int64, alone bool) (r conversations.InboundRecord, routed bool, err error) {
	err = commit(ctx, func(tx Tx) error {
		routed = false
		var err error
		r, err = tx.FindInbound(seq)
		if conversations.NotFound.Is(err) || err == nil && r.State != conversations.InboundPending {
			return tx.Finish(task)
		}
		if err != nil {
			return err
		}
		to, err := b.decideOnce(tx, r)
		if err != nil {
			return err
		}
		if to.Destination == conversations.ToNewConversation && !alone && r.Effect == conversations.EffectNone {
			return errAlone
		}
		caller.Source, caller.By = r.From.Type().Source(), string(r.From)
		caller.seed(fmt.Sprintf("inbound %s %s %d", r.Channel, r.ProviderID, task))
		d, err := b.draftOf(tx, caller, r, to)
		if refused, ok := errors.AsType[*rejection](err); ok {
			to.found(conversations.RulePreAction, conversations.Unrouted, refused.Error())
		} else if err != nil {
			return err
		}
		if err := b.callWebhooks(tx, r, to); err != nil {
			return err
		}
		if err := b.follow(tx, caller, &r, to, d); err != nil {
			return err
		}
		if err := b.openWindow(tx, r); err != nil {
			return err
		}
		routed = true
		return tx.Finish(task)
	})
	return r, routed, err
}

// noConversation is why a message is not for any conversation that there is.
const noConversation = "no live conversation has a participant with this pair of addresses"

// noAddress is why none is made for a sender such as "ACME Bank", whom nobody can
// answer.
const noAddress = "no conversation is made for a sender whose address no participant could have"

// routing is where a message goes, with what it takes to bring it there.
type routing struct {
	conversations.Routing
	author       conversations.Participant
	conversation conversations.Conversation
	creation     autocreate.Creation
}

// found adds what a rule said, and says where the message goes if that decides.
func (r *routing) found(rule conversations.RoutingRule, to conversations.Destination, reason string) {
	r.Findings = append(r.Findings, conversations.Finding{Rule: rule, Decides: to != "", Reason: reason})
	if to != "" {
		r.Destination = to
	}
}

// decide says where an inbound message goes (contract, routing 2). It is asked
// for each message, and by operators who want to know.
func (b *Bridge) decide(tx Tx, m conversations.Inbound) (routing, error) {
	var r routing
	if !b.owned(m.To) {
		r.found(conversations.RuleReceiver, conversations.Unrouted, "no channel is configured with the number that the message was sent to")
		return r, nil
	}
	r.found(conversations.RuleReceiver, "", "the number is one of ours")
	group, isGroup := groupKey(m)
	if b.owned(m.From) {
		if isGroup {
			r.found(conversations.RuleSender, conversations.Dropped, "it is a group message of a number of ours: what was sent from here has come back")
			return r, nil
		}
		// Two numbers of ours that answer one another would never end.
		r.found(conversations.RuleSender, conversations.Unrouted, "it was sent by a number of ours, so that it may have come round in a loop")
		return r, nil
	}
	r.found(conversations.RuleSender, "", "the sender is not one of ours")
	if isGroup {
		return r, b.decideGroup(tx, m, group, &r)
	}
	r.found(conversations.RuleGroup, "", "it is no group message")

	key, err := matchKey(tx, m.From, m.To)
	if err != nil {
		return r, err
	}
	author, c, err := tx.Resolve(key)
	switch {
	case err == nil:
		r.author, r.conversation = author, c
		r.Service, r.Conversation, r.Participant = c.Service, c.ID, author.ID
		r.found(conversations.RuleConversation, conversations.ToConversation, takenBy(author, m))
		return r, nil
	case !conversations.NotFound.Is(err):
		return r, err
	}
	r.found(conversations.RuleConversation, "", noConversation)
	if err := b.decideCreation(tx, m, &r); err != nil || r.Destination != "" {
		return r, err
	}
	reason := noConversation
	if _, err := b.cfg.Channels.Parse(m.From); err != nil {
		reason += ", and " + noAddress
	}
	b.decideWebhook(m, reason, &r)
	return r, nil
}

// takenBy says how a participant has the pair of addresses of a message.
func takenBy(p conversations.Participant, m conversations.Inbound) string {
	if !p.Paired() || bindings.MatchKey(p.Binding.Address, p.Binding.Proxy) == bindings.MatchKey(m.From, m.To) {
		return "a participant of a live conversation has this pair of addresses"
	}
	return "a participant of a live conversation has this pair of addresses, by another name of the sender"
}

// decideCreation says whether a conversation is made for a message that none
// takes: by the number's own configuration, or else by its messaging service. It
// decides nothing where neither makes one.
func (b *Bridge) decideCreation(tx Tx, m conversations.Inbound, r *routing) error {
	account, err := tx.Configuration()
	if err != nil {
		return err
	}
	pool := b.poolOf(m.To)
	r.Service = account.Service
	if pool != nil {
		r.MessagingService = pool.Service
	}
	_, nameless := b.cfg.Channels.Parse(m.From)
	a, err := tx.FindAddressConfiguration(autocreate.Key{Address: m.To})
	switch {
	case conversations.NotFound.Is(err):
		r.found(conversations.RuleAddress, "", "the number has no address configuration")
	case err != nil:
		return err
	case !a.Creation.Enabled:
		r.found(conversations.RuleAddress, "", "the number's address configuration makes no conversations")
	case nameless != nil:
		r.found(conversations.RuleAddress, "", noAddress)
	default:
		if a.Creation.Service != "" {
			r.Service = a.Creation.Service
		}
		r.creation, r.Configuration = a.Creation, a.ID
		r.found(conversations.RuleAddress, conversations.ToNewConversation, "the number's address configuration makes a conversation")
		return nil
	}
	switch {
	case nameless != nil:
		r.found(conversations.RuleMessagingService, "", noAddress)
	case pool == nil:
		r.found(conversations.RuleMessagingService, "", "the number is in no messaging service")
	case !pool.Autocreate:
		r.found(conversations.RuleMessagingService, "", "the number's messaging service makes no conversations")
	default:
		r.creation = autocreate.Creation{Type: autocreate.Default}
		r.found(conversations.RuleMessagingService, conversations.ToNewConversation, "the number's messaging service makes a conversation")
	}
	return nil
}

// poolOf returns the messaging service that a number is a sender of; nil where it
// is in none.
func (b *Bridge) poolOf(number conversations.Address) *Pool {
	for i, pool := range b.cfg.Pools {
		for _, sender := range pool.Senders {
			if parsed, err := b.cfg.Channels.Parse(sender); err == nil && parsed == number {
				return &b.cfg.Pools[i]
			}
		}
	}
	return nil
}

// follow brings a message where it goes.
func (b *Bridge) follow(tx Tx, caller Caller, r *conversations.InboundRecord, to routing, d draft) error {
	if to.Destination == conversations.Dropped {
		r.State, r.Reason = conversations.InboundDropped, to.Reason()
		return tx.FinishInbound(*r, "")
	}
	if r.Effect != conversations.EffectNone {
		return b.followKeyword(tx, r)
	}
	if to.Destination == conversations.Unrouted {
		r.State, r.Reason = conversations.InboundUnrouted, to.Reason()
		return tx.FinishInbound(*r, "")
	}
	if to.Destination == conversations.ToWebhook {
		r.State = conversations.InboundCalled
		return tx.FinishInbound(*r, "")
	}
	return b.post(tx, caller, r, to, d)
}

// post stores a draft: the message, and the conversation that it makes.
func (b *Bridge) post(tx Tx, caller Caller, r *conversations.InboundRecord, to routing, d draft) error {
	if len(d.members) > 0 {
		if err := b.create(tx, caller, r.Inbound, to, &d); err != nil {
			return err
		}
	}
	if err := b.receiveMedia(tx, *r, d.conversation, &d.message, d.files); err != nil {
		return err
	}
	caller.By = string(d.by.sender.Binding.Address)
	if err := b.append(tx, caller, &d.conversation, &d.message, d.by); err != nil {
		return err
	}
	r.State = conversations.InboundAppended
	return tx.FinishInbound(*r, d.message.ID)
}

// create stores the conversation of a message that none took, as the configuration
// says, with its members.
func (b *Bridge) create(tx Tx, caller Caller, m conversations.Inbound, to routing, d *draft) error {
	c := &d.conversation
	if err := b.insertConversation(tx, caller, c, membersOf(m)...); err != nil {
		return err
	}
	if w := to.creation.Listener(b.now()); w != nil {
		w.Conversation = c.ID
		if err := tx.InsertWebhook(w); err != nil {
			return err
		}
	}
	for i := range d.members {
		if err := b.enter(tx, caller, *c, &d.members[i]); err != nil {
			return err
		}
	}
	if c.State != conversations.StateInitializing {
		return nil
	}
	return b.completeGroup(tx, caller, c, d.members)
}

// Explain says where a message would go now that somebody sends to these
// addresses, and why. It changes nothing.
func (b *Bridge) Explain(ctx context.Context, from conversations.Address, to []conversations.Address) (conversations.Routing, error) {
	parsed := make([]conversations.Address, 0, 1+len(to))
	for _, a := range append([]conversations.Address{from}, to...) {
		address, err := b.cfg.Channels.Parse(a)
		if err != nil {
			return conversations.Routing{}, conversations.Refuse(conversations.AddressInvalid, "%q: %s", a, err)
		}
		parsed = append(parsed, address)
	}
	if len(parsed) < 2 {
		return conversations.Routing{}, conversations.Refuse(conversations.AddressMissing, "say whom the message is sent to")
	}
	if ours := slices.IndexFunc(parsed[1:], b.owned); ours > 0 {
		parsed[1], parsed[1+ours] = parsed[1+ours], parsed[1] // as the carrier tells it: by the number that it was sent to
	}
	m := conversations.Inbound{From: parsed[0], To: parsed[1], Others: parsed[2:]}
	var found routing
	err := b.commitBeside(ctx, func(tx Tx) error {
		var err error
		found, err = b.decide(tx, m)
		return err
	})
	return found.Routing, err
}

// Reroute takes an unrouted message up again, after what kept it from its
// conversation has been mended.
func (b *Bridge) Reroute(ctx context.Context, seq int64) (r conversations.InboundRecord, err error) {
	taking, _ := b.backlog.begin(1, 0)
	taken := 0
	defer func() { taking.end(taken, err) }()
	r, err = change(ctx, b, func(tx Tx) (conversations.InboundRecord, error) {
		r, err := tx.FindInbound(seq)
		if err != nil {
			return r, err
		}
		if r.State != conversations.InboundUnrouted {
			return r, conversations.Refuse(conversations.NotFound, "no such unrouted message")
		}
		r.State, r.Reason = conversations.InboundPending, ""
		if err := tx.FinishInbound(r, ""); err != nil {
			return r, err
		}
		return r, tx.Enqueue(seqTask(TopicInbound, r.MatchKey, r.To, r.Seq))
	})
	if err == nil {
		taken = 1
	}
	return r, err
}
