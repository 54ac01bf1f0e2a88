package bridge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
)

// refusal requires that err is a refusal because of the fault, with a sentence
// that says what to change.
func refusal(t *testing.T, fault conversations.Fault, err error, name string) {
	t.Helper()
	var e *conversations.Error
	require.ErrorAs(t, err, &e, name)
	assert.Equal(t, fault, e.Fault, name)
	assert.NotEmpty(t, e.Detail, name)
}

var long = strings.Repeat("x", 257)

func TestConversationsAreRefusedWithTheirFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	unknownService := conversations.MessagingServiceID("0000000000000000000000000000000f")
	for name, c := range map[string]struct {
		fields bridge.ConversationFields
		want   conversations.Fault
	}{
		"long friendly name":    {bridge.ConversationFields{FriendlyName: &long}, conversations.FriendlyNameTooLong},
		"long unique name":      {bridge.ConversationFields{UniqueName: &long}, conversations.UniqueNameTooLong},
		"a name like a SID":     {bridge.ConversationFields{UniqueName: ptr("CH" + strings.Repeat("A", 32))}, conversations.UniqueNameLikeSID},
		"attributes no JSON":    {bridge.ConversationFields{Attributes: ptr("{")}, conversations.AttributesNotJSON},
		"attributes too long":   {bridge.ConversationFields{Attributes: ptr(`"` + strings.Repeat("x", 16<<10) + `"`)}, conversations.AttributesTooLong},
		"unknown messaging":     {bridge.ConversationFields{MessagingService: &unknownService}, conversations.MessagingServiceUnknown},
		"no state":              {bridge.ConversationFields{State: ptr(conversations.State("asleep"))}, conversations.StateInvalid},
		"initializing by hand":  {bridge.ConversationFields{State: ptr(conversations.StateInitializing)}, conversations.StateInvalid},
		"closed from the start": {bridge.ConversationFields{State: ptr(conversations.StateClosed)}, conversations.StateInitiallyClosed},
		"short inactive timer":  {bridge.ConversationFields{TimerInactive: ptr(59 * time.Second)}, conversations.TimerInactiveTooShort},
		"short closed timer":    {bridge.ConversationFields{TimerClosed: ptr(9 * time.Minute)}, conversations.TimerClosedTooShort},
		"negative timer":        {bridge.ConversationFields{TimerClosed: ptr(-time.Minute)}, conversations.TimerClosedInvalid},
	} {
		_, err := w.CreateConversation(t.Context(), system, service, c.fields)
		refusal(t, c.want, err, name)
	}
	assert.Zero(t, w.count("SELECT count(*) FROM conversations"))
	_, err := w.CreateConversation(t.Context(), system, service, bridge.ConversationFields{
		FriendlyName: ptr(strings.Repeat("é", 256)), TimerInactive: ptr(time.Minute), TimerClosed: ptr(time.Duration(0)), MessagingService: ptr(otherMessaging),
	})
	require.NoError(t, err, "256 characters are allowed, whatever their bytes")
}

func TestParticipantsAreRefusedWithTheirFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice)
	other := w.conversation(bob)
	role := conversations.RoleID("nobody's")
	address := func(a, p conversations.Address) bridge.ParticipantFields {
		return bridge.ParticipantFields{Address: &a, Proxy: &p}
	}
	for name, c := range map[string]struct {
		fields bridge.ParticipantFields
		want   conversations.Fault
	}{
		"nobody":                     {bridge.ParticipantFields{}, conversations.InvalidParameter},
		"no address":                 {bridge.ParticipantFields{Proxy: ptr(proxy)}, conversations.AddressMissing},
		"no proxy":                   {bridge.ParticipantFields{Address: ptr(carla)}, conversations.ProxyMissing},
		"an empty identity":          {bridge.ParticipantFields{Identity: ptr("")}, conversations.IdentityMissing},
		"a long identity":            {bridge.ParticipantFields{Identity: &long}, conversations.IdentityTooLong},
		"identity and address":       {bridge.ParticipantFields{Identity: ptr("dora"), Address: ptr(carla)}, conversations.IdentityWithBinding},
		"a projected address":        {bridge.ParticipantFields{Identity: ptr("dora"), Projected: ptr(proxy)}, conversations.GroupsUnavailable},
		"equal addresses":            {address(proxy, proxy), conversations.AddressEqualsProxy},
		"equal but for the spelling": {address("+1 555 999 0001", proxy), conversations.AddressEqualsProxy},
		"different types":            {address(carla, proxy), conversations.TypesDiffer},
		"a malformed address":        {address("nonsense", proxy), conversations.AddressInvalid},
		"a very long address":        {address(conversations.Address("+"+long), proxy), conversations.AddressInvalid},
		"somebody else's proxy":      {address(alice, "+15559999999"), conversations.ProxyNotOwned},
		"the pair of another":        {address(bob, proxy), conversations.PairTaken},
		"attributes no JSON":         {bridge.ParticipantFields{Identity: ptr("dora"), Attributes: ptr("x")}, conversations.AttributesNotJSON},
		"a role that is not there":   {bridge.ParticipantFields{Identity: ptr("dora"), Role: &role}, conversations.RoleUnknown},
		"a negative read index":      {bridge.ParticipantFields{Identity: ptr("dora"), LastReadIndex: ptr(int64(-1))}, conversations.ReadIndexInvalid},
	} {
		_, err := w.AddParticipant(t.Context(), system, service, key, c.fields)
		refusal(t, c.want, err, name)
	}
	_, err := w.AddParticipant(t.Context(), system, service, key, address(bob, proxy))
	var e *conversations.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, string(other.ID), e.Detail, "it names the conversation that holds the pair")
	assert.Equal(t, 2, w.count("SELECT count(*) FROM participants"))
	assert.Zero(t, w.count("SELECT count(*) FROM users"))
}

