package bridge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/store"
)

// photo is a message with files that the carrier keeps.
func photo(id string, from conversations.Address, body string, names ...string) conversations.Inbound {
	m := inbound(id, from, body)
	for _, name := range names {
		m.Media = append(m.Media, conversations.Media{URL: "https://carrier.example/" + name, ContentType: "image/png", Filename: name})
	}
	return m
}

// fetches are the tasks of files that can be fetched now, in the order of names.
func (w *world) fetches() []task { w.t.Helper(); return w.tasks(bridge.TopicFetch) }

// begin carries out the first half of a fetch.
func (w *world) begin(t task) *conversations.Fetch {
	w.t.Helper()
	f, err := w.BeginFetch(w.t.Context(), t.seq, conversations.MediaID(t.payload))
	require.NoError(w.t, err)
	return f
}

// arrives carries out a fetch, which ends so.
func (w *world) arrives(t task, r bridge.Fetched) conversations.Fetch {
	w.t.Helper()
	f := w.begin(t)
	require.NotNil(w.t, f)
	require.NoError(w.t, w.SettleFetch(w.t.Context(), t.seq, *f, r))
	return *f
}

// messages returns the messages of a conversation.
func (w *world) messages(key conversations.ConversationKey) []conversations.Message {
	w.t.Helper()
	page, err := w.db.Messages(w.t.Context(), key.ID, conversations.Page{Size: 100})
	require.NoError(w.t, err)
	return page.Items
}

func (w *world) deadLetters() []conversations.DeadLetter {
	w.t.Helper()
	list, err := w.db.DeadLetters(w.t.Context(), conversations.DeadLetterFilter{}, conversations.Page{Size: 100})
	require.NoError(w.t, err)
	return list.Items
}

var (
	here = bridge.Fetched{ContentType: "image/jpeg", Size: 7, SHA256: "aa"}
	gone = bridge.Fetched{Reason: "the file's host answered 404"}
	busy = bridge.Fetched{Reason: "the file's host answered 503", Retry: true}
)

func TestFilesAreShownAtOnceAndFetchedAfterwards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.receive(photo("in1", alice, "look", "a.png", "b.png"))
	m := w.messages(key)[0]
	require.Len(t, m.Media, 2)
	for i, name := range []string{"a.png", "b.png"} {
		assert.Equal(t, conversations.Media{
			ID: m.Media[i].ID, ContentType: "image/png", Filename: name, Category: "media", State: "fetching",
		}, m.Media[i], "where the carrier keeps it is nobody's business")
		file, err := w.db.Media(t.Context(), service, m.Media[i].ID)
		require.NoError(t, err)
		assert.Equal(t, []any{m.ID, key.ID, m.Author}, []any{file.Message, file.Conversation, file.Author})
	}
	assert.Empty(t, w.sends())
	assert.Equal(t, conversations.ProgressHeld, w.deliveries()[0].Progress)

	tasks := w.fetches()
	require.Len(t, tasks, 2)
	f := w.arrives(tasks[0], here)
	assert.Equal(t, "sms", f.Channel)
	assert.Equal(t, "https://carrier.example/a.png", f.Source.URL)
	assert.EqualValues(t, conversations.MaxMediaBytes, f.Room)
	assert.Empty(t, w.sends(), "the other one is missing")
	assert.Equal(t, conversations.MediaFetching, w.messages(key)[0].Media[0].State, "the message changes once")
	file, err := w.db.Media(t.Context(), service, f.File)
	require.NoError(t, err)
	assert.Equal(t, []any{conversations.MediaKept, int64(7), "image/jpeg", "aa"}, []any{file.State, file.Size, file.ContentType, file.SHA256})

	f = w.arrives(tasks[1], here)
	assert.EqualValues(t, conversations.MaxMediaBytes-7, f.Room)
	claim := w.claimOnly(whole)
	assert.Equal(t, "look", claim.Part.Text)
	assert.Len(t, claim.Message.Media, 2)
	after := w.messages(key)[0]
	assert.Equal(t, conversations.Media{
		ID: m.Media[0].ID, ContentType: "image/jpeg", Filename: "a.png", Size: 7, Category: "media",
	}, after.Media[0])
	assert.Equal(t, m.Updated, after.Updated, "nobody has edited it")
	assert.Equal(t, []string{"onMessageAdded", "onMessageUpdated"},
		w.texts("SELECT type FROM events WHERE type LIKE 'onMessage%' ORDER BY seq"))
	assert.Zero(t, w.count("SELECT count(*) FROM fetches"))
	assert.Empty(t, w.deadLetters())
}

func TestAHeldDeliveryHoldsUpItsPairOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key, other := w.conversation(alice, carla), w.conversation(bob)
	w.receive(photo("in1", alice, "first", "a.png"), inbound("in2", alice, "second"))
	w.say(other, "system", "elsewhere")
	w.say(key, string(carla), "back")
	assert.Equal(t, []string{"elsewhere", "back"}, w.sendAll(whole), "to bob and alice, but not to carla")
	w.arrives(w.fetches()[0], here)
	assert.Equal(t, []string{"first", "second"}, w.sendAll(whole))
}

