package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatAClientHasIsNotSentAgain(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	for _, path := range []string{
		"/v1/Conversations", "/v1/Conversations/" + in.conversation, "/v1/Conversations/" + in.conversation + "/Participants/ada",
		"/v1/Conversations/ours/Messages/" + in.message, "/v1/Conversations/ours/Messages",
	} {
		first := do(t, in, http.MethodGet, path, "")
		tag := first.header.Get("ETag")
		require.Regexp(t, `^"[0-9a-f]{32}"$`, tag, path)
		for _, known := range []string{tag, "W/" + tag, "*", `"x", ` + tag, strings.TrimSuffix(tag, `"`) + `-gzip"`} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				a := do(t, in, method, path, "", "If-None-Match", known)
				assert.Equal(t, 304, a.status, known)
				assert.Empty(t, a.body)
				assert.Empty(t, a.header.Get("Content-Type"))
				assert.Contains(t, a.header.Get("ETag"), tag[1:len(tag)-1])
			}
		}
		for _, known := range []string{`"x"`, `""`, "", tag[1:], `W/"x",,`} {
			a := do(t, in, http.MethodGet, path, "", "If-None-Match", known)
			assert.Equal(t, 200, a.status, known)
			assert.Equal(t, first.body, a.body)
		}
	}
	assert.Empty(t, do(t, in, http.MethodGet, "/v1/Nothing", "", "If-None-Match", "*").header.Get("ETag"))
}

func TestTheCompressedAnswersTagIsAnother(t *testing.T) {
	t.Parallel()
	h := longList()
	plain := do(t, h, http.MethodGet, crowd, "").header.Get("ETag")
	packed := do(t, h, http.MethodGet, crowd, "", "Accept-Encoding", "gzip").header.Get("ETag")
	assert.Equal(t, strings.TrimSuffix(plain, `"`)+`-gzip"`, packed)
	a := do(t, h, http.MethodGet, crowd, "", "Accept-Encoding", "gzip", "If-None-Match", packed)
	assert.Equal(t, 304, a.status)
	assert.Equal(t, packed, a.header.Get("ETag"))
	assert.Empty(t, a.header.Get("Content-Encoding"))
}

func TestOnlyWhatIsAsItWasIsChanged(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	within := "/v1/Conversations/" + in.conversation
	for _, path := range []string{within, within + "/Participants/" + in.chat, within + "/Messages/" + in.message} {
		tag := do(t, in, http.MethodGet, path, "").header.Get("ETag")
		for _, stale := range []string{`"x"`, "W/" + tag, "", tag + "x", tag[1 : len(tag)-1]} {
			for _, method := range []string{http.MethodPost, http.MethodDelete} {
				a := do(t, in, method, path, "Attributes={}", "If-Match", stale)
				assert.Equal(t, 412, a.status, "%s %s", method, stale)
				assert.EqualValues(t, 20412, a.json(t)["code"])
			}
		}
		assert.Equal(t, tag, do(t, in, http.MethodGet, path, "").header.Get("ETag"), "nothing has changed")

		changed := do(t, in, http.MethodPost, path, "Attributes=%7B%22a%22%3A1%7D", "If-Match", `"x", `+tag)
		require.Equal(t, 200, changed.status, changed.body)
		fresh := changed.header.Get("ETag")
		assert.NotEqual(t, tag, fresh)
		assert.Equal(t, fresh, do(t, in, http.MethodGet, path, "").header.Get("ETag"), "that of what was answered")
		assert.Equal(t, 412, do(t, in, http.MethodPost, path, "Attributes={}", "If-Match", tag).status)
		assert.Equal(t, 200, do(t, in, http.MethodPost, path+"?PageSize=x", "Attributes={}", "If-Match", "*").status)
	}
	path := within + "/Messages/" + in.message
	tag := do(t, in, http.MethodGet, path, "").header.Get("ETag")
	assert.Equal(t, 204, do(t, in, http.MethodDelete, path, "", "If-Match", strings.TrimSuffix(tag, `"`)+`-gzip"`).status)
	for _, match := range []string{tag, "*"} {
		assert.Equal(t, 404, do(t, in, http.MethodDelete, path, "", "If-Match", match).status)
	}
}

// A repeat finds what it has changed itself, and gets the first answer.
func TestARepeatNeedsNoCondition(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	path := "/v1/Conversations/" + in.conversation
	tag := do(t, in, http.MethodGet, path, "").header.Get("ETag")
	var bodies []string
	for range 2 {
		a := do(t, in, http.MethodPost, path, "FriendlyName=b", "If-Match", tag, "Idempotency-Key", "k")
		assert.Equal(t, 200, a.status)
		bodies = append(bodies, a.body)
	}
	assert.Equal(t, bodies[0], bodies[1])
}

// Of those who change the same at the same time one wins each time, though their
// changes may share a commit.
func TestNoConditionalUpdateIsLost(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	path := "/v1/Conversations/" + in.conversation
	const writers, rounds = 8, 10
	var wins atomic.Int64
	tag := do(t, in, http.MethodGet, path, "").header.Get("ETag")
	for round := range rounds {
		var all sync.WaitGroup
		for writer := range writers {
			all.Go(func() {
				a := do(t, in, http.MethodPost, path, fmt.Sprintf("FriendlyName=%d-%d", round, writer), "If-Match", tag)
				if a.status == 200 {
					wins.Add(1)
				} else {
					assert.Equal(t, 412, a.status, a.body)
				}
			})
		}
		all.Wait()
		require.EqualValues(t, round+1, wins.Load())
		tag = do(t, in, http.MethodGet, path, "").header.Get("ETag")
	}
}
