package bridge_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/bridge"
	"bridged/conversations"
)

// obeying is a bridge whose SMS channel obeys keywords in a mode, and whose other
// one takes them for text.
func obeying(mode conversations.OptOutMode) func(*bridge.Config) {
	return func(c *bridge.Config) {
		c.OptOut = bridge.OptOutPolicy{
			Modes:     map[string]conversations.OptOutMode{"sms": mode, "wa": conversations.OptOutOff},
			StopReply: "no more", StartReply: "again", HelpReply: "ask Ada",
		}
	}
}

// optOuts are the pairs that are opted out, with how that came to be known.
func (w *world) optOuts() (list []string) {
	w.t.Helper()
	found, err := w.db.OptOuts(w.t.Context(), conversations.Page{Size: 100})
	require.NoError(w.t, err)
	for _, o := range found.Items {
		list = append(list, string(o.Address)+">"+string(o.Proxy)+" "+string(o.Source))
	}
	return list
}

// optEvents are the events of opting out and in.
func (w *world) optEvents() []string {
	w.t.Helper()
	return w.texts("SELECT type FROM events WHERE type IN ('onParticipantOptedOut', 'onParticipantOptedIn') ORDER BY seq")
}

func TestAStopIsObeyedAndNotRelayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, obeying(conversations.OptOutCarrier))
	key := w.conversation(alice, bob, carla)
	w.receive(inbound("1", alice, "Stop!"))
	assert.Equal(t, []string{"+15550000001>+15559990001 message"}, w.optOuts())
	assert.Equal(t, []string{"onParticipantOptedOut"}, w.optEvents())
	assert.Zero(t, w.count("SELECT count(*) FROM messages"))
	assert.Empty(t, w.deliveries(), "nobody gets it, and the carrier answers")
	assert.Equal(t, 1, w.count("SELECT count(*) FROM inbound WHERE state = 5 AND reason <> '' AND keyword = 'stop'"))

	w.say(key, "ada", "hello")
	assert.Equal(t, []string{"hello", "hello"}, w.sendAll(whole), "the two others get it")
	d := w.deliveries()[0]
	assert.Equal(t, conversations.StatusFailed, d.Status)
	assert.Equal(t, 21610, d.ErrorCode)
	assert.Equal(t, conversations.ProgressDone, d.Progress)
	assert.Zero(t, d.Delivery.Attempts)
	assert.NotEmpty(t, d.Reason)
	assert.Zero(t, w.count("SELECT count(*) FROM dead_letters"))

	w.receive(inbound("2", alice, "STOP"), inbound("3", alice, "I mean it"))
	assert.Equal(t, []string{"I mean it", "I mean it"}, w.sendAll(whole), "who is opted out may still write")
	assert.Len(t, w.optEvents(), 1)
	w.receive(inbound("4", alice, "yes"), inbound("1", alice, "Stop!"), inbound("5", alice, "yes"))
	assert.Equal(t, []string{"yes", "yes"}, w.sendAll(whole), "the second one is an answer like any other")
	assert.Empty(t, w.optOuts())
	assert.Equal(t, []string{"onParticipantOptedOut", "onParticipantOptedIn"}, w.optEvents())
	w.say(key, "ada", "welcome back")
	assert.Len(t, w.sendAll(whole), 3)
}

// A stop that is accepted holds for the sends that wait, before it is routed.
func TestAStopWinsAgainstWhatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, obeying(conversations.OptOutCarrier))
	key := w.conversation(alice, carla)
	m := w.say(key, "ada", "one two")
	c := w.claimOnlyTo(alice, words)
	require.NoError(t, w.Accept(t.Context(), []conversations.Inbound{inbound("1", alice, "stop")}))
	next, err := w.Settle(t.Context(), c, w.accepted(), words)
	require.NoError(t, err)
	assert.Nil(t, next, "the second part is not sent any more")
	d := w.delivery(c.Delivery.ID)
	assert.Equal(t, 21610, d.ErrorCode)
	assert.Len(t, d.Attempts, 1)
	assert.Equal(t, m.ID, d.Message)

	w.crash()
	w.settleInbox()
	w.say(key, "ada", "three")
	w.sendAll(whole)
	assert.Equal(t, 2, w.count("SELECT count(*) FROM deliveries WHERE error_code = 21610"), "it survives")
}

// claimOnlyTo claims the send that waits for a person.
func (w *world) claimOnlyTo(address conversations.Address, out *bridge.Outlet) bridge.Claim {
	w.t.Helper()
	for _, task := range w.sends() {
		if w.delivery(conversations.DeliveryID(task.payload)).Address == address {
			c := w.claim(task, out)
			require.NotNil(w.t, c)
			return *c
		}
	}
	require.FailNow(w.t, "nothing waits")
	return bridge.Claim{}
}