// A delivery whose files come while it stands behind others goes when it is its
// turn, once.
func TestAHeldDeliveryBehindOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice, carla)
	w.receive(inbound("in1", alice, "first"), photo("in2", alice, "second", "a.png"), inbound("in3", alice, "third"))
	w.arrives(w.fetches()[0], here)
	assert.Len(t, w.sends(), 1)
	assert.Equal(t, []string{"first", "second", "third"}, w.sendAll(whole))

	w.receive(inbound("in4", alice, "first"), photo("in5", alice, "", "b.png"), inbound("in6", alice, "third"))
	w.arrives(w.fetches()[0], gone)
	assert.Len(t, w.sends(), 1)
	assert.Equal(t, []string{"first", "third"}, w.sendAll(whole))
}

func TestAFileThatCannotBeFetchedIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.receive(photo("in1", alice, "look", "a.png", "b.png"))
	tasks := w.fetches()
	f := w.arrives(tasks[0], gone)
	w.arrives(tasks[1], here)
	claim := w.claimOnly(whole)
	assert.Equal(t, "look", claim.Part.Text)
	require.Len(t, claim.Message.Media, 1, "what is here goes out")
	assert.Equal(t, "b.png", claim.Message.Media[0].Filename)
	shown := w.messages(key)[0].Media
	assert.Equal(t, []any{conversations.MediaFailed, int64(0)}, []any{shown[0].State, shown[0].Size})
	file, err := w.db.Media(t.Context(), service, f.File)
	require.NoError(t, err)
	assert.Equal(t, gone.Reason, file.Reason)
	letters := w.deadLetters()
	require.Len(t, letters, 1)
	assert.Equal(t, []any{"fetch", string(f.File), 63019, gone.Reason},
		[]any{letters[0].Topic, letters[0].Key, letters[0].ErrorCode, letters[0].Reason})
	assert.NotContains(t, string(letters[0].Payload), "carrier.example")
}

func TestAMessageOfNothingButFailedFilesFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice, carla, bob)
	w.receive(photo("in1", alice, "", "a.png"), inbound("in2", alice, "next"))
	w.notes.taken()
	w.arrives(w.fetches()[0], gone)
	for _, d := range w.deliveries()[:2] {
		assert.Equal(t, []any{conversations.ProgressDone, conversations.StatusFailed, 63019, 0},
			[]any{d.Progress, d.Status, d.ErrorCode, d.Delivery.Attempts})
		assert.NotEmpty(t, d.Reason)
	}
	assert.ElementsMatch(t, []string{"settled wa failed", "settled sms failed"}, w.notes.taken())
	assert.Equal(t, []string{"next", "next"}, w.sendAll(whole), "the lines go on")
}

func TestAFileIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice, carla)
	w.receive(photo("in1", alice, "look", "a.png"))
	waits := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 320 * time.Second}
	for _, wait := range waits {
		w.due = nil
		w.arrives(w.fetches()[0], busy)
		assert.Empty(t, w.fetches())
		require.Equal(t, []time.Time{w.clock.now().Add(wait)}, w.due)
		next, err := w.Resume(t.Context())
		require.NoError(t, err)
		assert.Equal(t, w.clock.now().Add(wait), next)
		assert.Empty(t, w.fetches(), "not before its time")
		w.clock.advance(wait)
		next, err = w.Resume(t.Context())
		require.NoError(t, err)
		assert.True(t, next.IsZero())
		require.Len(t, w.fetches(), 1)
		assert.Empty(t, w.sends())
	}
	w.arrives(w.fetches()[0], busy)
	assert.Len(t, w.deadLetters(), 1, "the eighth attempt was the last")
	assert.Empty(t, w.claimOnly(whole).Message.Media)
}

func TestTheCarriersPauseAndOurOwnFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice, carla)
	w.receive(photo("in1", alice, "look", "a.png"))
	w.arrives(w.fetches()[0], bridge.Fetched{Reason: "slow down", Retry: true, After: time.Hour})
	assert.Equal(t, []time.Time{w.clock.now().Add(time.Hour)}, w.due)
	w.clock.advance(time.Hour)
	_, err := w.Resume(t.Context())
	require.NoError(t, err)
	w.due = nil
	w.arrives(w.fetches()[0], bridge.Fetched{Reason: "slow down", Retry: true, After: 24 * time.Hour})
	assert.Equal(t, []time.Time{w.clock.now().Add(time.Hour)}, w.due, "retry.max")
	for range 20 {
		w.clock.advance(time.Hour)
		_, err := w.Resume(t.Context())
		require.NoError(t, err)
		w.arrives(w.fetches()[0], bridge.Fetched{Reason: "the disk is full", Retry: true, Ours: true})
	}
	assert.Empty(t, w.deadLetters(), "nothing is given up because a disk is full")
}

