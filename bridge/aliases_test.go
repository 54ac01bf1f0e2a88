package bridge_test

import (
	"bytes"
	"log/slog"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// carlaID is Carla's other name. The directory of these tests takes what begins
// with +; it is no number all the same.
const carlaID = conversations.Address("whatsapp:+US.3")

// named is a message of Carla's that tells other names of hers.
func named(id string, from conversations.Address, names ...conversations.Address) conversations.Inbound {
	m := inbound(id, from, id)
	m.Names = names
	return m
}

// said are the carriers' ids of the messages that a conversation has, in order:
// the texts of these tests.
func (w *world) said(key conversations.ConversationKey) []string {
	w.t.Helper()
	return w.texts("SELECT body FROM messages WHERE conversation_id = $1 ORDER BY idx", key.ID)
}

func (w *world) conflicts() []conversations.AliasConflict {
	w.t.Helper()
	page, err := w.db.AliasConflicts(w.t.Context(), conversations.Page{Size: 50})
	require.NoError(w.t, err)
	return page.Items
}

// leadsTo says which conversation a message of somebody would go to.
func (w *world) leadsTo(from conversations.Address) conversations.ConversationID {
	w.t.Helper()
	found, err := w.Explain(w.t.Context(), from, []conversations.Address{proxyOf(from)})
	require.NoError(w.t, err)
	return found.Conversation
}

func TestAConversationByOneNameGetsMessagesFromTheOther(t *testing.T) {
	t.Parallel()
	for name, member := range map[string]conversations.Address{"by number": carla, "by id": carlaID} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			key := w.conversation(alice, member)
			w.receive(inbound("1", member, "1"))
			w.receive(named("2", carla, carlaID)) // tells both
			w.receive(inbound("3", carlaID, "3"), inbound("4", carla, "4"))
			assert.Equal(t, []string{"1", "2", "3", "4"}, w.said(key))
			assert.Equal(t, []string{string(member)}, w.texts("SELECT DISTINCT author FROM messages"), "her name in the conversation stays")
			assert.Equal(t, key.ID, w.leadsTo(carla))
			assert.Equal(t, key.ID, w.leadsTo(carlaID))
			assert.Empty(t, w.conflicts())

			_, err := w.AddParticipant(t.Context(), system, service, w.conversation(), bridge.ParticipantFields{Address: ptr(carlaID), Proxy: ptr(waProxy)})
			assert.True(t, conversations.PairTaken.Is(err), "%v", err)
			w.sendAll(whole)
			w.say(key, "x", "hello")
			for _, s := range w.sends() {
				assert.Contains(t, []string{"sms:" + string(alice) + ">sms:" + string(proxy), string(member) + ">" + string(waProxy)}, s.key)
			}
		})
	}
}

func TestTheReasonNamesTheOtherName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(carla)
	explain := func() string {
		found, err := w.Explain(t.Context(), carlaID, []conversations.Address{waProxy})
		require.NoError(t, err)
		return found.Reason()
	}
	assert.NotContains(t, explain(), "another name")
	w.receive(named("1", carla, carlaID))
	assert.Contains(t, explain(), "by another name of the sender")
}

func TestAStatusReportTeachesToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(carla)
	w.report(conversations.StatusReport{
		Channel: "wa", ProviderID: "out1", Status: conversations.StatusSent, Address: carla, Proxy: waProxy,
		Names: []conversations.Address{carlaID},
	})
	w.receive(inbound("1", carlaID, "1"))
	assert.Equal(t, []string{"1"}, w.said(key))
}

// Messages that wait when an alias is learned find their conversation after it.
func TestMessagesUnderWayAreNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(carla)
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("1", carlaID, "1")}))
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("2", carlaID, "2"), named("3", carla, carlaID), inbound("4", carlaID, "4")}))
	keys := map[string]int{}
	for _, task := range w.tasks(bridge.TopicInbound) {
		keys[task.key]++
	}
	assert.Equal(t, map[string]int{
		string(carlaID) + ">" + string(waProxy): 1, string(carla) + ">" + string(waProxy): 4,
	}, keys, "of one request all wait in the same line, behind what waits by the other name")
	w.settleInbox()
	assert.Equal(t, []string{"1", "2", "3", "4"}, w.said(key))
}

