package api_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"bridged/api"
	"bridged/bridge"
	"bridged/conversations"
)

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func TestConversationParameters(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	body := form("FriendlyName", "", "UniqueName", "n", "Attributes", "{}", "MessagingServiceSid", "MG"+digits, "State", "inactive",
		"Timers.Inactive", "PT5M", "Timers.Closed", "P1D", "Bindings.Email.Address", "a@example.com", "Bindings.Email.Name", "a",
		"DateCreated", "2024-05-01T10:00:01Z", "DateUpdated", "2024-05-01T10:00:02Z", "Unknown", "x")
	want := bridge.ConversationFields{
		FriendlyName: ptr(""), UniqueName: ptr("n"), Attributes: ptr("{}"), MessagingService: ptr(conversations.MessagingServiceID(digits)),
		State: ptr(conversations.StateInactive), TimerInactive: ptr(5 * time.Minute), TimerClosed: ptr(24 * time.Hour),
		EmailAddress: ptr("a@example.com"), EmailName: ptr("a"), Created: ptr(at(1)), Updated: ptr(at(2)),
	}
	a := do(t, h, http.MethodPost, "/v1/Conversations", body)
	assert.Equal(t, 201, a.status)
	assert.Equal(t, "application/json;charset=utf-8", a.header.Get("Content-Type"))
	assert.Equal(t, "CH"+digits, a.json(t)["sid"])
	assert.Equal(t, account, a.json(t)["account_sid"])
	assert.Equal(t, want, w.conversationFields)
	assert.Equal(t, bridge.Caller{Source: conversations.SourceAPI, By: account}, w.caller)

	assert.Equal(t, 200, do(t, h, http.MethodPost, "/v1/Conversations/n", body).status)
	assert.Equal(t, want, w.conversationFields)
	assert.Equal(t, conversations.ConversationKey{UniqueName: "n"}, w.key)
	do(t, h, http.MethodPost, "/v1/Conversations", "")
	assert.Equal(t, bridge.ConversationFields{}, w.conversationFields)
}

func TestConversationFilters(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	a := do(t, h, http.MethodGet, "/v1/Conversations?StartDate=2024-05-01&EndDate=2024-05-31&State=Closed&PageSize=7", "")
	assert.Equal(t, conversations.ConversationFilter{
		State: conversations.StateClosed,
		From:  time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC),
	}, w.filter)
	assert.Equal(t, public+"/v1/Conversations?StartDate=2024-05-01&EndDate=2024-05-31&State=closed&PageSize=7&Page=0",
		a.json(t)["meta"].(map[string]any)["url"])
}

func TestParticipantParameters(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	const list = "/v1/Conversations/CH" + digits + "/Participants"
	a := do(t, h, http.MethodPost, list, form("Identity", "a", "MessagingBinding.Address", "whatsapp:+1555", "MessagingBinding.ProxyAddress", "+1",
		"MessagingBinding.ProjectedAddress", "+2", "Attributes", "{}", "RoleSid", "RL"+digits, "DateCreated", "2024-05-01T10:00:01Z"))
	assert.Equal(t, 201, a.status)
	assert.Equal(t, bridge.ParticipantFields{
		Identity: ptr("a"), Address: ptr(conversations.Address("whatsapp:+1555")), Proxy: ptr(conversations.Address("+1")),
		Projected: ptr(conversations.Address("+2")), Attributes: ptr("{}"), Role: ptr(conversations.RoleID(digits)), Created: ptr(at(1)),
	}, w.participantFields)

	a = do(t, h, http.MethodPost, list+"/MB"+digits, form("MessagingBinding.ProxyAddress", "null", "LastReadMessageIndex", "null",
		"LastReadTimestamp", "2024-05-01T10:00:03Z"))
	assert.Equal(t, 200, a.status)
	assert.Equal(t, conversations.ParticipantKey{ID: digits}, w.who)
	assert.Equal(t, bridge.ParticipantFields{
		Proxy: ptr(conversations.Address("null")), ClearLastRead: true, LastReadAt: ptr(at(3)),
	}, w.participantFields)
	do(t, h, http.MethodPost, list+"/MB"+digits, form("LastReadMessageIndex", "4"))
	assert.Equal(t, bridge.ParticipantFields{LastReadIndex: ptr(int64(4))}, w.participantFields)

	assert.Equal(t, 404, do(t, h, http.MethodPost, list, form("RoleSid", "x")).status)
	assert.Equal(t, 400, do(t, h, http.MethodPost, list+"/a", form("LastReadTimestamp", "x")).status)
}