func TestAnEleventhFileIsNotFetched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice, carla)
	w.receive(photo("in1", alice, "look", strings.Split("a b c d e f g h i j k l", " ")...))
	shown := w.messages(key)[0].Media
	require.Len(t, shown, 12)
	assert.Equal(t, conversations.MediaFetching, shown[9].State)
	assert.Equal(t, conversations.MediaFailed, shown[10].State)
	file, err := w.db.Media(t.Context(), service, shown[11].ID)
	require.NoError(t, err)
	assert.Contains(t, file.Reason, "10 files")
	for _, task := range w.fetches() {
		w.arrives(task, here)
	}
	assert.Len(t, w.claimOnly(whole).Message.Media, 10)
}

// Settled twice, begun twice, or settled by who was too slow: the first one counts.
func TestAFetchIsSettledOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice, carla)
	w.receive(photo("in1", alice, "look", "a.png"))
	task := w.fetches()[0]
	f := w.arrives(task, here)
	require.NoError(t, w.SettleFetch(t.Context(), task.seq, f, gone))
	require.NoError(t, w.SettleFetch(t.Context(), task.seq, f, here))
	assert.Nil(t, w.begin(task))
	assert.Len(t, w.sends(), 1)
	file, err := w.db.Media(t.Context(), service, f.File)
	require.NoError(t, err)
	assert.Equal(t, conversations.MediaKept, file.State)
	assert.Empty(t, w.deadLetters())
}

// What a crash left of a fetch is taken up at the next start, whatever it had done.
func TestAFetchOutlastsACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.conversation(alice, carla)
	w.receive(photo("in1", alice, "look", "a.png", "b.png", "c.png"))
	tasks := w.fetches()
	w.arrives(tasks[0], here)
	w.arrives(tasks[1], busy)
	w.begin(tasks[2])
	w.crash()
	require.Len(t, w.fetches(), 1, "the task that was under way is there still, and has no second one")

	// A process that stops cleanly acknowledges what it did not finish.
	require.NoError(t, w.db.Update(t.Context(), func(tx *store.Tx) error { return tx.Finish(tasks[2].seq) }))
	w.crash()
	require.Len(t, w.fetches(), 1)
	w.arrives(w.fetches()[0], here)
	w.crash()
	assert.Empty(t, w.fetches(), "the one that failed is not due")
	assert.Empty(t, w.sends(), "and its message waits")
	w.clock.advance(5 * time.Second)
	_, err := w.Resume(t.Context())
	require.NoError(t, err)
	w.arrives(w.fetches()[0], here)
	assert.Len(t, w.claimOnly(whole).Message.Media, 3)
}

func TestFilesOfADeletedMessageAreForgotten(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	key := g.conversation(alice, carla)
	g.receive(photo("in1", alice, "look", "a.png", "b.png"), inbound("in2", alice, "next"))
	tasks := g.fetches()
	kept := g.write("a,b")
	_, running := g.arrives(tasks[0], here), g.begin(tasks[1])
	require.NoError(t, g.DeleteMessage(t.Context(), system, service, key, g.messages(key)[0].ID))
	assert.Zero(t, g.count("SELECT count(*) FROM fetches"))
	assert.Zero(t, g.count("SELECT count(*) FROM media"))
	assert.Equal(t, []string{"next"}, g.sendAll(whole), "nobody waits for them")
	g.clean()

	running.File = kept.ID // its bytes come when nobody wants them any more
	require.NoError(t, g.SettleFetch(t.Context(), tasks[1].seq, *running, here))
	g.requireKept(kept.ID, false, false, "the bytes go too")
	assert.Nil(t, g.begin(tasks[1]))
	g.crash()
	assert.Empty(t, g.fetches())

	g.receive(photo("in3", alice, "look", "c.png"))
	require.NoError(t, g.DeleteConversation(t.Context(), system, service, key))
	assert.Zero(t, g.count("SELECT count(*) FROM fetches"))
	assert.Zero(t, g.count("SELECT count(*) FROM media"))
}

func TestAllFilesOfAMessageTogetherAreBounded(t *testing.T) {
	t.Parallel()
	g := newGallery(t)
	g.conversation(alice, carla)
	g.receive(photo("in1", alice, "look", "a.png", "b.png"))
	tasks := g.fetches()
	late := g.begin(tasks[1]) // when there was room
	large := here
	large.Size = conversations.MaxMediaBytes - 6
	g.arrives(tasks[0], large)
	require.NoError(t, g.SettleFetch(t.Context(), tasks[1].seq, *late, here))
	assert.Len(t, g.claimOnly(whole).Message.Media, 1)
	assert.Contains(t, g.deadLetters()[0].Reason, "together")
}