func TestOfTwoLivePairsTheOlderWins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		older, newer conversations.Address
	}{{"the number is older", carla, carlaID}, {"the id is older", carlaID, carla}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			w := newWorld(t, func(cfg *bridge.Config) { cfg.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			kept, freed := w.conversation(c.older), w.conversation(c.newer)
			w.receive(named("1", carla, carlaID), inbound("2", carlaID, "2"), inbound("3", carla, "3"))
			assert.Equal(t, []string{"1", "2", "3"}, w.said(kept))
			assert.Empty(t, w.said(freed))
			members, err := w.db.Participants(t.Context(), freed.ID, conversations.Page{Size: 10})
			require.NoError(t, err)
			assert.Len(t, members.Items, 1, "she stays")

			conflicts := w.conflicts()
			require.Len(t, conflicts, 1)
			got := conflicts[0]
			assert.Equal(t, conversations.Alias{Name: carlaID, Root: carla}, got.Alias)
			assert.Equal(t, waProxy, got.Proxy)
			assert.Equal(t, kept.ID, got.Kept.Conversation)
			assert.Equal(t, freed.ID, got.Freed.Conversation)
			assert.Equal(t, members.Items[0].ID, got.Freed.Participant)
			assert.Equal(t, start, got.Created)
			assert.Contains(t, log.String(), "under two names")
			assert.NotContains(t, log.String(), carla.Local())

			require.NoError(t, w.DeleteConversation(t.Context(), system, service, kept))
			assert.Empty(t, w.leadsTo(carla), "the pair is free, and nobody gets it by itself")
			another := w.conversation(carlaID)
			assert.Equal(t, another.ID, w.leadsTo(carla))
			assert.Len(t, w.conflicts(), 1)
		})
	}
}

func TestANameMayBecomeAnothersNumber(t *testing.T) {
	t.Parallel()
	const newNumber = conversations.Address("whatsapp:+15550000033")
	w := newWorld(t)
	byID, byNumber := w.conversation(), w.conversation(newNumber)
	w.receive(named("0", carla, carlaID))
	w.join(byID, carlaID, waProxy)
	assert.Equal(t, byID.ID, w.leadsTo(carla))
	require.NoError(t, w.RemoveParticipant(t.Context(), system, service, byNumber, w.memberOf(byNumber)))
	w.receive(named("1", newNumber, carlaID))
	assert.Equal(t, []string{"1"}, w.said(byID))
	assert.Empty(t, w.leadsTo(carla), "the old number is nobody's")
	assert.Equal(t, byID.ID, w.leadsTo(carlaID))
	w.receive(named("2", carla, newNumber, carlaID))
	assert.Equal(t, byID.ID, w.leadsTo(newNumber), "of two numbers nobody can say which")
}

// memberOf is the only participant of a conversation.
func (w *world) memberOf(key conversations.ConversationKey) conversations.ParticipantKey {
	w.t.Helper()
	ids := w.texts("SELECT id FROM participants WHERE conversation_id = $1", key.ID)
	require.Len(w.t, ids, 1)
	return conversations.ParticipantKey{ID: conversations.ParticipantID(ids[0])}
}

// A send of unknown outcome is settled by a report that calls the person by
// another name than it was sent to.
func TestAReportByAnotherNameSettlesAnUnknownSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sentTo, reported conversations.Address }{
		"to the number": {carla, carlaID}, "to the id": {carlaID, carla},
	} {
		report := conversations.StatusReport{
			Channel: "wa", ProviderID: "out9", Status: conversations.StatusDelivered, Address: c.reported, Proxy: waProxy,
		}
		t.Run(name+", after the answer", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.receive(named("0", carla, carlaID))
			w.say(w.conversation(c.sentTo), "x", "hello")
			w.settle(w.claimOnly(whole), unknown)
			w.report(report)
			w.sendAll(whole)
			assert.Equal(t, conversations.StatusDelivered, w.deliveries()[0].Status)
		})
		t.Run(name+", before the answer", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.receive(named("0", carla, carlaID))
			w.say(w.conversation(c.sentTo), "x", "hello")
			claim := w.claimOnly(whole)
			w.report(report)
			w.settle(claim, unknown)
			w.sendAll(whole)
			assert.Equal(t, conversations.StatusDelivered, w.deliveries()[0].Status)
		})
	}
}

// What came by one name and waits is not overtaken by what comes by the other: each
// line gives its first task, and the lines are taken in turn, the latest first.
func TestALearnedNameKeepsTheOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(carlaID)
	accept := func(messages ...conversations.Inbound) {
		require.NoError(t, w.Accept(t.Context(), messages))
	}
	accept(inbound("1", carlaID, "1"), inbound("2", carlaID, "2"))
	accept(named("3", carla, carlaID))
	accept(inbound("4", carla, "4"), inbound("5", carlaID, "5"))
	w.routeLatestLineFirst()
	assert.Equal(t, []string{"1", "2", "3", "4", "5"}, w.said(key))
	assert.Zero(t, w.Backlog())
	assert.Empty(t, w.tasks(bridge.TopicInbound))
}

// routeLatestLineFirst carries out inbound tasks, of each line the first one, and
// takes the line that was begun last before the others.
func (w *world) routeLatestLineFirst() {
	w.t.Helper()
	for {
		var lines []string
		first := map[string]task{}
		for _, t := range w.tasks(bridge.TopicInbound) {
			if _, known := first[t.key]; !known {
				first[t.key], lines = t, append(lines, t.key)
			}
		}
		if len(lines) == 0 {
			return
		}
		t := first[lines[len(lines)-1]]
		seq, err := strconv.ParseInt(t.payload, 10, 64)
		require.NoError(w.t, err)
		require.NoError(w.t, w.Route(w.t.Context(), t.seq, seq))
	}
}
