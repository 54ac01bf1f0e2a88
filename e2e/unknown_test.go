package e2e

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// isUnknown says whether nobody knows what became of a conversation's n-th message.
func (w *world) isUnknown(conversation string, n int) bool {
	d := w.detailOf(conversation, n)
	return d != nil && d.Progress == "unknown"
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
			eachWay(t, func(t *testing.T, to way) {
				w := newWorld(t, to.setup(first(1, fault)))
				conversation := w.converse()
				to.write(w, 1, "hello")
				to.write(w, 2, "still there?")
				eventually(t, func() bool { d := w.detailOf(conversation, 1); return d != nil && d.Status == "sent" }, "both are sent")
				assert.Equal(t, []string{"unknown", "accepted"}, w.detailOf(conversation, 0).outcomes())
				assert.Equal(t, []string{"hello", "hello", "still there?"}, bodies(to.carrier(w).Sent()), "in order")
			})
		})
	}
}

// With two attempts, once more is all there is.
func TestAnOutcomeThatStaysUnknownEndsAsADeadLetter(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, to way) {
		s := to.setup(first(2, fakecarrier.Fault{Cut: true}))
		s.withoutRetry, s.config = true, "[retry]\nattempts = 2\nunknown_wait = \"50ms\"\n"
		w := newWorld(t, s)
		conversation := w.converse()
		to.write(w, 1, "hello")
		to.write(w, 2, "the next one")
		eventually(t, func() bool { d := w.detailOf(conversation, 1); return d != nil && d.Status == "sent" }, "the next one goes out")
		d := w.detailOf(conversation, 0)
		assert.Equal(t, []string{"dead", "failed"}, []string{d.Progress, d.Status})
		assert.Equal(t, []string{"unknown", "unknown"}, d.outcomes())
		assert.Len(t, w.deadLetters(), 1)
	})
}

func TestASendOfUnknownOutcomeIsADeadLetterWhereResendingIsOff(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, to way) {
		s := to.setup(first(1, fakecarrier.Fault{Cut: true}))
		s.withoutRetry, s.config = true, "[retry]\nunknown_wait = \"50ms\"\nresend_unknown = false\n"
		w := newWorld(t, s)
		conversation := w.converse()
		to.write(w, 1, "hello")
		to.write(w, 2, "the next one")
		eventually(t, func() bool { d := w.detailOf(conversation, 1); return d != nil && d.Status == "sent" }, "the next one goes out")
		assert.Equal(t, []string{"hello", "the next one"}, bodies(to.carrier(w).Sent()), "it is not sent again")
		d := w.detailOf(conversation, 0)
		assert.Equal(t, []string{"dead", "failed"}, []string{d.Progress, d.Status})
		letters := w.deadLetters()
		require.Len(t, letters, 1)
		assert.Contains(t, letters[0].Reason, "unknown")
	})
}

func TestAStatusWithinTheWaitSettlesASendOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	const carol, dave = "+15550200003", "whatsapp:+15550300004"
	eachWay(t, func(t *testing.T, to way) {
		s := to.setup(func(s fakecarrier.Sent) fakecarrier.Fault {
			return fakecarrier.Fault{Cut: s.Body == "hello" || s.Body == "the clock", Keep: true}
		})
		s.withoutRetry, s.config = true, "[retry]\nunknown_wait = \"3s\"\n"
		w := newWorld(t, s)
		conversation, later := w.converse(), w.newConversation()
		w.join(later, carol, smsProxy)
		w.join(later, dave, whatsappProxy)

		to.write(w, 1, "hello")
		eventually(t, func() bool { return w.isUnknown(conversation, 0) }, "nobody can say")
		to.report(w, to.carrier(w).Sent()[0], "delivered")
		eventually(t, func() bool { return w.detailOf(conversation, 0).Status == "delivered" }, "the status settles it")
		assert.Equal(t, []string{"accepted"}, w.detailOf(conversation, 0).outcomes())
		to.write(w, 2, "the next one")
		eventually(t, func() bool { return len(to.carrier(w).Sent()) == 2 }, "its pair goes on without waiting")

		// What becomes unknown later is repeated later: by then the time of the first
		// one is over too.
		w.write(later, "the clock")
		eventually(t, func() bool { return count(bodies(to.carrier(w).Sent()), "the clock") == 2 }, "the time passes")
		assert.Equal(t, 1, count(bodies(to.carrier(w).Sent()), "hello"), "it is not sent again")
	})
}