func TestAStopIsAnsweredOnceWhereWeAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, obeying(conversations.OptOutBridged))
	w.conversation(alice, bob)
	stop := inbound("1", alice, "stop")
	w.receive(stop, stop)
	w.receive(stop)
	w.receive(inbound("2", alice, "stop"))
	assert.Equal(t, []string{"no more"}, w.sendAll(whole), "although she is opted out")
	assert.Empty(t, w.deliveries()[0].Conversation)
	w.receive(inbound("3", alice, "HELP"))
	assert.Equal(t, []string{"ask Ada"}, w.sendAll(whole))
	w.receive(inbound("4", alice, "START"), inbound("5", alice, "START"))
	assert.Equal(t, []string{"again", "START"}, w.sendAll(whole), "the second one changes nothing and is a message")
	assert.Equal(t, 1, w.count("SELECT count(*) FROM messages"))
}

func TestKeywordsAreTextWhereNobodyObeysThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, obeying(conversations.OptOutCarrier))
	w.conversation(alice, carla)
	m := inbound("1", carla, "stop")
	m.Keyword = conversations.KeywordStop
	w.receive(m, inbound("2", alice, "help"))
	assert.ElementsMatch(t, []string{"stop", "help"}, w.sendAll(whole))
	assert.Empty(t, w.optOuts())
}

// What the carrier takes for a keyword is one, whatever the text.
func TestTheCarriersWordCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, obeying(conversations.OptOutCarrier))
	w.conversation(alice, bob)
	m := inbound("1", alice, "basta")
	m.Keyword = conversations.KeywordStop
	w.receive(m)
	assert.Len(t, w.optOuts(), 1)
	m = inbound("2", alice, "de acuerdo")
	m.Keyword = conversations.KeywordStart
	w.receive(m)
	assert.Empty(t, w.optOuts())
	assert.Zero(t, w.count("SELECT count(*) FROM messages"))
}

// A stop holds for the one number, and no conversation is made for it.
func TestAStopIsOfOneNumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t, obeying(conversations.OptOutCarrier), func(c *bridge.Config) {
		c.Pools = []bridge.Pool{{Service: messagingService, Senders: []conversations.Address{proxy, otherProxy}, Autocreate: true}}
	})
	first, second := w.conversation(), w.conversation()
	w.join(first, alice, proxy)
	w.join(second, alice, otherProxy)
	stop := inbound("1", alice, "stop")
	stop.Others = []conversations.Address{bob}
	w.receive(stop, inbound("2", bob, "stop"))
	assert.Equal(t, []string{"+15550000001>+15559990001 message", "+15550000002>+15559990001 message"}, w.optOuts())
	assert.Equal(t, 2, w.count("SELECT count(*) FROM conversations"))
	w.say(first, "ada", "here")
	w.say(second, "ada", "there")
	assert.Equal(t, []string{"there"}, w.sendAll(whole))

	require.NoError(t, w.DeleteConversation(t.Context(), system, service, first))
	assert.Len(t, w.optOuts(), 2, "it outlives the conversation")
}

func TestWhatACarrierRefusesIsAnOptOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, obeying(conversations.OptOutCarrier))
	key := w.conversation(alice, carla)
	w.say(key, "ada", "hello")
	refused := bridge.Result{Outcome: conversations.OutcomeRefused, OptedOut: true}
	for _, task := range w.sends() {
		w.settle(*w.claim(task, whole), refused)
	}
	assert.Equal(t, []string{"+15550000001>+15559990001 carrier"}, w.optOuts(), "not on the channel whose keywords are text")
	assert.Equal(t, []string{"onParticipantOptedOut"}, w.optEvents())
	assert.Equal(t, 2, w.count("SELECT count(*) FROM deliveries WHERE error_code = 21610"))
	w.say(key, "ada", "again")
	assert.Len(t, w.sends(), 2)
	assert.Equal(t, []string{"again"}, w.sendAll(whole), "Carla's")
}

func TestOperatorsAddAndLiftOptOuts(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // also where no keyword is obeyed
	key := w.conversation(alice, bob)
	o, err := w.AddOptOut(t.Context(), system, "+1 555 000 0001", proxy)
	require.NoError(t, err)
	assert.NotZero(t, o.Seq)
	assert.Equal(t, alice, o.Address)
	again, err := w.AddOptOut(t.Context(), system, alice, proxy)
	require.NoError(t, err)
	assert.Equal(t, o, again)
	w.say(key, "ada", "hello")
	assert.Equal(t, []string{"hello"}, w.sendAll(whole))
	require.NoError(t, w.LiftOptOut(t.Context(), system, o.Seq))
	assert.True(t, conversations.NotFound.Is(w.LiftOptOut(t.Context(), system, o.Seq)))
	assert.Equal(t, []string{"onParticipantOptedOut", "onParticipantOptedIn"}, w.optEvents())
	w.say(key, "ada", "hello")
	assert.Len(t, w.sendAll(whole), 2)

	for fault, pair := range map[conversations.Fault][2]conversations.Address{
		conversations.AddressInvalid: {"x", proxy},
		conversations.ProxyNotOwned:  {alice, bob},
		conversations.TypesDiffer:    {alice, waProxy},
	} {
		_, err := w.AddOptOut(t.Context(), system, pair[0], pair[1])
		assert.True(t, fault.Is(err), "%s: %v", fault, err)
	}
	_, err = w.AddOptOut(t.Context(), system, alice, "x")
	assert.True(t, conversations.AddressInvalid.Is(err))
}

