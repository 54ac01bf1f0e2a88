package bridge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// A report that somebody has read a message moves their read horizon to it, and never
// back (page 57).
func TestAReadReportMovesTheReadHorizon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	for _, text := range []string{"zero", "one", "two"} {
		w.say(key, string(alice), text)
	}
	w.sendAll(whole) // as out1, out2 and out3
	const of = " FROM events WHERE type = 'onParticipantUpdated'"
	w.report(reportOf("out2", conversations.StatusDelivered))
	assert.Nil(t, w.carla(key).LastReadIndex, "she has it, and has not read it")

	w.clock.advance(time.Minute)
	read := w.clock.now()
	w.report(reportOf("out2", conversations.StatusRead))
	p := w.carla(key)
	require.NotNil(t, p.LastReadIndex)
	assert.Equal(t, int64(1), *p.LastReadIndex)
	assert.True(t, read.Equal(*p.LastReadAt))
	assert.True(t, read.Equal(p.Updated))
	assert.Equal(t, []string{"WHATSAPP"}, w.texts("SELECT source"+of))
	assert.Contains(t, w.texts("SELECT before" + of)[0], `"LastReadIndex":null`)
	assert.Contains(t, w.texts("SELECT after" + of)[0], `"LastReadIndex":1`)

	w.clock.advance(time.Minute)
	w.report(reportOf("out1", conversations.StatusRead), reportOf("out2", conversations.StatusRead))
	p = w.carla(key)
	assert.Equal(t, int64(1), *p.LastReadIndex, "an older message does not move it back")
	assert.True(t, read.Equal(*p.LastReadAt))
	assert.Equal(t, 1, w.count("SELECT count(*)"+of))

	w.report(reportOf("out3", conversations.StatusRead))
	assert.Equal(t, int64(2), *w.carla(key).LastReadIndex)
	assert.Equal(t, 2, w.count("SELECT count(*)"+of))
}

// What was removed has no horizon to move, and its receipt moves on all the same.
func TestAReadReportOfWhoHasLeftMovesTheReceiptOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.say(key, string(alice), "hello")
	w.sendAll(whole)
	require.NoError(t, w.RemoveParticipant(t.Context(), system, service, key, conversations.ParticipantKey{ID: w.carla(key).ID}))
	w.report(reportOf("out1", conversations.StatusRead))
	assert.Equal(t, conversations.StatusRead, w.deliveries()[0].Status)
	assert.Zero(t, w.count("SELECT count(*) FROM events WHERE type = 'onParticipantUpdated'"))
}

// A client that says where somebody is has the last word, as over REST, until they
// read further.
func TestAHorizonSetByAClientIsNotMovedBackByAReport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.say(key, string(alice), "zero")
	w.say(key, string(alice), "one")
	w.sendAll(whole)
	_, err := w.UpdateParticipant(t.Context(), system, service, key,
		conversations.ParticipantKey{ID: w.carla(key).ID}, bridge.ParticipantFields{LastReadIndex: ptr(int64(1))})
	require.NoError(t, err)
	w.report(reportOf("out1", conversations.StatusRead))
	assert.Equal(t, int64(1), *w.carla(key).LastReadIndex)
}

// carla is the participant of the conversation who is on WhatsApp.
func (w *world) carla(key conversations.ConversationKey) conversations.Participant {
	w.t.Helper()
	id := w.texts("SELECT id FROM participants WHERE conversation_id = $1 AND address = $2", string(key.ID), string(carla))
	require.Len(w.t, id, 1)
	p, err := w.db.Participant(w.t.Context(), key.ID, conversations.ParticipantKey{ID: conversations.ParticipantID(id[0])})
	require.NoError(w.t, err)
	return p
}
