package e2e

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// detail is /bridged/v1/deliveries/{DY}, as far as these tests look at it.
type detail struct {
	Progress string
	Status   string
	Attempts []struct {
		Outcome     string
		CarrierCode string `json:"carrier_code"`
		Detail      string `json:"carrier_message"`
	}
}

// detailOf returns what is known of the only receipt of a conversation's n-th
// message, nil while there is none.
func (w *world) detailOf(conversation string, n int) *detail {
	w.t.Helper()
	list := w.messages(conversation)
	if len(list) <= n {
		return nil
	}
	receipts := w.receipts(conversation, *list[n].Sid)
	if len(receipts) == 0 {
		return nil
	}
	var d detail
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/deliveries/"+*receipts[0].Sid, nil, &d))
	return &d
}

func TestWhatACarrierRefusesForNowGoesOutLaterInOrder(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakecarrier.Fault{
		"429": {Status: 429, Header: http.Header{"Retry-After": {"0"}}, Body: `{"error":{"code":130429,"message":"Rate limit hit"}}`},
		"500": {Status: 500, Body: "oops"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			w := newWorld(t, setup{cloudFault: func(s fakecarrier.Sent) fakecarrier.Fault {
				if s.Body == "first" && tries.Add(1) <= 2 {
					return fault
				}
				return fakecarrier.Fault{}
			}})
			conversation := w.converse()
			w.aliceWrites("SM00000000000000000000000000000001", "first")
			w.aliceWrites("SM00000000000000000000000000000002", "second")
			eventually(t, func() bool { return len(w.cloud.Sent()) == 4 }, "both arrive")
			assert.Equal(t, []string{"first", "first", "first", "second"}, bodies(w.cloud.Sent()), "the second waits for the first")
			eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Status == "sent" }, "it is sent")
			d := w.detailOf(conversation, 0)
			require.Len(t, d.Attempts, 3)
			assert.Equal(t, []string{"refused", "refused", "accepted"}, []string{d.Attempts[0].Outcome, d.Attempts[1].Outcome, d.Attempts[2].Outcome})
		})
	}
}

func TestAfterTheLastAttemptItIsADeadLetterInTheCarriersWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{cloudFault: func(s fakecarrier.Sent) fakecarrier.Fault {
		if s.Body == "doomed" {
			return fakecarrier.Fault{Status: 500, Body: `{"error":{"code":2,"message":"Service temporarily unavailable"}}`}
		}
		return fakecarrier.Fault{}
	}})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "doomed")
	w.aliceWrites("SM00000000000000000000000000000002", "fine")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 5 }, "four attempts, then the next one")
	assert.Equal(t, "fine", w.cloud.Sent()[4].Body)
	var list struct {
		DeadLetters []struct{ Reason string } `json:"dead_letters"`
	}
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/dead-letters", nil, &list))
	require.Len(t, list.DeadLetters, 1)
	assert.Contains(t, list.DeadLetters[0].Reason, "Service temporarily unavailable")
	assert.Equal(t, "all", w.delivery(conversation, *w.messages(conversation)[0].Sid)["failed"])
	assert.Equal(t, "1", w.metric(`bridged_deliveries_settled_total{channel="wa-main",result="dead"}`))
}

func TestARefusalForGoodIsRecordedWithItsCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{twilioFault: func(fakecarrier.Sent) fakecarrier.Fault {
		return fakecarrier.Fault{Status: 400, Body: `{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}`}
	}})
	conversation := w.converse()
	w.bobWrites("wamid.1", "hello?")
	eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Status == "failed" }, "it failed")
	assert.Equal(t, 21610, w.receipts(conversation, *w.messages(conversation)[0].Sid)[0].ErrorCode)
	assert.Equal(t, "Attempt to send to unsubscribed recipient", w.detailOf(conversation, 0).Attempts[0].Detail)
	assert.Len(t, w.twilio.Sent(), 1, "it is not tried again")
}

// Contract 11: timeout, an answer cut off, nonsense.
func TestASendOfUnknownOutcomeIsSentOnceMore(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakecarrier.Fault{
		"hangs":    {Hang: true},
		"cut off":  {Cut: true},
		"nonsense": {Status: 200, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			w := newWorld(t, setup{cloudFault: func(fakecarrier.Sent) fakecarrier.Fault {
				if tries.Add(1) == 1 {
					return fault
				}
				return fakecarrier.Fault{}
			}})
			conversation := w.converse()
			w.aliceWrites("SM00000000000000000000000000000001", "hello")
			eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Progress == "unknown" }, "nobody can say")
			eventually(t, func() bool { return w.detailOf(conversation, 0).Status == "sent" }, "it is sent once more")
			d := w.detailOf(conversation, 0)
			require.Len(t, d.Attempts, 2)
			assert.Equal(t, []string{"unknown", "accepted"}, []string{d.Attempts[0].Outcome, d.Attempts[1].Outcome})
			assert.Len(t, w.cloud.Sent(), 2)
		})
	}
}

func TestASendOfUnknownOutcomeIsADeadLetterWhereResendingIsOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{
		withoutRetry: true,
		config:       "[retry]\nunknown_wait = \"50ms\"\nresend_unknown = false\n",
		cloudFault:   func(fakecarrier.Sent) fakecarrier.Fault { return fakecarrier.Fault{Cut: true} },
	})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "hello")
	eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Progress == "dead" }, "it is given up")
	assert.Len(t, w.cloud.Sent(), 1, "it is not sent again")
}

func TestAStatusSettlesASendOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	cut := func(fakecarrier.Sent) fakecarrier.Fault { return fakecarrier.Fault{Cut: true, Keep: true} }
	w := newWorld(t, setup{
		withoutRetry: true, config: "[retry]\nunknown_wait = \"1h\"\n",
		cloudFault: cut, twilioFault: cut,
	})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "to Bob")
	w.bobWrites("wamid.1", "to Alice")
	eventually(t, func() bool {
		a, b := w.detailOf(conversation, 0), w.detailOf(conversation, 1)
		return a != nil && b != nil && a.Progress == "unknown" && b.Progress == "unknown"
	}, "nobody can say")
	w.accepted(w.cloud.Report(t.Context(), w.URL+"/hooks/wa-main", w.cloud.Sent()[0], "delivered", 0))
	w.accepted(w.twilio.Report(t.Context(), w.URL+"/hooks/sms-main/status", w.twilio.Sent()[0], "delivered", 0))
	for n := range 2 {
		eventually(t, func() bool { return w.detailOf(conversation, n).Status == "delivered" }, "message %d is delivered", n)
	}
	assert.Len(t, w.cloud.Sent(), 1)
	assert.Len(t, w.twilio.Sent(), 1)
}

// Contract 14: a status may overtake the answer to the send.
func TestAStatusThatOvertakesTheAnswerIsNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.twilio.Received = func(s fakecarrier.Sent) {
		w.accepted(w.twilio.Report(t.Context(), w.URL+"/hooks/sms-main/status", s, "delivered", 0))
	}
	conversation := w.converse()
	w.bobWrites("wamid.1", "quick")
	eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Status == "delivered" }, "it ends on its delivery")
	assert.NotContains(t, w.Log(), "level=ERROR")
}
