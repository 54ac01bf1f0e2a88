package pipeline_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/store"
)

// notices hears what listeners are told, and answers by chance.
type notices struct {
	tell func(n conversations.Notice, attempts int) conversations.Telling

	mu    sync.Mutex
	heard map[string][]string // what was told, by key
}

func (n *notices) Tell(_ context.Context, notice conversations.Notice, attempts int) conversations.Telling {
	n.mu.Lock()
	defer n.mu.Unlock()
	t := n.tell(notice, attempts)
	if t.Over {
		n.heard[notice.Key()] = append(n.heard[notice.Key()], notice.Form)
	}
	return t
}

func (n *notices) told(key string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.heard[key]...)
}

// enqueueNotice adds a notice to the outbox.
func (w *world) enqueueNotice(n conversations.Notice) {
	w.t.Helper()
	task, err := bridge.NoticeTask(n)
	require.NoError(w.t, err)
	require.NoError(w.t, w.db.Update(w.t.Context(), func(tx *store.Tx) error { return tx.Enqueue(task) }))
}

// Whatever becomes of the attempts, each listener hears of a conversation's events once
// and in order.
func TestNoticesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	const lines, each = 12, 25
	failures := make(map[string]int)
	teller := &notices{heard: make(map[string][]string)}
	chance := rand.New(rand.NewPCG(1, 2)) // under the lock of notices
	teller.tell = func(n conversations.Notice, attempts int) conversations.Telling {
		which := n.Key() + " " + n.Form
		assert.Equal(t, failures[which], attempts, "failures are counted, and nothing else is")
		switch chance.IntN(4) {
		case 0:
			failures[which]++
			return conversations.Telling{Failed: true, Wait: time.Millisecond}
		case 1:
			return conversations.Telling{Wait: time.Millisecond}
		}
		return conversations.Telling{Over: true}
	}
	w := newWorld(t, options{notices: teller})
	var want []string
	for e := range each {
		want = append(want, strconv.Itoa(e))
		for l := range lines {
			w.enqueueNotice(conversations.Notice{Listener: "a", Conversation: conversations.ConversationID(strconv.Itoa(l)), Form: strconv.Itoa(e)})
		}
	}
	for l := range lines {
		key := conversations.Notice{Listener: "a", Conversation: conversations.ConversationID(strconv.Itoa(l))}.Key()
		eventually(t, func() bool { return len(teller.told(key)) >= each }, "all are told")
		assert.Equal(t, want, teller.told(key))
	}
}

func TestWhatIsLeftOfANoticeIsTakenUp(t *testing.T) {
	t.Parallel()
	teller := &notices{heard: make(map[string][]string)}
	var steps []int64
	teller.tell = func(n conversations.Notice, attempts int) conversations.Telling {
		if n.Replay == nil {
			return conversations.Telling{Over: true}
		}
		steps = append(steps, n.Replay.From, int64(attempts))
		rest := n
		rest.Replay = &conversations.Replay{From: n.Replay.From + 1, Until: n.Replay.Until}
		switch {
		case n.Replay.From == 2 && attempts == 0:
			return conversations.Telling{Rest: &n, Failed: true}
		case rest.Replay.From == rest.Replay.Until:
			return conversations.Telling{Over: true}
		}
		return conversations.Telling{Rest: &rest}
	}
	w := newWorld(t, options{notices: teller})
	w.enqueueNotice(conversations.Notice{Listener: "a", Conversation: "c", Form: "replay", Replay: &conversations.Replay{Until: 4}})
	w.enqueueNotice(conversations.Notice{Listener: "a", Conversation: "c", Form: "newer"})
	eventually(t, func() bool { return len(teller.told("a c")) == 2 }, "all is told")
	assert.Equal(t, []string{"replay", "newer"}, teller.told("a c"))
	assert.Equal(t, []int64{0, 0, 1, 0, 2, 0, 2, 1, 3, 0}, steps)
}

func TestANoticeThatIsGivenUpIsADeadLetter(t *testing.T) {
	t.Parallel()
	teller := &notices{heard: make(map[string][]string)}
	down := true
	teller.tell = func(n conversations.Notice, _ int) conversations.Telling {
		if down && n.Form == "secret" {
			return conversations.Telling{GivenUp: "it is down"}
		}
		return conversations.Telling{Over: true}
	}
	w := newWorld(t, options{notices: teller})
	since := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	w.enqueueNotice(conversations.Notice{Listener: "a", Conversation: "c", Form: "secret", Since: since})
	w.enqueueNotice(conversations.Notice{Listener: "a", Conversation: "c", Form: "next"})
	eventually(t, func() bool { return len(teller.told("a c")) == 1 }, "the next one is told")
	letters, err := w.db.DeadLetters(t.Context(), conversations.DeadLetterFilter{Topic: bridge.TopicWebhooks}, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, letters.Items, 1)
	assert.Equal(t, []string{"a c", "it is down", ""}, []string{letters.Items[0].Key, letters.Items[0].Reason, string(letters.Items[0].Payload)})

	teller.mu.Lock()
	down = false
	var again time.Time
	was := teller.tell
	teller.tell = func(n conversations.Notice, attempts int) conversations.Telling {
		again = n.Since
		return was(n, attempts)
	}
	teller.mu.Unlock()
	_, err = w.bridge.Redrive(t.Context(), letters.Items[0].Seq)
	require.NoError(t, err)
	eventually(t, func() bool { return len(teller.told("a c")) == 2 }, "it is told")
	teller.mu.Lock()
	defer teller.mu.Unlock()
	assert.Less(t, time.Since(again), time.Minute, "it has a new life")
}
