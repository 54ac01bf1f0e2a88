package simulator

import (
	"strconv"
	"time"

	"bridged/channels"
	"bridged/conversations"
)

// overflowWait is how long a carrier with too many pending statuses asks to wait.
const overflowWait = time.Second

// deliver hands a message to its handset and returns its id, as the handset's
// behaviour says.
func (c *Carrier) deliver(channel string, t conversations.ChannelType, out channels.Outbound) (string, *channels.SendError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.handsets.get(out.To)
	refusal := h.refuse()
	if refusal != nil && !refusal.Arrives {
		return "", refusal.sendError()
	}
	id := c.messageID(t)
	err := c.reporter.add(&journey{
		report: conversations.StatusReport{Channel: channel, ProviderID: id, Address: out.To, Proxy: out.From},
		code:   h.behaviour.ErrorCode,
		steps:  h.behaviour.steps(),
		delay:  h.behaviour.Delay,
	})
	if err != nil {
		return "", err
	}
	c.handsets.append(h, Message{
		ID:        id,
		Direction: Received,
		From:      out.From,
		To:        []conversations.Address{out.To},
		Body:      out.Body,
		At:        c.cfg.Now().UTC(),
		order:     c.nextOrder(),
	})
	if refusal != nil {
		return "", refusal.sendError()
	}
	return id, nil
}

// refuse returns how the handset refuses the next send, or nil, and counts it.
func (h *handset) refuse() *Refusal {
	r := h.behaviour.Refuse
	if r == nil {
		return nil
	}
	refused := *r
	switch r.Times {
	case 0: // without end
	case 1:
		h.behaviour.Refuse = nil
	default:
		// A copy: whoever set or read the behaviour holds the old one.
		left := refused
		left.Times--
		h.behaviour.Refuse = &left
	}
	return &refused
}

// sendError is the refusal as an adapter's error.
func (r Refusal) sendError() *channels.SendError {
	e := &channels.SendError{
		Verdict: r.Kind,
		Code:    r.Code,
		Detail:  "refused, as the simulated handset's behaviour says",
		After:   r.After,
	}
	if r.Kind == channels.Throttled {
		e.Scope = channels.ScopePair // it is this handset's
	}
	if r.Code != 0 {
		e.CarrierCode = strconv.Itoa(r.Code)
	}
	return e
}
