package twilio_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/twilio"
)

// everyType is a request with all types of page 45, as it is shown again.
const everyType = `{"friendly_name":"all","language":"en","variables":{"1":"name"},"types":{
	"twilio/call-to-action":{"body":"b","actions":[{"type":"URL","title":"t","url":"https://owlair.com/{{ 5 }}"},{"type":"PHONE_NUMBER","title":"t","phone":"+18005551234"}]},
	"twilio/card":{"title":"t","subtitle":"s","media":["https://owlair.com/a.jpg"],"actions":[{"type":"URL","title":"t","url":"https://owlair.com","webview_size":"TALL"}]},
	"twilio/list-picker":{"body":"b","button":"choose","items":[{"id":"1","item":"One","description":"first"},{"id":"2","item":"Two"}]},
	"twilio/location":{"latitude":37.78789,"longitude":-122.391664,"label":"l","address":"a","id":"i"},
	"twilio/media":{"body":"b","media":["https://owlair.com/a.jpg"]},
	"twilio/quick-reply":{"body":"Hi, {{ 1 }}. \n <&>","actions":[{"title":"Check","id":"id1"}]},
	"twilio/text":{"body":"b"}}}`

func TestContentIsShownAsItWasSent(t *testing.T) {
	t.Parallel()
	c, err := twilio.ParseContent([]byte(everyType))
	require.NoError(t, err)
	require.NoError(t, c.Check())
	require.Len(t, c.Forms, len(conversations.ContentTypes()))
	c.ID, c.Created, c.Updated = digits, at(37), at(38)
	shown, err := json.Marshal(scope(true).Content(c))
	require.NoError(t, err)
	var got, sent map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(shown, &got))
	require.NoError(t, json.Unmarshal([]byte(everyType), &sent))
	for field, value := range sent {
		assert.JSONEq(t, string(value), string(got[field]), field)
		delete(got, field)
	}
	rest, err := json.Marshal(got)
	require.NoError(t, err)
	const url = "https://bridged.example/v1/Content/HX" + digits
	assert.JSONEq(t, `{"sid":"HX`+digits+`","account_sid":"AC`+digits+`","date_created":"2015-12-16T22:18:37Z","date_updated":"2015-12-16T22:18:38Z",
		"url":"`+url+`","links":{"approval_fetch":"`+url+`/ApprovalRequests","approval_create":"`+url+`/ApprovalRequests/whatsapp"}}`, string(rest))
}

func TestContentWithoutWhatIsOptional(t *testing.T) {
	t.Parallel()
	c, err := twilio.ParseContent([]byte(` {"language":"en","variables":null,"types":{"twilio/location":{"latitude":"1.5","longitude":-2,"unknown":1}}} `))
	require.NoError(t, err)
	require.NoError(t, c.Check())
	shown := scope(false).Content(c)
	assert.Nil(t, shown.FriendlyName)
	b, err := json.Marshal([]any{shown.Variables, shown.Types})
	require.NoError(t, err)
	assert.JSONEq(t, `[{},{"twilio/location":{"latitude":1.5,"longitude":-2}}]`, string(b))
}

func TestContentThatCannotBeRead(t *testing.T) {
	t.Parallel()
	types := func(s string) string { return `{"language":"en","types":{` + s + `}}` }
	for body, says := range map[string]string{
		``:                                     "the body is empty",
		`{`:                                    "the body is not JSON",
		`{} {}`:                                "after its JSON object",
		`[]`:                                   "must be a JSON object",
		`null`:                                 "must be a JSON object",
		`"text"`:                               "must be a JSON object",
		"{\"language\":\"\xff\"}":              "not UTF-8",
		`friendly_name=x`:                      "the body is not JSON",
		`{"friendly_name":5}`:                  "friendly_name must be a text, not number",
		`{"language":{}}`:                      "language must be a text, not object",
		`{"types":[]}`:                         "types must be an object, not array",
		`{"variables":{"1":5}}`:                "variables must be a JSON object whose values are texts",
		`{"variables":{"1":null}}`:             "variables must be",
		`{"variables":"{}"}`:                   "variables must be",
		types(`"twilio/text":"Hi"`):            "types.twilio/text must be an object, not string",
		types(`"twilio/text":null`):            "types.twilio/text must be a JSON object",
		types(`"twilio/text":{"body":["Hi"]}`): "types.twilio/text.body must be a text, not array",
		types(`"twilio/media":{"media":"x"}`):  "types.twilio/media.media must be a list, not string",
		types(`"twilio/card":{"actions":[1]}`): "types.twilio/card.actions must be an object, not number",
		types(`"twilio/location":{"latitude":"north"}`): "types.twilio/location: latitude and longitude are numbers",
		types(`"twilio/location":{"latitude":true}`):    "latitude and longitude are numbers",
		types(`"twilio/carousel":{}`):                   `types has the type "twilio/carousel"; use some of [twilio/card`,
		types(`"text":{}`):                              "use some of",
		strings.Repeat(`{"types":`, 20000):              "the body is not JSON",
	} {
		_, err := twilio.ParseContent([]byte(body))
		require.Error(t, err, body)
		e := twilio.FromError(err, path)
		assert.Equal(t, []int{400, 20001}, []int{e.Status, e.Code}, "%.40s", body)
		assert.Contains(t, e.Message, says)
	}
}

func TestApprovals(t *testing.T) {
	t.Parallel()
	a, err := twilio.ParseApproval([]byte(`{"name":"n","category":"UTILITY","allow_category_change":true}`))
	require.NoError(t, err)
	assert.Equal(t, conversations.Approval{Name: "n", Category: "UTILITY"}, a)
	_, err = twilio.ParseApproval([]byte(`{"name":1}`))
	require.ErrorContains(t, err, "name must be a text, not number")

	c := conversations.Content{ID: digits, Forms: []conversations.ContentForm{{Type: conversations.ContentText}}}
	b, err := json.Marshal(scope(false).ContentApprovals(c))
	require.NoError(t, err)
	assert.JSONEq(t, `{"sid":"HX`+digits+`","account_sid":"AC`+digits+`","url":"https://bridged.example/v1/Content/HX`+digits+`/ApprovalRequests",
		"whatsapp":{"type":"whatsapp","name":"","category":"","content_type":"twilio/text","status":"unsubmitted","rejection_reason":"","allow_category_change":true}}`, string(b))
	c.Approval = &a
	b, err = json.Marshal(scope(false).ContentApproval(c))
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"n","category":"UTILITY","content_type":"twilio/text","status":"approved","rejection_reason":"","allow_category_change":true}`, string(b))
}

func FuzzParseContent(f *testing.F) {
	f.Add([]byte(everyType))
	f.Add([]byte(`{"types":{"twilio/text":null},"variables":{"":""}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := twilio.ParseContent(body)
		if err != nil {
			if e := twilio.FromError(err, path); e.Status != 400 {
				t.Fatalf("%q is answered %d", body, e.Status)
			}
			return
		}
		if c.Check() == nil {
			if _, err := json.Marshal(scope(false).Content(c)); err != nil {
				t.Fatalf("%q cannot be shown: %v", body, err)
			}
		}
	})
}
