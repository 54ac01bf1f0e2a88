package bridge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// service makes a service and returns it.
func (w *world) service(name string) conversations.Service {
	w.t.Helper()
	s, err := w.CreateService(w.t.Context(), name)
	require.NoError(w.t, err)
	return s
}

func TestAServiceBeginsWithItsRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.service("staging")
	listed, err := w.db.Roles(t.Context(), s.ID, conversations.Page{Size: 10})
	require.NoError(t, err)
	require.Len(t, listed.Items, 4)
	byID := map[conversations.RoleID]conversations.Role{}
	for _, r := range listed.Items {
		byID[r.ID] = r
	}
	assert.Equal(t, conversations.MemberPermissions(), byID[s.ConversationRole].Permissions)
	assert.Equal(t, conversations.RoleOfConversation, byID[s.ConversationCreatorRole].Type)
	assert.Equal(t, conversations.RoleOfService, byID[s.UserRole].Type)

	for name, fault := range map[string]conversations.Fault{
		"": conversations.FriendlyNameMissing, string(make([]byte, 257)): conversations.FriendlyNameTooLong,
	} {
		_, err := w.CreateService(t.Context(), name)
		assert.True(t, fault.Is(err), "%v", err)
	}
}

func TestADeletedServiceLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.service("staging")
	address, by := alice, proxy
	for range 120 { // more than one commit removes
		c, err := w.CreateConversation(t.Context(), system, s.ID, bridge.ConversationFields{})
		require.NoError(t, err)
		key := conversations.ConversationKey{ID: c.ID}
		_, err = w.AddParticipant(t.Context(), system, s.ID, key, bridge.ParticipantFields{Identity: ptr("ada")})
		require.NoError(t, err)
		if address == alice {
			_, err = w.AddParticipant(t.Context(), system, s.ID, key, bridge.ParticipantFields{Address: &address, Proxy: &by})
			require.NoError(t, err)
			_, err = w.CreateMessage(t.Context(), system, s.ID, key, bridge.MessageFields{Body: ptr("hello")})
			require.NoError(t, err)
			address = bob
		}
	}
	kept := w.conversation(carla)
	_, err := w.UpdateConfiguration(t.Context(), bridge.ConfigurationFields{Service: &s.ID})
	require.NoError(t, err)
	assert.True(t, conversations.Conflict.Is(w.DeleteService(t.Context(), s.ID)), "the default service stays")
	_, err = w.UpdateConfiguration(t.Context(), bridge.ConfigurationFields{Service: ptr(service)})
	require.NoError(t, err)

	require.NoError(t, w.DeleteService(t.Context(), s.ID))
	assert.True(t, conversations.NotFound.Is(w.DeleteService(t.Context(), s.ID)))
	assert.Zero(t, w.count("SELECT COUNT(*) FROM pairs WHERE conversation_id IN (SELECT id FROM conversations WHERE service_id = $1)", s.ID),
		"its pairs are free at once")
	w.join(kept, alice, proxy)

	batches := 0
	for tasks := w.tasks(bridge.TopicPurge); len(tasks) > 0; tasks = w.tasks(bridge.TopicPurge) {
		require.NoError(t, w.PurgeService(t.Context(), tasks[0].seq, []byte(tasks[0].payload)))
		batches++
	}
	assert.Equal(t, 5, batches, "three of conversations, one of users, and one that finds nothing")
	for table, left := range map[string]int{"services": 1, "conversations": 1, "participants": 2, "messages": 0, "deliveries": 0, "users": 0, "roles": 3} {
		assert.Equal(t, left, w.count("SELECT COUNT(*) FROM "+table), table)
	}
	assert.Equal(t, 120, w.count("SELECT COUNT(*) FROM events WHERE type = 'onConversationRemoved'"))
}

