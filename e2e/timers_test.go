package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// timed is what REST shows of a conversation's state.
type timed struct {
	SID, State string
	Timers     struct {
		DateInactive *time.Time `json:"date_inactive"`
		DateClosed   *time.Time `json:"date_closed"`
	}
}

func (w *world) timersOf(conversation string) (c timed) {
	w.t.Helper()
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/v1/Conversations/"+conversation, nil, &c))
	return c
}

// withTimers is an export of a conversation whose timers are due at these times: an
// import has no shortest timer to wait for.
func withTimers(sid string, updated, inactive, closed time.Time) any {
	dates := map[string]string{"date_inactive": inactive.Format(time.RFC3339)}
	if !closed.IsZero() {
		dates["date_closed"] = closed.Format(time.RFC3339)
	}
	return map[string]any{
		"sid": sid, "account_sid": account, "state": "active", "timers": dates, "attributes": "{}",
		"date_created": updated.Format(time.RFC3339), "date_updated": updated.Format(time.RFC3339),
		"url": "https://conversations.twilio.com/v1/Conversations/" + sid,
	}
}

// imports has resources imported, which have to be new.
func (w *world) imports(resources ...any) {
	w.t.Helper()
	body, err := json.Marshal(map[string]any{"resources": resources})
	require.NoError(w.t, err)
	answer := w.requestWith(http.MethodPost, "/bridged/v1/import", "application/json", strings.NewReader(string(body)), nil)
	defer answer.Body.Close()
	var reply struct {
		Results []struct{ Outcome, Message string }
	}
	require.NoError(w.t, json.NewDecoder(answer.Body).Decode(&reply))
	require.Len(w.t, reply.Results, len(resources))
	for _, r := range reply.Results {
		require.Equal(w.t, "created", r.Outcome, r.Message)
	}
}

// becomes waits until a conversation has a state, and requires that it got it within
// a second of the time at which it was due.
func (w *world) becomes(conversation, state string, due time.Time) timed {
	w.t.Helper()
	var c timed
	eventually(w.t, func() bool { c = w.timersOf(conversation); return c.State == state }, "%s becomes %s", conversation, state)
	assert.WithinDuration(w.t, due, time.Now(), time.Second)
	assert.False(w.t, time.Now().Before(due), "not before its time")
	return c
}

// numberedSID is the SID of the n-th conversation that a test imports.
func numberedSID(n int) string { return fmt.Sprintf("CH%032x", 0xabc+n) }

// The dates of page 35 come in a daemon that runs, and what was due while none ran
// is made up for when it starts.
func TestTimersFire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	begin := time.Now().UTC().Truncate(time.Second)
	inactive, closed := begin.Add(3*time.Second), begin.Add(5*time.Second)
	w.imports(withTimers(numberedSID(1), begin, inactive, closed), withTimers(numberedSID(2), begin, begin.Add(7*time.Second), time.Time{}))
	require.NoError(t, w.addPair(numberedSID(1), "+15550200009", smsProxy))
	c := w.timersOf(numberedSID(1))
	require.Equal(t, "active", c.State)
	require.Equal(t, inactive, *c.Timers.DateInactive)

	c = w.becomes(numberedSID(1), "inactive", inactive)
	assert.Nil(t, c.Timers.DateInactive)
	assert.Equal(t, closed, *c.Timers.DateClosed)
	c = w.becomes(numberedSID(1), "closed", closed)
	assert.Nil(t, c.Timers.DateClosed)
	var refused struct{ Code int }
	require.Equal(t, http.StatusBadRequest, w.call(http.MethodPost, "/v1/Conversations/"+numberedSID(1)+"/Messages", formOf("Body", "late"), &refused))
	assert.Equal(t, 50377, refused.Code)
	require.NoError(t, w.addPair(w.newConversation(), "+15550200009", smsProxy), "its pair is free")

	require.Equal(t, "active", w.timersOf(numberedSID(2)).State)
	require.NoError(t, w.Kill())
	<-time.After(time.Until(begin.Add(8 * time.Second)))
	w.start()
	eventually(t, func() bool { return w.timersOf(numberedSID(2)).State == "inactive" }, "what was due meanwhile")
	w.write(numberedSID(2), "a message")
	assert.Equal(t, "active", w.timersOf(numberedSID(2)).State)
}

// The shortest timer that REST takes, in real time; for BRIDGED_LONG=1 only, because
// it takes a minute.
func TestTheShortestTimer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	var c timed
	begin := time.Now()
	require.Equal(t, http.StatusCreated, w.call(http.MethodPost, "/v1/Conversations", formOf("Timers.Inactive", "PT1M"), &c))
	assert.WithinDuration(t, begin.Add(time.Minute), *c.Timers.DateInactive, time.Second)
	for timer, hint := range map[string]string{"P1M": "use days", "P1Y": "use days", "P1W": "use days", "PT59S": "at least 1m0s"} {
		var refused struct{ Message string }
		require.Equal(t, http.StatusBadRequest, w.call(http.MethodPost, "/v1/Conversations", formOf("Timers.Inactive", timer), &refused), timer)
		assert.Contains(t, refused.Message, hint, timer)
	}
	if os.Getenv("BRIDGED_LONG") == "" {
		return
	}
	<-time.After(time.Until(begin.Add(58 * time.Second)))
	w.becomes(c.SID, "inactive", *c.Timers.DateInactive)
}
