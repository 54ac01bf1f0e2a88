package e2e

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the database is locked from outside

	"bridged/e2e/fakecarrier"
)

func readAll(r io.Reader) (string, error) {
	text, err := io.ReadAll(r)
	return string(text), err
}

// post makes any request to a hook and returns its answer.
func (w *world) post(path string, header http.Header, body []byte) *http.Response {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.URL+path, bytes.NewReader(body))
	require.NoError(w.t, err)
	r.Header = header
	answer, err := http.DefaultClient.Do(r)
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func TestABadHookRequestIsRefusedAndStoresNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	form := url.Values{"MessageSid": {"SM1"}, "From": {alice}, "To": {smsProxy}, "Body": {"forged"}}.Encode()
	forms := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	forged := forms.Clone()
	forged.Set("X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")

	assert.Equal(t, http.StatusForbidden, w.post("/hooks/sms-main", forged, []byte(form)).StatusCode)
	assert.Equal(t, http.StatusForbidden, w.post("/hooks/sms-main", forms, []byte(form)).StatusCode, "a missing one")
	assert.Equal(t, http.StatusForbidden, w.post("/hooks/wa-main", http.Header{}, []byte(`{}`)).StatusCode)
	assert.Equal(t, http.StatusNotFound, w.post("/hooks/nobody", forms, []byte(form)).StatusCode)
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.post("/hooks/sms-main", forms, make([]byte, 1<<20+1)).StatusCode)
	status, err := w.cloud.PostRaw(t.Context(), w.URL+"/hooks/wa-main", []byte(`{"object":`))
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, status)
	status, err = w.twilio.PostForm(t.Context(), w.URL+"/hooks/sms-main", url.Values{"Body": {"no id"}})
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, status)

	assert.Empty(t, w.messages(conversation))
	assert.Equal(t, "2", w.metric(`bridged_hook_requests_total{channel="sms-main",result="signature"}`))
	assert.Equal(t, "0", w.metric(`bridged_inbound_accepted_total{channel="sms-main"}`))
}

func TestMetaVerifiesTheHook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	for token, want := range map[string]int{"a-verify-token": http.StatusOK, "another": http.StatusForbidden} {
		query := url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {token}, "hub.challenge": {"1158201444"}}
		answer, err := http.Get(w.URL + "/hooks/wa-main?" + query.Encode())
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := readAll(answer.Body)
		require.NoError(t, err)
		assert.Equal(t, want, answer.StatusCode)
		assert.Equal(t, want == http.StatusOK, text == "1158201444")
	}
}

func TestAnUnknownNumberIsAcceptedAndShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.converse()
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main",
		fakecarrier.Message{ID: "SM00000000000000000000000000000001", From: "+15550209999", To: smsProxy, Body: "who is this?"}))
	var list struct {
		Unrouted []struct{ From, To, Reason string }
	}
	eventually(t, func() bool {
		return w.call(http.MethodGet, "/bridged/v1/unrouted", nil, &list) == http.StatusOK && len(list.Unrouted) == 1
	}, "it is shown")
	assert.Equal(t, "+15550209999", list.Unrouted[0].From)
	assert.Contains(t, list.Unrouted[0].Reason, "no live conversation")
	eventually(t, func() bool {
		return w.metric(`bridged_inbound_routed_total{channel="sms-main",result="unrouted"}`) == "1"
	}, "it is counted")
	assert.Contains(t, w.Log(), "+1555•••9999")
	assert.NotContains(t, w.Log(), "+15550209999", "the log masks addresses")
	assert.NotContains(t, w.Log(), "who is this", "and holds no text")
}

// Mexican WhatsApp numbers come with a 1 that people leave out.
func TestTheOtherSpellingOfANumberIsTheSamePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	w.join(conversation, "whatsapp:+525512345678", whatsappProxy)
	w.accepted(w.cloud.Post(t.Context(), w.URL+"/hooks/wa-main", fakecarrier.Message{ID: "wamid.mx", From: "5215512345678", Body: "hola"}))
	eventually(t, func() bool { return len(w.messages(conversation)) == 1 }, "it finds its conversation")
	assert.Equal(t, "whatsapp:+525512345678", *w.messages(conversation)[0].Author)
}

func TestALockedDatabaseLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "bridged-data", "bridged.db"))
	require.NoError(t, err)
	defer db.Close()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)

	message := fakecarrier.Message{ID: "SM00000000000000000000000000000001", From: alice, To: smsProxy, Body: "are you there?"}
	status, err := w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main", message)
	require.NoError(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Equal(t, http.StatusServiceUnavailable, w.readiness())
	assert.Equal(t, http.StatusServiceUnavailable, w.call(http.MethodPost, "/v1/Conversations", url.Values{}, nil))

	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main", message))
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "it recovers by itself")
	assert.Len(t, w.messages(conversation), 1)
	assert.Equal(t, http.StatusOK, w.readiness())
}

func (w *world) readiness() int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, w.Admin+"/readyz", http.NoBody)
	require.NoError(w.t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(w.t, err)
	defer answer.Body.Close()
	return answer.StatusCode
}

// Between the send and its record the store may be locked: the answer of the
// carrier is not forgotten, and nothing goes out twice.
func TestALockDuringASendDoesNotSendTwice(t *testing.T) {
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
	db, err := sql.Open("sqlite", filepath.Join(w.dir, "bridged-data", "bridged.db"))
	require.NoError(t, err)
	defer db.Close()
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	require.NoError(t, err)
	close(leave)
	eventually(t, func() bool { return strings.Contains(w.Log(), "the store cannot commit") }, "the lock is felt")
	_, err = conn.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	message := *w.messages(conversation)[0].Sid
	eventually(t, func() bool { return w.delivery(conversation, message)["sent"] == "all" }, "the answer is recorded")
	assert.Len(t, w.cloud.Sent(), 1)
}