// An opt-out by a name holds for the number that it turns out to be of.
func TestAnOptOutFollowsThePersonsNames(t *testing.T) {
	t.Parallel()
	const id = conversations.Address("whatsapp:US.1")
	w := newWorld(t, func(c *bridge.Config) {
		c.OptOut.Modes = map[string]conversations.OptOutMode{"wa": conversations.OptOutCarrier}
	})
	key := w.conversation(carla, bob)
	stop := inbound("1", carla, "stop")
	stop.From = id
	w.receive(stop)
	w.say(key, "ada", "to a stranger's number")
	assert.Len(t, w.sendAll(whole), 2)
	both := inbound("2", carla, "hello")
	both.Names = []conversations.Address{id}
	w.receive(both)
	w.sendAll(whole)
	w.say(key, "ada", "to her")
	assert.Equal(t, []string{"to her"}, w.sendAll(whole), "Bob's")
	back := inbound("3", carla, "start")
	back.From = id
	w.receive(back)
	assert.Empty(t, w.optOuts())
	w.say(key, "ada", "to all")
	assert.Len(t, w.sendAll(whole), 2)
}

// Whatever comes in whatever order: nothing is claimed for a pair between a stop
// that was accepted and a start, and all is before and after.
func TestNothingIsSentToWhoIsOptedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, obeying(conversations.OptOutBridged))
	key := w.conversation(alice, bob)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		out, crowd := map[conversations.Address]bool{}, []conversations.Address{alice, bob}
		for _, o := range w.optOuts() {
			out[conversations.Address(o[:len(alice)])] = true
		}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(*rapid.T) { w.say(key, "ada", "text") },
			"stop or start": func(t *rapid.T) {
				n++
				who := rapid.SampledFrom(crowd).Draw(t, "who")
				word := rapid.SampledFrom([]string{"stop", "start", "a message"}).Draw(t, "word")
				require.NoError(t, w.Accept(w.t.Context(), []conversations.Inbound{inbound("p"+strconv.Itoa(n), who, word)}))
				out[who] = word == "stop" || out[who] && word != "start"
			},
			"route": func(*rapid.T) { w.settleInbox() },
			"send": func(t *rapid.T) {
				for _, task := range w.sends() {
					c := w.claim(task, whole)
					to := w.delivery(conversations.DeliveryID(task.payload))
					if c == nil {
						assert.True(t, out[to.Address], "a send to %s was refused", to.Address)
						assert.Equal(t, 21610, to.ErrorCode)
						continue
					}
					assert.True(t, !out[to.Address] || to.Notice, "a send to %s was claimed", to.Address)
					w.settle(*c, w.accepted())
				}
			},
		})
	})
}

// What the carrier says in a report, after it has taken the message, counts as what
// it says at once; and a report that is repeated says nothing new.
func TestALateRefusalIsAnOptOut(t *testing.T) {
	t.Parallel()
	report := conversations.StatusReport{Channel: "sms", ProviderID: "out1", Status: conversations.StatusUndelivered, ErrorCode: 21610}
	t.Run("after the answer", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, obeying(conversations.OptOutCarrier))
		w.say(w.conversation(alice), "ada", "hello")
		w.sendAll(whole)
		w.report(report)
		assert.Equal(t, []string{"+15550000001>+15559990001 carrier"}, w.optOuts())
		assert.Equal(t, []string{"onParticipantOptedOut"}, w.optEvents())
		require.NoError(t, w.LiftOptOut(t.Context(), system, int64(w.count("SELECT seq FROM opt_outs"))))
		w.report(report)
		assert.Empty(t, w.optOuts(), "she has opted in since")
	})
	t.Run("before the answer", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, obeying(conversations.OptOutCarrier))
		w.say(w.conversation(alice), "ada", "hello")
		c := w.claimOnly(whole)
		w.report(report)
		assert.Empty(t, w.optOuts(), "nobody knows yet whom it is about")
		w.settle(c, w.accepted())
		assert.Len(t, w.optOuts(), 1)
	})
	t.Run("instead of the answer", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, obeying(conversations.OptOutCarrier))
		w.say(w.conversation(alice), "ada", "hello")
		w.settle(w.claimOnly(whole), unknown)
		named := report
		named.Address, named.Proxy = alice, proxy
		w.report(named)
		assert.Len(t, w.optOuts(), 1)
	})
	t.Run("of a delivered message", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, obeying(conversations.OptOutCarrier))
		w.say(w.conversation(alice), "ada", "hello")
		w.sendAll(whole)
		delivered := report
		delivered.Status, delivered.ErrorCode = conversations.StatusDelivered, 0
		w.report(delivered, report)
		assert.Empty(t, w.optOuts(), "she got it: the report contradicts itself")
	})
}
