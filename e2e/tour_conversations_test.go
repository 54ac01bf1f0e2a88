package e2e

import (
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// within is a tour of one service's conversations, users and roles. Its
// operations come in two forms: with the service's SID in their paths, and
// without it for the default service.
type within struct {
	*tour

	service  string // SID
	explicit bool   // its SID is in the paths
	handset  string // of the person on SMS
}

// do carries out a step whose operation is named in its form without a service.
func (c within) do(s step) object {
	c.t.Helper()
	at := sids{}
	for name, value := range s.at {
		at[name] = value
	}
	if s.at = at; c.explicit {
		at["ChatServiceSid"] = c.service
		for _, verb := range []string{"Create", "Fetch", "List", "Update", "Delete"} {
			if noun, is := strings.CutPrefix(s.op, verb); is {
				s.op = verb + "Service" + noun
				break
			}
		}
	}
	return c.tour.do(s)
}

// all calls every operation of a service.
func (c within) all() {
	c.roles()
	c.users()
	conversation := c.conversations()
	c.participants(conversation)
	c.groupText()
	c.webhooks(conversation)
	c.messages(conversation)
	c.memberships(conversation)
	c.withParticipants()
	c.closed()
}

// roles calls the operations on roles.
func (c within) roles() {
	permissions := []string{"sendMessage", "leaveConversation", "editOwnMessage", "deleteOwnMessage"}
	f := form("FriendlyName", "Conversation Role", "Type", "conversation")
	f["Permission"] = permissions
	made := c.do(step{op: "CreateRole", form: f, like: []string{"create"}})
	at := sids{"Sid": text(made, "sid")}
	c.do(step{op: "FetchRole", at: at, like: []string{"fetch"}})
	c.do(step{op: "ListRole", like: []string{"readFull"}})
	c.do(step{op: "ListRole", form: form("PageSize", "2")})
	c.do(step{op: "UpdateRole", at: at, form: map[string][]string{"Permission": permissions[:2]}, like: []string{"update"}})
	c.do(step{op: "CreateUser", form: form("Identity", "with a role", "RoleSid", c.role("service"))})
	c.do(step{op: "UpdateUser", at: sids{"Sid": "with a role"}, form: form("RoleSid", c.role("service"))})
	c.do(step{op: "DeleteUser", at: sids{"Sid": "with a role"}})
	c.do(step{op: "DeleteRole", at: at})
}

// role makes a role of a type and returns its SID.
func (c within) role(kind string) string {
	permission := map[string]string{"service": "editOwnUserInfo", "conversation": "sendMessage"}[kind]
	made := c.do(step{op: "CreateRole", form: form("FriendlyName", "another role", "Type", kind, "Permission", permission)})
	return text(made, "sid")
}

// users calls the operations on users, but for those on their conversations.
func (c within) users() {
	at := sids{"Sid": "admin"}
	c.do(step{
		op: "CreateUser", webhooks: "true", like: []string{"create"},
		form: form("Identity", "admin", "FriendlyName", "name", "Attributes", `{ "duty": "tech" }`),
	})
	other := c.do(step{op: "CreateUser", form: form("Identity", "agent0034", "FriendlyName", "John from customs")})
	c.do(step{op: "FetchUser", at: at, like: []string{"fetch"}})
	c.do(step{op: "ListUser", like: []string{"readFull"}})
	c.do(step{op: "ListUser", form: form("PageSize", "1")})
	c.do(step{op: "UpdateUser", at: at, form: form("FriendlyName", "new name", "Attributes", "{}"), like: []string{"update"}})
	c.do(step{op: "DeleteUser", at: sids{"Sid": text(other, "sid")}})
}

// conversations calls the operations on conversations, and returns the SID of one
// that is used on.
func (c within) conversations() string {
	create := func(example string, pairs ...string) string {
		return text(c.do(step{op: "CreateConversation", form: form(pairs...), like: []string{example}}), "sid")
	}
	full := []string{
		"FriendlyName", "friendly_name", "MessagingServiceSid", firstSenders, "Attributes", `{ "topic": "feedback" }`,
		"Timers.Inactive", "PT10M", "Timers.Closed", "PT1H",
	}
	kept := create("create", append(full, "UniqueName", "unique_name", "DateCreated", "2015-12-16T22:18:37Z", "DateUpdated", "2015-12-16T22:18:38Z")...)
	// The state of this example cannot be asked for; only its structure is compared.
	started := create("createWithIntializingResponseState", append(full, "UniqueName", "another name")...)
	create("createEmailConversation", "FriendlyName", "friendly_name",
		"Bindings.Email.Address", "example+123@example.com", "Bindings.Email.Name", "example")
	create("createNoTimersNoAttributes", "FriendlyName", "friendly_name")
	c.do(step{op: "FetchConversation", at: sids{"Sid": kept}, like: []string{"fetch"}})
	c.do(step{op: "FetchConversation", at: sids{"Sid": "unique_name"}, like: []string{"fetch"}})
	c.do(step{op: "ListConversation", like: []string{"readFull"}})
	c.do(step{op: "ListConversation", form: form("PageSize", "2", "State", "active", "StartDate", "2014-01-01", "EndDate", "2099-12-31")})
	c.do(step{op: "UpdateConversation", at: sids{"Sid": kept}, like: []string{"update"}, form: form(
		"MessagingServiceSid", secondSenders, "FriendlyName", "another name", "UniqueName", "renamed", "Attributes", `{"a": 1}`,
		"Timers.Inactive", "PT20M", "Timers.Closed", "PT2H", "State", "active",
		"DateCreated", "2015-12-16T22:18:37Z", "DateUpdated", "2015-12-16T22:18:38Z")})
	c.do(step{op: "UpdateConversation", at: sids{"Sid": started}, form: form(
		"Bindings.Email.Address", "another@example.com", "Bindings.Email.Name", "another")})
	c.do(step{op: "DeleteConversation", at: sids{"Sid": started}, webhooks: "true"})
	return kept
}

// groupText calls the operations on the participants of a group text.
func (c within) groupText() {
	conversation := text(c.do(step{op: "CreateConversation", form: form("FriendlyName", "a group text")}), "sid")
	in := sids{"ConversationSid": conversation}
	made := c.do(step{
		op: "CreateConversationParticipant", at: in, like: []string{"createGmms"},
		form: form("Identity", "driver", "Attributes", `{ "role": "driver" }`, "MessagingBinding.ProjectedAddress", secondProxy),
	})
	c.do(step{
		op: "CreateConversationParticipant", at: in, like: []string{"createGmmsChatNoAttributes"},
		form: form("Identity", "dispatcher", "MessagingBinding.ProjectedAddress", thirdProxy),
	})
	c.do(step{
		op: "CreateConversationParticipant", at: in, like: []string{"createGmmsSmsNoAttributes"},
		form: form("MessagingBinding.Address", "+15550200009"),
	})
	c.do(step{
		op: "UpdateConversationParticipant", at: sids{"ConversationSid": conversation, "Sid": text(made, "sid")},
		like: []string{"updateGmms"}, form: form("Identity", "another driver", "MessagingBinding.ProjectedAddress", secondProxy),
	})
	c.do(step{op: "DeleteConversation", at: sids{"Sid": conversation}})
}

// closed closes a conversation.
func (c within) closed() {
	made := c.do(step{op: "CreateConversation", form: form("FriendlyName", "friendly_name", "UniqueName", "to be closed",
		"State", "inactive", "Timers.Inactive", "PT10M", "Timers.Closed", "PT1H")})
	c.do(step{op: "UpdateConversation", at: sids{"Sid": text(made, "sid")}, form: form("State", "closed"), like: []string{"updateClosedState"}})
}

// participants calls the operations on participants, and leaves the identity
// "admin" and the handset.
func (c within) participants(conversation string) {
	in := sids{"ConversationSid": conversation}
	at := func(sid string) sids { return sids{"ConversationSid": conversation, "Sid": sid} }
	c.do(step{
		op: "CreateConversationParticipant", at: in, like: []string{"createChat"}, webhooks: "true",
		form: form("Identity", "admin", "Attributes", `{ "role": "driver" }`),
	})
	made := c.do(step{op: "CreateConversationParticipant", at: in, like: []string{"createSms"}, form: form("Attributes", `{ "role": "driver" }`,
		"MessagingBinding.Address", c.handset, "MessagingBinding.ProxyAddress", smsProxy)})
	dated := []string{"DateCreated", "2015-12-16T22:18:37Z", "DateUpdated", "2015-12-16T22:18:38Z"}
	c.do(step{op: "CreateConversationParticipant", at: in, form: form(append(dated, "Identity", "leaves soon", "RoleSid", c.role("conversation"))...)})
	c.do(step{op: "FetchConversationParticipant", at: at(text(made, "sid")), like: []string{"fetch"}})
	c.do(step{op: "FetchConversationParticipant", at: at("admin"), like: []string{"fetchByIdentity"}})
	c.do(step{op: "ListConversationParticipant", at: in, like: []string{"read"}})
	c.do(step{op: "ListConversationParticipant", at: in, form: form("PageSize", "1")})
	c.do(step{
		op: "UpdateConversationParticipant", at: at(text(made, "sid")), like: []string{"update"},
		form: form(append(dated, "Attributes", "{}", "MessagingBinding.ProxyAddress", secondProxy)...),
	})
	c.do(step{op: "UpdateConversationParticipant", at: at(text(made, "sid")), form: form("MessagingBinding.ProxyAddress", smsProxy)})
	c.do(step{op: "UpdateConversationParticipant", at: at("leaves soon"), form: form("Identity", "leaves soon", "RoleSid", c.role("conversation"))})
	c.do(step{op: "DeleteConversationParticipant", at: at("leaves soon")})
}

// webhooks calls the operations on a conversation's webhooks.
func (c within) webhooks(conversation string) {
	in := sids{"ConversationSid": conversation}
	at := func(made object) sids { return sids{"ConversationSid": conversation, "Sid": text(made, "sid")} }
	c.do(step{op: "ListConversationScopedWebhook", at: in, like: []string{"readEmpty"}})
	webhook := c.do(step{op: "CreateConversationScopedWebhook", at: in, like: []string{"create"}, form: form("Target", "webhook",
		"Configuration.Url", listener, "Configuration.Method", "get",
		"Configuration.Filters", "onConversationStateUpdated", "Configuration.Filters", "onConversationRemoved")})
	trigger := c.do(step{op: "CreateConversationScopedWebhook", at: in, form: form("Target", "trigger", "Configuration.Url", listener,
		"Configuration.Method", "post", "Configuration.Triggers", "keyword1", "Configuration.Triggers", "keyword2")})
	studio := c.do(step{op: "CreateConversationScopedWebhook", at: in, form: form("Target", "studio", "Configuration.FlowSid", flow)})
	c.do(step{op: "ListConversationScopedWebhook", at: in, like: []string{"readFull"}})
	c.do(step{op: "ListConversationScopedWebhook", at: in, form: form("PageSize", "2")})
	c.do(step{op: "FetchConversationScopedWebhook", at: at(studio), like: []string{"fetch"}})
	c.do(step{op: "UpdateConversationScopedWebhook", at: at(trigger), like: []string{"update"}, form: form(
		"Configuration.Triggers", "keyword3", "Configuration.Triggers", "keyword4")})
	c.do(step{op: "UpdateConversationScopedWebhook", at: at(studio), form: form("Configuration.FlowSid", secondFlow)})
	c.do(step{op: "UpdateConversationScopedWebhook", at: at(webhook), form: form("Configuration.Url", listener+"/2",
		"Configuration.Method", "post", "Configuration.Filters", "onMessageAdded")})
	c.do(step{op: "DeleteConversationScopedWebhook", at: at(webhook)})
	c.do(step{op: "CreateConversationScopedWebhook", at: in, form: form("Target", "trigger", "Configuration.Url", listener,
		"Configuration.Triggers", "keyword", "Configuration.ReplayAfter", "0")})
	c.do(step{op: "DeleteConversationScopedWebhook", at: at(studio)})
	c.do(step{op: "DeleteConversationScopedWebhook", at: at(trigger)})
}

// messages calls the operations on messages and their receipts.
func (c within) messages(conversation string) {
	in := sids{"ConversationSid": conversation}
	create := func(example string, pairs ...string) string {
		return text(c.do(step{op: "CreateConversationMessage", at: in, form: form(pairs...), like: []string{example}}), "sid")
	}
	status, content := c.postJSON("/v1/Content", owl)
	require.Equal(c.t, http.StatusCreated, status)
	media := func() { create("createWithMedia", "Author", "admin", "MediaSid", c.uploaded(c.service, "car.jpg").SID) }
	media()
	first := create("create", "Author", "admin", "Body", "Hello", "Attributes", `{ "importance": "high" }`)
	create("createNoAttributes", "Author", "admin", "Body", "Hello")
	create("createWithContentSid", "Author", "admin", "ContentSid", text(content, "sid"), "ContentVariables", `{"1":"John"}`)
	create("createWithSubject", "Author", "admin", "ContentSid", text(content, "sid"), "Subject", "a subject")
	last := create("createNoAttributes", "Author", "admin", "Body", "fails")
	welcome := text(c.do(step{op: "CreateConversationMessage", at: in, form: form("Author", "system", "Body", "Welcome!")}), "sid")
	media()
	c.delivered(conversation, 8)

	at := func(sid string) sids { return sids{"ConversationSid": conversation, "Sid": sid} }
	c.do(step{op: "FetchConversationMessage", at: at(welcome), like: []string{"fetch"}})
	dated := []string{"DateCreated", "2015-12-16T22:18:37Z", "DateUpdated", "2015-12-16T22:18:38Z"}
	c.do(step{op: "UpdateConversationMessage", at: at(first), like: []string{"update"}, form: form(append(dated,
		"Author", "admin", "Body", "Hello again", "Attributes", "{}", "Subject", "another subject")...)})
	c.do(step{op: "ListConversationMessage", at: in, like: []string{"readFull"}})
	for example, order := range map[string]string{
		"readLastMessage": "desc", "readLastMessage_ienumOrderMixedCaseAsc": "aSc", "readLastMessage_ienumOrderMixedCaseDesc": "dEsC",
		"readFullOrderAscMixedAsc": "AsC", "readFullOrderDescMixedDesc": "DeSc",
	} {
		f := form("Order", order)
		if strings.HasPrefix(example, "readLast") {
			f.Set("PageSize", "2")
		}
		c.do(step{op: "ListConversationMessage", at: in, form: f, like: []string{example}})
	}
	c.receipts(conversation, last)
	c.do(step{op: "DeleteConversationMessage", at: at(last), webhooks: "true"})
	dated = append(dated, "Author", "admin", "Body", "from the past")
	c.do(step{op: "CreateConversationMessage", at: in, form: form(dated...)})
	read := c.do(step{op: "UpdateConversationParticipant", at: at("admin"), form: form(
		"LastReadMessageIndex", "2", "LastReadTimestamp", "2030-12-16T22:18:37Z")})
	require.Equal(c.t, "admin", text(read, "identity"))
}

// delivered waits until something is known of the delivery of so many messages.
func (c within) delivered(conversation string, messages int) {
	c.t.Helper()
	eventually(c.t, func() bool {
		var page struct {
			Messages []struct{ Delivery *struct{} }
		}
		c.call(http.MethodGet, "/v1/Services/"+c.service+"/Conversations/"+conversation+"/Messages", nil, &page)
		n := 0
		for _, m := range page.Messages {
			if m.Delivery != nil {
				n++
			}
		}
		return n == messages
	}, "all messages are sent")
}

// receipts calls the operations on the receipts of a message, which has failed.
func (c within) receipts(conversation, message string) {
	at := sids{"ConversationSid": conversation, "MessageSid": message}
	sent := c.twilio.Sent()
	var failed fakecarrier.Sent
	for _, s := range sent {
		if s.To == c.handset && s.Body == "fails" {
			failed = s
		}
	}
	c.accepted(c.twilio.Report(c.t.Context(), c.URL+"/hooks/sms-main/status", failed, "failed", 30003))
	var list []any
	eventually(c.t, func() bool {
		var page struct {
			Receipts []struct{ Status string } `json:"delivery_receipts"`
		}
		c.call(http.MethodGet, "/v1/Services/"+c.service+"/Conversations/"+conversation+"/Messages/"+message+"/Receipts", nil, &page)
		return len(page.Receipts) == 1 && page.Receipts[0].Status == "failed"
	}, "the failure is reported")
	page := c.do(step{op: "ListConversationMessageReceipt", at: at, form: form("PageSize", "50"), like: []string{"readFull"}})
	list, _ = page["delivery_receipts"].([]any)
	require.Len(c.t, list, 1)
	at["Sid"] = text(list[0].(object), "sid")
	c.do(step{op: "FetchConversationMessageReceipt", at: at, like: []string{"fetch"}})
}

// memberships calls the operations that look conversations up by who is in them.
func (c within) memberships(conversation string) {
	c.do(step{op: "CreateUser", form: form("Identity", "alone")})
	c.do(step{op: "ListUserConversation", at: sids{"UserSid": "alone"}, like: []string{"readEmpty"}})
	in := sids{"UserSid": "admin", "ConversationSid": conversation}
	c.do(step{op: "UpdateUserConversation", at: in, like: []string{"update"}, form: form("NotificationLevel", "muted",
		"LastReadMessageIndex", "1", "LastReadTimestamp", "2030-12-16T22:18:37Z")})
	c.do(step{op: "FetchUserConversation", at: in, like: []string{"fetch"}})
	c.do(step{op: "ListUserConversation", at: sids{"UserSid": "admin"}, form: form("PageSize", "50"), like: []string{"readFull"}})
	c.do(step{op: "ListParticipantConversation", form: form("Identity", "nobody", "PageSize", "50"), like: []string{"readEmpty"}})
	c.do(step{op: "ListParticipantConversation", form: form("Identity", "admin"), like: []string{"readFullByIdentity"}})
	c.do(step{op: "ListParticipantConversation", form: form("Address", c.handset), like: []string{"readFullByAddress"}})
	c.do(step{op: "DeleteUserConversation", at: in})
}

// withParticipants makes conversations together with their participants.
func (c within) withParticipants() {
	c.do(step{op: "CreateConversationWithParticipants", like: []string{"create"}, form: form("FriendlyName", "friendly_name",
		"UniqueName", "made at once", "MessagingServiceSid", firstSenders, "Attributes", `{ "topic": "feedback" }`,
		"State", "active", "Timers.Inactive", "PT10M", "Timers.Closed", "PT1H")})
	c.do(step{op: "CreateConversationWithParticipants", form: form("FriendlyName", "friendly_name"), like: []string{"createNoTimersNoAttributes"}})
	c.do(step{op: "CreateConversationWithParticipants", form: form("DateCreated", "2015-12-16T22:18:37Z",
		"DateUpdated", "2015-12-16T22:18:38Z", "Bindings.Email.Address", "example@example.com", "Bindings.Email.Name", "example")})
	for example, header := range map[string]string{
		"createWithParticipants": "true", "createWithParticipantsMixedCaseHeaderIenumTrue": "TrUe",
		"createWithParticipantsMixedCaseHeaderIenumFalse": "FaLsE",
	} {
		c.do(step{op: "CreateConversationWithParticipants", webhooks: header, like: []string{example}, form: form(
			"FriendlyName", "friendly_name", "Participant", `{"identity": "one"}`, "Participant", `{"identity": "two", "attributes": "{}"}`)})
	}
}
