package bridge_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/receipts"
)

// ascending are the statuses that are reported, by what the model holds of them: the
// later in the list wins, whenever it comes.
var ascending = []conversations.Status{
	conversations.StatusSent, conversations.StatusFailed, conversations.StatusUndelivered,
	conversations.StatusDelivered, conversations.StatusRead,
}

// recipient is a delivery as the model has it.
type recipient struct {
	ids    []string        // of the carrier's messages that the text goes out in
	parts  []receipts.Part // what is known of those that the carrier has
	frozen bool            // a part failed before the others were sent, and so they are not
}

// hear tells the model of a report.
func (r *recipient) hear(report conversations.StatusReport) {
	for i, id := range r.ids[:len(r.parts)] {
		known := &r.parts[i]
		if id == report.ProviderID && slices.Index(ascending, report.Status) > slices.Index(ascending, known.Status) {
			*known = receipts.Part{Status: report.Status, ErrorCode: report.ErrorCode}
		}
	}
}

// receipt is what the model expects: that of the first of the worst parts.
func (r *recipient) receipt() receipts.Part {
	worst := []conversations.Status{
		conversations.StatusUndelivered, conversations.StatusFailed,
		conversations.StatusSent, conversations.StatusDelivered, conversations.StatusRead,
	}
	return slices.MinFunc(r.parts, func(a, b receipts.Part) int {
		return slices.Index(worst, a.Status) - slices.Index(worst, b.Status)
	})
}

// In whatever order, however often and however early the reports of up to 50
// recipients come, each ends with the status that the model says; the summary is what
// a recount of the receipts gives; and the events of each delivery tell its changes,
// one by one.
func TestReceiptsAndSummariesAgainstAModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		people := make([]conversations.Address, rapid.IntRange(1, 50).Draw(rt, "people"))
		for i := range people {
			people[i] = conversations.Address(fmt.Sprintf("whatsapp:+1555100%04d", i))
		}
		m := w.say(w.conversation(people...), "agent", strings.TrimSpace(strings.Repeat("word ", rapid.IntRange(1, 3).Draw(rt, "parts"))))
		reports, model := w.drawReports(rt, people, len(strings.Fields(*m.Body)))
		early := rapid.IntRange(0, len(reports)).Draw(rt, "early")
		w.inBatches(rt, reports[:early])
		w.handOver(model, reports[:early])
		w.inBatches(rt, reports[early:])
		for _, report := range reports[early:] {
			for i := range model {
				if !model[i].frozen {
					model[i].hear(report)
				}
			}
		}
		counts := make(map[conversations.Status]int)
		for i, d := range w.deliveries() {
			expected := model[i].receipt()
			require.Equal(t, expected, receipts.Part{Status: d.Status, ErrorCode: d.ErrorCode}, "recipient %d", i)
			counts[d.Status]++
			w.eventsTell(d.Delivery)
		}
		stored, err := w.db.DeliveryCounts(t.Context(), m.Conversation, []conversations.MessageID{m.ID})
		require.NoError(t, err)
		require.Equal(t, receipts.Counts{Total: len(people), Receipts: len(people), ByStatus: counts}, stored[m.ID])
		read := w.count("SELECT count(*) FROM participants WHERE last_read_index = 0 AND last_read_at IS NOT NULL")
		require.Equal(t, counts[conversations.StatusRead], read, "who has read it has a read horizon")
		require.Equal(t, read, w.count("SELECT count(*) FROM events WHERE type = 'onParticipantUpdated'"))
		require.Empty(t, w.tasks(bridge.TopicStatuses))
	})
}

// drawReports draws reports of all parts of all recipients, with repetitions, in any
// order, and the model of the recipients.
func (w *world) drawReports(rt *rapid.T, people []conversations.Address, parts int) ([]conversations.StatusReport, []recipient) {
	var reports []conversations.StatusReport
	model := make([]recipient, len(people))
	for i := range model {
		for part := range parts {
			id := fmt.Sprintf("message %d of %d", part, i)
			model[i].ids = append(model[i].ids, id)
			for _, status := range rapid.SliceOfN(rapid.SampledFrom(ascending), 0, 4).Draw(rt, "statuses") {
				r := reportOf(id, status)
				if rapid.Bool().Draw(rt, "with the pair") { // then it may be heeded at once
					r.Address, r.Proxy = people[i], waProxy
				}
				if receipts.Failed(status) {
					r.ErrorCode = rapid.IntRange(30003, 30006).Draw(rt, "code")
				}
				reports = append(reports, r)
			}
		}
	}
	if len(reports) == 0 {
		return nil, model
	}
	reports = append(reports, rapid.SliceOfN(rapid.SampledFrom(reports), 0, 10).Draw(rt, "repeated")...)
	return rapid.Permutation(reports).Draw(rt, "order"), model
}

// inBatches has reports accepted, several at once, and carried out.
func (w *world) inBatches(rt *rapid.T, reports []conversations.StatusReport) {
	for len(reports) > 0 {
		n := rapid.IntRange(1, len(reports)).Draw(rt, "batch")
		w.report(reports[:n]...)
		reports = reports[n:]
	}
}

// handOver gives the carrier all messages, of which the reports came before the
// answers.
func (w *world) handOver(model []recipient, early []conversations.StatusReport) {
	w.t.Helper()
	for _, task := range w.sends() {
		c := w.claim(task, words)
		require.NotNil(w.t, c)
		r := &model[slices.IndexFunc(w.deliveries(), func(d conversations.DeliveryDetail) bool { return d.ID == c.Delivery.ID })]
		for c != nil {
			r.parts = append(r.parts, receipts.Part{Status: conversations.StatusSent})
			own := r.ids[c.Attempt.Part]
			for _, report := range early {
				if report.ProviderID == own {
					r.hear(report)
				}
			}
			next, err := w.Settle(w.t.Context(), *c, bridge.Result{Outcome: conversations.OutcomeAccepted, ProviderID: own}, words)
			require.NoError(w.t, err)
			r.frozen = next == nil && len(r.parts) < len(r.ids)
			if r.frozen {
				require.True(w.t, receipts.Failed(r.parts[len(r.parts)-1].Status), "only a failure ends it early")
			}
			c = next
		}
	}
}

// eventsTell checks that the events of a delivery lead from nothing to what it is,
// each from where the one before ended, and that each is a change.
func (w *world) eventsTell(d conversations.Delivery) {
	w.t.Helper()
	const of = " FROM events WHERE type = 'onDeliveryUpdated' AND after LIKE '%' || $1 || '%' ORDER BY seq"
	before, after := w.texts("SELECT before"+of, string(d.ID)), w.texts("SELECT after"+of, string(d.ID))
	var now receipts.Part
	for i := range after {
		require.Equal(w.t, now, told(w.t, before[i]))
		next := told(w.t, after[i])
		require.NotEqual(w.t, now, next, "an event tells of a change")
		now = next
	}
	require.Equal(w.t, receipts.Part{Status: d.Status, ErrorCode: d.ErrorCode}, now)
}

// told is the receipt in an event.
func told(t require.TestingT, event string) receipts.Part {
	var told receipts.Part
	require.NoError(t, json.Unmarshal([]byte(event), &told))
	return told
}
