package bridge_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// pairReport is a report of a message to carla that says so.
func pairReport(providerID string, s conversations.Status) conversations.StatusReport {
	r := reportOf(providerID, s)
	r.Address, r.Proxy = carla, waProxy
	return r
}

// What comes alone, of a message that is known, needs no second commit.
func TestAStatusOfAKnownMessageIsHeededInTheCommitThatAcceptsIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		reports []conversations.StatusReport
		tasks   int
		status  conversations.Status
	}{
		{"alone", []conversations.StatusReport{pairReport("out1", conversations.StatusDelivered)}, 0, conversations.StatusDelivered},
		{"several", []conversations.StatusReport{
			pairReport("out1", conversations.StatusDelivered), pairReport("out1", conversations.StatusRead),
		}, 2, conversations.StatusSent},
		{"without the pair", []conversations.StatusReport{reportOf("out1", conversations.StatusDelivered)}, 1, conversations.StatusSent},
		{"of an unknown message", []conversations.StatusReport{pairReport("out9", conversations.StatusDelivered)}, 1, conversations.StatusSent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.say(w.conversation(alice, carla), string(alice), "hello")
			w.sendAll(whole)
			require.NoError(t, w.AcceptStatuses(t.Context(), tt.reports))
			assert.Len(t, w.tasks(bridge.TopicStatuses), tt.tasks)
			assert.Equal(t, []string{string(tt.status)}, w.texts("SELECT status FROM deliveries"))
			assert.Equal(t, len(tt.reports), w.count("SELECT count(*) FROM statuses"))
			assert.Equal(t, len(tt.reports)-tt.tasks, w.count("SELECT count(*) FROM statuses WHERE delivery_id IS NOT NULL"))
		})
	}
}

// Said again it changes nothing, whichever way the first one went.
func TestAStatusThatComesAgainChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "hello")
	w.sendAll(whole)
	w.report(pairReport("out1", conversations.StatusRead))
	events := w.count("SELECT count(*) FROM events")
	for _, s := range []conversations.Status{conversations.StatusSent, conversations.StatusDelivered, conversations.StatusRead} {
		w.report(pairReport("out1", s))
		w.report(reportOf("out1", s))
	}
	assert.Equal(t, events, w.count("SELECT count(*) FROM events"))
	assert.Equal(t, []string{string(conversations.StatusRead)}, w.texts("SELECT status FROM deliveries"))
}

// A report that cannot be heeded is accepted all the same: its task goes wrong, and not
// the carrier's request.
func TestAStatusThatCannotBeHeededIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.say(w.conversation(alice, carla), string(alice), "hello")
	w.sendAll(whole)
	_, err := w.sql.ExecContext(t.Context(), "UPDATE deliveries SET files = 'no JSON'")
	require.NoError(t, err)
	require.NoError(t, w.AcceptStatuses(t.Context(), []conversations.StatusReport{pairReport("out1", conversations.StatusDelivered)}))
	assert.Len(t, w.tasks(bridge.TopicStatuses), 1)
	assert.Equal(t, 1, w.count("SELECT count(*) FROM statuses WHERE delivery_id IS NULL"))
}
