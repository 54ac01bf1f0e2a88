package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/conversations"
)

func (w *world) InboundOf(_ context.Context, id conversations.MessageID) (conversations.InboundRecord, error) {
	r, ok := w.inbound[id]
	if !ok {
		return r, cmpErr(w.fail, conversations.Refuse(conversations.NotFound, "from no carrier"))
	}
	return r, w.fail
}

func (w *world) ReceiptsAfter(_ context.Context, _ conversations.ConversationID, after conversations.Delivery, limit int) ([]conversations.Delivery, error) {
	from := 1 + slices.IndexFunc(w.deliveries, func(d conversations.Delivery) bool { return d.Seq == after.Seq })
	return w.deliveries[from:min(from+limit, len(w.deliveries))], w.fail
}

func TestChannelMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	const message = "/Conversations/CH" + digits + "/Messages/IM" + digits + "/ChannelMetadata"
	a := do(t, h, http.MethodGet, "/v1"+message, "")
	assert.Equal(t, 404, a.status)
	assert.EqualValues(t, 50530, a.json(t)["code"])

	w.inbound = map[conversations.MessageID]conversations.InboundRecord{digits: {
		Inbound: conversations.Inbound{
			Channel: "wa-main", ProviderID: "wamid.1", From: "whatsapp:+15550001111", To: "whatsapp:+15550002222", SentAt: at(1),
		},
		Received: at(2),
	}}
	for _, base := range []string{"/v1", "/v1/Services/" + service} {
		a = do(t, h, http.MethodGet, base+message, "")
		assert.Equal(t, 200, a.status)
		sid := a.json(t)["data"].(map[string]any)["channel_message_sid"].(string)
		assert.Regexp(t, "^WA[0-9a-f]{32}$", sid)
		assert.JSONEq(t, `{"type":"whatsapp","data":{"channel":"wa-main","channel_message_sid":"`+sid+`","provider_id":"wamid.1",
			"from":"whatsapp:+15550001111","to":"whatsapp:+15550002222","others":[],
			"date_sent":"2024-05-01T10:00:01Z","date_received":"2024-05-01T10:00:02Z"}}`, a.body)
	}
	for _, path := range []string{
		"/v1/Conversations/CH" + digits + "/Messages/IM" + other + "/ChannelMetadata",
		"/v1/Conversations/CH" + digits + "/Messages/x/ChannelMetadata",
		"/v1/Conversations/CH" + other + "/Messages/IM" + digits + "/ChannelMetadata",
	} {
		assert.EqualValues(t, 20404, do(t, h, http.MethodGet, path, "").json(t)["code"], path)
	}
	assert.Equal(t, 405, do(t, h, http.MethodPost, "/v1"+message, "").status)
	w.fail = errors.New("broken")
	assert.Equal(t, 500, do(t, h, http.MethodGet, "/v1"+message, "").status)
}

// A whole conversation is what the resources' own URLs show.
func TestExport(t *testing.T) {
	t.Parallel()
	const entries = 250
	h := api.New(config(crowded(entries)))
	for _, base := range []string{"/v1", "/v1/Services/" + service} {
		url := base + "/Conversations/CH" + digits
		a := do(t, h, http.MethodGet, url+"/Export", "")
		assert.Equal(t, 200, a.status)
		assert.Equal(t, "application/json;charset=utf-8", a.header.Get("Content-Type"))
		document := a.json(t)
		assert.Len(t, document, 4)
		assert.Equal(t, do(t, h, http.MethodGet, url, "").json(t), document["conversation"])
		for key, list := range map[string]string{"participants": "/Participants", "messages": "/Messages"} {
			var want []any
			for next := any(url + list); next != nil; {
				page := do(t, h, http.MethodGet, next.(string), "").json(t)
				want = append(want, page[key].([]any)...)
				next = page["meta"].(map[string]any)["next_page_url"]
			}
			assert.Len(t, want, entries)
			assert.Equal(t, want, document[key])
		}
		assert.Len(t, document["receipts"], entries)
	}
}

func TestExportOfAnEmptyConversation(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.participants, w.messages, w.deliveries = nil, nil, nil
	h := api.New(config(w))
	const url = "/v1/Conversations/a%2Fb%20c"
	document := do(t, h, http.MethodGet, url+"/Export", "").json(t)
	delete(document, "conversation")
	assert.Equal(t, map[string]any{"participants": []any{}, "messages": []any{}, "receipts": []any{}}, document)

	a := do(t, h, http.MethodHead, url+"/Export", "")
	assert.Equal(t, 200, a.status)
	assert.Empty(t, a.body)
	assert.EqualValues(t, 20404, do(t, h, http.MethodGet, "/v1/Conversations/nothing/Export", "").json(t)["code"])
	a = do(t, h, http.MethodPost, url+"/Export", "")
	assert.Equal(t, 405, a.status)
	assert.Equal(t, "GET, HEAD, OPTIONS", a.header.Get("Allow"))
	w.fail = conversations.ErrUnavailable
	assert.Equal(t, 503, do(t, h, http.MethodGet, url+"/Export", "").status, "what fails before the answer has begun")
}

// gated is a world that waits before it gives the second page of messages.
type gated struct {
	*world

	gate chan error
}

func (g gated) Messages(ctx context.Context, c conversations.ConversationID, p conversations.Page) (conversations.Listing[conversations.Message], error) {
	if p.After == nil {
		return g.world.Messages(ctx, c, p)
	}
	if err := <-g.gate; err != nil {
		return conversations.Listing[conversations.Message]{}, err
	}
	return g.world.Messages(ctx, c, p)
}

// exported asks for an export over a real connection and reads it up to its
// messages, while the second page of messages waits at the gate.
func exported(t *testing.T, log io.Writer, gate chan error) *json.Decoder {
	t.Helper()
	w := crowded(150)
	cfg := config(w)
	cfg.Store, cfg.Log = gated{w, gate}, slog.New(slog.NewTextHandler(log, nil))
	s := httptest.NewServer(api.New(cfg))
	t.Cleanup(s.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v1/Conversations/CH"+digits+"/Export", nil)
	require.NoError(t, err)
	r.SetBasicAuth(account, token)
	response, err := s.Client().Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(t, 200, response.StatusCode)
	d := json.NewDecoder(response.Body)
	_, err = d.Token() // {
	require.NoError(t, err)
	for {
		key, err := d.Token()
		require.NoError(t, err)
		if key == "messages" {
			return d
		}
		var skipped json.RawMessage
		require.NoError(t, d.Decode(&skipped))
	}
}

func TestAnExportIsWrittenWhileItIsRead(t *testing.T) {
	t.Parallel()
	gate := make(chan error)
	d := exported(t, io.Discard, gate)
	_, err := d.Token() // [
	require.NoError(t, err)
	var m struct{ Index int }
	require.NoError(t, d.Decode(&m), "the first message is here, and the second page is not read")
	close(gate)
	for d.More() {
		require.NoError(t, d.Decode(&m))
	}
	assert.Equal(t, 149, m.Index)
}

func TestAnExportThatBreaksOffIsNoDocument(t *testing.T) {
	t.Parallel()
	gate := make(chan error, 1)
	gate <- errors.New("a broken disk")
	logged := make(logLines, 10)
	d := exported(t, logged, gate)
	var err error
	for err == nil {
		_, err = d.Token()
	}
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	line := <-logged
	assert.Contains(t, line, "an answer broke off")
	assert.Contains(t, line, "a broken disk")
}

// logLines are the lines of a log, for whoever waits for them.
type logLines chan string

// Write implements io.Writer.
func (l logLines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}
