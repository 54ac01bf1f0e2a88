package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The operations on everything but conversations and what is in them, with what
// each refuses.
func TestParametersOfOtherResourcesThatAreRefused(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	webhooks := "/v1/Conversations/" + in.conversation + "/Webhooks"
	const (
		url  = "Configuration.Url=https://example.com"
		long = "https://example.com/"
	)
	for path, bad := range map[string][]badInput{
		"/v1/Services": {{"", 400, 50000}, {"FriendlyName=", 400, 50000}, {"FriendlyName=" + strings.Repeat("x", 257), 400, 50003}},
		"/v1/Services/" + service + "/Configuration": {
			{"DefaultConversationRoleSid=x", 404, 50100},
			{"DefaultChatServiceRoleSid=RL" + strings.Repeat("0", 32), 404, 50100},
			{"ReachabilityEnabled=maybe", 400, 20001},
		},
		"/v1/Services/" + service + "/Configuration/Notifications": {
			{"LogEnabled=1", 400, 20001},
			{"NewMessage.Enabled=", 400, 20001},
			{"NewMessage.Template=" + strings.Repeat("x", 2049), 400, 50058},
			{"AddedToConversation.Sound=" + strings.Repeat("x", 257), 400, 50059},
		},
		"/v1/Services/" + service + "/Configuration/Webhooks": {{"Method=PUT", 400, 50055}, {"Filters=onMessageSent", 400, 50054}, {"PreWebhookUrl=a", 400, 20001}},
		"/v1/Configuration/Webhooks":                          {{"Method=", 400, 50055}, {"Target=studio", 400, 50054}, {"PostWebhookUrl=ftp://a", 400, 20001}},
		"/v1/Conversations/Webhooks":                          {{"Method=DELETE", 400, 50055}},
		"/v1/Configuration": {
			{"DefaultChatServiceSid=x", 404, 50050},
			{"DefaultChatServiceSid=IS" + strings.Repeat("0", 32), 404, 50050},
			{"DefaultMessagingServiceSid=MG" + other, 400, 50341},
			{"DefaultInactiveTimer=PT59S", 400, 50375},
			{"DefaultClosedTimer=P1Y", 400, 50380},
		},
		"/v1/Configuration/Addresses": {
			{"Type=sms", 400, 50411},
			{"Address=%2B15559990001", 400, 20001},
			{"Type=pigeon&Address=a", 400, 20001},
			{"Type=sms&Address=%2B15550000009", 403, 50413},
			{"Type=sms&Address=whatsapp:%2B15559990001", 400, 50414},
			{"Type=sms&Address=%2B15559990001&AutoCreation.Type=magic", 400, 20001},
			{"Type=sms&Address=%2B15559990001&AutoCreation.Type=webhook", 400, 20001},
			{"Type=sms&Address=%2B15559990001&AutoCreation.Type=studio", 400, 20001},
			{"Type=sms&Address=%2B15559990001&AutoCreation.Type=studio&AutoCreation.StudioFlowSid=FW" + digits, 400, 50367},
			{"Type=sms&Address=%2B15559990001&AutoCreation.StudioFlowSid=FW", 400, 50367},
			{"Type=sms&Address=%2B15559990001&AutoCreation.StudioRetryCount=many", 400, 20001},
			{"Type=sms&Address=%2B15559990001&AutoCreation.StudioRetryCount=4", 400, 20001},
			{"Type=sms&Address=%2B15559990001&AutoCreation.ConversationServiceSid=IS" + strings.Repeat("0", 32), 404, 50050},
			{"Type=sms&Address=%2B15559990001&AddressCountry=usa", 400, 20001},
			{"Type=sms&Address=%2B15559990001&FriendlyName=" + strings.Repeat("x", 257), 400, 50003},
		},
		"/v1/Roles": {
			{"Type=service&Permission=joinConversation", 400, 50000},
			{"FriendlyName=a&Permission=sendMessage", 400, 50105},
			{"FriendlyName=a&Type=deployment&Permission=sendMessage", 400, 50105},
			{"FriendlyName=a&Type=service", 400, 20001},
			{"FriendlyName=a&Type=service&Permission=sendMessage", 404, 50104},
			{"FriendlyName=" + strings.Repeat("x", 65) + "&Type=service", 400, 50003},
		},
		"/v1/Users": {
			{"", 400, 50204},
			{"Identity=", 400, 50204},
			{"Identity=ada", 409, 50201},
			{"Identity=US" + digits, 400, 50206},
			{"Identity=a&RoleSid=x", 404, 50100},
			{"Identity=a&Attributes=%7B", 400, 50304},
			{"Identity=" + strings.Repeat("x", 257), 400, 50207},
		},
		"/v1/Users/ada": {{"RoleSid=RL" + other, 404, 50100}, {"FriendlyName=" + strings.Repeat("x", 257), 400, 50003}, {attributesOf(4<<10 + 1), 400, 50303}},
		"/v1/Users/ada/Conversations/" + in.conversation: {
			{"NotificationLevel=loud", 400, 50210}, {"LastReadMessageIndex=x", 400, 50421}, {"LastReadTimestamp=x", 400, 20001},
		},
		"/v1/Credentials": {{"", 400, 50209}, {"Type=pigeon", 400, 50209}, {"Type=fcm&FriendlyName=" + strings.Repeat("x", 65), 400, 50003}, {"Type=apn&Sandbox=perhaps", 400, 20001}},
		webhooks: {
			{"", 400, 50368},
			{"Target=email", 400, 50364},
			{"Target=webhook&Configuration.Filters=onMessageAdded", 400, 50369},
			{"Target=webhook&" + url, 400, 50370},
			{"Target=webhook&Configuration.Filters=onMessageAdd&" + url, 400, 50365},
			{"Target=webhook&Configuration.Filters=onMessageAdded&Configuration.Method=PUT&" + url, 400, 20001},
			{"Target=webhook&Configuration.Filters=onMessageAdded&Configuration.Url=" + long + strings.Repeat("x", 2048), 400, 50372},
			{"Target=trigger&" + url, 400, 50371},
			{"Target=trigger&Configuration.Triggers=+&" + url, 400, 50366},
			{"Target=trigger&" + strings.Repeat("Configuration.Triggers=a&", 6) + url, 400, 50362},
			{"Target=studio", 400, 50367},
			{"Target=studio&Configuration.FlowSid=FW" + digits, 400, 50367},
			{"Target=webhook&Configuration.Filters=onMessageAdded&Configuration.ReplayAfter=-1&" + url, 400, 20001},
		},
		"/v1/ConversationWithParticipants": {
			{"UniqueName=ours", 409, 50353},
			{"Participant=ada", 400, 20001},
			{"Participant=[]", 400, 20001},
			{"Participant=null", 400, 20001},
			{"Participant=%7B%7D", 400, 20001},
			{`Participant={"identity":1}`, 400, 20001},
			{`Participant={"messaging_binding":{"address":"nobody","proxy_address":"%2B15559990001"}}`, 400, 50407},
			{strings.Repeat(`Participant={"identity":"a"}&`, 11), 400, 50417},
			{strings.Repeat(`Participant={"identity":"a"}&`, 2), 409, 50433},
		},
	} {
		for _, c := range bad {
			a := do(t, in, http.MethodPost, path, c.form)
			what := path + " " + c.form[:min(len(c.form), 80)]
			assert.Equal(t, c.status, a.status, "%s\n%s", what, a.body)
			assert.EqualValues(t, c.code, a.json(t)["code"], "%s\n%s", what, a.body)
		}
	}
	for path, code := range map[string]int{
		"/v1/ParticipantConversations":                      20001,
		"/v1/ParticipantConversations?Identity=":            20001,
		"/v1/ParticipantConversations?Identity=a&Address=b": 50451,
		"/v1/Configuration/Addresses?Type=pigeon":           20001,
		"/v1/Users?PageSize=0":                              20001,
		"/v1/Roles?PageToken=x":                             20001,
	} {
		a := do(t, in, http.MethodGet, path, "")
		assert.Equal(t, 400, a.status, path)
		assert.EqualValues(t, code, a.json(t)["code"], path)
	}
}

