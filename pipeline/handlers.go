package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/cenkalti/backoff/v5"

	"bridged/bridge"
	"bridged/channels"
	"bridged/conversations"
)

// task reads what a message of the outbox says: the number of its own row, and
// the number that is its payload.
func task(m *message.Message) (own, payload int64, err error) {
	own, err = strconv.ParseInt(m.UUID, 10, 64)
	if err == nil {
		payload, err = strconv.ParseInt(string(m.Payload), 10, 64)
	}
	return own, payload, err
}

func (p *Pipeline) routeInbound(m *message.Message) error {
	own, inbound, err := task(m)
	if err != nil {
		return err
	}
	return p.cutOff(m, p.cfg.Verbs.Route(p.stepsAside(m), own, inbound))
}

// stepsAside makes the context of a verb that may have to wait for a pre-action
// webhook. Another task has its place meanwhile, and Close does not wait for it.
func (p *Pipeline) stepsAside(m *message.Message) context.Context {
	return conversations.WithStepAside(p.life, func(wait func(context.Context)) {
		conversations.StepAside(m.Context(), func(context.Context) { wait(p.fetching) })
	})
}

// cutOffPause is how long a task rests that Close has cut off, if the program goes on
// for so long.
const cutOffPause = time.Second

// cutOff hands a task back that Close has cut off. It is no failure.
func (p *Pipeline) cutOff(m *message.Message, err error) error {
	if p.fetching.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	m.Metadata.Set(conversations.TaskWait, cutOffPause.String())
	m.Nack() // the router's ack, which follows, comes too late to count
	return nil
}

func (p *Pipeline) advanceStatus(m *message.Message) error {
	own, status, err := task(m)
	if err != nil {
		return err
	}
	return p.cfg.Verbs.Advance(p.life, own, status)
}

// carryOut handles the tasks whose payload only their verb can read.
func (p *Pipeline) carryOut(verb func(ctx context.Context, task int64, payload []byte) error) message.NoPublishHandlerFunc {
	return func(m *message.Message) error {
		own, err := strconv.ParseInt(m.UUID, 10, 64)
		if err != nil {
			return err
		}
		return p.cutOff(m, verb(p.stepsAside(m), own, m.Payload))
	}
}

// send hands the parts of one delivery to its carrier, one after the other, and
// records each answer before the next part goes.
func (p *Pipeline) send(adapter channels.Adapter) message.NoPublishHandlerFunc {
	out := p.outlet(adapter)
	return func(m *message.Message) error {
		if !p.mayGo(adapter.Name(), m) {
			return nil
		}
		own, err := strconv.ParseInt(m.UUID, 10, 64)
		if err != nil {
			return err
		}
		id := conversations.DeliveryID(m.Payload)
		claim, err := p.cfg.Verbs.Claim(p.life, own, m.Metadata.Get(conversations.TaskKey), id, out)
		if claim == nil {
			p.notSent(adapter.Name(), m)
		}
		for claim != nil && err == nil {
			r := p.hand(adapter, *claim)
			claim, err = p.settle(*claim, r, p.further(adapter.Name(), m, *claim, r, out))
		}
		return err
	}
}

// outlet is what the bridge has to know of a channel.
func (p *Pipeline) outlet(adapter channels.Adapter) *bridge.Outlet {
	out := &bridge.Outlet{Split: func(text string) []string { return []string{text} }}
	if limiter, ok := adapter.(channels.TextLimiter); ok {
		out.Split = func(text string) []string { return channels.Split(text, limiter.MaxText()) }
	}
	if counter, ok := adapter.(channels.SegmentCounter); ok {
		out.Segments = counter.Segments
		if p.cfg.Channels[adapter.Name()].SmartEncoding {
			out.Spell = conversations.Plain
		}
	}
	if carrier, ok := adapter.(channels.ContentCarrier); ok {
		out.Cut, out.Contents = channels.Split, carrier
	}
	return out
}

// settle records a carrier's answer, however long the store cannot commit: the
// answer exists nowhere else. If the program ends before that, the next start
// finds a send of unknown outcome. So is one whose answer cannot be recorded by a
// fault of ours: else its line would wait for that start.
func (p *Pipeline) settle(c bridge.Claim, r bridge.Result, out *bridge.Outlet) (*bridge.Claim, error) {
	try := func(r bridge.Result) (*bridge.Claim, error) {
		return record(p.life, func() (*bridge.Claim, error) { return p.cfg.Verbs.Settle(p.life, c, r, out) })
	}
	next, err := try(r)
	if err == nil || p.life.Err() != nil || errors.Is(err, conversations.ErrUnavailable) {
		return next, err
	}
	p.cfg.Log.Error("a carrier's answer cannot be recorded; the send counts as one of unknown outcome",
		"channel", c.Delivery.Channel, "attempt", c.Attempt.Number, "error", err)
	return try(bridge.Result{Outcome: conversations.OutcomeUnknown, Detail: "the carrier's answer could not be recorded: " + err.Error()})
}

