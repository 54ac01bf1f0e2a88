package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"
)

// The resources of testdata/export, by the ends of their SIDs.
func exported(kind, end string) string {
	return kind + strings.Repeat("0", 25) + "abc0" + end
}

// command runs the program beside the daemon, and returns its exit status.
func (w *world) command(args ...string) (status int, stdout, stderr string) {
	w.t.Helper()
	c := exec.CommandContext(w.t.Context(), binary, append(args, "--config", w.file, "--url", w.URL)...)
	var out, errs bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = w.t.TempDir(), &out, &errs
	if err := c.Run(); err != nil {
		exit := &exec.ExitError{}
		require.ErrorAs(w.t, err, &exit)
		status = exit.ExitCode()
	}
	return status, out.String(), errs.String()
}

// shown is everything that REST shows of what was imported.
func (w *world) shown() (all []any) {
	w.t.Helper()
	var list struct{ Conversations []map[string]any }
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/v1/Conversations?PageSize=100", nil, &list))
	for _, c := range list.Conversations {
		var participants, messages any
		at := "/v1/Conversations/" + c["sid"].(string)
		require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, at+"/Participants?PageSize=100", nil, &participants))
		require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, at+"/Messages?PageSize=100", nil, &messages))
		all = append(all, c, participants, messages)
	}
	return all
}

func TestImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	from, err := filepath.Abs("testdata/export")
	require.NoError(t, err)
	report := filepath.Join(w.dir, "report.jsonl")
	elsewhere := w.newConversation()
	require.NoError(t, w.addPair(elsewhere, "+15550200009", smsProxy)) // a pair that the export has, too
	before := w.shown()

	// A dry run tells the same and changes nothing.
	status, stdout, stderr := w.command("import", "--from", from, "--dry-run", "--report", report)
	require.Equal(t, 1, status, "%s%s", stdout, stderr)
	assert.Contains(t, stdout, "dry run: nothing is stored\n")
	assert.Regexp(t, `(?m)^conversations +3 +0 +1$`, stdout)
	assert.Equal(t, before, w.shown())
	dry, err := os.ReadFile(report)
	require.NoError(t, err)

	status, stdout, stderr = w.command("import", "--from", from, "--report", report)
	require.Equal(t, 1, status, "%s%s", stdout, stderr)
	assert.Regexp(t, `(?m)^conversations +3 +0 +1$`, stdout)
	assert.Regexp(t, `(?m)^messages +4 +0 +2$`, stdout)
	assert.Regexp(t, `(?m)^participants +5 +0 +2$`, stdout)
	assert.Regexp(t, `(?m)^no such resource +1$`, stdout)
	assert.Contains(t, stderr, "importing messages: 6\n")
	assert.Contains(t, stderr, "bridged: refused: 6; "+report+" says which, and why\n")
	full, err := os.ReadFile(report)
	require.NoError(t, err)
	assert.Equal(t, string(dry), string(full))
	assert.Equal(t, map[string]float64{
		exported("CH", "040"): 50304, // spoiled attributes
		exported("IM", "401"): 20404, // whose conversation was refused
		exported("IM", "104"): 20001, // a date that is none
		exported("MB", "031"): 50416, // its pair is live elsewhere
		exported("MB", "032"): 50413, // its proxy address is nobody's
		"line 4":              0,     // cut off
	}, refusals(t, full))

	w.checkImported()
	imported := w.shown()
	status, stdout, stderr = w.command("import", "--from", from)
	require.Equal(t, 1, status, "%s%s", stdout, stderr)
	assert.Regexp(t, `(?m)^messages +0 +4 +2$`, stdout)
	assert.Equal(t, imported, w.shown(), "again: nothing changes")

	// History texts nobody; what is said from now on goes out and has the next index.
	sid := exported("CH", "010")
	w.aliceWrites("SM1", "I still like pie.")
	eventually(t, func() bool { return len(w.cloud.Sent()) > 0 }, "what Alice writes goes to Bob")
	assert.Equal(t, []string{"I still like pie."}, bodies(w.cloud.Sent()))
	assert.Empty(t, w.twilio.Sent())
	list := w.messages(sid)
	require.Len(t, list, 4)
	assert.Equal(t, 5, list[3].Index)
	assert.Equal(t, exported("MB", "011"), *list[3].ParticipantSid)
}