func TestTheSettingsOfAService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, others := w.service("staging"), w.service("other")
	role, err := w.CreateRole(t.Context(), s.ID, bridge.RoleFields{
		FriendlyName: ptr("guest"), Type: conversations.RoleOfConversation, Permissions: []conversations.Permission{conversations.SendMessage},
	})
	require.NoError(t, err)
	changed, err := w.UpdateService(t.Context(), s.ID, bridge.ServiceFields{ConversationRole: &role.ID, Reachability: ptr(true)})
	require.NoError(t, err)
	assert.Equal(t, role.ID, changed.ConversationRole)
	assert.Equal(t, s.UserRole, changed.UserRole, "what is not given stays")

	for name, f := range map[string]bridge.ServiceFields{
		"another service's":  {ConversationRole: &others.ConversationRole},
		"of the other type":  {UserRole: &role.ID},
		"that there is not":  {ConversationCreatorRole: ptr(conversations.RoleID("none"))},
		"of the other type'": {ConversationCreatorRole: &s.UserRole},
	} {
		_, err := w.UpdateService(t.Context(), s.ID, f)
		assert.True(t, conversations.UserRoleUnknown.Is(err), "%s: %v", name, err)
	}

	off := conversations.DefaultNotifications()
	changed, err = w.UpdateNotifications(t.Context(), s.ID, bridge.NotificationFields{
		BadgeCount:          ptr(true),
		AddedToConversation: bridge.OneNotificationFields{Enabled: ptr(true), Template: ptr("hello")},
	})
	require.NoError(t, err)
	assert.True(t, changed.Notifications.BadgeCount)
	assert.Equal(t, conversations.Notification{Enabled: true, Template: "hello", Sound: "default"}, changed.Notifications.AddedToConversation)
	assert.Equal(t, off.NewMessage, changed.Notifications.NewMessage)
	_, err = w.UpdateNotifications(t.Context(), s.ID, bridge.NotificationFields{
		RemovedFromConversation: bridge.OneNotificationFields{Sound: ptr(string(make([]byte, 257)))},
	})
	assert.True(t, conversations.SoundTooLong.Is(err), "%v", err)

	stored, err := w.db.Service(t.Context(), s.ID)
	require.NoError(t, err)
	assert.Equal(t, changed, stored)
}

// Page 28: a service has webhooks of its own, or the account's.
func TestTheWebhooksOfAServiceCanBeTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.service("staging")
	assert.Nil(t, s.Webhooks)
	changed, err := w.UpdateServiceWebhooks(t.Context(), s.ID, bridge.WebhooksFields{
		PostURL: ptr("https://example.com/post"), Method: ptr("POST"), Filters: ptr([]conversations.EventType{conversations.MessageAdd}),
	})
	require.NoError(t, err)
	assert.Equal(t, &conversations.Webhooks{
		Method: "POST", PostURL: "https://example.com/post", Filters: []conversations.EventType{conversations.MessageAdd},
	}, changed.Webhooks)
	changed, err = w.UpdateServiceWebhooks(t.Context(), s.ID, bridge.WebhooksFields{PostURL: ptr(""), Filters: ptr([]conversations.EventType{})})
	require.NoError(t, err)
	assert.NotNil(t, changed.Webhooks, "its method is set still")

	for name, c := range map[string]struct {
		f     bridge.WebhooksFields
		fault conversations.Fault
	}{
		"method":   {bridge.WebhooksFields{Method: ptr("PUT")}, conversations.WebhooksMethodInvalid},
		"target":   {bridge.WebhooksFields{Target: ptr("studio")}, conversations.WebhooksInvalid},
		"filter":   {bridge.WebhooksFields{Filters: ptr([]conversations.EventType{"onMessageSent"})}, conversations.WebhooksInvalid},
		"URL":      {bridge.WebhooksFields{PreURL: ptr("example.com")}, conversations.InvalidParameter},
		"no host":  {bridge.WebhooksFields{PreURL: ptr("https:///pre")}, conversations.InvalidParameter},
		"scheme":   {bridge.WebhooksFields{PostURL: ptr("ftp://example.com")}, conversations.InvalidParameter},
		"too long": {bridge.WebhooksFields{PostURL: ptr("https://example.com/" + string(make([]byte, 2048)))}, conversations.WebhooksInvalid},
	} {
		_, err := w.UpdateServiceWebhooks(t.Context(), s.ID, c.f)
		assert.True(t, c.fault.Is(err), "%s: %v", name, err)
		_, err = w.UpdateWebhooks(t.Context(), c.f)
		assert.True(t, c.fault.Is(err), "%s: %v", name, err)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest := bridge.RoleFields{
		FriendlyName: ptr("guest"), Type: conversations.RoleOfConversation,
		Permissions: []conversations.Permission{conversations.SendMessage, conversations.SendMessage, conversations.LeaveConversation},
	}
	role, err := w.CreateRole(t.Context(), service, guest)
	require.NoError(t, err)
	assert.Equal(t, []conversations.Permission{conversations.SendMessage, conversations.LeaveConversation}, role.Permissions, "each once")
	assert.True(t, role.Allows(conversations.SendMessage))
	assert.False(t, role.Allows(conversations.AddParticipant))

	key := w.conversation()
	p, err := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: ptr("ada"), Role: &role.ID})
	require.NoError(t, err)
	assert.Equal(t, role.ID, *p.Role)
	_, err = w.UpdateRole(t.Context(), service, role.ID, bridge.RoleFields{Permissions: []conversations.Permission{conversations.EditOwnMessage}})
	require.NoError(t, err)

	require.NoError(t, w.DeleteRole(t.Context(), service, role.ID))
	p, err = w.db.Participant(t.Context(), key.ID, conversations.ParticipantKey{ID: p.ID})
	require.NoError(t, err)
	assert.Equal(t, roles.ConversationRole, *p.Role, "the default takes its place")
	for _, id := range []conversations.RoleID{roles.UserRole, roles.ConversationRole, roles.ConversationCreatorRole} {
		assert.True(t, conversations.Conflict.Is(w.DeleteRole(t.Context(), service, id)))
	}

	for name, c := range map[string]struct {
		change func(*bridge.RoleFields)
		fault  conversations.Fault
	}{
		"no name":        {func(f *bridge.RoleFields) { f.FriendlyName = nil }, conversations.FriendlyNameMissing},
		"a long name":    {func(f *bridge.RoleFields) { f.FriendlyName = ptr(string(make([]byte, 65))) }, conversations.FriendlyNameTooLong},
		"a type":         {func(f *bridge.RoleFields) { f.Type = "deployment" }, conversations.RoleTypeInvalid},
		"no permission":  {func(f *bridge.RoleFields) { f.Permissions = nil }, conversations.InvalidParameter},
		"of a service":   {func(f *bridge.RoleFields) { f.Permissions[0] = conversations.JoinConversation }, conversations.PermissionUnknown},
		"in a service":   {func(f *bridge.RoleFields) { f.Type = conversations.RoleOfService }, conversations.PermissionUnknown},
		"an unknown one": {func(f *bridge.RoleFields) { f.Permissions[0] = "fly" }, conversations.PermissionUnknown},
	} {
		f := guest
		f.Permissions = append([]conversations.Permission{}, guest.Permissions...)
		c.change(&f)
		_, err := w.CreateRole(t.Context(), service, f)
		assert.True(t, c.fault.Is(err), "%s: %v", name, err)
	}
}

