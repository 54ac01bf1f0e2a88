package bridge

import (
	"context"

	"bridged/bindings"
	"bridged/conversations"
	"bridged/receipts"
)

// codeOptedOut is the error code of a delivery to whom wants nothing from the
// number: the reference's 21610, "attempt to send to unsubscribed recipient".
const codeOptedOut = 21610

// lockKeywords locks the lines of the pairs that messages opt out or in, under all
// names of the person, so that no send is claimed meanwhile. It comes before any
// message is stored: who repeats one of them waits here, and not for the row.
func (b *Bridge) lockKeywords(tx Tx, messages []conversations.Inbound) error {
	var locks []string
	for _, m := range messages {
		if b.keywordOf(m) == conversations.KeywordNone {
			continue
		}
		key, err := matchKey(tx, m.From, m.To)
		if err != nil {
			return err
		}
		lines, err := linesOf(tx, key)
		if err != nil {
			return err
		}
		for _, line := range append(lines, bindings.MatchKey(m.From, m.To)) {
			locks = append(locks, lockOfLine(line))
		}
	}
	return tx.Lock(inOrder(locks)...)
}

// obey does what a message asks for as a keyword, in the commit that accepts it:
// what is claimed after that finds it done. The message is routed in its turn, and
// then followKeyword tells of it. A START of whom is not opted out, and a HELP to
// which we have no answer, are messages like any other.
func (b *Bridge) obey(tx Tx, r *conversations.InboundRecord) error {
	keyword := b.keywordOf(r.Inbound)
	if keyword == conversations.KeywordNone {
		return nil
	}
	key, err := matchKey(tx, r.From, r.To) // that of a group message is the group's
	if err != nil {
		return err
	}
	switch keyword {
	case conversations.KeywordStop:
		isNew, err := tx.InsertOptOut(&conversations.OptOut{
			MatchKey: key, Address: r.From, Proxy: r.To, Source: conversations.OptOutByMessage, Created: b.now(),
		})
		if err != nil {
			return err
		}
		r.Effect = conversations.EffectStillOut
		if isNew {
			r.Effect = conversations.EffectOptedOut
		}
	case conversations.KeywordStart:
		existed, err := tx.DeleteOptOut(key)
		if err != nil || !existed {
			return err
		}
		r.Effect = conversations.EffectOptedIn
	case conversations.KeywordHelp:
		if b.optOutMode(r.To) != conversations.OptOutBridged || b.cfg.OptOut.HelpReply == "" {
			return nil
		}
		r.Effect = conversations.EffectHelpWanted
	case conversations.KeywordNone:
		return nil
	}
	r.Keyword = keyword
	return tx.SetKeyword(*r)
}

// followKeyword ends the way of a message that was obeyed: the others hear of it by
// an event and not by its text, and its sender gets our answer where the carrier
// gives none.
func (b *Bridge) followKeyword(tx Tx, r *conversations.InboundRecord) error {
	caller := Caller{Source: r.From.Type().Source(), By: string(r.From)}
	var (
		answer string
		err    error
	)
	switch r.Effect {
	case conversations.EffectOptedOut:
		answer, r.Reason = b.cfg.OptOut.StopReply, "the person opted out: nothing more is sent to them from this number"
		err = b.recordOptOut(tx, caller, conversations.ParticipantOptedOut, r.From, r.To)
	case conversations.EffectOptedIn:
		answer, r.Reason = b.cfg.OptOut.StartReply, "the person opted in again"
		err = b.recordOptOut(tx, caller, conversations.ParticipantOptedIn, r.From, r.To)
	case conversations.EffectHelpWanted:
		answer, r.Reason = b.cfg.OptOut.HelpReply, "the person asked for help and got the configured answer"
	case conversations.EffectStillOut, conversations.EffectNone:
		r.Reason = "the person had opted out before"
	}
	if err != nil {
		return err
	}
	_, nameless := b.cfg.Channels.Parse(r.From) // such as "ACME Bank", whom nobody can answer
	if answer != "" && nameless == nil && b.optOutMode(r.To) == conversations.OptOutBridged {
		if err := b.notify(tx, r.From, r.To, answer); err != nil {
			return err
		}
	}
	r.State = conversations.InboundObeyed
	return tx.FinishInbound(*r, "")
}

// notify answers a keyword. The answer is in no conversation, and goes out also to
// whom is opted out.
func (b *Bridge) notify(tx Tx, to, proxy conversations.Address, text string) error {
	if err := tx.Lock(lockOfLine(bindings.MatchKey(to, proxy))); err != nil {
		return err
	}
	now := b.now()
	m := conversations.Message{ID: conversations.NewID[conversations.MessageID](now), Body: &text, Created: now}
	if err := tx.InsertText(m); err != nil {
		return err
	}
	return b.dispatch(tx, conversations.Delivery{
		ID: conversations.NewID[conversations.DeliveryID](now), Message: m.ID,
		Address: to, Proxy: proxy, Notice: true, Created: now, Updated: now,
	})
}