func TestMessageParameters(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	const list = "/v1/Conversations/CH" + digits + "/Messages"
	a := do(t, h, http.MethodPost, list, form("Author", "a", "Body", "b", "Subject", "s", "Attributes", "{}", "MediaSid", "ME"+digits,
		"DateUpdated", "2024-05-01T10:00:02Z"), "X-Twilio-Webhook-Enabled", "true")
	assert.Equal(t, 201, a.status)
	assert.Nil(t, a.json(t)["delivery"])
	assert.Contains(t, a.body, "a < b & c", "JSON is written plainly")
	assert.Equal(t, bridge.MessageFields{
		Author: ptr("a"), Body: ptr("b"), Subject: ptr("s"), Attributes: ptr("{}"), Media: []conversations.MediaID{digits},
		Updated: ptr(at(2)),
	}, w.messageFields)

	a = do(t, h, http.MethodPost, list+"/IM"+digits, form("Body", ""))
	assert.Equal(t, 200, a.status)
	assert.Equal(t, bridge.MessageFields{Body: ptr("")}, w.messageFields)
	assert.EqualValues(t, 1, a.json(t)["delivery"].(map[string]any)["total"], "an update keeps showing the deliveries")

	assert.EqualValues(t, 50510, do(t, h, http.MethodPost, list, form("MediaSid", "x")).json(t)["code"])
	assert.EqualValues(t, 50308, do(t, h, http.MethodPost, list+"/IM"+digits, form("DateCreated", "x")).json(t)["code"])
	assert.Equal(t, 404, do(t, h, http.MethodPost, list+"/x", form("Body", "b")).status)
}

func TestMessagesInTheirOrder(t *testing.T) {
	t.Parallel()
	w := crowded(3)
	h := api.New(config(w))
	const list = "/v1/Conversations/CH" + digits + "/Messages"
	a := do(t, h, http.MethodGet, list+"?Order=DESC", "")
	assert.True(t, w.page.Descending)
	assert.EqualValues(t, 2, a.json(t)["messages"].([]any)[0].(map[string]any)["index"])
	assert.Equal(t, public+list+"?Order=desc&PageSize=50&Page=0", a.json(t)["meta"].(map[string]any)["first_page_url"])
	oldest := a.json(t)["messages"].([]any)[2].(map[string]any)
	assert.Equal(t, "all", oldest["delivery"].(map[string]any)["delivered"])
	do(t, h, http.MethodGet, list+"?Order=asc", "")
	assert.False(t, w.page.Descending)
}

func TestDeletions(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	for _, path := range []string{"", "/Participants/al%20ice@example.com", "/Messages/IM" + digits} {
		a := do(t, h, http.MethodDelete, "/v1/Conversations/a%2Fb%20c"+path, "")
		assert.Equal(t, 204, a.status, path)
		assert.Empty(t, a.body)
		assert.Empty(t, a.header.Get("Content-Type"))
		assert.Equal(t, conversations.ConversationKey{UniqueName: "a/b c"}, w.key)
	}
	assert.Equal(t, conversations.ParticipantKey{Identity: "al ice@example.com"}, w.who)
	assert.Equal(t, 404, do(t, h, http.MethodDelete, "/v1/Conversations/x/Messages/x", "").status)
}

func TestPercentEncodedKeys(t *testing.T) {
	t.Parallel()
	h := api.New(config(newWorld()))
	for _, path := range []string{
		"/v1/Conversations/a%2Fb%20c",
		"/v1/Conversations/a%2fb%20c/Participants/al%20ice@example.com",
		"/v1/Conversations/a%2Fb%20c/Participants/al%20ice%40example.com",
		"/v1/Services/" + service + "/Conversations/a%2Fb%20c/Messages/IM" + digits,
		"/v1/Conversations/CH0123456789ABCDEF0123456789ABCDEF/Messages/IM0123456789ABCDEF0123456789ABCDEF/Receipts",
	} {
		assert.Equal(t, 200, do(t, h, http.MethodGet, path, "").status, path)
	}
	assert.Equal(t, 404, do(t, h, http.MethodGet, "/v1/Conversations/a/b%20c", "").status)
	assert.Equal(t, 404, do(t, h, http.MethodGet, "/v1/Conversations/%2e%2e/Participants", "").status)
}

