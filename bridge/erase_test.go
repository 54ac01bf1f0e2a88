package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/bridge"
	"bridged/conversations"
)

// erase erases a person to the end.
func (w *world) erase(address conversations.Address) conversations.Erasure {
	w.t.Helper()
	e, err := w.BeginErasure(w.t.Context(), system, address, false)
	require.NoError(w.t, err)
	_, err = w.Erase(w.t.Context())
	require.NoError(w.t, err)
	e, err = w.db.Erasure(w.t.Context(), e.Seq)
	require.NoError(w.t, err)
	require.Equal(w.t, conversations.ErasureDone, e.State)
	require.Empty(w.t, e.Spellings, "nobody knows any more who it was")
	return e
}

// spellings are those of a telephone number.
func spellings(a conversations.Address) conversations.Spellings {
	return conversations.Spellings{strings.TrimPrefix(a.Local(), "+")}
}

// requireErased requires that a person is named nowhere.
func (w *world) requireErased(a conversations.Address) {
	w.t.Helper()
	left, err := w.db.Leftovers(w.t.Context(), spellings(a))
	require.NoError(w.t, err)
	require.Empty(w.t, left)
}

func TestAnErasureKeepsWhatOthersHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, bob, carla)
	w.receive(inbound("in1", alice, "from Alice"))
	w.sendAll(whole)
	w.receive(inbound("in2", bob, "from Bob"))
	handed := w.sendAll(whole)
	assert.Len(t, handed, 2)
	w.say(key, "", "waits")
	e := w.erase(alice)
	assert.Empty(t, e.Left)
	assert.Equal(t, 1, e.Removed["messages"])
	assert.Equal(t, 1, e.Removed["participants"])
	w.requireErased(alice)
	assert.Equal(t, []string{"1 from Bob", "2 waits"}, w.texts("SELECT CAST(idx AS TEXT) || ' ' || body FROM messages ORDER BY idx"))
	assert.Equal(t, 3, w.count("SELECT COUNT(*) FROM deliveries"), "one of Bob's message, two of the other")
	assert.Len(t, w.sendAll(whole), 2, "the others get what waits")
	w.join(w.conversation(), alice, proxy) // her pair is free
	assert.Zero(t, w.count("SELECT COUNT(*) FROM events WHERE type IN ('onMessageRemoved', 'onParticipantRemoved') AND webhooks = 1"))
}

// A number means the person on every channel, and its aliases.
func TestAnErasureIsOfAPerson(t *testing.T) {
	t.Parallel()
	const id = conversations.Address("whatsapp:US.13491208655302741918")
	for _, by := range []conversations.Address{"+15550000003", carla, id} {
		t.Run(string(by), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *bridge.Config) { c.Types = []conversations.ChannelType{carla.Type()} })
			w.conversation(carla, bob)
			told := inbound("in1", carla, "both names")
			told.Names = []conversations.Address{id}
			w.receive(told, inbound("in2", id, "the other name"), inbound("in3", "+15550000003", "a text"))
			require.Equal(t, 1, w.count("SELECT COUNT(*) FROM aliases"))
			e := w.erase(by)
			assert.Equal(t, 2, e.Removed["messages"])
			assert.Empty(t, e.Left)
			w.requireErased(carla)
			assert.Zero(t, w.count("SELECT COUNT(*) FROM aliases"))
			assert.Zero(t, w.count("SELECT COUNT(*) FROM inbound"))
		})
	}
}

// A group message went out as one, and is one for those who stay.
func TestAnErasureInAGroup(t *testing.T) {
	t.Parallel()
	w := familyWorld(t, "hello all")
	w.sendAll(whole)
	require.Equal(t, 1, w.count("SELECT COUNT(*) FROM deliveries WHERE address = $1 AND lead_id IS NULL", alice), "it went out with hers")
	w.erase(alice)
	w.requireErased(alice)
	list := w.deliveries()
	require.Len(t, list, 1)
	assert.Equal(t, bob, list[0].Address)
	assert.Equal(t, conversations.ProgressDone, list[0].Progress)
	require.Len(t, list[0].Attempts, 1)
	w.report(reportTo(bob, list[0].ProviderID, delivered))
	assert.Equal(t, []conversations.Status{delivered}, w.statuses(), "the carrier's reports find it")
}

// A group message that has yet to go out is not held up, and names nobody afterwards.
func TestAnErasureWhileAGroupMessageWaits(t *testing.T) {
	t.Parallel()
	w := familyWorld(t, "hello all")
	e := w.erase(alice)
	assert.NotEmpty(t, e.Left, "it is said that it waits")
	assert.Len(t, w.sendAll(whole), 1)
	e = w.erase(alice)
	assert.Empty(t, e.Left)
	w.requireErased(alice)
}

func TestAnErasureGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, bob)
	for i := range 60 {
		w.say(key, string(alice), fmt.Sprintf("message %d", i))
	}
	_, err := w.BeginErasure(t.Context(), system, alice, false)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	w.cfg.Commit = func(ctx context.Context, op func(bridge.Tx) error) error {
		cancel() // behind the first commit
		return bridge.Commits(w.db.Update)(context.WithoutCancel(ctx), op)
	}
	_, err = bridge.New(w.cfg).Erase(ctx)
	require.ErrorIs(t, err, context.Canceled)
	left := w.count("SELECT COUNT(*) FROM messages")
	assert.Positive(t, left)
	assert.Less(t, left, 60)
	w.cfg.Commit = func(ctx context.Context, op func(bridge.Tx) error) error { return bridge.Commits(w.db.Update)(ctx, op) }
	w.crash()
	_, err = w.Erase(t.Context())
	require.NoError(t, err)
	w.requireErased(alice)
	e, err := w.db.Erasure(t.Context(), 1)
	require.NoError(t, err)
	assert.Equal(t, 60, e.Removed["messages"], "all are counted, once")
	next, err := w.Erase(t.Context())
	require.NoError(t, err)
	assert.Zero(t, next, "there is no more to do")
}

func TestAPlanOfAnErasureChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice, bob)
	w.receive(inbound("in1", alice, "from Alice"))
	events := w.count("SELECT COUNT(*) FROM events")
	plan, err := w.PlanErasure(t.Context(), alice)
	require.NoError(t, err)
	assert.Equal(t, 1, plan.Removed["messages"])
	assert.Equal(t, events, w.count("SELECT COUNT(*) FROM events"))
	assert.Zero(t, w.count("SELECT COUNT(*) FROM erasures"))
	for _, wrong := range []conversations.Address{"12345", "alice", proxy, waProxy, "whatsapp:short"} {
		_, err := w.PlanErasure(t.Context(), wrong)
		require.True(t, conversations.AddressInvalid.Is(err), "%s: %v", wrong, err)
	}
}

// What the store's list of belongings leaves out is told.
func TestWhatCannotBeRemovedIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(bob)
	w.say(key, string(bob), "call "+string(alice))
	e := w.erase(alice)
	require.Len(t, e.Left, 1)
	assert.Equal(t, conversations.Leftover{Table: "messages", Column: "body", Rows: 1}, e.Left[0])
	broken := errors.New("no room")
	w.cfg.Belongings = uncompactable{w.db, broken}
	w.Bridge = bridge.New(w.cfg)
	begun, err := w.BeginErasure(t.Context(), system, alice, true)
	require.NoError(t, err)
	_, err = w.Erase(t.Context())
	require.NoError(t, err)
	e, err = w.db.Erasure(t.Context(), begun.Seq)
	require.NoError(t, err)
	assert.Contains(t, e.Problem, broken.Error())
}

// uncompactable is a store whose files cannot be written anew.
type uncompactable struct {
	bridge.Traces
	err error
}

func (u uncompactable) Compact(context.Context) error { return u.err }

// Whatever people have written and got, one goes to the last name and the others keep
// what is theirs.
func TestWhoeverIsErasedTheOthersKeepTheirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		people := []conversations.Address{alice, bob, carla}
		key := w.conversation(people...)
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			who := rapid.SampledFrom(people).Draw(t, "who")
			w.made++
			switch rapid.SampledFrom([]string{"write", "say", "send", "report"}).Draw(t, "step") {
			case "write":
				w.receive(inbound(fmt.Sprintf("in%d", w.made), who, "written"))
			case "say":
				w.say(key, string(who), "said")
			case "send":
				w.sendAll(whole)
			case "report":
				for _, d := range w.deliveries() {
					if d.ProviderID != "" && d.Address == who {
						w.report(conversations.StatusReport{Channel: d.Channel, ProviderID: d.ProviderID, Status: delivered})
					}
				}
			}
		}
		gone := rapid.SampledFrom(people).Draw(t, "gone")
		const others = `SELECT id || ' ' || CAST(idx AS TEXT) || ' ' || author FROM messages WHERE author <> $1 ORDER BY id`
		const theirs = `SELECT d.id || d.status FROM deliveries d JOIN messages m ON m.id = d.message_id
			WHERE d.address <> $1 AND m.author <> $2 ORDER BY d.id`
		messages, deliveries := w.texts(others, gone), w.texts(theirs, gone, gone)
		w.erase(gone)
		w.requireErased(gone)
		require.Equal(t, messages, w.texts(others, gone))
		require.Equal(t, deliveries, w.texts(theirs, gone, gone))
		require.Equal(t, len(deliveries), w.count("SELECT COUNT(*) FROM deliveries"), "nothing else is left")
		require.False(t, slices.ContainsFunc(w.deliveries(), func(d conversations.DeliveryDetail) bool { return d.Letter != 0 }))
		w.sendAll(whole) // what the others wait for goes out
		require.Zero(t, w.count("SELECT COUNT(*) FROM deliveries WHERE progress < 4"))
		require.NoError(t, w.DeleteConversation(w.t.Context(), system, service, key))
	})
}
