package bridge

import (
	"slices"

	"bridged/bindings"
	"bridged/conversations"
	"bridged/receipts"
)

// A message to a group text of three members or more is one group message, which
// the author's projected address sends to all other members (page 37; contract,
// 3). Each of them who has a telephone gets a delivery, so that there is a receipt
// for each participant (page 14). The first of these deliveries is the one that is
// handed over, retried and given up; what becomes of it the others follow. Only
// what the carrier reports of each receiver is each delivery's own.

// cannotCarry is why a group message does not go out whose number has come to
// another channel.
const cannotCarry = "the channel that has the projected address cannot carry group MMS"

// sendsToGroup says whether what a participant writes goes out as a group message.
func sendsToGroup(members []conversations.Participant, author *conversations.Participant) bool {
	return author != nil && author.Projected() != "" && sizeOf(members) > 2
}

// sizeOf is how many members the group text of a conversation has.
func sizeOf(members []conversations.Participant) (size int) {
	for _, m := range members {
		if m.Grouped() {
			size++
		}
	}
	return size
}

// fanOutGroup makes the deliveries of a group message.
func (b *Bridge) fanOutGroup(tx Tx, m conversations.Message, members []conversations.Participant, author conversations.Participant) error {
	number := author.Projected()
	channel, owned := b.cfg.Channels.Owner(number)
	if err := tx.Lock(lockOfLine(groupLineOf(members))); err != nil {
		return err
	}
	var lead conversations.DeliveryID
	for _, p := range members {
		if !p.Native() {
			continue
		}
		d := b.newDelivery(m, p, conversations.Binding{Address: p.Binding.Address, Proxy: number})
		d.Channel, d.Others, d.Lead = channel, othersInGroup(members, p, author), lead
		var err error
		switch {
		case !owned:
			err = b.deliverNowhere(tx, d, noOwner)
		case !b.cfg.Channels.CarriesGroups(number):
			err = b.deliverNowhere(tx, d, cannotCarry)
		case lead == "":
			lead = d.ID
			err = b.dispatch(tx, d)
		default:
			d.Progress = conversations.ProgressAlong
			err = tx.InsertDelivery(&d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// groupLineOf is the line in which the messages to a group text wait, whichever of
// our numbers sends them.
func groupLineOf(members []conversations.Participant) string {
	var addresses []conversations.Address
	for _, m := range members {
		if m.Grouped() {
			addresses = append(addresses, m.InGroup())
		}
	}
	key, _ := bindings.GroupKey(addresses...)
	return key
}

// othersInGroup returns the receivers of a group message besides one of them, the
// other projected addresses included.
func othersInGroup(members []conversations.Participant, receiver, author conversations.Participant) (others []conversations.Address) {
	for _, m := range members {
		if m.Grouped() && m.ID != receiver.ID && m.ID != author.ID {
			others = append(others, m.InGroup())
		}
	}
	return others
}

// followLead brings the deliveries that go out with another one to where that is now.
// It does nothing to what is no group message.
func (b *Bridge) followLead(tx Tx, lead conversations.Delivery) error {
	if len(lead.Others) == 0 {
		return nil
	}
	lead, err := tx.FindDelivery(lead.ID)
	if err != nil {
		return ignoreNotFound(err)
	}
	attempts, err := tx.Attempts(lead)
	if err != nil {
		return err
	}
	group, err := tx.GroupDeliveries(lead)
	if err != nil {
		return err
	}
	for _, d := range group {
		if d.ID == lead.ID {
			continue
		}
		if err := copyAttempts(tx, d, attempts); err != nil {
			return err
		}
		if err := b.keepUp(tx, d, lead, attempts); err != nil {
			return err
		}
	}
	return nil
}

// copyAttempts gives a delivery the attempts of the one that it goes out with, but
// for what the carrier said of its own receiver.
func copyAttempts(tx Tx, d conversations.Delivery, attempts []conversations.Attempt) error {
	own, err := tx.Attempts(d)
	if err != nil {
		return err
	}
	for i, a := range attempts {
		a.Status, a.ErrorCode, a.CarrierCode, a.Detail = ofAll(a)
		if i >= len(own) {
			if err := tx.InsertAttempt(d, a); err != nil {
				return err
			}
			continue
		}
		if own[i].Outcome == conversations.OutcomeAccepted && own[i].ProviderID == a.ProviderID {
			continue // from here on it is told of by reports alone
		}
		if err := tx.UpdateAttempt(d, a); err != nil {
			return err
		}
	}
	return nil
}

// ofAll is what an attempt tells about all receivers: that the carrier has it, or
// why not. What it was reported of since is about one.
func ofAll(a conversations.Attempt) (status conversations.Status, code int, carrierCode, detail string) {
	if a.Outcome == conversations.OutcomeAccepted {
		return conversations.StatusSent, 0, "", ""
	}
	return conversations.StatusNone, a.ErrorCode, a.CarrierCode, a.Detail
}

// keepUp stores how far a delivery is that goes out with another.
func (b *Bridge) keepUp(tx Tx, d, lead conversations.Delivery, attempts []conversations.Attempt) error {
	d.Attempts, d.Parts, d.ProviderID, d.Reason = lead.Attempts, lead.Parts, lead.ProviderID, lead.Reason
	d.Progress = conversations.ProgressAlong
	known, err := acceptedParts(tx, d)
	if err != nil {
		return err
	}
	p := receipts.Part{Status: d.Status, ErrorCode: d.ErrorCode}
	if !lead.Progress.InLine() {
		d.Progress = lead.Progress
		if len(known) == 0 || len(known) < lead.Parts {
			p = receipts.Part{Status: conversations.StatusFailed, ErrorCode: refusalCode(lead, attempts)}
		} else if p, err = whole(tx, d); err != nil {
			return err
		}
	}
	return b.updateReceipt(tx, d, p)
}

// refusalCode is the error code of a group message that did not go out.
func refusalCode(lead conversations.Delivery, attempts []conversations.Attempt) int {
	if lead.ErrorCode != 0 {
		return lead.ErrorCode
	}
	if n := len(attempts); n > 0 && attempts[n-1].ErrorCode != 0 {
		return attempts[n-1].ErrorCode
	}
	return codeUnknownError
}

// advanceGroup moves on the deliveries of a group message that a report is about:
// that to the receiver whom it names or, where it names none, all. What is reported
// of our own numbers among the receivers nobody waits for.
func (b *Bridge) advanceGroup(tx Tx, r conversations.StatusRecord, of conversations.Delivery) (ReportFate, error) {
	group, err := tx.GroupDeliveries(of)
	if err != nil {
		return "", err
	}
	meant := slices.DeleteFunc(slices.Clone(group), func(d conversations.Delivery) bool {
		return r.PairKey != "" && r.PairKey != bindings.MatchKey(d.Address, d.Proxy)
	})
	if len(meant) == 0 {
		return ReportStale, tx.MatchStatus(r.Seq, of.ID)
	}
	if err := tx.MatchStatus(r.Seq, meant[0].ID); err != nil {
		return "", err
	}
	fate := ReportStale
	for _, d := range meant {
		attempts, err := tx.Attempts(d)
		if err != nil {
			return "", err
		}
		for _, a := range attempts {
			if a.ProviderID != r.ProviderID {
				continue
			}
			one, err := b.advanceOne(tx, d, a, r)
			if err != nil {
				return "", err
			}
			if one == ReportAdvanced {
				fate = one
			}
		}
	}
	return fate, nil
}

// acceptedGroup is accepted for a group message, whichever of its receivers a
// report is about.
func (b *Bridge) acceptedGroup(tx Tx, d conversations.Delivery, a conversations.Attempt, r *conversations.StatusRecord) error {
	providerID, detail := a.ProviderID, a.Detail
	if d.Lead != "" {
		lead, err := tx.FindDelivery(d.Lead)
		if err != nil {
			return err
		}
		if d, a, err = b.reread(tx, lead, a); err != nil {
			return err
		}
		a.ProviderID, a.Detail = providerID, detail
	}
	if err := b.acceptedOne(tx, d, a, nil); err != nil {
		return err
	}
	if err := b.followLead(tx, d); err != nil || r == nil {
		return err
	}
	_, err := b.advanceGroup(tx, *r, d)
	return err
}

// reportedEarly carries out the reports of a group message that came before the
// carrier's answer to it.
func (b *Bridge) reportedEarly(tx Tx, lead conversations.Delivery, providerID string) error {
	if len(lead.Others) == 0 || providerID == "" {
		return nil
	}
	early, err := tx.EarlyStatuses(lead.Channel, providerID, bindings.MatchKey(lead.Address, lead.Proxy), b.now().Add(-earlyLife))
	if err != nil {
		return err
	}
	for _, r := range early {
		if r.ProviderID != providerID {
			continue
		}
		if _, err := b.advanceGroup(tx, r, lead); err != nil {
			return err
		}
	}
	return nil
}

// earlyOf returns the reports of unknown messages that may be about an attempt. Those
// that name a group message are not among them: they are carried out after it.
func (b *Bridge) earlyOf(tx Tx, d conversations.Delivery, providerID string) ([]conversations.StatusRecord, error) {
	since := b.now().Add(-earlyLife)
	if len(d.Others) == 0 {
		pair, err := matchKey(tx, d.Address, d.Proxy)
		if err != nil {
			return nil, err
		}
		return tx.EarlyStatuses(d.Channel, providerID, pair, since)
	}
	group, err := tx.GroupDeliveries(d)
	if err != nil {
		return nil, err
	}
	var early []conversations.StatusRecord
	for _, member := range group {
		of, err := tx.EarlyStatuses(d.Channel, "", bindings.MatchKey(member.Address, member.Proxy), since)
		if err != nil {
			return nil, err
		}
		early = append(early, of...)
	}
	return slices.DeleteFunc(early, func(r conversations.StatusRecord) bool { return r.ProviderID == providerID }), nil
}

// linesTo returns the lines in which messages to a pair may wait: those of the
// person's names, and those of groups.
func linesTo(tx Tx, pair string) ([]conversations.PairLine, error) {
	names, err := linesOf(tx, pair)
	if err != nil {
		return nil, err
	}
	lines := make([]conversations.PairLine, 0, len(names))
	for _, name := range names {
		lines = append(lines, conversations.PairLine{Pair: name, Line: name})
	}
	groups, err := tx.GroupLines(pair)
	for _, group := range groups {
		lines = append(lines, conversations.PairLine{Pair: pair, Line: group})
	}
	return lines, err
}
