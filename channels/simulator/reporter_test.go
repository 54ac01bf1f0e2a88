package simulator

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
)

func TestStatusesAreReportedInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Limits{})
		w.behave(t, carla, Behaviour{Delay: 2 * time.Second, Status: conversations.StatusRead})
		id := w.mustText(t, carla, "hello")

		synctest.Wait()
		assert.Empty(t, w.bridge.statuses(id))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		assert.Equal(t, []conversations.Status{"sent", "delivered", "read"}, w.bridge.statuses(id))
		assert.Equal(t, []time.Duration{2 * time.Second, 4 * time.Second, 6 * time.Second}, w.bridge.times)

		first := w.bridge.reports[0]
		assert.Equal(t, conversations.StatusReport{
			Channel: "sim-wa", ProviderID: id, Status: conversations.StatusSent,
			Address: carla, Proxy: whatsAppProxy, At: first.At,
		}, first)
		assert.Equal(t, w.bridge.start.Add(2*time.Second).UTC(), first.At)
	})
}

func TestStatusesWithoutDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Limits{})
		id := w.mustText(t, alice, "hello")
		synctest.Wait()
		assert.Equal(t, []conversations.Status{"sent", "delivered"}, w.bridge.statuses(id))
		assert.Equal(t, []time.Duration{0, 0}, w.bridge.times)
	})
}

func TestFailuresAreReportedWithTheirCode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Limits{})
		w.behave(t, alice, Behaviour{ErrorCode: 30003, Duplicate: true, Reorder: true, Delay: time.Second})
		id := w.mustText(t, alice, "hello")
		w.behave(t, alice, Behaviour{}) // too late for that one
		time.Sleep(time.Minute)
		synctest.Wait()

		assert.Equal(t, []conversations.Status{"undelivered", "undelivered", "sent", "sent"}, w.bridge.statuses(id))
		assert.Equal(t, 30003, w.bridge.reports[0].ErrorCode)
		assert.Equal(t, "30003", w.bridge.reports[0].CarrierCode)
		assert.NotEmpty(t, w.bridge.reports[0].Detail)
		assert.Zero(t, w.bridge.reports[2].ErrorCode)
		assert.Empty(t, w.Messages(alice), "it never came to the telephone")
	})
}

func TestOutcomeIsUnknownButItArrives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Limits{})
		w.behave(t, alice, Behaviour{Refuse: &Refusal{Kind: channels.Unknown, Arrives: true, Times: 1}})
		_, err := w.text(alice, "hello")
		assert.Equal(t, channels.Unknown, sendError(t, err).Verdict)
		synctest.Wait()

		thread := w.Messages(alice)
		require.Len(t, thread, 1)
		assert.Equal(t, []conversations.Status{"sent", "delivered"}, w.bridge.statuses(thread[0].ID))
		assert.Equal(t, alice, w.bridge.reports[0].Address, "by which the bridge can tell whose it is")
		assert.Equal(t, smsProxy, w.bridge.reports[0].Proxy)
	})
}

func TestReportsAreRepeatedUntilTheyAreTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Limits{})
		w.bridge.fail = func(call int) error {
			if call <= 3 {
				return conversations.ErrUnavailable
			}
			return nil
		}
		id := w.mustText(t, alice, "hello")
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, []conversations.Status{"sent", "delivered"}, w.bridge.statuses(id))
		// 100 ms + 200 ms + 400 ms
		assert.Equal(t, []time.Duration{700 * time.Millisecond, 700 * time.Millisecond}, w.bridge.times)
		assert.Equal(t, 4, w.bridge.calls)
	})
}

func TestBackoffIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Limits{})
		var broken atomic.Bool
		broken.Store(true)
		w.bridge.fail = func(int) error {
			if broken.Load() {
				return conversations.ErrBacklogFull
			}
			return nil
		}
		id := w.mustText(t, alice, "hello")
		time.Sleep(24 * time.Hour)
		broken.Store(false)
		time.Sleep(maxBackoff)
		synctest.Wait()
		assert.Equal(t, []conversations.Status{"sent", "delivered"}, w.bridge.statuses(id))
	})
}

func TestStatusesWaitForTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := NewCarrier(Config{})
		defer c.Close()
		a := c.Channel("sim-sms", conversations.TypeSMS, []conversations.Address{smsProxy})
		sent, err := a.Send(t.Context(), channels.Outbound{From: smsProxy, To: alice, Body: "hello"})
		require.NoError(t, err)
		time.Sleep(time.Hour)

		bridge := &acceptor{}
		c.Connect(bridge)
		time.Sleep(maxBackoff)
		synctest.Wait()
		assert.Equal(t, []conversations.Status{"sent", "delivered"}, bridge.statuses(sent.ProviderID))
	})
}

func TestAnEarlierStatusOvertakesALaterOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Limits{})
		w.behave(t, alice, Behaviour{Delay: time.Minute, Status: conversations.StatusSent})
		w.behave(t, bob, Behaviour{Delay: time.Second, Status: conversations.StatusSent})
		slow := w.mustText(t, alice, "slow")
		synctest.Wait() // the reporter sleeps for a minute now
		quick := w.mustText(t, bob, "quick")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		assert.Len(t, w.bridge.statuses(quick), 1)
		assert.Empty(t, w.bridge.statuses(slow))
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Len(t, w.bridge.statuses(slow), 1)
	})
}

func TestTooManyPendingStatuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Limits{Pending: 2})
		w.behave(t, alice, Behaviour{Delay: time.Second})
		w.mustText(t, alice, "1")
		w.mustText(t, alice, "2")
		_, err := w.text(alice, "3")
		e := sendError(t, err)
		assert.Equal(t, channels.Throttled, e.Verdict)
		assert.Equal(t, channels.ScopeChannel, e.Scope)
		assert.Equal(t, time.Second, e.After)
		assert.Equal(t, 30001, e.Code)
		assert.Equal(t, []string{"1", "2"}, bodies(w.Messages(alice)))

		w.behave(t, bob, Behaviour{Status: Silent})
		w.mustText(t, bob, "of which nothing is pending")

		time.Sleep(3 * time.Second)
		synctest.Wait()
		w.mustText(t, alice, "3")
	})
}

func TestManyStatusesAreReportedInBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Limits{})
		w.behave(t, alice, Behaviour{Delay: time.Second})
		ids := make([]string, 0, 500)
		for range cap(ids) {
			ids = append(ids, w.mustText(t, alice, "hello"))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		for _, id := range ids {
			require.Equal(t, []conversations.Status{"sent", "delivered"}, w.bridge.statuses(id))
		}
		assert.Less(t, w.bridge.calls, 100)
	})
}

func TestCloseEndsACallInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := NewCarrier(Config{Accept: stuck{}})
		a := c.Channel("sim-sms", conversations.TypeSMS, []conversations.Address{smsProxy})
		_, err := a.Send(t.Context(), channels.Outbound{From: smsProxy, To: alice, Body: "hello"})
		require.NoError(t, err)
		synctest.Wait()
		c.Close()
	})
}

// stuck is a bridge that answers nothing until it is told to stop.
type stuck struct{}

func (stuck) Accept(ctx context.Context, _ []conversations.Inbound) error {
	<-ctx.Done()
	return ctx.Err()
}

func (stuck) AcceptStatuses(ctx context.Context, _ []conversations.StatusReport) error {
	<-ctx.Done()
	return ctx.Err()
}
