package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// otherProxy is the number at the carriers that these tests are about, and erin a
// person who writes to it.
const (
	otherProxy = "+15550100021"
	erin       = "+15550200021"
	otherHook  = "/hooks/sms-other"
)

// telephony is a fake carrier for SMS beside Twilio's.
type telephony interface {
	Post(ctx context.Context, hook string, m fakecarrier.Message) (status int, err error)
	Report(ctx context.Context, hook string, s fakecarrier.Sent, messageStatus string, code int) (status int, err error)
	Close()
}

// other is a driver with its fake.
type other struct {
	fake    telephony
	carrier *fakecarrier.Carrier
	config  string // the channel's
	secret  string // the file with the driver's credentials for the carrier's API

	handedOver    string // the status that says that the message is on its way
	code, want    int    // a code of a failure, and the reference's
	busy, refusal string // answers to a send: too many at once, the person does not get it
	refused       int    // the reference's code of that refusal
}

// others makes each driver's fake and configuration.
var others = map[string]func(t *testing.T) *other{
	"telnyx": func(t *testing.T) *other {
		fake := fakecarrier.NewTelnyx("an api key")
		secret := filepath.Join(t.TempDir(), "key")
		return &other{
			fake: fake, carrier: &fake.Carrier, secret: secret, handedOver: "sent", code: 40001, want: 30006,
			busy:    `{"errors":[{"code":"10011","title":"Too many requests"}]}`,
			refusal: `{"errors":[{"code":"40310","title":"Invalid 'to' address"}]}`, refused: 21211,
			config: fmt.Sprintf("driver = \"telnyx\"\n[channels.telnyx]\napi_key_file = %q\npublic_key = %q\napi_base_url = %q\n",
				secret, fake.PublicKey(), fake.URL),
		}
	},
	"bandwidth": func(t *testing.T) *other {
		fake := fakecarrier.NewBandwidth("5000000", "an-application",
			fakecarrier.Login{User: "api", Password: "an api key"}, fakecarrier.Login{User: "hooks", Password: "a password"})
		secret := filepath.Join(t.TempDir(), "key")
		return &other{
			fake: fake, carrier: &fake.Carrier, secret: secret, handedOver: "sending", code: 4702, want: 30003,
			busy:    `{"type":"max-message-queue-size-exceeded","description":"full"}`,
			refusal: `{"type":"request-validation","description":"no","fieldErrors":[{"fieldName":"to","description":"no number"}]}`,
			refused: 21211,
			config: fmt.Sprintf("driver = \"bandwidth\"\n[channels.bandwidth]\naccount_id = \"5000000\"\napplication_id = \"an-application\"\n"+
				"username = \"api\"\npassword_file = %q\ncallback_username = \"hooks\"\ncallback_password = \"a password\"\napi_base_url = %q\n",
				secret, fake.URL),
		}
	},
}

// eachOther runs a test with each of the drivers: Erin on it, Bob on WhatsApp. Change
// may set the fake's faults and more of the configuration; it may be nil.
func eachOther(t *testing.T, change func(o *other, s *setup), test func(t *testing.T, w *world, o *other)) {
	t.Helper()
	for driver := range others {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			w, o := newWorldWith(t, driver, change)
			test(t, w, o)
		})
	}
}

// newWorldWith starts a daemon with one more channel for SMS, of a driver.
func newWorldWith(t *testing.T, driver string, change func(o *other, s *setup)) (*world, *other) {
	t.Helper()
	o := others[driver](t)
	t.Cleanup(o.fake.Close)
	o.carrier.KeepRaw = true
	require.NoError(t, os.WriteFile(o.secret, []byte("an api key\n"), 0o600))
	var s setup
	if change != nil {
		change(o, &s)
	}
	s.config += "[[channels]]\nname = \"sms-other\"\ntype = \"sms\"\nnumbers = [\"" + otherProxy + "\"]\n" + o.config
	return newWorld(t, s), o
}

// withErin makes a conversation of Erin and Bob.
func (w *world) withErin() string {
	w.t.Helper()
	c := w.newConversation()
	w.join(c, erin, otherProxy)
	w.join(c, bob, whatsappProxy)
	return c
}

