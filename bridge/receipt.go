package bridge

import (
	"bridged/conversations"
	"bridged/receipts"
)

// refresh brings the receipt of a delivery that is through in line with what its
// parts say now. Where the carrier has all of them the receipt is theirs, whichever
// part was reported of first: where the only part that had failed arrives in the end,
// the delivery has not failed any more.
func (b *Bridge) refresh(tx Tx, d conversations.Delivery) error {
	known, err := acceptedParts(tx, d)
	if err != nil {
		return err
	}
	p, err := whole(tx, d)
	if err != nil {
		return err
	}
	if d.Progress == conversations.ProgressDone && len(known) == d.Parts && p != (receipts.Part{Status: d.Status, ErrorCode: d.ErrorCode}) {
		return b.changeReceipt(tx, d, p)
	}
	return b.updateReceipt(tx, d, p)
}

// changeReceipt stores the delivery with another status, the event of that and, where
// the person has read the message, how far they have read.
func (b *Bridge) changeReceipt(tx Tx, d conversations.Delivery, p receipts.Part) error {
	before := d
	d.Status, d.ErrorCode = p.Status, p.ErrorCode
	d.Updated = b.now()
	if err := tx.UpdateDelivery(d); err != nil {
		return err
	}
	if d.Conversation == "" {
		return nil // an event is about a conversation
	}
	err := b.record(tx, receiptCaller(d), conversations.DeliveryUpdated, d.Conversation,
		conversations.Resource{Delivery: &d}, conversations.Resource{Delivery: &before})
	if err != nil || d.Status != conversations.StatusRead {
		return err
	}
	return b.moveHorizon(tx, d)
}

// receiptCaller is who changes a receipt: the channel of the delivery.
func receiptCaller(d conversations.Delivery) Caller { return Caller{Source: d.Proxy.Type().Source()} }

// moveHorizon moves the read horizon of whom a delivery went to on to its message
// (page 57), and never back: reports of older messages may come later. It does so in
// a closed conversation too, as receipts go on there. Who or what was removed
// meanwhile has none.
func (b *Bridge) moveHorizon(tx Tx, d conversations.Delivery) error {
	m, err := tx.FindMessage(d.Conversation, d.Message)
	if err != nil {
		return ignoreNotFound(err)
	}
	p, err := tx.FindParticipant(d.Conversation, conversations.ParticipantKey{ID: d.Participant})
	if err != nil {
		return ignoreNotFound(err)
	}
	before, now := p, b.now()
	p.LastReadIndex, p.LastReadAt, p.Updated = &m.Index, &now, now
	moved, err := tx.AdvanceReadHorizon(p)
	if err != nil || !moved {
		return err
	}
	return b.record(tx, receiptCaller(d), conversations.ParticipantUpdated, d.Conversation,
		conversations.Resource{Participant: &p}, conversations.Resource{Participant: &before})
}
