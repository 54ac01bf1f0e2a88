package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
)

// call makes a request of the carrier's API.
func (w *world) call(method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, base+path, strings.NewReader(body))
	answer := httptest.NewRecorder()
	w.Handler().ServeHTTP(answer, r)
	return answer
}

// assertError asserts that an answer is an error in the reference's form.
func assertError(t *testing.T, answer *httptest.ResponseRecorder, status, code int, words string) {
	t.Helper()
	var e errorJSON
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &e))
	assert.Equal(t, status, answer.Code)
	assert.Equal(t, "application/json", answer.Header().Get("Content-Type"))
	assert.Equal(t, status, e.Status)
	assert.Equal(t, code, e.Code)
	assert.Contains(t, e.Message, words)
	assert.Equal(t, fmt.Sprintf("https://www.twilio.com/docs/errors/%d", code), e.MoreInfo)
}

func TestAPISendsAsAHandset(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	w.cfg.Now = func() time.Time {
		return time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	}
	answer := w.call(http.MethodPost, "/messages",
		`{"from":"+15550200001","to":["+15550100001"],"body":"<hi>","media_urls":["https://example.com/cat.jpg"]}`)
	require.Equal(t, http.StatusCreated, answer.Code, answer.Body)
	var got idJSON
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &got))
	assert.Regexp(t, `^SM[0-9a-f]{32}$`, got.ID)

	assert.Equal(t, []conversations.Inbound{{
		Channel: "sim-sms", ProviderID: got.ID, From: alice, To: smsProxy, Body: "<hi>",
		Media:  []conversations.Media{{URL: "https://example.com/cat.jpg"}},
		SentAt: time.Date(2026, 3, 4, 4, 6, 7, 0, time.UTC),
	}}, w.bridge.accepted())

	answer = w.call(http.MethodGet, "/handsets/+15550200001/messages", "")
	assert.Equal(t, http.StatusOK, answer.Code)
	assert.JSONEq(t, `{"messages":[{"id":"`+got.ID+`","direction":"sent","from":"+15550200001","to":["+15550100001"],
		"body":"<hi>","media":["https://example.com/cat.jpg"],"at":"2026-03-04T04:06:07Z"}]}`, answer.Body.String())
}

func TestAPIShowsWhatAHandsetGot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	id := w.mustText(t, carla, "hello")
	for _, path := range []string{"whatsapp:%2B15550200003", "whatsapp%3A%2B15550200003", "whatsapp:+15550200003"} {
		var list messagesJSON
		answer := w.call(http.MethodGet, "/handsets/"+path+"/messages", "")
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &list))
		require.Len(t, list.Messages, 1, path)
		assert.Equal(t, id, list.Messages[0].ID)
		assert.Equal(t, Received, list.Messages[0].Direction)
		assert.Equal(t, []string{}, list.Messages[0].Media, "an empty list, not null")
	}
	answer := w.call(http.MethodGet, "/handsets/%2B15550200099/messages", "")
	assert.JSONEq(t, `{"messages":[]}`, answer.Body.String())
}

func TestAPIGroupMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	answer := w.call(http.MethodPost, "/messages",
		`{"from":"+15550200001","to":["+15550200002","+15550100002","+15550100001"],"body":"all","id":"MM1"}`)
	require.Equal(t, http.StatusCreated, answer.Code)
	assert.JSONEq(t, `{"id":"MM1"}`, answer.Body.String())

	require.Len(t, w.bridge.accepted(), 2, "once for each proxy address")
	for i, in := range w.bridge.accepted() {
		assert.Equal(t, []conversations.Address{smsProxy2, smsProxy}[i], in.To)
		assert.Equal(t, [][]conversations.Address{{bob, smsProxy}, {bob, smsProxy2}}[i], in.Others)
		assert.Equal(t, []string{"MM1", "MM1/2"}[i], in.ProviderID)
	}
	got := w.Messages(bob)
	require.Len(t, got, 1, "as in a group text among phones")
	assert.Equal(t, Received, got[0].Direction)
	assert.Equal(t, alice, got[0].From)
}

func TestAPIRefusesBadMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	list := func(n int, format string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(all, ",")
	}
	for body, words := range map[string]string{
		``:                                  "the body is empty",
		`{`:                                 "not valid JSON",
		`[]`:                                "must be a JSON object",
		`{} {}`:                             "something after the JSON object",
		`{"form":"+1"}`:                     `the field "form" is not known`,
		`{"to":"+15550100001"}`:             "to has the wrong type: a JSON string is not accepted",
		`{"to":["+15550100001"],"body":""}`: "from is missing",
		`{"from":"1","to":["+15550100001"],"body":"x"}`:                                                      "from is malformed",
		`{"from":"+15550100002","to":["+15550100001"],"body":"x"}`:                                           "from is a proxy address",
		`{"from":"+15550200001","body":"x"}`:                                                                 "to is missing",
		`{"from":"+15550200001","to":["x"],"body":"x"}`:                                                      "to[0] is malformed",
		`{"from":"+15550200001","to":["+15550200002"],"body":"x"}`:                                           "none of to is a proxy address",
		`{"from":"+15550200001","to":["+15550200001"],"body":"x"}`:                                           "to[0] is the handset that sends",
		`{"from":"+15550200001","to":["whatsapp:+15550100009"],"body":"x"}`:                                  "to[0] is an address of type whatsapp",
		`{"from":"+15550200001","to":["+15550100001","+15550100001"],"body":"x"}`:                            "to[1] is in the list twice",
		`{"from":"whatsapp:+15550200001","to":["whatsapp:+15550100009","whatsapp:+15550200002"]}`:            "the message is empty",
		`{"from":"whatsapp:+15550200001","to":["whatsapp:+15550100009","whatsapp:+15550200002"],"body":1}`:   "body has the wrong type",
		`{"from":"whatsapp:+15550200001","to":["whatsapp:+15550100009","x"],"body":"x"}`:                     "only SMS handsets send to groups",
		`{"from":"+15550200001","to":[` + list(11, `"+1555020000%d"`) + `],"body":"x"}`:                      "to has more than 10",
		`{"from":"+15550200001","to":["+15550100001"],"media_urls":["cat.jpg"]}`:                             "media_urls[0] is not an absolute",
		`{"from":"+15550200001","to":["+15550100001"],"media_urls":["ftp://example.com/x"]}`:                 "media_urls[0] is not an absolute",
		`{"from":"+15550200001","to":["+15550100001"],"media_urls":[` + list(11, `"http://e.org/%d"`) + `]}`: "media_urls has more than 10",
		`{"from":"+15550200001","to":["+15550100001"],"body":"` + strings.Repeat("x", maxBody+1) + `"}`:      "body has more than 32768 bytes",
		`{"from":"+15550200001","to":["+15550100001"],"body":"x","id":"` + strings.Repeat("x", 256) + `"}`:   "id has more than 255",
	} {
		assertError(t, w.call(http.MethodPost, "/messages", body), http.StatusBadRequest, 20001, words)
	}
	assert.Empty(t, w.bridge.accepted())
	assert.Empty(t, w.Handsets())
}

func TestAPIRefusesTooLargeBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	for _, body := range []string{
		`{"body":"` + strings.Repeat("x", maxRequest) + `"}`,
		`{}` + strings.Repeat(" ", maxRequest),
	} {
		assertError(t, w.call(http.MethodPost, "/messages", body), http.StatusRequestEntityTooLarge, 20413, "1048576 bytes")
	}
}

func TestAPIWhenTheBridgeRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err          error
		status, code int
		words        string
	}{
		"unavailable": {fmt.Errorf("x: %w", conversations.ErrUnavailable), 503, 20503, "send it again later"},
		"backlog":     {conversations.ErrBacklogFull, 503, 20503, "send it again later"},
		"refusal":     {conversations.Refuse(conversations.BodyTooLong, "32 KB at most"), 400, 20001, "32 KB at most"},
		"bug":         {errors.New("secret"), 500, 20500, "Internal Server Error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Limits{})
			w.bridge.fail = func(int) error { return tc.err }
			answer := w.call(http.MethodPost, "/messages", `{"from":"+15550200001","to":["+15550100001"],"body":"x"}`)
			assertError(t, answer, tc.status, tc.code, tc.words)
			assert.Equal(t, tc.status == 503, answer.Header().Get("Retry-After") != "")
			assert.NotContains(t, answer.Body.String(), "secret")
			assert.Empty(t, w.Messages(alice))
		})
	}
}

