package e2e

import (
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/stretchr/testify/require"

	bridged "bridged/conversations"
	"bridged/store"
	"bridged/store/sqlite"
	"bridged/twilio"
)

// What the configuration of the tour has.
const (
	firstSenders  = "MG00000000000000000000000000000001"
	secondSenders = "MG00000000000000000000000000000002"
	flow          = "FW00000000000000000000000000000001"
	secondFlow    = "FW00000000000000000000000000000002"
	secondProxy   = "+15550100002"
	thirdProxy    = "+15550100003"
	secondHandset = "+15550200002"
)

// tourConfiguration are the channels, senders and flows of the tour.
const tourConfiguration = `
[[channels]]
name = "sms-more"
type = "sms"
driver = "simulator"
numbers = ["` + secondProxy + `", "` + thirdProxy + `"]
[[messaging_services]]
sid = "` + firstSenders + `"
senders = ["` + smsProxy + `"]
[[messaging_services]]
sid = "` + secondSenders + `"
senders = ["` + secondProxy + `"]
[studio]
` + flow + ` = "http://127.0.0.1:9/flow"
` + secondFlow + ` = "http://127.0.0.1:9/flow/2"
`

// listener is where the tour has webhooks go. Nobody listens there.
const listener = "http://127.0.0.1:9/listener"