func TestAConversationHasRoomForFiftyOutsideChat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation()
	add := func(n int) error {
		a := conversations.Address("+1555001" + strings.Repeat("0", 3) + string(rune('0'+n/10)) + string(rune('0'+n%10)))
		_, err := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Address: &a, Proxy: ptr(proxy)})
		return err
	}
	for n := range 50 {
		require.NoError(t, add(n))
	}
	refusal(t, conversations.TooManyNative, add(50), "the fifty-first")
	_, err := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: ptr("dora")})
	require.NoError(t, err, "on chat there is room")
}

func TestMessagesAreRefusedWithTheirFault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice)
	for name, c := range map[string]struct {
		fields bridge.MessageFields
		want   conversations.Fault
	}{
		"nothing":            {bridge.MessageFields{}, conversations.BodyMissing},
		"an empty body":      {bridge.MessageFields{Body: ptr("")}, conversations.BodyMissing},
		"over 32 KB":         {bridge.MessageFields{Body: ptr(strings.Repeat("x", 32<<10+1))}, conversations.BodyTooLong},
		"a long author":      {bridge.MessageFields{Body: ptr("x"), Author: &long}, conversations.AuthorTooLong},
		"a long subject":     {bridge.MessageFields{Body: ptr("x"), Subject: &long}, conversations.SubjectTooLong},
		"attributes no JSON": {bridge.MessageFields{Body: ptr("x"), Attributes: ptr("nope")}, conversations.AttributesNotJSON},
		"unknown media":      {bridge.MessageFields{Media: []conversations.MediaID{"m"}}, conversations.MediaUnknown},
		"eleven files":       {bridge.MessageFields{Media: make([]conversations.MediaID, 11)}, conversations.InvalidParameter},
		"unknown content":    {bridge.MessageFields{ContentSID: ptr("HX")}, conversations.ContentUnknown},
	} {
		_, err := w.CreateMessage(t.Context(), system, service, key, c.fields)
		refusal(t, c.want, err, name)
	}
	_, err := w.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{Body: ptr(strings.Repeat("x", 32<<10))})
	require.NoError(t, err)
	_, err = w.CreateMessage(t.Context(), system, service, conversations.ConversationKey{ID: "none"}, bridge.MessageFields{Body: ptr("x")})
	refusal(t, conversations.NotFound, err, "no conversation")
}

// Page 35: closed is final.
func TestAClosedConversationCanOnlyBeDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.conversation(alice)
	m := w.say(key, string(alice), "the last word")
	_, err := w.UpdateConversation(t.Context(), system, service, key, bridge.ConversationFields{State: ptr(conversations.StateClosed)})
	require.NoError(t, err)
	who := conversations.ParticipantKey{Identity: "dora"}
	_, updateErr := w.UpdateConversation(t.Context(), system, service, key, bridge.ConversationFields{State: ptr(conversations.StateActive)})
	_, addErr := w.AddParticipant(t.Context(), system, service, key, bridge.ParticipantFields{Identity: ptr("dora")})
	_, changeErr := w.UpdateParticipant(t.Context(), system, service, key, who, bridge.ParticipantFields{})
	_, sayErr := w.CreateMessage(t.Context(), system, service, key, bridge.MessageFields{Body: ptr("x")})
	_, editErr := w.UpdateMessage(t.Context(), system, service, key, m.ID, bridge.MessageFields{Body: ptr("x")})
	for name, err := range map[string]error{
		"update": updateErr, "add": addErr, "change": changeErr, "say": sayErr, "edit": editErr,
		"remove": w.RemoveParticipant(t.Context(), system, service, key, who),
		"delete": w.DeleteMessage(t.Context(), system, service, key, m.ID),
	} {
		refusal(t, conversations.ConversationClosed, err, name)
	}
	require.NoError(t, w.DeleteConversation(t.Context(), system, service, key))
}