// erinWrites delivers a message of Erin's and requires that it is accepted.
func (w *world) erinWrites(o *other, id, text string) {
	w.t.Helper()
	w.accepted(o.fake.Post(w.t.Context(), w.URL+otherHook, fakecarrier.Message{ID: id, From: erin, To: otherProxy, Body: text}))
}

// report delivers a status of what was sent.
func (w *world) report(o *other, n int, status string, code int) {
	w.t.Helper()
	w.accepted(o.fake.Report(w.t.Context(), w.URL+otherHook+"/status", o.carrier.Sent()[n], status, code))
}

func TestEachCarrierForSMSRelays(t *testing.T) {
	t.Parallel()
	eachOther(t, nil, func(t *testing.T, w *world, o *other) {
		conversation := w.withErin()
		w.bobWrites("wamid.1", "I am at the gate 🚲")
		eventually(t, func() bool { return len(o.carrier.Sent()) == 1 }, "Erin gets Bob's message")
		w.erinWrites(o, "in-1", "Coming down")
		w.erinWrites(o, "in-1", "Coming down") // the carrier repeats itself
		eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "Bob gets Erin's message")

		sent := o.carrier.Sent()[0]
		assert.Equal(t, []string{otherProxy, erin, "I am at the gate 🚲"}, []string{sent.From, sent.To, sent.Body})
		assert.Equal(t, "Coming down", w.cloud.Sent()[0].Body)
		assertMasked(t, o.carrier.Sent(), bob)
		assertMasked(t, w.cloud.Sent(), erin)

		list := w.messages(conversation)
		require.Len(t, list, 2)
		assert.Equal(t, []string{bob, erin}, []string{*list[0].Author, *list[1].Author})
		assert.Empty(t, w.twilio.Sent(), "the other channel for SMS has no part in it")
		assert.Equal(t, "2", w.metric(`bridged_hook_requests_total{channel="sms-other",result="accepted"}`))
		assert.Equal(t, "1", w.metric(`bridged_inbound_accepted_total{channel="sms-other"}`))
	})
}

func TestTelnyxIsToldWhereToReport(t *testing.T) {
	t.Parallel()
	eachOther(t, nil, func(t *testing.T, w *world, o *other) {
		w.withErin()
		w.bobWrites("wamid.1", "hello")
		eventually(t, func() bool { return len(o.carrier.Sent()) == 1 }, "Erin gets it")
		hook := `"webhook_url":"` + w.URL + otherHook + `/status"`
		_, isTelnyx := o.fake.(*fakecarrier.Telnyx)
		assert.Equal(t, isTelnyx, strings.Contains(o.carrier.Sent()[0].Raw, hook), "Bandwidth has it of the application")
	})
}

func TestEachCarriersStatusesAdvanceReceipts(t *testing.T) {
	t.Parallel()
	eachOther(t, nil, func(t *testing.T, w *world, o *other) {
		conversation := w.withErin()
		w.bobWrites("wamid.1", "first")
		w.bobWrites("wamid.2", "second")
		eventually(t, func() bool { d := w.detailOf(conversation, 1); return d != nil && d.Status == "sent" }, "Erin gets both")
		list := w.messages(conversation)
		first, second := *list[0].Sid, *list[1].Sid

		w.report(o, 0, o.handedOver, 0)
		w.report(o, 0, "delivered", 0)
		w.report(o, 0, o.handedOver, 0) // late
		eventually(t, func() bool { return w.delivery(conversation, first)["delivered"] == "all" }, "Erin has it")
		receipt := w.receipts(conversation, first)[0]
		assert.Equal(t, "delivered", *receipt.Status)
		assert.Regexp(t, "^SM[0-9a-f]{32}$", *receipt.ChannelMessageSid)

		w.report(o, 1, "delivery_failed", o.code)
		eventually(t, func() bool { return w.delivery(conversation, second)["undelivered"] == "all" }, "Erin could not be reached")
		assert.Equal(t, o.want, w.receipts(conversation, second)[0].ErrorCode)
		w.accepted(o.fake.Report(t.Context(), w.URL+otherHook, fakecarrier.Sent{ID: "nobody's", From: otherProxy, To: erin}, "delivered", 0))
	})
}

