package bridge

import (
	"context"
	"fmt"

	"bridged/bindings"
	"bridged/conversations"
)

// maxReplies bounds the messages that one answer of an inbound webhook may send.
const maxReplies = 20

// codeNoReply is the error code of an answer of an inbound webhook that could not
// be obeyed: the reference's 12200, "Schema validation warning".
const codeNoReply = 12200

// decideWebhook says whether an inbound webhook hears of a message that nothing
// takes, for the reason why: that of the number's messaging service, or the
// number's own.
func (b *Bridge) decideWebhook(m conversations.Inbound, why string, r *routing) {
	_, own := b.webhookOf(m.To, "")
	pool := b.poolOf(m.To)
	switch {
	case pool != nil && pool.Webhook.URL != "":
		r.MessagingService = pool.Service
		r.found(conversations.RuleInboundWebhook, conversations.ToWebhook, "the number's messaging service has an inbound webhook")
	case own:
		r.MessagingService = ""
		r.found(conversations.RuleInboundWebhook, conversations.ToWebhook, "the number has an inbound webhook, which hears of every message")
	default:
		r.found(conversations.RuleInboundWebhook, conversations.Unrouted,
			why+"; none is made, and neither the number nor its messaging service has an inbound webhook")
	}
}

// webhookOf returns the inbound webhook of a messaging service or, where none is
// named, of a number.
func (b *Bridge) webhookOf(number conversations.Address, service conversations.MessagingServiceID) (conversations.Listener, bool) {
	listener := b.cfg.Webhooks[number]
	if service != "" {
		listener = conversations.Listener{}
		for _, pool := range b.cfg.Pools {
			if pool.Service == service {
				listener = pool.Webhook
			}
		}
	}
	return listener, listener.URL != ""
}

// callWebhooks enqueues the calls of the inbound webhooks that hear of a message:
// that of its number of every one, that of a messaging service of those that it
// takes. A message that one of our numbers sent has come round in a loop.
func (b *Bridge) callWebhooks(tx Tx, r conversations.InboundRecord, to routing) error {
	if _, own := b.webhookOf(r.To, ""); own && !to.isLoop() {
		if err := b.callWebhook(tx, r, ""); err != nil {
			return err
		}
	}
	if to.Destination != conversations.ToWebhook || to.MessagingService == "" {
		return nil
	}
	return b.callWebhook(tx, r, to.MessagingService)
}

// isLoop says whether the message was sent by a number of ours.
func (r *routing) isLoop() bool {
	return len(r.Findings) > 0 && r.Findings[len(r.Findings)-1].Rule == conversations.RuleSender
}

func (b *Bridge) callWebhook(tx Tx, r conversations.InboundRecord, service conversations.MessagingServiceID) error {
	key, err := matchKey(tx, r.From, r.To) // by the names that are known now: those of acceptance may be old
	if err != nil {
		return err
	}
	c := conversations.InboundCall{Message: r.Inbound, MessagingService: service, Created: b.now()}
	if err := tx.InsertInboundCall(&c); err != nil {
		return err
	}
	// Each webhook hears of a pair's messages in order, and waits for no other one.
	return tx.Enqueue(seqTask(TopicCalls, string(service)+" "+key, r.To, c.Seq))
}

// OpenCall returns a call that has yet to be made, and the webhook as it is
// configured now. It returns nil when there is nothing to call any more.
func (b *Bridge) OpenCall(ctx context.Context, task, seq int64) (*conversations.InboundCall, conversations.Listener, error) {
	var (
		call     *conversations.InboundCall
		listener conversations.Listener
	)
	err := b.commitBeside(ctx, func(tx Tx) error {
		call = nil
		c, err := tx.FindInboundCall(seq)
		switch {
		case conversations.NotFound.Is(err):
			return tx.Finish(task)
		case err != nil:
			return err
		}
		var ok bool
		if listener, ok = b.webhookOf(c.Message.To, c.MessagingService); ok {
			call = &c
			return nil
		}
		return b.endCall(tx, task, c, "the webhook was taken out of the configuration before it was called", 0)
	})
	return call, listener, err
}

