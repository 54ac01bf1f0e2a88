package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"bridged/conversations"
)

// Notices tells listeners what has happened.
type Notices interface {
	// Tell tells a notice that has failed so often before.
	Tell(ctx context.Context, n conversations.Notice, attempts int) conversations.Telling
}

// Letters put aside what no listener has taken.
type Letters interface {
	GiveUpNotice(ctx context.Context, task int64, n conversations.Notice, reason string) error
}

// commitPause is how long a notice waits that cannot be put aside.
const commitPause = time.Second

// errNoNotices is the fate of a notice that nobody can tell.
var errNoNotices = errors.New("this process tells no webhooks")

// tell tells a listener of something. What it has heard is acked, whose row goes by
// itself: should the program end before that, it hears it once more, with the same
// token. A failure is stored, with the number of the attempt; to wait for a turn is
// none.
func (p *Pipeline) tell(m *message.Message) error {
	own, err := strconv.ParseInt(m.UUID, 10, 64)
	if err != nil {
		return err
	}
	var n conversations.Notice
	if err := json.Unmarshal(m.Payload, &n); err != nil {
		return fmt.Errorf("read a notice: %w", err)
	}
	if p.cfg.Notices == nil {
		return errNoNotices
	}
	attempts, _ := strconv.Atoi(m.Metadata.Get(conversations.TaskAttempts)) // none where the store has set none
	t := p.cfg.Notices.Tell(p.calls, n, attempts)
	if t.Rest != nil {
		n = *t.Rest
	}
	switch {
	case t.Over:
		return nil
	case t.GivenUp != "":
		return p.giveUp(m, own, n, t.GivenUp)
	case t.Rest == nil && !t.Failed:
		later(m, t.Wait)
		return nil
	}
	return again(m, n, t, attempts)
}

// giveUp makes a dead letter of a notice, as soon as the store can commit.
func (p *Pipeline) giveUp(m *message.Message, task int64, n conversations.Notice, reason string) error {
	err := p.cfg.Verbs.GiveUpNotice(p.life, task, n, reason)
	if errors.Is(err, conversations.ErrUnavailable) {
		later(m, commitPause)
		return nil
	}
	if err == nil {
		p.cfg.Log.Error("a webhook has not taken what it was told; it is a dead letter", "listener", n.Listener, "event", n.Event, "reason", reason)
	}
	return err
}

// later hands a task back that comes again after a time: nothing is stored.
func later(m *message.Message, wait time.Duration) {
	m.Metadata.Set(conversations.TaskWait, wait.String())
	m.Nack() // the router's ack, which follows, comes too late to count
}

// again hands a task back that has failed, or of which a part is done: what is left
// is stored.
func again(m *message.Message, n conversations.Notice, t conversations.Telling, attempts int) error {
	if t.Rest != nil {
		payload, err := json.Marshal(n)
		if err != nil {
			return fmt.Errorf("encode a notice: %w", err)
		}
		if string(payload) != string(m.Payload) {
			attempts = 0
		}
		m.Payload = payload
	}
	if t.Failed {
		attempts++
	}
	m.Metadata.Set(conversations.TaskAttempts, strconv.Itoa(attempts))
	m.Metadata.Set(conversations.TaskAgain, t.Wait.String())
	m.Nack()
	return nil
}
