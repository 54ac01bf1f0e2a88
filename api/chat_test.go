package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/api"
	"bridged/bridge"
	"bridged/conversations"
)

func (w *world) MigrateChannel(ctx context.Context, c bridge.Caller, s conversations.ServiceID, key conversations.ConversationKey, messaging *conversations.MessagingServiceID) (conversations.ChatChannel, error) {
	w.messaging = messaging
	found, err := w.Conversation(ctx, s, key)
	return conversations.ChatChannel{Conversation: found, Members: 2}, cmpErr(w.began(c, s, key), err)
}

func TestMigratingAChannel(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	const channel = "/v3/Services/" + service + "/Channels/"
	a := do(t, h, http.MethodPost, channel+"CH"+digits, form("Type", "private", "MessagingServiceSid", "MG"+other), "X-Twilio-Webhook-Enabled", "true")
	assert.Equal(t, 200, a.status)
	assert.JSONEq(t, `{"sid":"CH`+digits+`","account_sid":"`+account+`","service_sid":"`+service+`","messaging_service_sid":"MG`+digits+`",
		"friendly_name":null,"unique_name":"a/b c","attributes":"{}","type":"private","date_created":"2024-05-01T10:00:01Z",
		"date_updated":"2024-05-01T10:00:01Z","created_by":"system","members_count":2,"messages_count":0,"url":"`+public+channel+"CH"+digits+`"}`, a.body)
	assert.Equal(t, ptr(conversations.MessagingServiceID(other)), w.messaging)
	assert.Equal(t, 200, do(t, h, http.MethodPost, channel+"a%2Fb%20c", form("Type", "Private")).status)
	assert.Nil(t, w.messaging)

	for _, c := range []struct {
		path, body   string
		status, code int
	}{
		{channel + "CH" + digits, "", 400, 50393},
		{channel + "CH" + digits, form("Type", "public"), 400, 50393},
		{channel + "CH" + digits, form("Type", "private", "MessagingServiceSid", "x"), 400, 50341},
		{channel + "CH" + digits, "Type=%zz", 400, 20001},
		{channel + "CH" + other, form("Type", "private"), 404, 20404},
		{"/v3/Services/IS" + digits[1:] + "/Channels/CH" + digits, form("Type", "private"), 404, 20404},
		{"/v3/Services/" + service + "/Users/x", form("Type", "private"), 404, 20404},
	} {
		a := do(t, h, http.MethodPost, c.path, c.body)
		assert.Equal(t, c.status, a.status, c)
		assert.EqualValues(t, c.code, a.json(t)["code"], c)
	}
	assert.Equal(t, 405, do(t, h, http.MethodGet, channel+"CH"+digits, "").status)
}
