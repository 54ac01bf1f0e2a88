package bridge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/bridge"
	"bridged/conversations"
)

// Whatever the order in which files come, fail or are cut off by crashes, every
// text goes out once, in the order of its pair, and with the files that are here.
func TestFilesNeverChangeTheOrderOfAPair(t *testing.T) {
	t.Parallel()
	w, run := newWorld(t), 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		key := w.conversation(alice, carla)
		var written, handed []string
		files := map[string]int{} // that were kept, by the message's text
		of := map[conversations.MessageID]string{}
		send := func() {
			for _, task := range w.sends() {
				if c := w.claim(task, whole); c != nil {
					handed = append(handed, c.Part.Text)
					require.Len(rt, c.Message.Media, files[c.Part.Text], c.Part.Text)
					for c != nil {
						var err error
						c, err = w.Settle(t.Context(), *c, w.accepted(), whole)
						require.NoError(rt, err)
					}
				}
			}
		}
		settle := func(r bridge.Fetched, which int) {
			tasks := w.fetches()
			if len(tasks) == 0 {
				return
			}
			f := w.arrives(tasks[which%len(tasks)], r)
			if r.Reason == "" {
				files[of[f.Message]]++
			}
		}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"text", "photo", "here", "gone", "busy", "send", "crash", "wait"}).Draw(rt, "step") {
			case "text", "photo":
				text := fmt.Sprintf("%d", len(written))
				n := rapid.IntRange(0, 3).Draw(rt, "files")
				w.receive(photo(fmt.Sprint("in", run, " ", text), alice, text, strings.Split("abc", "")[:n]...))
				written = append(written, text)
				of[conversations.MessageID(w.texts("SELECT id FROM messages ORDER BY idx DESC LIMIT 1")[0])] = text
			case "here":
				settle(here, rapid.IntRange(0, 9).Draw(rt, "which"))
			case "gone":
				settle(gone, rapid.IntRange(0, 9).Draw(rt, "which"))
			case "busy":
				settle(busy, rapid.IntRange(0, 9).Draw(rt, "which"))
			case "send":
				send()
			case "crash":
				w.crash()
			case "wait":
				w.clock.advance(10 * time.Minute)
				_, err := w.Resume(t.Context())
				require.NoError(rt, err)
			}
		}
		for w.count("SELECT count(*) FROM fetches") > 0 {
			w.clock.advance(10 * time.Minute)
			_, err := w.Resume(t.Context())
			require.NoError(rt, err)
			settle(here, 0)
		}
		for len(w.sends()) > 0 {
			send()
		}
		require.True(rt, slices.Equal(written, handed), "%v went out as %v", written, handed)
		require.NoError(rt, w.DeleteConversation(t.Context(), system, service, key))
	})
}