// A crash forgets the answer to a send that is under way.
func TestAKillDuringASendMakesItsOutcomeUnknown(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, to way) {
		w := newWorld(t, to.setup(first(1, fakecarrier.Fault{Hang: true, Keep: true})))
		conversation := w.converse()
		to.write(w, 1, "hello")
		eventually(t, func() bool { return len(to.carrier(w).Sent()) == 1 }, "it is under way")
		require.NoError(t, w.Kill())
		w.start()
		eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Status == "sent" }, "it is sent once more")
		assert.Equal(t, []string{"unknown", "accepted"}, w.detailOf(conversation, 0).outcomes())
		assert.Equal(t, []string{"hello", "hello"}, bodies(to.carrier(w).Sent()))
	})
}

func TestAStatusSettlesWhatAKillInterrupted(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, to way) {
		s := to.setup(first(1, fakecarrier.Fault{Hang: true, Keep: true}))
		s.withoutRetry, s.config = true, "[retry]\nunknown_wait = \"1h\"\n"
		w := newWorld(t, s)
		conversation := w.converse()
		to.write(w, 1, "hello")
		to.write(w, 2, "the next one")
		eventually(t, func() bool { return len(to.carrier(w).Sent()) == 1 }, "it is under way")
		require.NoError(t, w.Kill())
		w.start()
		eventually(t, func() bool { return w.isUnknown(conversation, 0) }, "nobody knows what became of it")
		to.report(w, to.carrier(w).Sent()[0], "delivered")
		eventually(t, func() bool { d := w.detailOf(conversation, 1); return d != nil && d.Status == "sent" }, "the next one goes out")
		assert.Equal(t, []string{"hello", "the next one"}, bodies(to.carrier(w).Sent()), "nothing is sent twice")
		assert.Equal(t, "delivered", w.detailOf(conversation, 0).Status)
	})
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

// The report of a resend may come before its answer, while nobody knows yet what
// became of the first attempt.
func TestAStatusThatOvertakesTheAnswerToAResendIsNotLost(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, to way) {
		w := newWorld(t, to.setup(first(1, fakecarrier.Fault{Cut: true})))
		to.carrier(w).Received = func(s fakecarrier.Sent) { to.report(w, s, "delivered") }
		conversation := w.converse()
		to.write(w, 1, "hello")
		eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Progress == "done" }, "it is through")
		eventually(t, func() bool { return w.detailOf(conversation, 0).Status == "delivered" }, "it ends on its delivery")
		assert.NotContains(t, w.Log(), "level=ERROR")
	})
}

// The first attempt at the first message never reached its carrier, so no report
// of it will ever come: it must not take that of the next message.
func TestAnAttemptThatNeverArrivedTakesNoOtherMessagesStatus(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, to way) {
		w := newWorld(t, to.setup(first(1, fakecarrier.Fault{Cut: true})))
		to.carrier(w).Received = func(s fakecarrier.Sent) {
			if s.Body == "the next one" {
				to.report(w, s, "delivered") // before the answer to its send
			}
		}
		conversation := w.converse()
		to.write(w, 1, "hello")
		eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Progress == "done" }, "it is sent once more")
		to.write(w, 2, "the next one")
		eventually(t, func() bool { d := w.detailOf(conversation, 1); return d != nil && d.Progress == "done" }, "it is sent")
		eventually(t, func() bool { return w.detailOf(conversation, 1).Status == "delivered" }, "its report is its own")
		assert.Equal(t, "sent", w.detailOf(conversation, 0).Status, "nobody reported the first one")
	})
}

// The first message failed after an attempt whose outcome nobody knows; then the second
// one arrives, and the answer to its send is lost. Whose the report is nobody can say:
// the first one never arrived, and must not count as delivered.
func TestAReportThatMayBeAboutTwoMakesNoFailureASuccess(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, to way) {
		var sends atomic.Int32
		s := to.setup(func(fakecarrier.Sent) fakecarrier.Fault {
			return []fakecarrier.Fault{{Cut: true}, {Status: 400, Body: "{}"}, {Cut: true, Keep: true}, {}}[min(sends.Add(1), 4)-1]
		})
		s.withoutRetry, s.config = true, "[retry]\nunknown_wait = \"1s\"\n"
		w := newWorld(t, s)
		conversation := w.converse()
		to.write(w, 1, "never there")
		eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Status == "failed" }, "it is refused for good")
		to.write(w, 2, "arrived")
		eventually(t, func() bool { return w.isUnknown(conversation, 1) }, "nobody can say")
		to.report(w, to.carrier(w).Sent()[2], "delivered")
		eventually(t, func() bool { d := w.detailOf(conversation, 1); return d.Status == "sent" }, "it is sent once more")
		assert.Equal(t, "failed", w.detailOf(conversation, 0).Status)
		assert.Equal(t, []string{"unknown", "refused"}, w.detailOf(conversation, 0).outcomes())
	})
}