// What is not there, or is another service's, is not found by any operation on
// the other resources either.
func TestSIDsOfOtherResourcesThatNameNothingHere(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	elsewhere := "/v1/Services/IS" + other
	user := do(t, in, http.MethodGet, "/v1/Users/ada", "").json(t)["sid"].(string)
	role := do(t, in, http.MethodPost, "/v1/Roles", "FriendlyName=a&Type=service&Permission=joinConversation").json(t)["sid"].(string)
	zeros := strings.Repeat("0", 32)
	for _, path := range []string{
		"/v1/Users/US" + zeros, "/v1/Users/nobody", elsewhere + "/Users/ada", elsewhere + "/Users/" + user,
		"/v1/Users/nobody/Conversations", elsewhere + "/Users/ada/Conversations",
		"/v1/Users/ada/Conversations/CH" + zeros, "/v1/Users/ada/Conversations/" + in.foreign, "/v1/Users/nobody/Conversations/" + in.conversation,
		"/v1/Roles/RL" + zeros, "/v1/Roles/x", elsewhere + "/Roles/" + role,
		"/v1/Services/IS" + zeros, "/v1/Services/x", "/v1/Services/IS" + zeros + "/Configuration", "/v1/Services/x/Configuration/Webhooks",
		"/v1/Configuration/Addresses/IG" + zeros, "/v1/Configuration/Addresses/+15559990001",
		"/v1/Credentials/CR" + zeros, "/v1/Credentials/x",
		"/v1/Services/" + service + "/Bindings/BS" + zeros, elsewhere + "/Bindings/x",
		"/v1/Conversations/" + in.conversation + "/Webhooks/WH" + zeros, "/v1/Conversations/CH" + zeros + "/Webhooks",
		elsewhere + "/Conversations/" + in.conversation + "/Webhooks",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			a := do(t, in, method, path, "Permission=joinConversation&Target=trigger&Configuration.Triggers=a&Configuration.Url=https://example.com")
			if a.status == http.StatusMethodNotAllowed {
				continue
			}
			assert.Equal(t, 404, a.status, "%s %s: %s", method, path, a.body)
			assert.EqualValues(t, 20404, a.json(t)["code"], "%s %s", method, path)
		}
	}
}
