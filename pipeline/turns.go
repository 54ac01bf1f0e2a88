package pipeline

import (
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"bridged/bridge"
	"bridged/conversations"
)

// mayGo says whether a task that sends may go now. If not, it hands the task back,
// which comes again at its time: nothing is stored, no attempt is counted, and
// nothing is held up meanwhile but the pair.
func (p *Pipeline) mayGo(channel string, m *message.Message) bool {
	t := p.pacers[channel].ask(m.Metadata.Get(conversations.TaskKey), m.Metadata.Get(conversations.TaskLease))
	if t.wait > 0 {
		m.Metadata.Set(conversations.TaskWait, t.wait.String())
		m.Nack() // the router's ack, which follows, comes too late to count
		return false
	}
	if t.by != "" {
		p.cfg.Paced(channel, t.by, t.waited)
	}
	return true
}

// further is what a delivery's next part is made with: nothing where it would have
// to wait for its turn. Then another task sends it.
func (p *Pipeline) further(channel string, m *message.Message, c bridge.Claim, r bridge.Result, out *bridge.Outlet) *bridge.Outlet {
	if r.Outcome != conversations.OutcomeAccepted || c.Attempt.Part+1 >= c.Delivery.Parts {
		return out
	}
	if p.pacers[channel].goOn(m.Metadata.Get(conversations.TaskKey), m.Metadata.Get(conversations.TaskLease)) {
		return out
	}
	return nil
}

// notSent takes a turn back of which nothing came.
func (p *Pipeline) notSent(channel string, m *message.Message) {
	p.pacers[channel].giveBack(m.Metadata.Get(conversations.TaskKey), m.Metadata.Get(conversations.TaskLease))
}

// learn has the pace follow a carrier's answer.
func (p *Pipeline) learn(channel string, d conversations.Delivery, started time.Time, err error) {
	held, by := p.pacers[channel].answered(string(d.Proxy), string(d.Address), started, err)
	if held > 0 {
		p.cfg.Log.Warn("the carrier wants it slower; sends wait", "channel", channel, "whose", by, "from", d.Proxy, "for", held)
	}
}
