package api_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/api"
)

// errorForm is the reference's form of an error, and nothing else.
type errorForm struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

// wellMannered says what is wrong with an answer, whatever the request was.
func wellMannered(rec *httptest.ResponseRecorder) error {
	body := rec.Body.Bytes()
	if rec.Header().Get("Content-Encoding") == "gzip" {
		packed, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return err
		}
		if body, err = io.ReadAll(packed); err != nil {
			return err
		}
	}
	switch {
	case rec.Header().Get("Twilio-Request-Id") == "":
		return fmt.Errorf("no request ID")
	case rec.Code == http.StatusNoContent || rec.Code == http.StatusNotModified:
		if len(body) > 0 {
			return fmt.Errorf("%d with a body", rec.Code)
		}
		return nil
	case rec.Code == http.StatusOK || rec.Code == http.StatusCreated || rec.Code == http.StatusAccepted:
		var resource map[string]any
		return json.Unmarshal(body, &resource)
	case rec.Code >= 400 && rec.Code < 500:
		var e errorForm
		strict := json.NewDecoder(bytes.NewReader(body))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&e); err != nil {
			return err
		}
		if e.Code == 0 || e.Message == "" || e.Status != rec.Code || !strings.HasSuffix(e.MoreInfo, fmt.Sprint(e.Code)) {
			return fmt.Errorf("no error of the reference")
		}
		return nil
	}
	return fmt.Errorf("never answered")
}

// request makes a request as a client could send it; nil where none could.
func request(t *testing.T, method, target, header, value, body string) *http.Request {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "/", strings.NewReader(body))
	if err != nil || strings.ContainsFunc(header+value, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return nil
	}
	r.URL, r.RequestURI = u, target
	r.SetBasicAuth(account, token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set(header, value)
	return r
}

