package api_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/api"
	"bridged/bridge"
	"bridged/conversations"
)

// shelf is contents over a slice.
type shelf struct {
	contents []conversations.Content
	draft    conversations.Content  // what was last made of
	approval conversations.Approval // what was last recorded
	fault    error
}

func (s *shelf) CreateContent(_ context.Context, c conversations.Content) (conversations.Content, error) {
	s.draft = c
	c.ID = digits
	return c, s.fault
}

func (s *shelf) ApproveContent(ctx context.Context, id conversations.ContentID, a conversations.Approval) (conversations.Content, error) {
	s.approval = a
	c, err := s.Content(ctx, id)
	c.Approval = &a
	return c, err
}

func (s *shelf) DeleteContent(ctx context.Context, id conversations.ContentID) error {
	_, err := s.Content(ctx, id)
	return err
}

func (s *shelf) Content(_ context.Context, id conversations.ContentID) (conversations.Content, error) {
	return find(s.contents, func(c conversations.Content) bool { return c.ID == id })
}

func (s *shelf) Contents(_ context.Context, p conversations.Page) (conversations.Listing[conversations.Content], error) {
	return cut(s.contents, p, func(c conversations.Content) int64 { return c.Seq }), s.fault
}

const (
	jsonBody  = "application/json; charset=utf-8"
	oneText   = `{"language":"en","types":{"twilio/text":{"body":"Hi"}}}`
	oneSID    = "/v1/Content/HX" + digits
	approvals = oneSID + "/ApprovalRequests"
)

func shelved(n int) *world {
	w := newWorld()
	for i := range n {
		w.contents = append(w.contents, conversations.Content{
			Seq: int64(i), ID: digits, Language: "en", FriendlyName: ptr(strconv.Itoa(i)),
			Forms: []conversations.ContentForm{{Type: conversations.ContentText, Body: "Hi"}},
		})
	}
	return w
}

func TestContentRequests(t *testing.T) {
	t.Parallel()
	w := shelved(1)
	h := api.New(config(w))
	a := do(t, h, http.MethodPost, "/v1/Content", oneText, "Content-Type", jsonBody)
	assert.Equal(t, 201, a.status)
	assert.Equal(t, "HX"+digits, a.json(t)["sid"])
	assert.Equal(t, account, a.json(t)["account_sid"])
	assert.Equal(t, conversations.Content{Language: "en", Forms: w.contents[0].Forms}, w.draft)

	a = do(t, h, http.MethodGet, oneSID, "")
	assert.Equal(t, 200, a.status)
	assert.Equal(t, map[string]any{"twilio/text": map[string]any{"body": "Hi"}}, a.json(t)["types"])
	a = do(t, h, http.MethodGet, approvals, "")
	assert.Equal(t, "unsubmitted", a.json(t)["whatsapp"].(map[string]any)["status"])
	a = do(t, h, http.MethodPost, approvals+"/whatsapp", `{"name":"n","category":"UTILITY"}`, "Content-Type", jsonBody)
	assert.Equal(t, 201, a.status)
	assert.Equal(t, "approved", a.json(t)["status"])
	assert.Equal(t, conversations.Approval{Name: "n", Category: "UTILITY"}, w.approval)
	assert.Equal(t, 204, do(t, h, http.MethodDelete, oneSID, "").status)
}

func TestContentsAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	h := api.New(config(shelved(5)))
	var names []string
	for next := any("/v1/Content?PageSize=2"); next != nil; {
		page := do(t, h, http.MethodGet, next.(string), "").json(t)
		for _, c := range page["contents"].([]any) {
			names = append(names, c.(map[string]any)["friendly_name"].(string))
		}
		meta := page["meta"].(map[string]any)
		assert.Equal(t, "contents", meta["key"])
		next = meta["next_page_url"]
	}
	assert.Equal(t, []string{"4", "3", "2", "1", "0"}, names)
}

func TestContentRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := shelved(1)
	h := api.New(config(w))
	for _, c := range []struct {
		method, path, body, kind string
		status, code             int
	}{
		{http.MethodPost, "/v1/Content", oneText, "application/x-www-form-urlencoded", 400, 20001},
		{http.MethodPost, "/v1/Content", oneText, "nonsense;;", 400, 20001},
		{http.MethodPost, "/v1/Content", "", jsonBody, 400, 20001},
		{http.MethodPost, "/v1/Content", "{", jsonBody, 400, 20001},
		{http.MethodPost, "/v1/Content", strings.Repeat("x", 1<<20+1), jsonBody, 413, 20413},
		{http.MethodPost, approvals + "/whatsapp", "name=n", "application/x-www-form-urlencoded", 400, 20001},
		{http.MethodPost, approvals + "/whatsapp", "[]", jsonBody, 400, 20001},
		{http.MethodPost, "/v1/Content/HX" + other + "/ApprovalRequests/whatsapp", `{"name":"n","category":"UTILITY"}`, jsonBody, 404, 20404},
		{http.MethodPost, "/v1/Content/x/ApprovalRequests/whatsapp", `{}`, jsonBody, 404, 20404},
		{http.MethodGet, "/v1/Content/HX" + other, "", "", 404, 20404},
		{http.MethodGet, "/v1/Content/CH" + digits, "", "", 404, 20404},
		{http.MethodGet, "/v1/Content/HX" + other + "/ApprovalRequests", "", "", 404, 20404},
		{http.MethodDelete, "/v1/Content/HX" + other, "", "", 404, 20404},
		{http.MethodDelete, "/v1/Content/x", "", "", 404, 20404},
		{http.MethodGet, "/v1/Content?PageSize=0", "", "", 400, 20001},
		{http.MethodGet, "/v1/Content?PageToken=x", "", "", 400, 20001},
		{http.MethodPut, oneSID, "", "", 405, 20004},
		{http.MethodPost, approvals, "", "", 405, 20004},
		{http.MethodGet, approvals + "/other", "", "", 404, 20404},
	} {
		a := do(t, h, c.method, c.path, c.body, "Content-Type", c.kind)
		assert.Equal(t, c.status, a.status, "%s %s", c.method, c.path)
		assert.EqualValues(t, c.code, a.json(t)["code"], "%s %s", c.method, c.path)
	}
	w.fault = conversations.ErrUnavailable
	assert.Equal(t, 503, do(t, h, http.MethodGet, "/v1/Content", "").status)
	assert.Equal(t, 503, do(t, h, http.MethodPost, "/v1/Content", oneText, "Content-Type", jsonBody).status)
}

func TestMessagesOfContents(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.messages[0].Content = &conversations.MessageContent{ID: digits}
	h := api.New(config(w))
	const list = "/v1/Conversations/CH" + digits + "/Messages"
	a := do(t, h, http.MethodPost, list, form("ContentSid", "HX"+digits, "ContentVariables", ` { "1": "Alice" } `, "Body", "b", "MediaSid", "nonsense"))
	assert.Equal(t, 201, a.status, a.body)
	assert.Equal(t, "HX"+digits, a.json(t)["content_sid"])
	assert.Equal(t, bridge.MessageFields{
		Content: ptr(conversations.ContentID(digits)), ContentVariables: map[string]string{"1": "Alice"},
	}, w.messageFields, "Body and MediaSid are ignored")

	a = do(t, h, http.MethodPost, list+"/IM"+digits, form("Body", "b", "ContentSid", "nonsense", "ContentVariables", "{"))
	assert.Equal(t, 200, a.status, "an update has neither")
	assert.Equal(t, bridge.MessageFields{Body: ptr("b")}, w.messageFields)

	for _, c := range []struct {
		sid, variables string
		code           int
	}{
		{"", "{}", 50526},
		{"ME" + digits, "{}", 50526},
		{"HX" + digits, "", 50527},
		{"HX" + digits, "{", 50527},
		{"HX" + digits, "[]", 50527},
		{"HX" + digits, "null", 50527},
		{"HX" + digits, `"x"`, 50527},
		{"HX" + digits, `{"1":2}`, 50527},
		{"HX" + digits, `{"1":null}`, 50527},
		{"HX" + digits, `{"1":{"2":"3"}}`, 50527},
		{"HX" + digits, `{} {}`, 50527},
	} {
		a := do(t, h, http.MethodPost, list, form("ContentSid", c.sid, "ContentVariables", c.variables))
		assert.Equal(t, 400, a.status, c)
		assert.EqualValues(t, c.code, a.json(t)["code"], c)
	}
}
