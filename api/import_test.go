package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/bridge"
	"bridged/conversations"
)

// Import implements the verb: it keeps what it was given.
func (w *world) Import(_ context.Context, items []bridge.ImportItem, dry bool) ([]bridge.Imported, error) {
	w.imported, w.importedDry = items, dry
	return w.importFates, w.fail
}

func importBody(t *testing.T, dry bool, serviceSID string, resources ...string) string {
	t.Helper()
	return `{"dry_run":` + map[bool]string{true: "true", false: "false"}[dry] + `,"service_sid":"` + serviceSID +
		`","resources":[` + strings.Join(resources, ",") + `]}`
}

func importInto(t *testing.T, w *world, body string) answer {
	t.Helper()
	return do(t, api.New(config(w)), http.MethodPost, "/bridged/v1/import", body, "Content-Type", "application/json")
}

const (
	conversationText = `{"sid":"CH` + digits + `","chat_service_sid":"IS` + other + `","friendly_name":"Visit"}`
	unknownService   = `{"sid":"CH` + digits + `","chat_service_sid":"ISaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`
	participantText  = `{"sid":"MB` + digits + `","conversation_sid":"CH` + digits + `","identity":"bob","last_read_message_index":7}`
	messageText      = `{"sid":"IM` + digits + `","conversationSid":"CH` + digits + `","body":"hi","index":3,"author":"bob"}`
)

func TestImport(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.importFates = []bridge.Imported{
		{Created: true, Notes: []string{"noted"}},
		{Created: true},
		{},
		{Refused: &conversations.Error{Fault: conversations.PairTaken, Detail: other}},
		{Refused: &conversations.Error{Fault: conversations.NotFound}},
	}
	got := importInto(t, w, importBody(t, true, "", conversationText, `{"sid":"XX"}`, unknownService, "7", participantText, participantText, messageText))
	require.Equal(t, http.StatusOK, got.status, got.body)
	var reply struct {
		Results []struct {
			Outcome string
			Code    *int
			Message *string
			Notes   []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &reply))
	require.Len(t, reply.Results, 7)
	var outcomes []string
	for _, r := range reply.Results {
		outcomes = append(outcomes, r.Outcome)
		assert.Equal(t, r.Outcome == "refused", r.Code != nil && r.Message != nil)
		assert.NotNil(t, r.Notes)
	}
	assert.Equal(t, []string{"created", "refused", "created", "refused", "exists", "refused", "refused"}, outcomes)
	assert.Equal(t, []string{"noted"}, reply.Results[0].Notes)
	assert.Equal(t, 20001, *reply.Results[1].Code)
	assert.Equal(t, []string{"its chat service is not known here; it is put into the default one"}, reply.Results[2].Notes)
	assert.Equal(t, "Invalid parameter: the resource is no JSON object", *reply.Results[3].Message)
	assert.Equal(t, 50416, *reply.Results[5].Code)
	assert.Contains(t, *reply.Results[5].Message, "CH"+other)
	assert.Equal(t, 20404, *reply.Results[6].Code)
	assert.Equal(t, "The requested resource /v1/Conversations/CH"+digits+" was not found", *reply.Results[6].Message)

	assert.True(t, w.importedDry)
	require.Len(t, w.imported, 5)
	assert.Equal(t, &bridge.ImportConversation{
		ID: digits, Service: other, ConversationFields: bridge.ConversationFields{FriendlyName: ptr("Visit")},
	}, w.imported[0].Conversation)
	assert.Equal(t, conversations.ServiceID(digits), w.imported[1].Conversation.Service)
	assert.Equal(t, &bridge.ImportParticipant{
		ID: digits, Conversation: digits, ParticipantFields: bridge.ParticipantFields{Identity: ptr("bob"), LastReadIndex: ptr(int64(7))},
	}, w.imported[2].Participant)
	assert.Equal(t, &bridge.ImportMessage{
		ID: digits, Conversation: digits, Index: 3, MessageFields: bridge.MessageFields{Author: ptr("bob"), Body: ptr("hi")},
	}, w.imported[4].Message)
}

func TestImport_intoOneService(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.importFates = []bridge.Imported{{Created: true}, {Created: true}}
	got := importInto(t, w, importBody(t, false, "IS"+other, conversationText, unknownService))
	require.Equal(t, http.StatusOK, got.status, got.body)
	assert.False(t, w.importedDry)
	for _, item := range w.imported {
		assert.Equal(t, conversations.ServiceID(other), item.Conversation.Service)
	}
	assert.NotContains(t, got.body, "service")
}

func TestImport_refusesTheWholeRequest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body, kind string
		status     int
	}{
		"not JSON":          {"resources", "application/json", 400},
		"a form":            {"resources=1", "application/x-www-form-urlencoded", 400},
		"no type":           {importBody(t, false, "", messageText), "", 400},
		"nothing":           {importBody(t, false, ""), "application/json", 400},
		"too many":          {importBody(t, false, "", strings.Split(strings.Repeat("{} ", 101), " ")[:101]...), "application/json", 400},
		"unknown service":   {importBody(t, false, "ISaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", messageText), "application/json", 400},
		"no service at all": {importBody(t, false, "bob", messageText), "application/json", 400},
		"too large":         {importBody(t, false, "", `{"body":"`+strings.Repeat("a", 1<<20)+`"}`), "application/json", 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			got := do(t, api.New(config(w)), http.MethodPost, "/bridged/v1/import", test.body, "Content-Type", test.kind)
			assert.Equal(t, test.status, got.status, got.body)
			assert.Nil(t, w.imported)
		})
	}
	w := newWorld()
	w.fail = conversations.ErrUnavailable
	got := importInto(t, w, importBody(t, false, "", messageText))
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.NotEmpty(t, got.header.Get("Retry-After"))
	assert.Equal(t, http.StatusMethodNotAllowed, do(t, api.New(config(w)), http.MethodGet, "/bridged/v1/import", "").status)
}
