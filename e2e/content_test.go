package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	content "github.com/twilio/twilio-go/rest/content/v1"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"
)

// postJSON sends a JSON body, and returns the answer's status and its JSON.
func (w *world) postJSON(path, body string) (int, map[string]any) {
	w.t.Helper()
	answer := w.requestWith(http.MethodPost, path, "application/json", strings.NewReader(body), nil)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(w.t, err)
	var v map[string]any
	require.NoError(w.t, json.Unmarshal(text, &v), "%s", text)
	return answer.StatusCode, v
}

// owl is the body of page 45's request.
const owl = `{"friendly_name": "flight_replies", "language": "en", "variables": {"1":"name"}, "types": {
	"twilio/quick-reply": {"body": "Hi, {{ 1 }}. \n Thanks for contacting Owl Air Support. How can I help?",
		"actions": [{"title": "Check flight status", "id": "flightid1"}, {"title": "Check gate number", "id": "gateid1"},
			{"title": "Speak with an agent", "id": "agentid1"}]},
	"twilio/text": {"body": "Hi, {{ 1 }}. \n Thanks for contacting Owl Air Support. How can I help?."}}}`

func TestTheRequestOfPage45(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	status, made := w.postJSON("/v1/Content", owl)
	require.Equal(t, http.StatusCreated, status)
	var sent map[string]any
	require.NoError(t, json.Unmarshal([]byte(owl), &sent))
	for field, value := range sent {
		assert.Equal(t, value, made[field])
	}
	sid := made["sid"].(string)
	assert.Regexp(t, "^HX[0-9a-f]{32}$", sid)
	assert.Equal(t, w.URL+"/v1/Content/"+sid, made["url"])
	var found map[string]any
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/v1/Content/"+sid, nil, &found))
	assert.Equal(t, made, found)
}

func TestTheHelperLibraryKeepsContents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	api := w.helper().ContentV1
	var sids []string
	for n := range 7 {
		c, err := api.CreateContent(&content.CreateContentParams{ContentCreateRequest: &content.ContentCreateRequest{
			FriendlyName: strconv.Itoa(n), Language: "en", Variables: map[string]string{"1": "name"},
			Types: content.Types{
				TwilioText:       &content.TwilioText{Body: "Hi, {{1}}"},
				TwilioLocation:   &content.TwilioLocation{Latitude: 37.5, Longitude: -122.25, Label: "Owl HQ"},
				TwilioListPicker: &content.TwilioListPicker{Body: "Hi", Button: "Choose", Items: []content.ListItem{{Id: "1", Item: "One"}}},
				TwilioCard:       &content.TwilioCard{Title: "Owl", Actions: []content.CardAction{{Type: content.CARDACTIONTYPE_URL, Title: "Go", Url: "https://owlair.com"}}},
			},
		}})
		require.NoError(t, err)
		assert.Equal(t, map[string]any{"latitude": 37.5, "longitude": -122.25, "label": "Owl HQ"}, (*c.Types)["twilio/location"])
		sids = append(sids, *c.Sid)
	}
	found, err := api.FetchContent(sids[3])
	require.NoError(t, err)
	assert.Equal(t, "3", *found.FriendlyName)
	assert.Equal(t, account, *found.AccountSid)
	require.NoError(t, api.DeleteContent(sids[3]))
	_, err = api.FetchContent(sids[3])
	refused(t, err, http.StatusNotFound, 20404)
	refused(t, api.DeleteContent(sids[3]), http.StatusNotFound, 20404)

	list, err := api.ListContent(&content.ListContentParams{PageSize: ptr(2)})
	require.NoError(t, err)
	var names string
	for _, c := range list {
		names += *c.FriendlyName
	}
	assert.Equal(t, "654210", names, "newest first, over three pages")

	before, err := api.FetchApprovalFetch(sids[0])
	require.NoError(t, err)
	assert.Equal(t, "unsubmitted", (*before.Whatsapp)["status"])
	approval, err := api.CreateApprovalCreate(sids[0], &content.CreateApprovalCreateParams{
		ContentApprovalRequest: &content.ContentApprovalRequest{Name: "owl_card", Category: "UTILITY"},
	})
	require.NoError(t, err)
	assert.Equal(t, "approved", *approval.Status)
	require.NoError(t, w.Stop())
	w.start()
	after, err := w.helper().ContentV1.FetchApprovalFetch(sids[0])
	require.NoError(t, err)
	assert.Equal(t, map[string]any{
		"type": "whatsapp", "name": "owl_card", "category": "UTILITY", "content_type": "twilio/card",
		"status": "approved", "rejection_reason": "", "allow_category_change": true,
	}, *after.Whatsapp)
}

func TestWrongContentsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	for body, says := range map[string]string{
		`{`:              "not JSON",
		`{"language":1}`: "language must be a text",
		`{"types":{}}`:   "language must be a language code",
		`{"language":"en","types":{"twilio/text":{"body":""}}}`:                                  "types.twilio/text.body is required",
		`{"language":"en","types":{"twilio/text":{"body":"` + strings.Repeat("x", 1601) + `"}}}`: "at most 1600",
	} {
		status, e := w.postJSON("/v1/Content", body)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.EqualValues(t, 20001, e["code"])
		assert.Contains(t, e["message"], says)
	}
	_, made := w.postJSON("/v1/Content", owl)
	status, e := w.postJSON("/v1/Content/"+made["sid"].(string)+"/ApprovalRequests/whatsapp", `{"name":"Owl Air","category":"UTILITY"}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.EqualValues(t, 20001, e["code"])
}

func TestAContentReachesEverybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.converse()
	_, made := w.postJSON("/v1/Content", owl)
	sid := made["sid"].(string)
	const text = "Hi, Alice. \n Thanks for contacting Owl Air Support. How can I help?"
	m, err := w.api.CreateConversationMessage(c, &conversations.CreateConversationMessageParams{
		ContentSid: &sid, ContentVariables: ptr(`{ "1": "Alice" }`), Body: ptr("ignored"), MediaSid: ptr("ignored"),
	})
	require.NoError(t, err)
	assert.Equal(t, text, *m.Body)
	assert.Equal(t, sid, *m.ContentSid)
	assert.Equal(t, "system", *m.Author)
	eventually(t, func() bool {
		return len(w.twilio.Sent()) == 1 && len(w.cloud.Sent()) == 1
	}, "both have it")
	assert.True(t, strings.HasPrefix(w.twilio.Sent()[0].Body, text+"\n1. "), "on SMS its text, and numbers to answer with")
	assert.Equal(t, "interactive", w.toBob()[0]["type"])

	_, err = w.api.CreateConversationMessage(c, &conversations.CreateConversationMessageParams{ContentSid: &sid})
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, w.call(http.MethodDelete, "/v1/Content/"+sid, nil, nil))
	list := w.messages(c)
	require.Len(t, list, 2)
	assert.Contains(t, *list[1].Body, "Hi, name.", "what is not given is as the content has it")
	assert.Equal(t, sid, *list[0].ContentSid)

	for code, p := range map[int]conversations.CreateConversationMessageParams{
		50526: {ContentSid: &sid}, // it is gone
		50527: {ContentSid: &sid, ContentVariables: ptr("{")},
		50528: {Body: ptr("x"), ContentVariables: ptr("{}")},
		50529: {ContentSid: &sid, ContentVariables: ptr(manyVariables())},
		50540: {ContentSid: &sid, ContentVariables: ptr(`{"12345678901234567":"x"}`)},
		50541: {ContentSid: &sid, ContentVariables: ptr(`{"1":"` + strings.Repeat("x", 257) + `"}`)},
	} {
		_, err := w.api.CreateConversationMessage(c, &p)
		refused(t, err, http.StatusBadRequest, code)
	}
	_, err = w.api.CreateConversationMessage(c, &conversations.CreateConversationMessageParams{ContentSid: ptr("HX1")})
	refused(t, err, http.StatusBadRequest, 50526)
	assert.Len(t, w.messages(c), 2)
}

// manyVariables is a little more than a message may give.
func manyVariables() string {
	values := make(map[string]string)
	for n := range 109 {
		values[strconv.Itoa(n)] = strings.Repeat("x", 256)
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	return string(text)
}