// record carries out a verb again for as long as the store cannot commit.
func record[T any](ctx context.Context, verb func() (T, error)) (T, error) {
	pause := backoff.NewExponentialBackOff()
	pause.MaxInterval = 5 * time.Second
	return backoff.Retry(ctx, func() (T, error) {
		result, err := verb()
		if err != nil && !errors.Is(err, conversations.ErrUnavailable) {
			err = backoff.Permanent(err)
		}
		return result, err
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(0))
}

// errNoWebhooks is the fate of a call that nobody can make.
var errNoWebhooks = errors.New("this process calls no inbound webhooks")

// callInbound tells an inbound webhook of a message, and records its answer
// however long the store cannot commit. A call that failed is made again; so is
// one whose answer was not recorded before the program ended.
func (p *Pipeline) callInbound(m *message.Message) error {
	own, seq, err := task(m)
	if err != nil {
		return err
	}
	call, listener, err := p.cfg.Verbs.OpenCall(p.life, own, seq)
	if err != nil || call == nil {
		return err
	}
	if p.cfg.InboundWebhooks == nil {
		return errNoWebhooks
	}
	answer, err := p.cfg.InboundWebhooks.Call(p.calls, listener, *call)
	if err != nil {
		return err
	}
	_, err = record(p.life, func() (struct{}, error) { return struct{}{}, p.cfg.Verbs.CloseCall(p.life, own, *call, answer) })
	return err
}

// hand hands one part over and says how it went. The request has a timeout of
// its own, so that a stop does not cut it off.
func (p *Pipeline) hand(adapter channels.Adapter, c bridge.Claim) (r bridge.Result) {
	if !p.cfg.Holds(string(c.Delivery.Proxy), p.cfg.SendTimeout) {
		// This process was silent for so long that another may send it by now.
		return bridge.Result{
			Outcome: conversations.OutcomeRefused, Retry: true,
			Detail: "not sent: the lease of the proxy address had ended",
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.cfg.SendTimeout)
	defer cancel()
	start := p.cfg.Now()
	sent, err := handSafely(ctx, adapter, outbound(c))
	took := p.cfg.Now().Sub(start)
	r, verdict := result(sent, err)
	p.cfg.Sending(adapter.Name(), verdict, took)
	p.learn(adapter.Name(), c.Delivery, start, err)
	if err != nil {
		p.cfg.Log.Warn("a send was not accepted", "channel", adapter.Name(), "to", c.Delivery.Address,
			"verdict", verdict, "code", r.ErrorCode, "carrier_code", r.CarrierCode, "attempt", c.Attempt.Number)
	}
	return r
}

func outbound(c bridge.Claim) channels.Outbound {
	return channels.Outbound{
		From: c.Delivery.Proxy, To: c.Delivery.Address, Others: c.Delivery.Others,
		Body: c.Part.Text, Media: c.Part.Media, Content: c.Part.Content,
	}
}

// handSafely makes an error of unknown outcome of a driver's panic.
func handSafely(ctx context.Context, adapter channels.Adapter, out channels.Outbound) (sent channels.Sent, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &channels.SendError{Verdict: channels.Unknown, Cause: fmt.Errorf("the driver panicked: %v", v)}
		}
	}()
	if len(out.Others) > 0 && !channels.CarriesGroups(adapter) {
		return sent, &channels.SendError{Verdict: channels.Permanent, Detail: "not sent: the channel cannot carry group MMS"}
	}
	return adapter.Send(ctx, out)
}

// result says in the bridge's words how a send went.
func result(sent channels.Sent, err error) (r bridge.Result, verdict string) {
	if err == nil {
		return bridge.Result{Outcome: conversations.OutcomeAccepted, ProviderID: sent.ProviderID}, "accepted"
	}
	var e *channels.SendError
	if !errors.As(err, &e) {
		e = &channels.SendError{Verdict: channels.Unknown, Cause: err}
	}
	r = bridge.Result{
		Outcome:   conversations.OutcomeRefused,
		ErrorCode: e.Code, CarrierCode: e.CarrierCode, Detail: e.Detail, After: e.After,
	}
	switch e.Verdict {
	case channels.Unknown:
		r.Outcome = conversations.OutcomeUnknown
	case channels.Retry, channels.Throttled:
		r.Retry, r.Throttled = true, e.Verdict == channels.Throttled
	case channels.OptedOut:
		r.OptedOut = true
	case channels.OutsideWindow:
		r.OutsideWindow = true
	case channels.Permanent:
	}
	if r.Detail == "" && e.Cause != nil {
		r.Detail = e.Cause.Error()
	}
	return r, e.Verdict.String()
}