func TestBothFormsOfTheURLs(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	for _, path := range []string{"", "/Participants/MB" + digits, "/Messages/IM" + digits, "/Messages/IM" + digits + "/Receipts/DY" + digits} {
		for _, base := range []string{"/v1", "/v1/Services/" + service} {
			target := base + "/Conversations/CH" + digits + path
			v := do(t, h, http.MethodGet, target, "").json(t)
			assert.Equal(t, public+target, v["url"])
			_, named := v["chat_service_sid"]
			assert.Equal(t, base != "/v1" || path == "", named, target)
		}
	}
	assert.Equal(t, 201, do(t, h, http.MethodPost, "/v1/Services/IS"+other+"/Conversations", "").status)
	assert.Equal(t, conversations.ServiceID(other), w.service)
}

func TestDeliveryIsShownWhole(t *testing.T) {
	t.Parallel()
	a := do(t, api.New(config(newWorld())), http.MethodGet, "/bridged/v1/deliveries/DY"+digits, "")
	assert.Equal(t, 200, a.status)
	v := a.json(t)
	assert.Equal(t, "+15550001111", v["address"], "masking is for logs")
	assert.Equal(t, "abc", v["provider_id"])
	assert.Equal(t, "done", v["progress"])
	assert.Equal(t, []any{2.0, 5.0}, []any{v["parts"], v["segments"]})
	assert.Equal(t, public+"/bridged/v1/deliveries/DY"+digits, v["url"])
	attempts, reports := v["attempts"].([]any), v["status_reports"].([]any)
	assert.Equal(t, map[string]any{
		"number": 1.0, "part": 0.0, "outcome": "unknown", "provider_id": nil, "status": nil, "error_code": nil,
		"carrier_code": "E-7", "carrier_message": "try later",
		"throttled":    true,
		"date_started": "2024-05-01T10:00:04Z", "date_ended": "2024-05-01T10:00:05Z",
	}, attempts[0])
	assert.Equal(t, "pending", attempts[1].(map[string]any)["outcome"])
	assert.Nil(t, attempts[1].(map[string]any)["date_ended"])
	assert.Equal(t, map[string]any{
		"channel": "main", "provider_id": "abc", "status": "delivered", "error_code": nil, "carrier_code": "D",
		"carrier_message": "delivered", "date_reported": nil, "date_received": "2024-05-01T10:00:07.001Z",
	}, reports[0])
}

// The URL that a file goes by opens it without credentials, so it is not shown.
func TestWhatBecameOfEachFileIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld()
	const link = "https://bridge.example/bridged/v1/media/a-signed-link"
	h := api.New(config(w))
	shown := func() []any {
		return do(t, h, http.MethodGet, "/bridged/v1/deliveries/DY"+digits, "").json(t)["files"].([]any)
	}
	assert.Empty(t, shown(), "a message without files")
	w.deliveries[0].Files = []conversations.SentFile{
		{
			File: digits, Outcome: conversations.FileConverted, Reason: "it has 3 bytes, and the channel takes 2",
			Sent: conversations.Media{ID: other, ContentType: "image/jpeg", Filename: "a.jpg", Size: 2, URL: link},
		},
		{File: digits, Outcome: conversations.FileLinked, Sent: conversations.Media{ID: digits, ContentType: "application/zip", Size: 9}, Link: link, Reason: "why"},
		{File: digits, Outcome: conversations.FileFailed, Sent: conversations.Media{ID: digits, ContentType: "application/zip", Size: 9}, Code: 12300, Reason: "why"},
		{Outcome: conversations.FileKept, Sent: conversations.Media{URL: link}},
	}
	assert.Equal(t, []any{
		map[string]any{
			"sid": "ME" + digits, "sent_sid": "ME" + other, "outcome": "converted", "content_type": "image/jpeg", "filename": "a.jpg",
			"size": 2.0, "error_code": nil, "reason": "it has 3 bytes, and the channel takes 2",
		},
		map[string]any{
			"sid": "ME" + digits, "sent_sid": "ME" + digits, "outcome": "linked", "content_type": "application/zip", "filename": nil,
			"size": 9.0, "error_code": nil, "reason": "why",
		},
		map[string]any{
			"sid": "ME" + digits, "sent_sid": nil, "outcome": "failed", "content_type": "application/zip", "filename": nil,
			"size": 9.0, "error_code": 12300.0, "reason": "why",
		},
		map[string]any{
			"sid": nil, "sent_sid": nil, "outcome": "kept", "content_type": nil, "filename": nil, "size": nil, "error_code": nil, "reason": nil,
		},
	}, shown())
	assert.NotContains(t, do(t, h, http.MethodGet, "/bridged/v1/deliveries/DY"+digits, "").body, "a-signed-link")
}

