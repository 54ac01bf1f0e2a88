package bridge

import "bridged/conversations"

// What package bridge removes itself, because more hangs on it, and what is counted with
// it.
const (
	erasedMessages     = "messages"
	erasedDeliveries   = "deliveries"
	erasedParticipants = "participants"
	erasedFiles        = "files"
)

// eraseOne removes one row with what hangs on it, and counts that.
func (b *Bridge) eraseOne(tx Tx, e conversations.Erasure, one conversations.Belonging, counts map[string]int) (files []conversations.MediaID, err error) {
	n := 1
	switch key := one.Key.(type) {
	case string:
		if one.Kind == erasedMessages {
			files, err = b.eraseMessage(tx, conversations.MessageID(key))
			counts[erasedFiles] += len(files)
			break
		}
		n, err = tx.RemoveBelongings([]conversations.Belonging{one}, e.Spellings)
	case int64:
		switch one.Kind {
		case erasedParticipants:
			err = b.eraseParticipant(tx, key)
		case erasedDeliveries:
			n, err = b.eraseDelivery(tx, key)
		default:
			n, err = tx.RemoveBelongings([]conversations.Belonging{one}, e.Spellings)
		}
	}
	if conversations.NotFound.Is(err) { // it has gone meanwhile
		return files, nil
	}
	if err == nil && n > 0 {
		counts[one.Kind] += n
	}
	if counts[erasedFiles] == 0 {
		delete(counts, erasedFiles)
	}
	return files, err
}

// erasing is who removes what is erased: no webhook hears of it.
func erasing() Caller { return Caller{Source: conversations.SourceAPI} }

// eraseMessage removes a message with its files and receipts, and with what its carrier
// told of it. The event of its removal tells which it was, and nothing that was in it.
func (b *Bridge) eraseMessage(tx Tx, id conversations.MessageID) ([]conversations.MediaID, error) {
	m, err := tx.AnyMessage(id)
	if err != nil {
		return nil, err
	}
	return b.removeMessage(tx, m)
}

func (b *Bridge) removeMessage(tx Tx, m conversations.Message) ([]conversations.MediaID, error) {
	files, err := tx.DeleteMediaOf(m.Conversation, m.ID)
	if err != nil {
		return nil, err
	}
	if err := enqueueRemoval(tx, files); err != nil {
		return nil, err
	}
	if err := tx.DeleteInboundOf(m.ID); err != nil {
		return nil, err
	}
	pairs, err := tx.DeleteMessage(m)
	if err != nil {
		return nil, err
	}
	if err := b.promoteAll(tx, pairs); err != nil {
		return nil, err
	}
	blank := conversations.Message{
		ID: m.ID, Conversation: m.Conversation, Index: m.Index, Attributes: emptyAttributes, Created: m.Created, Updated: m.Updated,
	}
	return files, b.record(tx, erasing(), conversations.MessageRemoved, m.Conversation, conversations.Resource{Message: &blank}, conversations.Resource{})
}

// eraseDelivery removes a delivery to the person, and says whether it did: a group
// message that is on its way is not theirs alone.
func (b *Bridge) eraseDelivery(tx Tx, seq int64) (removed int, err error) {
	d, err := tx.DeliveryOf(seq)
	if err != nil || len(d.Others) > 0 && d.Progress.InLine() {
		return 0, err
	}
	if err := tx.DeleteDelivery(d); err != nil {
		return 0, err
	}
	return 1, nil
}

// eraseParticipant takes the person out of a conversation, be it closed or not.
func (b *Bridge) eraseParticipant(tx Tx, seq int64) error {
	p, err := tx.ParticipantOf(seq)
	if err != nil {
		return err
	}
	if err := tx.DeleteParticipant(p); err != nil {
		return err
	}
	if err := b.regroupWithout(tx, p); err != nil {
		return err
	}
	blank := conversations.Participant{
		ID: p.ID, Conversation: p.Conversation, Attributes: emptyAttributes, Created: p.Created, Updated: p.Updated,
	}
	return b.record(tx, erasing(), conversations.ParticipantRemoved, p.Conversation, conversations.Resource{Participant: &blank}, conversations.Resource{})
}