// form makes a form of names and values.
func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// text returns a text of an object, empty where there is none.
func text(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

// configuration calls the operations on the account's configuration.
func (c *tour) configuration(service string) {
	c.do(step{op: "UpdateConfiguration", like: []string{"update"}, form: form("DefaultChatServiceSid", service,
		"DefaultMessagingServiceSid", secondSenders, "DefaultInactiveTimer", "PT1M", "DefaultClosedTimer", "PT10M")})
	c.do(step{op: "FetchConfiguration", like: []string{"fetch"}})
	c.do(step{op: "UpdateConfigurationWebhook", like: []string{"update"}, form: form("Method", "GET", "Filters", "onConversationUpdated",
		"PreWebhookUrl", listener, "PostWebhookUrl", listener, "Target", "webhook")})
	c.do(step{op: "FetchConfigurationWebhook", like: []string{"fetch"}})
}

// addresses calls the operations on address configurations.
func (c *tour) addresses(service string) {
	c.do(step{op: "ListConfigurationAddress", like: []string{"readBlank"}})
	webhook := form("FriendlyName", "My Test Configuration", "AddressCountry", "CA",
		"AutoCreation.Enabled", "true", "AutoCreation.Type", "webhook", "AutoCreation.ConversationServiceSid", service,
		"AutoCreation.WebhookUrl", listener, "AutoCreation.WebhookMethod", "POST",
		"AutoCreation.WebhookFilters", "onParticipantAdded", "AutoCreation.WebhookFilters", "onMessageAdded")
	create := func(example, kind, address string) sids {
		f := maps.Clone(webhook)
		maps.Copy(f, form("Type", kind, "Address", address))
		made := c.do(step{op: "CreateConfigurationAddress", form: f, like: []string{example}})
		return sids{"Sid": text(made, "sid")}
	}
	remove := func(made sids) { c.do(step{op: "DeleteConfigurationAddress", at: made}) }
	remove(create("createWhatsapp", "whatsapp", whatsappProxy))
	remove(create("createWhatsappCaseInsensitive", "whAtsAPP", whatsappProxy))

	made := create("create", "sms", smsProxy)
	c.do(step{op: "CreateConfigurationAddress", form: form("Type", "sms", "Address", secondProxy, "FriendlyName", "Default Test Configuration",
		"AddressCountry", "NG", "AutoCreation.Enabled", "true", "AutoCreation.Type", "default")})
	c.do(step{op: "CreateConfigurationAddress", form: form("Type", "sms", "Address", thirdProxy, "FriendlyName", "Studio Test Configuration",
		"AddressCountry", "US", "AutoCreation.Enabled", "false", "AutoCreation.Type", "studio", "AutoCreation.ConversationServiceSid", service,
		"AutoCreation.StudioFlowSid", flow, "AutoCreation.StudioRetryCount", "3")})
	c.do(step{op: "FetchConfigurationAddress", at: made, like: []string{"fetch"}})
	c.do(step{op: "ListConfigurationAddress", like: []string{"readAll"}})
	c.do(step{op: "ListConfigurationAddress", form: form("Type", "sms"), like: []string{"readByAddressType"}})
	c.do(step{op: "ListConfigurationAddress", form: form("PageSize", "1")})
	c.do(step{op: "UpdateConfigurationAddress", at: made, like: []string{"update"}, form: form(
		"FriendlyName", "My Test Configuration Updated", "AutoCreation.Enabled", "false", "AutoCreation.Type", "studio",
		"AutoCreation.StudioFlowSid", flow, "AutoCreation.StudioRetryCount", "3")})
	c.do(step{op: "UpdateConfigurationAddress", at: made, like: []string{"fetch"}, form: form(
		"AutoCreation.Enabled", "true", "AutoCreation.Type", "webhook", "AutoCreation.ConversationServiceSid", service,
		"AutoCreation.WebhookUrl", listener+"/2", "AutoCreation.WebhookMethod", "GET", "AutoCreation.WebhookFilters", "onMessageAdded")})
	remove(made)
}

// services calls the operations on services and their settings, and leaves one
// service, whose SID it returns.
func (c *tour) services() string {
	made := c.do(step{op: "CreateService", form: form("FriendlyName", "a service"), like: []string{"create"}})
	service := text(made, "sid")
	c.do(step{op: "FetchService", at: sids{"Sid": service}, like: []string{"fetch"}})
	c.do(step{op: "ListService", like: []string{"readFull"}})
	c.do(step{op: "ListService", form: form("PageSize", "1")})

	at := sids{"ChatServiceSid": service}
	set := c.do(step{op: "FetchServiceConfiguration", at: at, like: []string{"fetch"}})
	c.do(step{op: "UpdateServiceConfiguration", at: at, like: []string{"update"}, form: form(
		"DefaultConversationCreatorRoleSid", text(set, "default_conversation_creator_role_sid"),
		"DefaultConversationRoleSid", text(set, "default_conversation_role_sid"),
		"DefaultChatServiceRoleSid", text(set, "default_chat_service_role_sid"), "ReachabilityEnabled", "false")})
	c.notifications(at)

	other := c.do(step{op: "CreateService", form: form("FriendlyName", "another service")})
	at = sids{"ChatServiceSid": text(other, "sid")}
	c.do(step{op: "FetchServiceWebhookConfiguration", at: at, like: []string{"fetchEmpty"}})
	c.do(step{op: "UpdateServiceWebhookConfiguration", at: at, like: []string{"update"}, form: form("Method", "GET",
		"PreWebhookUrl", listener, "PostWebhookUrl", listener, "Filters", "onMessageRemoved", "Filters", "onParticipantAdded")})
	c.do(step{op: "FetchServiceWebhookConfiguration", at: at, like: []string{"fetch"}})
	c.do(step{op: "DeleteService", at: sids{"Sid": text(other, "sid")}})
	return service
}

func (c *tour) notifications(at sids) {
	f := form("LogEnabled", "true", "NewMessage.BadgeCountEnabled", "true")
	for _, kind := range []string{"NewMessage", "AddedToConversation", "RemovedFromConversation"} {
		maps.Copy(f, form(kind+".Enabled", "true", kind+".Template", "It is ${CONVERSATION}", kind+".Sound", "ring"))
	}
	maps.Copy(f, form("NewMessage.WithMedia.Enabled", "true", "NewMessage.WithMedia.Template", "${MEDIA_COUNT} files"))
	c.do(step{op: "UpdateServiceNotification", at: at, form: f, like: []string{"update"}})
	c.do(step{op: "FetchServiceNotification", at: at, like: []string{"fetch"}})
}

// credentials calls the operations on the credentials of push services.
func (c *tour) credentials() {
	c.do(step{op: "ListCredential", like: []string{"readEmpty"}})
	made := c.do(step{op: "CreateCredential", like: []string{"create"}, form: form("Type", "apn", "FriendlyName", "Test slow create",
		"Certificate", "a certificate", "PrivateKey", "a key", "Sandbox", "false")})
	at := sids{"Sid": text(made, "sid")}
	c.do(step{op: "FetchCredential", at: at, like: []string{"fetch"}})
	c.do(step{op: "ListCredential", like: []string{"readFull"}})
	c.do(step{op: "UpdateCredential", at: at, like: []string{"update"}, form: form("FriendlyName", "renamed", "Sandbox", "true",
		"Certificate", "another certificate", "PrivateKey", "another key")})
	c.do(step{op: "UpdateCredential", at: at, form: form("Type", "fcm", "Secret", "a secret")})
	c.do(step{op: "UpdateCredential", at: at, form: form("Type", "gcm", "ApiKey", "a key")})
	c.do(step{op: "DeleteCredential", at: at})
	c.do(step{op: "CreateCredential", like: []string{"createPushTypeGcm"}, form: form("Type", "gcm", "FriendlyName", "g", "ApiKey", "a key")})
	c.do(step{op: "CreateCredential", like: []string{"createPushTypeFcm"}, form: form("Type", "fcm", "FriendlyName", "f", "Secret", "a secret")})
	c.do(step{op: "ListCredential", form: form("PageSize", "1")})
}

// registeredDevices stores two push bindings, which only a client makes by its own
// protocol: they are written while the daemon is down. It returns their service.
func (w *world) registeredDevices() (service string) {
	w.t.Helper()
	var made, credential object
	require.Equal(w.t, http.StatusCreated, w.call(http.MethodPost, "/v1/Services", form("FriendlyName", "with devices"), &made))
	require.Equal(w.t, http.StatusCreated,
		w.call(http.MethodPost, "/v1/Credentials", form("Type", "gcm", "FriendlyName", "push", "ApiKey", "a key"), &credential))
	service = text(made, "sid")
	of, ok := twilio.ParseSID[bridged.ServiceID](service)
	require.True(w.t, ok)
	by, ok := twilio.ParseSID[bridged.CredentialID](text(credential, "sid"))
	require.True(w.t, ok)
	require.NoError(w.t, w.Stop())
	db := w.openStore()
	now := time.Now()
	for _, identity := range []string{"TestUser", "AnotherUser"} {
		require.NoError(w.t, db.Update(w.t.Context(), func(tx *store.Tx) error {
			return tx.EnsurePushBinding(&bridged.PushBinding{
				ID: bridged.NewID[bridged.PushBindingID](now), Service: of, Credential: by, Identity: identity, Endpoint: identity + "-endpoint",
				Type: "gcm", MessageTypes: []string{"removed_from_conversation", "new_message", "added_to_conversation"},
				Created: now, Updated: now,
			})
		}))
	}
	require.NoError(w.t, db.Close())
	w.start()
	return service
}

// openStore opens the database of a daemon that is down.
func (w *world) openStore() *store.DB {
	w.t.Helper()
	if w.place != nil {
		return w.place.Open(w.t)
	}
	steps, err := store.Migrations()
	require.NoError(w.t, err)
	backend, err := sqlite.Open(w.t.Context(), filepath.Join(w.dir, "bridged-data", "bridged.db"), steps)
	require.NoError(w.t, err)
	db, err := store.Open(w.t.Context(), backend, store.Config{})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { require.NoError(w.t, db.Close()) })
	return db
}

// bindings calls the operations on push bindings, in a service that has two and
// in one that has none.
func (c *tour) bindings(service, empty string) {
	at := sids{"ChatServiceSid": service}
	c.do(step{op: "ListServiceBinding", at: sids{"ChatServiceSid": empty}, like: []string{"readEmpty"}})
	c.do(step{op: "ListServiceBinding", at: at, like: []string{"readFull"}})
	c.do(step{op: "ListServiceBinding", at: at, form: form("PageSize", "1", "BindingType", "gcm", "BindingType", "fcm")})
	found := c.do(step{op: "ListServiceBinding", at: at, form: form("Identity", "TestUser")})
	list, _ := found["bindings"].([]any)
	require.Len(c.t, list, 1)
	at["Sid"] = text(list[0].(object), "sid")
	c.do(step{op: "FetchServiceBinding", at: at, like: []string{"fetch"}})
	c.do(step{op: "DeleteServiceBinding", at: at})
	c.do(step{op: "DeleteService", at: sids{"Sid": service}})
}