func TestEachCarrierForSMSIsLeftInPeaceAsLongAsItAsks(t *testing.T) {
	t.Parallel()
	throttle := func(o *other, _ *setup) {
		o.carrier.Fault = first(1, fakecarrier.Fault{
			Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"1"}}, Body: o.busy,
		})
	}
	eachOther(t, throttle, func(t *testing.T, w *world, o *other) {
		conversation := w.withErin()
		w.bobWrites("wamid.1", "first")
		w.bobWrites("wamid.2", "second")
		eventually(t, func() bool { d := w.detailOf(conversation, 1); return d != nil && d.Status == "sent" }, "both arrive")
		sent := o.carrier.Sent()
		require.Equal(t, []string{"first", "first", "second"}, bodies(sent), "in order, none lost, none twice")
		assert.GreaterOrEqual(t, sent[1].At.Sub(sent[0].At), time.Second)
	})
}

func TestEachCarriersRefusalForGoodHasItsCode(t *testing.T) {
	t.Parallel()
	refuse := func(o *other, _ *setup) {
		o.carrier.Fault = first(1, fakecarrier.Fault{Status: http.StatusBadRequest, Body: o.refusal})
	}
	eachOther(t, refuse, func(t *testing.T, w *world, o *other) {
		conversation := w.withErin()
		w.bobWrites("wamid.1", "hello?")
		w.bobWrites("wamid.2", "still there?")
		eventually(t, func() bool { d := w.detailOf(conversation, 1); return d != nil && d.Status == "sent" }, "the next one goes out")
		assert.Equal(t, "failed", w.detailOf(conversation, 0).Status)
		assert.Equal(t, o.refused, w.receipts(conversation, *w.messages(conversation)[0].Sid)[0].ErrorCode)
		assert.Equal(t, []string{"hello?", "still there?"}, bodies(o.carrier.Sent()), "it is not tried again")
	})
}

// A picture from WhatsApp goes over as MMS, by a URL of ours.
func TestEachCarrierGetsPictures(t *testing.T) {
	t.Parallel()
	eachOther(t, nil, func(t *testing.T, w *world, o *other) {
		conversation := w.withErin()
		w.cloud.Keep("1000000001", fakecarrier.File{Content: realPicture(t), ContentType: "image/png"})
		w.bobShows("wamid.picture", "look", "1000000001")
		eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Status == "sent" }, "it is sent")
		require.Len(t, o.carrier.Sent(), 1)
		assert.Equal(t, "look", o.carrier.Sent()[0].Body)
		contentType, _ := opened(t, o.carrier.Sent()[0])
		assert.Equal(t, "image/png", contentType)
	})
}

// An agent on chat and two people in one group text, as page 37 has it.
func TestEachCarrierCarriesGroupTexts(t *testing.T) {
	t.Parallel()
	eachOther(t, nil, func(t *testing.T, w *world, o *other) {
		c := w.newConversation()
		for _, member := range [][]string{
			{"Identity", "agent", "MessagingBinding.ProjectedAddress", otherProxy},
			{"MessagingBinding.Address", homebuyer},
			{"MessagingBinding.Address", otherHomebuyer},
		} {
			w.mustAdd(c, member...)
		}
		w.writeAs(c, "agent", "Glad you could join us")
		eventually(t, func() bool { d := w.detailOf(c, 0); return d != nil && d.Status == "sent" }, "it is sent")
		require.Len(t, o.carrier.Sent(), 1, "as one group message")
		assert.Equal(t, homebuyer+","+otherHomebuyer, o.carrier.Sent()[0].To)

		answer := fakecarrier.Message{ID: "in-1", From: homebuyer, To: otherProxy, Others: []string{otherHomebuyer}, Body: "Hello!"}
		w.accepted(o.fake.Post(t.Context(), w.URL+otherHook, answer))
		eventually(t, func() bool { return len(w.messages(c)) == 2 }, "the answer is there")
		assert.Equal(t, homebuyer, *w.messages(c)[1].Author)
		assert.Len(t, o.carrier.Sent(), 1, "the carrier has brought it to the others")
	})
}

