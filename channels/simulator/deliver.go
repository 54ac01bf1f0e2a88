package simulator

import (
	"context"
	"strconv"
	"time"

	"bridged/channels"
	"bridged/channels/internal/normal"
	"bridged/conversations"
)

// overflowWait is how long a carrier with too many pending statuses asks to wait.
const overflowWait = time.Second

// deliver hands a message to its handset, or to those of a group, and returns its
// id. A group message is taken or refused as a whole, as the behaviour of the first
// handset says that refuses; each handset has a thread and statuses of its own.
func (c *Carrier) deliver(channel string, t conversations.ChannelType, out channels.Outbound) (string, *channels.SendError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	receivers := append([]conversations.Address{out.To}, out.Others...)
	handsets, refusal := c.answering(receivers)
	if refusal != nil && !refusal.Arrives {
		return "", refusal.sendError()
	}
	id := c.messageID(t)
	journeys := make([]*journey, len(handsets))
	for i, a := range handsets {
		behaviour := c.handsets.get(a).behaviour
		journeys[i] = &journey{
			report: conversations.StatusReport{Channel: channel, ProviderID: id, Address: a, Proxy: out.From},
			code:   behaviour.ErrorCode,
			steps:  behaviour.steps(),
			delay:  behaviour.Delay,
		}
	}
	if err := c.reporter.add(journeys...); err != nil {
		return "", err
	}
	m := Message{
		ID: id, Direction: Received, From: out.From, To: receivers,
		Body: out.Body, Media: urls(out.Media), At: c.cfg.Now().UTC(), order: c.nextOrder(),
	}
	if t == typeWhatsApp {
		m.offer(out)
	}
	for _, a := range handsets {
		if h := c.handsets.get(a); h.behaviour.reaches() {
			c.handsets.append(h, m)
		}
	}
	if refusal != nil {
		return "", refusal.sendError()
	}
	return id, nil
}

func urls(files []conversations.Media) (list []string) {
	for _, m := range files {
		list = append(list, m.URL)
	}
	return list
}

// answering returns which of the receivers are handsets, and how the first that
// does so refuses the message. The caller holds mu.
func (c *Carrier) answering(receivers []conversations.Address) (handsets []conversations.Address, refusal *Refusal) {
	for _, a := range receivers {
		if c.proxies[a] != "" {
			continue
		}
		handsets = append(handsets, a)
		if refusal == nil {
			refusal = c.handsets.get(a).refuse()
		}
	}
	return handsets, refusal
}

// comeBack tells of a group message that was sent through the carrier to numbers
// that are on it, too: each of them gets it like any other receiver. Nobody is
// there to tell it again should that fail.
func (c *Carrier) comeBack(ctx context.Context, id string, out channels.Outbound) {
	in := c.reports(conversations.Inbound{ProviderID: id, From: out.From, Body: normal.Text(out.Body), SentAt: c.cfg.Now().UTC()},
		append([]conversations.Address{out.To}, out.Others...))
	acceptor := c.acceptor()
	if len(in) == 0 || acceptor == nil {
		return
	}
	if err := acceptor.Accept(ctx, in); err != nil {
		c.cfg.Log.Warn("a group message was not told of to our other numbers in it", "messages", len(in), "error", err)
	}
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