// refusals are the codes of what a report says was refused.
func refusals(t *testing.T, report []byte) map[string]float64 {
	t.Helper()
	codes := map[string]float64{}
	for line := range bytes.Lines(report) {
		var r struct {
			File, Place, SID, Outcome, Message string
			Code                               float64
		}
		require.NoError(t, json.Unmarshal(line, &r), "%s", line)
		if r.Outcome != "refused" {
			continue
		}
		require.NotEmpty(t, r.Message)
		if r.SID == "" {
			r.SID = r.Place
		}
		codes[r.SID] = r.Code
	}
	return codes
}

// checkImported compares what the helper library lists with the export.
func (w *world) checkImported() {
	t := w.t
	t.Helper()
	c, err := w.api.FetchConversation("order-4711")
	require.NoError(t, err)
	sid := exported("CH", "010")
	assert.Equal(t, []string{sid, "Home Repair Visit", `{ "topic": "feedback" }`, "active"}, []string{*c.Sid, *c.FriendlyName, *c.Attributes, *c.State})
	assert.Equal(t, "2024-03-24T20:37:57Z", c.DateCreated.Format("2006-01-02T15:04:05Z"))
	assert.Equal(t, "2024-03-24T20:38:21Z", c.DateUpdated.Format("2006-01-02T15:04:05Z"))
	assert.Equal(t, map[string]any{"date_inactive": "2034-03-24T20:38:21Z"}, *c.Timers)

	messages := w.messages(sid)
	require.Len(t, messages, 3)
	for i, want := range []struct {
		sid, author, participant, created string
		index                             int
	}{
		{exported("IM", "101"), alice, exported("MB", "011"), "2024-03-24T20:38:00Z", 0},
		{exported("IM", "102"), bob, exported("MB", "012"), "2024-03-24T20:39:00Z", 1},
		{exported("IM", "103"), "carol@example.com", exported("MB", "013"), "2024-03-24T20:40:00Z", 4},
	} {
		m := messages[i]
		assert.Equal(t, want.index, m.Index)
		assert.Equal(t, []string{want.sid, want.author, want.participant, want.created, `{ "importance": "high" }`},
			[]string{*m.Sid, *m.Author, *m.ParticipantSid, m.DateCreated.Format("2006-01-02T15:04:05Z"), *m.Attributes})
	}
	assert.Equal(t, "Cake is my favorite! 🍰", *messages[1].Body)
	assert.Nil(t, messages[2].Body)
	require.Len(t, *messages[2].Media, 1)
	assert.Equal(t, "car.jpg", (*messages[2].Media)[0].(map[string]any)["filename"])

	participants, err := w.api.ListConversationParticipant(sid, &conversations.ListConversationParticipantParams{})
	require.NoError(t, err)
	require.Len(t, participants, 3)
	assert.Equal(t, []string{exported("MB", "011"), exported("MB", "012"), exported("MB", "013")},
		[]string{*participants[0].Sid, *participants[1].Sid, *participants[2].Sid})
	assert.Equal(t, map[string]any{"type": "sms", "address": alice, "proxy_address": smsProxy}, *participants[0].MessagingBinding)
	assert.Equal(t, 4, *participants[1].LastReadMessageIndex)
	assert.Equal(t, "2024-03-24T21:00:00Z", *participants[1].LastReadTimestamp)
	assert.Equal(t, "carol@example.com", *participants[2].Identity)

	closed, err := w.api.FetchConversation(exported("CH", "020"))
	require.NoError(t, err)
	assert.Equal(t, "closed", *closed.State)
	assert.Len(t, w.messages(exported("CH", "020")), 1)
}