// Contract 11, for a carrier that takes a message and does not say so.
func TestEachCarriersStatusSettlesASendOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	hang := func(o *other, s *setup) {
		o.carrier.Fault = first(1, fakecarrier.Fault{Hang: true, Keep: true})
		s.withoutRetry, s.config = true, "[retry]\nunknown_wait = \"1h\"\nsend_timeout = \"500ms\"\n"
	}
	eachOther(t, hang, func(t *testing.T, w *world, o *other) {
		conversation := w.withErin()
		w.bobWrites("wamid.1", "hello")
		w.bobWrites("wamid.2", "the next one")
		eventually(t, func() bool { return w.isUnknown(conversation, 0) }, "nobody can say")
		w.report(o, 0, "delivered", 0)
		eventually(t, func() bool { d := w.detailOf(conversation, 1); return d != nil && d.Status == "sent" }, "the next one goes out")
		assert.Equal(t, "delivered", w.detailOf(conversation, 0).Status)
		assert.Equal(t, []string{"hello", "the next one"}, bodies(o.carrier.Sent()), "nothing is sent twice")
	})
}

func TestEachCarriersHookKeepsStrangersOut(t *testing.T) {
	t.Parallel()
	eachOther(t, nil, func(t *testing.T, w *world, o *other) {
		conversation := w.withErin()
		body := []byte(`{"data":{"event_type":"message.received","payload":{"id":"1","from":"` + erin + `","to":["` + otherProxy + `"],"text":"forged"}}}`)
		assert.Equal(t, http.StatusForbidden, w.post(otherHook, http.Header{}, body).StatusCode)
		assert.Equal(t, http.StatusForbidden, w.post(otherHook+"/status", http.Header{"Authorization": {"Basic Og=="}}, body).StatusCode)
		switch fake := o.fake.(type) {
		case *fakecarrier.Telnyx:
			status, err := fake.PostRaw(t.Context(), w.URL+otherHook, body, time.Now().Add(-6*time.Minute))
			require.NoError(t, err)
			assert.Equal(t, http.StatusForbidden, status, "a recording that is played back")
		case *fakecarrier.Bandwidth:
			fake.Callbacks.Password = "another"
			status, err := fake.PostRaw(t.Context(), w.URL+otherHook, []byte("[]"))
			require.NoError(t, err)
			assert.Equal(t, http.StatusForbidden, status)
		}
		assert.Empty(t, w.messages(conversation))
		assert.Empty(t, w.unrouted())
		assert.Equal(t, "3", w.metric(`bridged_hook_requests_total{channel="sms-other",result="signature"}`))
	})
}

func TestSeveralEventsOfOneCallbackAreAllTaken(t *testing.T) {
	t.Parallel()
	w, o := newWorldWith(t, "bandwidth", nil)
	fake, ok := o.fake.(*fakecarrier.Bandwidth)
	require.True(t, ok)
	conversation := w.withErin()
	event := func(id, text string) map[string]any {
		return map[string]any{"type": "message-received", "to": otherProxy, "message": map[string]any{
			"id": id, "owner": otherProxy, "from": erin, "to": []string{otherProxy}, "text": text,
		}}
	}
	w.accepted(fake.PostEvents(t.Context(), w.URL+otherHook, event("1", "one"), map[string]any{"type": "message-read"}, event("2", "two")))
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 }, "Bob gets both")
	assert.Equal(t, []string{"one", "two"}, bodies(w.cloud.Sent()), "in order")
	assert.Len(t, w.messages(conversation), 2)
}

func TestHangupReloadsTheCarriersSecrets(t *testing.T) {
	t.Parallel()
	wrong := func(o *other, _ *setup) { _ = os.WriteFile(o.secret, []byte("an old key"), 0o600) }
	eachOther(t, wrong, func(t *testing.T, w *world, o *other) {
		conversation := w.withErin()
		w.bobWrites("wamid.1", "hello")
		eventually(t, func() bool {
			d := w.detailOf(conversation, 0)
			return d != nil && len(d.Attempts) > 0 && d.Attempts[0].Outcome == "refused"
		}, "the carrier does not know us")
		assert.Empty(t, o.carrier.Sent())
		require.NoError(t, os.WriteFile(o.secret, []byte("an api key"), 0o600))
		require.NoError(t, w.Signal(syscall.SIGHUP))
		eventually(t, func() bool {
			w.write(conversation, "again")
			return len(o.carrier.Sent()) > 0
		}, "the new key is known")
	})
}