func TestDeadLettersAndUnroutedMessages(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.deadLetters = []conversations.DeadLetter{{
		Seq: 3, Topic: "outbound.main", Key: "k", Delivery: digits, Payload: []byte("{\xff"), ErrorCode: 30003, Reason: "why", Created: at(1),
	}}
	w.unrouted = []conversations.InboundRecord{{
		Seq: 4, Received: at(2), Reason: "nobody", State: conversations.InboundUnrouted,
		Inbound: conversations.Inbound{
			Channel: "main", ProviderID: "p", From: "+15550001111", To: "+15550002222", Body: "hi",
			Notes: []string{"NUL characters were removed"},
			Media: []conversations.Media{{ContentType: "image/png", URL: "https://carrier.example/secret"}},
		},
	}}
	h := api.New(config(w))
	a := do(t, h, http.MethodGet, "/bridged/v1/dead-letters", "")
	assert.Equal(t, map[string]any{
		"id": 3.0, "state": "open", "topic": "outbound.main", "key": "k", "channel": nil, "delivery_sid": "DY" + digits,
		"error_code": 30003.0, "reason": "why", "payload": "{\uFFFD", "date_created": "2024-05-01T10:00:01Z",
		"date_discarded": nil, "discarded_by": nil, "discard_reason": nil,
		"url": a.json(t)["dead_letters"].([]any)[0].(map[string]any)["url"],
	}, a.json(t)["dead_letters"].([]any)[0])
	a = do(t, h, http.MethodGet, "/bridged/v1/unrouted", "")
	assert.Equal(t, map[string]any{
		"id": 4.0, "channel": "main", "provider_id": "p", "from": "+15550001111", "to": "+15550002222", "others": []any{}, "body": "hi",
		"media":  []any{map[string]any{"content_type": "image/png", "filename": "", "size": 0.0}},
		"reason": "nobody", "notes": []any{"NUL characters were removed"}, "date_sent": nil, "date_received": "2024-05-01T10:00:02Z",
	}, a.json(t)["unrouted"].([]any)[0])
}

func TestAliasConflicts(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.aliasConflicts = []conversations.AliasConflict{{
		Seq: 5, Alias: conversations.Alias{Name: "whatsapp:US.1", Root: "whatsapp:+15550001111"}, Proxy: "whatsapp:+15550002222",
		Kept:    conversations.Pair{Conversation: digits, Participant: digits},
		Freed:   conversations.Pair{Conversation: other, Participant: other},
		Created: at(3),
	}}
	a := do(t, api.New(config(w)), http.MethodGet, "/bridged/v1/alias-conflicts", "")
	assert.Equal(t, map[string]any{
		"id": 5.0, "alias": "whatsapp:US.1", "address": "whatsapp:+15550001111", "proxy_address": "whatsapp:+15550002222",
		"kept_conversation_sid": "CH" + digits, "kept_participant_sid": "MB" + digits,
		"freed_conversation_sid": "CH" + other, "freed_participant_sid": "MB" + other,
		"date_created": "2024-05-01T10:00:03Z",
	}, a.json(t)["alias_conflicts"].([]any)[0])
}

func TestEveryProgressHasAName(t *testing.T) {
	t.Parallel()
	w := newWorld()
	h := api.New(config(w))
	for i, want := range []string{"waiting", "sending", "retry", "unknown", "done", "dead", "along"} {
		w.deliveries[0].Progress = conversations.Progress(i)
		assert.Equal(t, want, do(t, h, http.MethodGet, "/bridged/v1/deliveries/DY"+digits, "").json(t)["progress"])
	}
}