func TestAPIBehaviour(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	const path = "/handsets/whatsapp:%2B15550200003"
	defaults := `{"address":"whatsapp:+15550200003","type":"whatsapp","behaviour":{"delay":"0s","status":"delivered",
		"error_code":0,"duplicate_statuses":false,"reorder_statuses":false,"refuse":null},"messages":0,"changed":0}`
	assert.JSONEq(t, defaults, w.call(http.MethodGet, path, "").Body.String())
	assert.JSONEq(t, `{"handsets":[]}`, w.call(http.MethodGet, "/handsets", "").Body.String())

	const behaviour = `{"delay":"1.5s","status":"failed","error_code":63024,"duplicate_statuses":true,"reorder_statuses":true,
		"refuse":{"kind":"throttled","code":63018,"times":2,"after":"1m0s","arrives":false}}`
	want := `{"address":"whatsapp:+15550200003","type":"whatsapp","behaviour":` + behaviour + `,"messages":0,"changed":0}`
	answer := w.call(http.MethodPut, path, behaviour)
	assert.Equal(t, http.StatusOK, answer.Code)
	assert.JSONEq(t, want, answer.Body.String())
	assert.JSONEq(t, want, w.call(http.MethodGet, path, "").Body.String())
	assert.JSONEq(t, `{"handsets":[`+want+`]}`, w.call(http.MethodGet, "/handsets", "").Body.String())

	answer = w.call(http.MethodPut, path, `{"refuse":{"code":21610}}`)
	assert.Contains(t, answer.Body.String(), `"kind":"permanent"`)
	assert.Contains(t, answer.Body.String(), `"duplicate_statuses":false`, "what is not named returns to its default")
	answer = w.call(http.MethodPut, path, `{"refuse":{"kind":"unknown","arrives":true}}`)
	assert.Contains(t, answer.Body.String(), `"arrives":true`)
	answer = w.call(http.MethodPut, path, `{}`)
	assert.JSONEq(t, defaults, answer.Body.String())
}

func TestAPIRefusesBadBehaviour(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	for body, words := range map[string]string{
		`{"dealy":"1s"}`:              `the field "dealy" is not known`,
		`{"refuse":{"reason":1}}`:     `the field "reason" is not known`,
		`{"delay":5}`:                 "delay has the wrong type: a JSON number",
		`{"delay":"soon"}`:            `such as "250ms"`,
		`{"delay":"2h"}`:              "delay must be between 0s and 1h0m0s",
		`{"status":"read"}`:           "SMS has no read receipts",
		`{"error_code":"30003"}`:      "error_code has the wrong type",
		`{"refuse":{"kind":"never"}}`: "refuse.kind must be retry",
		`{"refuse":{"times":-1}}`:     "refuse.times must not be negative",
		`"x"`:                         "must be a JSON object, and is a JSON string",
	} {
		assertError(t, w.call(http.MethodPut, "/handsets/+15550200001", body), http.StatusBadRequest, 20001, words)
	}
	assert.Empty(t, w.Handsets())
}

func TestAPIPathsAndMethods(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	assertError(t, w.call(http.MethodGet, "/nothing", ""), 404, 20404, base+"/nothing")
	assertError(t, w.call(http.MethodGet, "/handsets/nobody", ""), 400, 20001, "the path names no handset")
	assertError(t, w.call(http.MethodPut, "/handsets/+15550100001", "{}"), 400, 20001, "a proxy address")
	assertError(t, w.call(http.MethodGet, "/handsets/+15550100001/messages", ""), 400, 20001, "a proxy address")

	answer := w.call(http.MethodDelete, "/handsets/+15550200001", "")
	assertError(t, answer, 405, 20004, "Method not allowed")
	assert.Equal(t, "GET, PUT", answer.Header().Get("Allow"))
	assert.Equal(t, http.StatusOK, w.call(http.MethodHead, "/handsets", "").Code)
}