// FuzzRouter looks for a request that the API over the real verbs and a real
// store answers with a failure, or in a form that no client knows. In paths and
// bodies [C], [P], [N] and [M] stand for the SIDs of a conversation, its two
// participants and its message, and [F] for a conversation of another service.
func FuzzRouter(f *testing.F) {
	const form = "FriendlyName=a&UniqueName=b%2F%F0%9F%98%80&Attributes=%7B%7D&State=inactive&Timers.Inactive=PT1M&Timers.Closed=PT10M" +
		"&DateCreated=2024-05-01T10:00:00Z&DateUpdated=9999-12-31&Identity=eve&MessagingBinding.Address=%2B15550000009" +
		"&MessagingBinding.ProxyAddress=%2B15559990001&MessagingBinding.ProjectedAddress=null&RoleSid=RL" + digits +
		"&LastReadMessageIndex=0&LastReadTimestamp=2024-05-01&Author=ada&Body=a+b&Subject=c&MessagingServiceSid=MG" + digits +
		"&Type=conversation&Permission=sendMessage&NotificationLevel=muted&Target=trigger&Configuration.Triggers=a" +
		"&Configuration.Url=https%3A%2F%2Fexample.com&Configuration.Filters=onMessageAdded&Participant=%7B%22identity%22%3A%22eve%22%7D" +
		"&Method=GET&Filters=onMessageAdd&PreWebhookUrl=&ReachabilityEnabled=true&NewMessage.Enabled=false" +
		"&DefaultChatServiceSid=IS" + other + "&DefaultInactiveTimer=PT1M&DefaultConversationRoleSid=RL" + digits
	headers := [][2]string{
		{"Accept-Encoding", "gzip;q=0.5, *"},
		{"Idempotency-Key", "k"},
		{"If-Match", "*"},
		{"If-Match", `"x"`},
		{"If-None-Match", "*"},
		{"Origin", friend},
		{"X-Twilio-Webhook-Enabled", "true"},
		{"Content-Type", "text/plain"},
		{"Content-Encoding", "gzip"},
		{"Authorization", "Basic eDp5"},
		{"Access-Control-Request-Method", "POST"},
	}
	for _, base := range []string{"/v1", "/v1/Services/" + service, "/v1/Services/IS" + other} {
		for i, path := range []string{
			"/Conversations", "/Conversations/[C]", "/Conversations/ours", "/Conversations/[F]",
			"/Conversations/[C]/Participants", "/Conversations/[C]/Participants/[P]", "/Conversations/[C]/Participants/[N]",
			"/Conversations/[C]/Participants/ada", "/Conversations/[C]/Messages", "/Conversations/[C]/Messages/[M]",
			"/Conversations/[C]/Messages/[M]/Receipts", "/Conversations/[C]/Messages/[M]/Receipts/DY" + digits,
			"/Conversations?PageSize=2&Page=0&PageToken=YQAAAAAAAAABAAAAAAAAAAA&StartDate=2024-05-01&EndDate=2024-05-02&State=active",
			"/Conversations/[C]/Messages?Order=desc&PageSize=50", "/Conversations/%ff", "/Conversations//x", "/Nothing",
			"/Conversations/[C]/Webhooks", "/Conversations/[C]/Export", "/Conversations/[C]/Messages/[M]/ChannelMetadata",
			"/ConversationWithParticipants", "/Users", "/Users/ada", "/Users/ada/Conversations", "/Users/ada/Conversations/[C]",
			"/ParticipantConversations?Identity=ada", "/ParticipantConversations?Address=%2B1555000", "/Roles", "/Roles/RL" + digits,
			"/Configuration", "/Configuration/Webhooks", "/Configuration/Notifications", "/Configuration/Addresses",
			"/Configuration/Addresses/%2B15559990001", "/Bindings?Identity=a&BindingType=fcm", "/Credentials", "/Services", "",
		} {
			h := headers[i%len(headers)]
			f.Add(http.MethodGet, base+path, h[0], h[1], "")
			f.Add(http.MethodPost, base+path, h[0], h[1], form)
			f.Add(http.MethodDelete, base+path, h[0], h[1], "")
			f.Add(http.MethodOptions, base+path, h[0], h[1], "")
		}
	}
	for _, path := range []string{"/bridged/v1/deliveries/DY" + digits, "/bridged/v1/dead-letters?PageSize=1", "/bridged/v1/unrouted", "/", "//"} {
		f.Add(http.MethodGet, path, "Accept", "*/*", "")
		f.Add("BREW", path, "Accept", "*/*", "")
	}
	for _, body := range []string{
		"Type=sms&Address=%2B15559990001&AutoCreation.Enabled=true&AutoCreation.Type=webhook&AutoCreation.WebhookUrl=https%3A%2F%2Fexample.com",
		"Type=fcm&FriendlyName=a&Secret=b&Sandbox=false",
	} {
		f.Add(http.MethodPost, "/v1/Configuration/Addresses", "Accept", "*/*", body)
		f.Add(http.MethodPost, "/v1/Credentials", "Accept", "*/*", body)
	}
	for path, body := range map[string]string{
		"/v1/Content": `{"friendly_name":"a","language":"en","variables":{"1":"b"},"types":{"twilio/text":{"body":"{{1}}"}}}`,
		"/v1/Content/HX" + digits + "/ApprovalRequests/whatsapp": `{"name":"a","category":"UTILITY"}`,
		"/bridged/v1/import": `{"resources":[{"sid":"CH` + digits + `"}]}`,
	} {
		f.Add(http.MethodPost, path, "Content-Type", "application/json", body)
	}
	f.Add(http.MethodPost, "/v3/Services/"+service+"/Channels/[C]", "X-Twilio-Webhook-Enabled", "true", "Type=private")
	f.Add(http.MethodGet, "/bridged/v1/search?Query=a+b&Type=message&PageSize=1", "Accept", "*/*", "")
	in := newInstallation(f, func(c *api.Config) { c.Origins = []string{friend} })
	asked := 0
	f.Fuzz(func(t *testing.T, method, target, header, value, body string) {
		if asked++; asked%64 == 0 { // much of it is deleted or closed by now
			in.restore(t)
			in.furnish(t, fmt.Sprint(asked))
		}
		fill := strings.NewReplacer("[C]", in.conversation, "[P]", in.chat, "[N]", in.native, "[M]", in.message, "[F]", in.foreign)
		r := request(t, method, fill.Replace(target), header, value, fill.Replace(body))
		if r == nil {
			return
		}
		rec := httptest.NewRecorder()
		in.ServeHTTP(rec, r)
		require.NoError(t, wellMannered(rec), "%d %s", rec.Code, rec.Body)
	})
}
