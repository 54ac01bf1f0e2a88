package e2e

import (
	"context"
	"database/sql"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the database is locked from outside

	"bridged/e2e/fakecarrier"
	"bridged/sign"
)

// breakStore makes the database unusable for the daemon, until it is mended: a
// file is locked, a server takes no connections any more.
func (w *world) breakStore() (mend func()) {
	w.t.Helper()
	if w.place != nil {
		return w.place.CutOff(w.t)
	}
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.dir, "bridged-data", "bridged.db")+"?_pragma=busy_timeout(10000)")
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = db.Close() })
	conn, err := db.Conn(w.t.Context())
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	_, err = conn.ExecContext(w.t.Context(), "BEGIN IMMEDIATE")
	require.NoError(w.t, err)
	return func() {
		w.t.Helper()
		_, err := conn.ExecContext(context.Background(), "ROLLBACK")
		require.NoError(w.t, err)
	}
}

// refusedForNow requires that a message of Alice's is answered as carriers
// understand it: not now, come again.
func (w *world) refusedForNow(m fakecarrier.Message) {
	w.t.Helper()
	form := url.Values{"MessageSid": {m.ID}, "From": {m.From}, "To": {m.To}, "Body": {m.Body}}
	answer := w.post("/hooks/sms-main", http.Header{
		"Content-Type":       {"application/x-www-form-urlencoded"},
		"X-Twilio-Signature": {sign.Form(carrierKey, w.URL+"/hooks/sms-main", form)},
	}, []byte(form.Encode()))
	require.Equal(w.t, http.StatusServiceUnavailable, answer.StatusCode)
	require.Regexp(w.t, `^[1-9]\d*$`, answer.Header.Get("Retry-After"))
}

// readiness is the status of /readyz, 0 if there is no answer.
func (w *world) readiness() int {
	answer, err := http.Get(w.Admin + "/readyz")
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestAnUnusableDatabaseLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "before")
	release := w.breakStore()
	message := fakecarrier.Message{ID: "SM00000000000000000000000000000002", From: alice, To: smsProxy, Body: "are you there?"}
	ready, rest := make(chan int, 1), make(chan int, 1) // all at once: each may wait for a lock
	go func() { ready <- w.readiness() }()
	go func() { rest <- w.call(http.MethodPost, "/v1/Conversations", url.Values{}, nil) }()
	w.refusedForNow(message)
	assert.Equal(t, http.StatusServiceUnavailable, <-ready)
	assert.Equal(t, http.StatusServiceUnavailable, <-rest)

	release()
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main", message))
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 }, "it recovers by itself")
	assert.Equal(t, []string{"before", "are you there?"}, bodies(w.cloud.Sent()), "what was accepted before is not lost")
	assert.Len(t, w.messages(conversation), 2)
	eventually(t, func() bool { return w.readiness() == http.StatusOK }, "it says that it is ready again")
}

// Between the send and its record the store may be unusable: the answer of the
// carrier is not forgotten, and nothing goes out twice.
func TestAnUnusableDatabaseDuringASendDoesNotSendTwice(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	w := newWorld(t, setup{cloudFault: func(fakecarrier.Sent) fakecarrier.Fault {
		entered <- struct{}{}
		<-leave
		return fakecarrier.Fault{}
	}})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "once")
	<-entered
	release := w.breakStore()
	close(leave)
	eventually(t, func() bool { return strings.Contains(w.Log(), "the store cannot commit") }, "it is felt")
	release()
	message := *w.messages(conversation)[0].Sid
	eventually(t, func() bool { return w.delivery(conversation, message)["sent"] == "all" }, "the answer is recorded")
	assert.Len(t, w.cloud.Sent(), 1)
}

// A broken store keeps the first message from being stored, so that it fills the backlog
// as long as the test likes.
func TestBeyondTheBacklogCarriersAreAskedToComeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: "[limits]\nbacklog = 1\n"})
	conversation := w.converse()
	release := w.breakStore()
	first := make(chan error, 1)
	go func() {
		for { // the carrier comes again
			status, err := w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main",
				fakecarrier.Message{ID: "SM00000000000000000000000000000001", From: alice, To: smsProxy, Body: "the first"})
			if err != nil || status != http.StatusServiceUnavailable {
				first <- accept(status, err)
				return
			}
		}
	}()
	eventually(t, func() bool { return w.metric("bridged_backlog") == "1" }, "the backlog is full")
	second := fakecarrier.Message{ID: "SM00000000000000000000000000000002", From: alice, To: smsProxy, Body: "the second"}
	w.refusedForNow(second)
	release()
	require.NoError(t, <-first)
	eventually(t, func() bool { return w.metric("bridged_backlog") == "0" }, "there is room again")
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main", second))
	eventually(t, func() bool { return len(w.messages(conversation)) == 2 }, "both are there")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 }, "and relayed")
	assert.Equal(t, []string{"the first", "the second"}, bodies(w.cloud.Sent()))
}
