package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.post("/hooks/sms-main", forms, make([]byte, 4<<20+1)).StatusCode)
	status, err := w.cloud.PostRaw(t.Context(), w.URL+"/hooks/wa-main", []byte(`{"object":`))
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, status)
	status, err = w.twilio.PostForm(t.Context(), w.URL+"/hooks/sms-main", url.Values{"Body": {"no id"}})
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadRequest, status)

	assert.Empty(t, w.messages(conversation))
	assert.Empty(t, w.unrouted())
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
	eventually(t, func() bool { return len(w.unrouted()) == 1 }, "it is shown")
	assert.Equal(t, "+15550209999", w.unrouted()[0].From)
	assert.Contains(t, w.unrouted()[0].Reason, "no live conversation")
	eventually(t, func() bool {
		return w.metric(`bridged_inbound_routed_total{channel="sms-main",result="unrouted"}`) == "1"
	}, "it is counted")
	assert.Contains(t, w.Log(), "+1555•••9999")
	assert.NotContains(t, w.Log(), "+15550209999", "the log masks addresses")
	assert.NotContains(t, w.Log(), "who is this", "and holds no text")
}

// unrouted are the inbound messages that went nowhere.
func (w *world) unrouted() []struct{ From, Reason string } {
	w.t.Helper()
	var list struct {
		Unrouted []struct{ From, Reason string }
	}
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/unrouted", nil, &list))
	return list.Unrouted
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
