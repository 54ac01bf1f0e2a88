package e2e

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// detail is /bridged/v1/deliveries/{DY}, as far as these tests look at it.
type detail struct {
	Progress string
	Status   string
	Due      string `json:"date_due"`
	Segments int
	Attempts []struct {
		carriersWords

		Outcome string
	}
	ErrorCode     int             `json:"error_code"`
	StatusReports []carriersWords `json:"status_reports"`
}

// carriersWords are what a carrier said, and what that means.
type carriersWords struct {
	Status      string
	ErrorCode   int    `json:"error_code"`
	CarrierCode string `json:"carrier_code"`
	Detail      string `json:"carrier_message"`
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

// outcomes are how the attempts of a delivery went.
func (d *detail) outcomes() []string {
	list := make([]string, len(d.Attempts))
	for i, a := range d.Attempts {
		list[i] = a.Outcome
	}
	return list
}

// way is one direction of the relay: who writes, and through which carrier the
// other one gets it.
type way struct {
	write   func(w *world, n int, text string)
	carrier func(w *world) *fakecarrier.Carrier
	setup   func(fault func(fakecarrier.Sent) fakecarrier.Fault) setup
	report  func(w *world, s fakecarrier.Sent, status string)
}

// ways are both directions, by the driver that sends.
var ways = map[string]way{
	"cloud": {
		write:   func(w *world, n int, text string) { w.aliceWrites(fmt.Sprintf("SM%032d", n), text) },
		carrier: func(w *world) *fakecarrier.Carrier { return &w.cloud.Carrier },
		setup:   func(f func(fakecarrier.Sent) fakecarrier.Fault) setup { return setup{cloudFault: f} },
		report: func(w *world, s fakecarrier.Sent, status string) {
			w.accepted(w.cloud.Report(w.t.Context(), w.URL+"/hooks/wa-main", s, status, 0))
		},
	},
	"twilio": {
		write:   func(w *world, n int, text string) { w.bobWrites(fmt.Sprintf("wamid.%d", n), text) },
		carrier: func(w *world) *fakecarrier.Carrier { return &w.twilio.Carrier },
		setup:   func(f func(fakecarrier.Sent) fakecarrier.Fault) setup { return setup{twilioFault: f} },
		report: func(w *world, s fakecarrier.Sent, status string) {
			w.accepted(w.twilio.Report(w.t.Context(), w.URL+"/hooks/sms-main/status", s, status, 0))
		},
	},
}

// eachWay runs a test in both directions.
func eachWay(t *testing.T, test func(t *testing.T, to way)) {
	t.Helper()
	for driver, to := range ways {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			test(t, to)
		})
	}
}

// first answers the first n sends with a fault and takes the others.
func first(n int32, fault fakecarrier.Fault) func(fakecarrier.Sent) fakecarrier.Fault {
	var tries atomic.Int32
	return func(fakecarrier.Sent) fakecarrier.Fault {
		if tries.Add(1) <= n {
			return fault
		}
		return fakecarrier.Fault{}
	}
}

func TestWhatACarrierRefusesForNowGoesOutLaterInOrder(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, to way) {
		w := newWorld(t, to.setup(first(2, fakecarrier.Fault{Status: 500, Body: "oops"})))
		conversation := w.converse()
		to.write(w, 1, "first")
		to.write(w, 2, "second")
		eventually(t, func() bool { d := w.detailOf(conversation, 1); return d != nil && d.Status == "sent" }, "both arrive")
		assert.Equal(t, []string{"first", "first", "first", "second"}, bodies(to.carrier(w).Sent()), "the second waits for the first")
		assert.Equal(t, []string{"refused", "refused", "accepted"}, w.detailOf(conversation, 0).outcomes())
	})
}

