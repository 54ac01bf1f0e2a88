package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// lettersBy runs dead-letters on the running installation, which has to succeed.
func (w *world) lettersBy(args ...string) (stdout string) {
	w.t.Helper()
	status, stdout, stderr := w.command(append([]string{"dead-letters"}, args...)...)
	require.Zero(w.t, status, stderr)
	return stdout
}

// A carrier refuses until its message is a dead letter; it is mended, and the
// operator has the message sent.
func TestAnOperatorHasWhatWasGivenUpSentAgain(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	broken.Store(true)
	w := newWorld(t, setup{twilioFault: func(s fakecarrier.Sent) fakecarrier.Fault {
		if broken.Load() && strings.HasPrefix(s.Body, "doomed") {
			return fakecarrier.Fault{Status: 503, Body: `{"code":20503,"message":"gone\u001b[2Jfishing"}`}
		}
		return fakecarrier.Fault{}
	}})
	conversation := w.converse()
	for n := range 3 {
		w.bobWrites(fmt.Sprintf("wamid.%d", n), fmt.Sprintf("doomed %d", n))
	}
	eventually(t, func() bool { return len(w.letters()) == 3 }, "they are given up")
	letters := w.letters()
	list := w.messages(conversation)
	assert.Equal(t, "all", w.delivery(conversation, *list[0].Sid)["failed"])

	table := w.lettersBy("list", "--channel", "sms-main", "--topic", "outbound", "--since", "1h")
	assert.Len(t, strings.Split(strings.TrimSpace(table), "\n"), 4, table)
	assert.Contains(t, table, "gone [2Jfishing", "a carrier does not command the terminal")
	assert.NotContains(t, w.lettersBy("--topic", "fetch"), "outbound")
	id := strconv.FormatInt(letters[2].ID, 10)
	var shown map[string]any
	require.NoError(t, json.Unmarshal([]byte(w.lettersBy("show", id, "--json")), &shown))
	assert.Equal(t, []any{"open", letters[2].DeliverySID, "sms-main"}, []any{shown["state"], shown["delivery_sid"], shown["channel"]})
	assert.Regexp(t, `(?m)^delivery: +`+letters[2].DeliverySID+`$`, w.lettersBy("show", id))

	assert.Contains(t, w.lettersBy("discard", id, "--reason", "nobody waits for it"), "discarded")
	assert.Len(t, w.letters(), 2)
	assert.Contains(t, w.lettersBy("list", "--discarded", "--json"), `"discard_reason":"nobody waits for it"`)
	status, _, stderr := w.command("dead-letters", "redrive", id)
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "it was discarded: nobody waits for it")

	broken.Store(false)
	before := len(w.twilio.Sent())
	assert.Equal(t, "redriven: 2, refused: 0\n", w.lettersBy("redrive", "--channel", "sms-main"))
	eventually(t, func() bool { return len(w.twilio.Sent()) == before+2 }, "they go out")
	assert.Equal(t, []string{"doomed 0", "doomed 1"}, bodies(w.twilio.Sent()[before:]), "in their order, and not what was discarded")
	eventually(t, func() bool { return w.delivery(conversation, *list[1].Sid)["sent"] == "all" }, "the receipt says so")
	assert.Equal(t, []string{"refused", "refused", "refused", "refused", "accepted"}, w.detailOf(conversation, 0).outcomes(), "what was tried is kept")
	assert.Equal(t, "all", w.delivery(conversation, *list[2].Sid)["failed"])

	first := strconv.FormatInt(letters[0].ID, 10)
	status, _, stderr = w.command("dead-letters", "redrive", first)
	assert.Equal(t, 1, status, "it cannot be sent twice")
	assert.Contains(t, stderr, "it may have been redriven already")
	assert.Equal(t, http.StatusNotFound, w.call(http.MethodGet, "/bridged/v1/dead-letters/"+first, nil, nil))
	assert.JSONEq(t, `{"redriven":[],"refused":[]}`, w.lettersBy("redrive", "--all", "--json"))
	assert.Len(t, w.twilio.Sent(), before+2)
}
