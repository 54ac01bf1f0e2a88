package simulator

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bridged/channels"
	"bridged/conversations"
)

const (
	smsProxy      conversations.Address = "+15550100001"
	smsProxy2     conversations.Address = "+15550100002"
	whatsAppProxy conversations.Address = "whatsapp:+15550100009"
	alice         conversations.Address = "+15550200001"
	bob           conversations.Address = "+15550200002"
	carla         conversations.Address = "whatsapp:+15550200003"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// acceptor is a bridge that notes what it is given, and when.
type acceptor struct {
	mu       sync.Mutex
	messages []conversations.Inbound
	reports  []conversations.StatusReport
	times    []time.Duration // of reports, since the start
	calls    int             // of AcceptStatuses
	start    time.Time
	// fail, when set, is asked before a call succeeds.
	fail func(call int) error
	// during, when set, is called while a message is being accepted.
	during func()
}

func (a *acceptor) Accept(_ context.Context, messages []conversations.Inbound) error {
	if a.during != nil {
		a.during()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail != nil {
		if err := a.fail(0); err != nil {
			return err
		}
	}
	a.messages = append(a.messages, messages...)
	return nil
}

func (a *acceptor) AcceptStatuses(_ context.Context, reports []conversations.StatusReport) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls++
	if a.fail != nil {
		if err := a.fail(a.calls); err != nil {
			return err
		}
	}
	for _, r := range reports {
		a.reports = append(a.reports, r)
		a.times = append(a.times, time.Since(a.start))
	}
	return nil
}

// statuses returns the statuses reported of a message.
func (a *acceptor) statuses(id string) []conversations.Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []conversations.Status
	for _, r := range a.reports {
		if r.ProviderID == id {
			all = append(all, r.Status)
		}
	}
	return all
}

func (a *acceptor) accepted() []conversations.Inbound {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]conversations.Inbound(nil), a.messages...)
}

// world is a carrier with an SMS and a WhatsApp channel.
type world struct {
	*Carrier
	bridge        *acceptor
	sms, whatsApp *Adapter
}

func newWorld(t *testing.T, limits Limits) *world {
	t.Helper()
	bridge := &acceptor{start: time.Now()}
	c := NewCarrier(Config{Accept: bridge, Limits: limits})
	t.Cleanup(c.Close)
	return &world{
		Carrier:  c,
		bridge:   bridge,
		sms:      c.Channel("sim-sms", conversations.TypeSMS, []conversations.Address{smsProxy, smsProxy2}),
		whatsApp: c.Channel("sim-wa", typeWhatsApp, []conversations.Address{whatsAppProxy}),
	}
}

// behave sets a behaviour that must be right.
func (w *world) behave(t *testing.T, a conversations.Address, b Behaviour) {
	t.Helper()
	_, err := w.SetBehaviour(a, b)
	require.NoError(t, err)
}

// text sends a text to a handset over the channel of its type.
func (w *world) text(to conversations.Address, body string) (string, error) {
	adapter, from := w.sms, smsProxy
	if to.Type() == typeWhatsApp {
		adapter, from = w.whatsApp, whatsAppProxy
	}
	sent, err := adapter.Send(context.Background(), channels.Outbound{From: from, To: to, Body: body})
	return sent.ProviderID, err
}

// mustText is text where nothing is to refuse it.
func (w *world) mustText(t *testing.T, to conversations.Address, body string) string {
	t.Helper()
	id, err := w.text(to, body)
	require.NoError(t, err)
	return id
}

func bodies(thread []Message) []string {
	var all []string
	for _, m := range thread {
		all = append(all, m.Body)
	}
	return all
}

// sendError asserts that err is an adapter's error and returns it.
func sendError(t *testing.T, err error) *channels.SendError {
	t.Helper()
	var e *channels.SendError
	require.ErrorAs(t, err, &e)
	return e
}

func TestSendAfterCloseIsRefusedForNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	w.Close()
	w.Close() // a second time does no harm

	_, err := w.text(alice, "hello")
	assert.Equal(t, channels.Retry, sendError(t, err).Verdict)
	assert.Empty(t, w.Messages(alice))
}

func TestOriginateBeforeConnect(t *testing.T) {
	t.Parallel()
	c := NewCarrier(Config{})
	t.Cleanup(c.Close)
	c.Channel("sim-sms", conversations.TypeSMS, []conversations.Address{smsProxy})
	draft := Draft{From: alice, To: []conversations.Address{smsProxy}, Body: "hello"}

	_, err := c.Originate(t.Context(), draft)
	require.ErrorIs(t, err, errNotConnected)
	assert.Empty(t, c.Messages(alice))

	bridge := &acceptor{}
	c.Connect(bridge)
	_, err = c.Originate(t.Context(), draft)
	require.NoError(t, err)
	assert.Len(t, bridge.accepted(), 1)
	assert.Len(t, c.Messages(alice), 1)
}

func TestManyAtTheSameTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	const senders, each = 8, 100
	var group sync.WaitGroup
	failures := make(chan error, 2*senders*each)
	for range senders {
		group.Go(func() {
			for range each {
				_, err := w.text(alice, "out")
				failures <- err
				_, err = w.Originate(context.Background(), Draft{From: alice, To: []conversations.Address{smsProxy}, Body: "in"})
				failures <- err
				w.Handsets()
			}
		})
	}
	group.Wait()
	close(failures)
	for err := range failures {
		require.NoError(t, err)
	}

	thread := w.Messages(alice)
	assert.Len(t, thread, 1000, "the newest of 1,600")
	for i := 1; i < len(thread); i++ {
		require.Less(t, thread[i-1].order, thread[i].order)
	}
	assert.Len(t, w.bridge.accepted(), senders*each)
}

func TestCopiesOfOneMessageAreOneInTheThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	draft := Draft{From: alice, To: []conversations.Address{smsProxy, bob}, Body: "hello", ID: "SM1"}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			id, err := w.Originate(context.Background(), draft)
			if err != nil || id != "SM1" {
				t.Error(id, err)
			}
		})
	}
	group.Wait()

	assert.Len(t, w.bridge.accepted(), 50, "the bridge gets every copy: telling them apart is its work")
	assert.Len(t, w.Messages(alice), 1)
	assert.Len(t, w.Messages(bob), 1)
}

// An answer may come while the message that it answers is still being accepted.
// The thread has them in the order of writing all the same.
func TestThreadKeepsTheOrderOfWriting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	w.bridge.during = func() {
		w.mustText(t, alice, "answer")
		assert.Equal(t, []string{"answer"}, bodies(w.Messages(alice)), "not entered before it is accepted")
	}
	_, err := w.Originate(t.Context(), Draft{From: alice, To: []conversations.Address{smsProxy}, Body: "question"})
	require.NoError(t, err)
	assert.Equal(t, []string{"question", "answer"}, bodies(w.Messages(alice)))
}

func TestWhatWasNotAcceptedIsNotInTheThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	broken := errors.New("broken")
	w.bridge.fail = func(int) error { return broken }
	_, err := w.Originate(t.Context(), Draft{From: alice, To: []conversations.Address{smsProxy, bob}, Body: "hello"})
	require.ErrorIs(t, err, broken)
	assert.Empty(t, w.Messages(alice))
	assert.Empty(t, w.Messages(bob))
	assert.Empty(t, w.Handsets())
}