func TestACarrierIsLeftInPeaceAsLongAsItAsks(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, to way) {
		w := newWorld(t, to.setup(first(1, fakecarrier.Fault{
			Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}},
			Body: `{"code":20429,"message":"Too many requests","error":{"code":130429,"message":"Rate limit hit"}}`,
		})))
		conversation := w.converse()
		to.write(w, 1, "first")
		to.write(w, 2, "second")
		eventually(t, func() bool { d := w.detailOf(conversation, 1); return d != nil && d.Status == "sent" }, "both arrive")
		sent := to.carrier(w).Sent()
		require.Equal(t, []string{"first", "first", "second"}, bodies(sent))
		// The daemon counts from the answer, the fake from the request: never less.
		assert.GreaterOrEqual(t, sent[1].At.Sub(sent[0].At), time.Second)
	})
}

func TestOnePairsTroubleHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	const carol, dave = "+15550200003", "whatsapp:+15550300004"
	w := newWorld(t, setup{cloudFault: func(s fakecarrier.Sent) fakecarrier.Fault {
		if "whatsapp:+"+s.To == bob {
			return fakecarrier.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}}}
		}
		return fakecarrier.Fault{}
	}})
	troubled := w.converse()
	other := w.newConversation()
	w.join(other, carol, smsProxy)
	w.join(other, dave, whatsappProxy)

	w.aliceWrites("SM00000000000000000000000000000001", "first to Bob")
	eventually(t, func() bool { d := w.detailOf(troubled, 0); return d != nil && d.Progress == "retry" }, "Bob's waits")
	w.aliceWrites("SM00000000000000000000000000000002", "second to Bob")
	eventually(t, func() bool { return len(w.messages(troubled)) == 2 }, "the next one stands behind it")
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main",
		fakecarrier.Message{ID: "SM00000000000000000000000000000003", From: carol, To: smsProxy, Body: "to Dave"}))
	w.bobWrites("wamid.1", "to Alice")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 && len(w.twilio.Sent()) == 1 }, "Dave and Alice get theirs")

	assert.Equal(t, []string{"first to Bob", "to Dave"}, bodies(w.cloud.Sent()))
	assert.Nil(t, w.detailOf(troubled, 1), "there is no receipt before the first attempt")
	due, err := time.Parse(time.RFC3339, w.detailOf(troubled, 0).Due)
	require.NoError(t, err)
	assert.Greater(t, time.Until(due), 55*time.Minute, "the carrier's own time counts, beyond retry.max too")
}

func TestAfterTheLastAttemptItIsADeadLetterInTheCarriersWords(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, to way) {
		const words = "Service temporarily unavailable"
		w := newWorld(t, to.setup(func(s fakecarrier.Sent) fakecarrier.Fault {
			if s.Body == "doomed" {
				return fakecarrier.Fault{Status: 503, Body: `{"code":20503,"message":"` + words + `","error":{"code":2,"message":"` + words + `"}}`}
			}
			return fakecarrier.Fault{}
		}))
		conversation := w.converse()
		to.write(w, 1, "doomed")
		to.write(w, 2, "fine")
		eventually(t, func() bool { return len(to.carrier(w).Sent()) == 5 }, "four attempts, then the next one")
		assert.Equal(t, "fine", to.carrier(w).Sent()[4].Body)
		letters := w.deadLetters()
		require.Len(t, letters, 1)
		assert.Contains(t, letters[0].Reason, words)
		d := w.detailOf(conversation, 0)
		assert.Equal(t, []string{"dead", "failed"}, []string{d.Progress, d.Status})
		assert.Equal(t, words, d.Attempts[3].Detail)
		assert.Equal(t, "all", w.delivery(conversation, *w.messages(conversation)[0].Sid)["failed"])
		assert.Equal(t, "1", w.metric(`bridged_deliveries_settled_total{channel="`+w.channelOf(to)+`",result="dead"}`))
	})
}

// channelOf names the channel that sends this way.
func (w *world) channelOf(to way) string {
	if to.carrier(w) == &w.cloud.Carrier {
		return "wa-main"
	}
	return "sms-main"
}

// deadLetters are all that there are.
func (w *world) deadLetters() []deadLetter {
	w.t.Helper()
	var list struct {
		DeadLetters []deadLetter `json:"dead_letters"`
	}
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/dead-letters", nil, &list))
	return list.DeadLetters
}

type deadLetter struct {
	Topic, Reason, Payload string
	ErrorCode              *int    `json:"error_code"`
	DeliverySID            *string `json:"delivery_sid"`
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