// Page 10: what a conversation does not say itself.
func TestTheAccountsDefaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plain, err := w.CreateConversation(t.Context(), system, service, bridge.ConversationFields{})
	require.NoError(t, err)
	assert.Equal(t, messagingService, plain.MessagingService)
	assert.Zero(t, plain.Timers)
	assert.Equal(t, conversations.CreatedBySystem, plain.CreatedBy)

	account, err := w.UpdateConfiguration(t.Context(), bridge.ConfigurationFields{
		MessagingService: ptr(otherMessaging), TimerInactive: ptr(2 * time.Minute), TimerClosed: ptr(2 * (10 * time.Minute)),
	})
	require.NoError(t, err)
	stored, err := w.db.Configuration(t.Context())
	require.NoError(t, err)
	assert.Equal(t, account, stored)
	filled, err := w.CreateConversation(t.Context(), system, service, bridge.ConversationFields{})
	require.NoError(t, err)
	assert.Equal(t, otherMessaging, filled.MessagingService)
	assert.Equal(t, 2*time.Minute, filled.Timers.Inactive)
	assert.False(t, filled.Timers.DateClosed.IsZero())
	own, err := w.CreateConversation(t.Context(), system, service, bridge.ConversationFields{
		MessagingService: ptr(messagingService), TimerInactive: ptr(time.Minute), TimerClosed: ptr(time.Duration(0)),
	})
	require.NoError(t, err)
	assert.Equal(t, messagingService, own.MessagingService)
	assert.Equal(t, time.Minute, own.Timers.Inactive)
	assert.Zero(t, own.Timers.Closed, "it turned the timer off")

	for name, c := range map[string]struct {
		f     bridge.ConfigurationFields
		fault conversations.Fault
	}{
		"service":   {bridge.ConfigurationFields{Service: ptr(conversations.ServiceID("none"))}, conversations.ServiceUnknown},
		"messaging": {bridge.ConfigurationFields{MessagingService: ptr(conversations.MessagingServiceID("none"))}, conversations.MessagingServiceUnknown},
		"inactive":  {bridge.ConfigurationFields{TimerInactive: ptr(time.Minute - 1)}, conversations.TimerInactiveTooShort},
		"closed":    {bridge.ConfigurationFields{TimerClosed: ptr((10 * time.Minute) - 1)}, conversations.TimerClosedTooShort},
	} {
		_, err := w.UpdateConfiguration(t.Context(), c.f)
		assert.True(t, c.fault.Is(err), "%s: %v", name, err)
	}
}