// recordOptOut records that who has a pair in a live conversation opted out or in.
// Where nobody has it there is no conversation to tell it.
func (b *Bridge) recordOptOut(tx Tx, caller Caller, t conversations.EventType, address, proxy conversations.Address) error {
	key, err := matchKey(tx, address, proxy)
	if err != nil {
		return err
	}
	pair, err := tx.FindPair(key)
	if err != nil {
		return ignoreNotFound(err)
	}
	p, err := tx.FindParticipant(pair.Conversation, conversations.ParticipantKey{ID: pair.Participant})
	if err != nil {
		return ignoreNotFound(err)
	}
	return b.record(tx, caller, t, p.Conversation, conversations.Resource{Participant: &p}, conversations.Resource{})
}

// checkOptOut says why a delivery does not go out, if its person has opted out. The
// caller has locked its line. A group message is for its carrier to keep from who
// wants none: the others in the group get it.
func (b *Bridge) checkOptOut(tx Tx, d conversations.Delivery) error {
	if d.Notice || len(d.Others) > 0 {
		return nil
	}
	key, err := matchKey(tx, d.Address, d.Proxy)
	if err != nil {
		return err
	}
	out, err := tx.IsOptedOut(key)
	if err != nil || !out {
		return err
	}
	return &undeliverable{code: codeOptedOut, reason: "the person has opted out of messages from this number"}
}

// heedCarrier records an opt-out that a carrier knows and we did not.
func (b *Bridge) heedCarrier(tx Tx, d conversations.Delivery) error {
	if b.optOutMode(d.Proxy) == conversations.OptOutOff {
		return nil
	}
	key, err := matchKey(tx, d.Address, d.Proxy)
	if err != nil {
		return err
	}
	isNew, err := tx.InsertOptOut(&conversations.OptOut{
		MatchKey: key, Address: d.Address, Proxy: d.Proxy, Source: conversations.OptOutByCarrier, Created: b.now(),
	})
	if err != nil || !isNew {
		return err
	}
	return b.recordOptOut(tx, Caller{Source: d.Proxy.Type().Source()}, conversations.ParticipantOptedOut, d.Address, d.Proxy)
}

// heedReport records the opt-out that a carrier tells of in a status report, which
// changed what was known: one that comes again must not undo what the person has
// said since. A report of a group message that names nobody is about nobody's.
func (b *Bridge) heedReport(tx Tx, d conversations.Delivery, r conversations.StatusRecord) error {
	if r.ErrorCode != codeOptedOut || !receipts.Failed(r.Status) || len(d.Others) > 0 && r.PairKey == "" {
		return nil
	}
	return b.heedCarrier(tx, d)
}

// moveOptOuts gives the opt-outs under a name the match key by the number that it
// turned out to be an alias of.
func moveOptOuts(tx Tx, a conversations.Alias) error {
	list, err := tx.OptOutsOfName(a.Name)
	if err != nil {
		return err
	}
	for _, o := range list {
		if key := bindings.Rename(o.MatchKey, a.Root); key != o.MatchKey {
			if err := tx.MoveOptOut(o.MatchKey, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// AddOptOut opts a person out who has said so by another way. Where they are opted
// out already that opt-out is returned.
func (b *Bridge) AddOptOut(ctx context.Context, caller Caller, address, proxy conversations.Address) (conversations.OptOut, error) {
	o := conversations.OptOut{Source: conversations.OptOutByOperator, Created: b.now()}
	var err error
	if o.Address, err = b.cfg.Channels.Parse(address); err != nil {
		return o, conversations.Refuse(conversations.AddressInvalid, "Address %q: %s", address, err)
	}
	if o.Proxy, err = b.cfg.Channels.Parse(proxy); err != nil {
		return o, conversations.Refuse(conversations.AddressInvalid, "ProxyAddress %q: %s", proxy, err)
	}
	switch {
	case !b.owned(o.Proxy):
		return o, conversations.Refuse(conversations.ProxyNotOwned, "ProxyAddress %q is no number of a configured channel", proxy)
	case o.Proxy.Type() != o.Address.Type():
		return o, conversations.Refuse(conversations.TypesDiffer, "Address and ProxyAddress must be of one type of channel")
	}
	return change(ctx, b, func(tx Tx) (conversations.OptOut, error) {
		key, err := matchKey(tx, o.Address, o.Proxy)
		if err != nil {
			return o, err
		}
		added := o
		added.MatchKey = key
		isNew, err := tx.InsertOptOut(&added)
		switch {
		case err != nil:
			return o, err
		case !isNew:
			return tx.OptOutOfPair(key)
		}
		return added, b.recordOptOut(tx, caller, conversations.ParticipantOptedOut, o.Address, o.Proxy)
	})
}

// LiftOptOut opts a person in again, who has agreed by another way than START.
func (b *Bridge) LiftOptOut(ctx context.Context, caller Caller, seq int64) error {
	return remove(ctx, b, func(tx Tx) error {
		o, err := tx.FindOptOut(seq)
		if err != nil {
			return err
		}
		if _, err := tx.DeleteOptOut(o.MatchKey); err != nil {
			return err
		}
		return b.recordOptOut(tx, caller, conversations.ParticipantOptedIn, o.Address, o.Proxy)
	})
}