// CloseCall obeys the answer of a webhook: the messages that it wants sent become
// deliveries of no conversation, in the lines of their pairs. Closing a call again
// changes nothing.
func (b *Bridge) CloseCall(ctx context.Context, task int64, call conversations.InboundCall, answer conversations.CallAnswer) error {
	replies, refused := b.checkReplies(call.Message, answer.Replies)
	code := codeNoReply
	if answer.Refused != "" {
		refused, code = answer.Refused, answer.ErrorCode
	}
	err := b.commitBeside(ctx, func(tx Tx) error {
		c, err := tx.FindInboundCall(call.Seq)
		switch {
		case conversations.NotFound.Is(err):
			return tx.Finish(task)
		case err != nil:
			return err
		}
		if err := b.reply(tx, replies); err != nil {
			return err
		}
		return b.endCall(tx, task, c, refused, code)
	})
	if err == nil && refused != "" {
		b.cfg.Log.WarnContext(ctx, "an inbound webhook's answer was not obeyed in full", "number", call.Message.To, "reason", refused)
	}
	return err
}

// endCall removes a call and its task, and shows the operator what went wrong, if
// anything did.
func (b *Bridge) endCall(tx Tx, task int64, c conversations.InboundCall, refused string, code int) error {
	if refused != "" {
		letter, err := b.letterOfCall(c, refused, code)
		if err == nil {
			err = tx.InsertDeadLetter(letter)
		}
		if err != nil {
			return err
		}
	}
	if err := tx.DeleteInboundCall(c.Seq); err != nil {
		return err
	}
	return tx.Finish(task)
}

// checkReplies brings the messages of an answer to where they go. It says of the
// first that cannot be sent why.
func (b *Bridge) checkReplies(to conversations.Inbound, replies []conversations.Reply) (good []conversations.Reply, refused string) {
	if len(replies) > maxReplies {
		refused = fmt.Sprintf("it has %d messages; only the first %d are sent", len(replies), maxReplies)
		replies = replies[:maxReplies]
	}
	for i, r := range replies {
		if err := b.checkReply(to, &r); err != nil {
			if refused == "" {
				refused = fmt.Sprintf("message %d: %s", i+1, err)
			}
			continue
		}
		good = append(good, r)
	}
	return good, refused
}

// mistake is why a reply is not sent.
type mistake string

func (m mistake) Error() string { return string(m) }

func (b *Bridge) checkReply(m conversations.Inbound, r *conversations.Reply) error {
	to := r.To
	if to == "" {
		to = m.From
	}
	to, err := b.cfg.Channels.Parse(to)
	switch {
	case err != nil && r.To == "":
		return mistake("the sender's address is none that a channel reaches: name a receiver in to")
	case err != nil:
		return mistake("to is no address that a channel reaches")
	}
	from := m.To
	if r.From != "" {
		parsed, err := b.cfg.Channels.Parse(r.From)
		if err == nil && b.owned(parsed) && parsed.Type() == to.Type() {
			from = parsed
		} else {
			b.cfg.Log.Warn("an inbound webhook's answer names a sender that is no number of ours of the receiver's type; it is ignored", "number", m.To)
		}
	}
	switch {
	case b.owned(to):
		return mistake("to is a number of ours, which would make a loop")
	case from.Type() != to.Type():
		return mistake("to is on another type of channel than the number that would send it: name one of ours in from")
	case r.Body == "" && len(r.Media) == 0:
		return mistake("it is empty")
	case len(r.Body) > maxBody:
		return mistake(fmt.Sprintf("it has %d bytes; at most %d are allowed", len(r.Body), maxBody))
	case len(r.Media) > conversations.MaxMediaOfMessage:
		return mistake(fmt.Sprintf("it has %d files; at most %d are allowed", len(r.Media), conversations.MaxMediaOfMessage))
	}
	for _, u := range r.Media {
		if conversations.CheckURL("Media", u) != nil {
			return mistake("Media must be an absolute http or https URL")
		}
	}
	r.From, r.To = from, to
	return nil
}

// reply makes deliveries of messages that are in no conversation.
func (b *Bridge) reply(tx Tx, replies []conversations.Reply) error {
	if len(replies) == 0 {
		return nil
	}
	var lines []string
	for _, r := range replies {
		lines = append(lines, lockOfLine(bindings.MatchKey(r.To, r.From)))
	}
	if err := tx.Lock(inOrder(lines)...); err != nil {
		return err
	}
	for _, r := range replies {
		now := b.now()
		m := conversations.Message{ID: conversations.NewID[conversations.MessageID](now), Created: now}
		if r.Body != "" {
			m.Body = &r.Body
		}
		for _, u := range r.Media {
			m.Media = append(m.Media, conversations.Media{ID: conversations.NewID[conversations.MediaID](now), URL: u})
		}
		if err := tx.InsertText(m); err != nil {
			return err
		}
		err := b.dispatch(tx, conversations.Delivery{
			ID: conversations.NewID[conversations.DeliveryID](now), Message: m.ID,
			Address: r.To, Proxy: r.From, Created: now, Updated: now,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
