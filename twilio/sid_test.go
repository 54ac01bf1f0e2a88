package twilio_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/twilio"
)

const digits = "0123456789abcdef0123456789abcdef"

func TestEachKindOfIDHasItsLetters(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "IS"+digits, twilio.SID(conversations.ServiceID(digits)))
	assert.Equal(t, "MG"+digits, twilio.SID(conversations.MessagingServiceID(digits)))
	assert.Equal(t, "CH"+digits, twilio.SID(conversations.ConversationID(digits)))
	assert.Equal(t, "MB"+digits, twilio.SID(conversations.ParticipantID(digits)))
	assert.Equal(t, "IM"+digits, twilio.SID(conversations.MessageID(digits)))
	assert.Equal(t, "DY"+digits, twilio.SID(conversations.DeliveryID(digits)))
	assert.Equal(t, "US"+digits, twilio.SID(conversations.UserID(digits)))
	assert.Equal(t, "RL"+digits, twilio.SID(conversations.RoleID(digits)))
	assert.Equal(t, "ME"+digits, twilio.SID(conversations.MediaID(digits)))
	assert.Equal(t, "HX"+digits, twilio.SID(conversations.ContentID(digits)))
	assert.Empty(t, twilio.SID(conversations.MediaID("")))
	assert.Nil(t, twilio.NullableSID[conversations.RoleID](nil))
	assert.Nil(t, twilio.NullableSID(new(conversations.RoleID)))
}

func TestParseSID(t *testing.T) {
	t.Parallel()
	for sid, want := range map[string]bool{
		"CH" + digits:                  true,
		"CH" + strings.ToUpper(digits): true,
		"ch" + digits:                  false,
		"IM" + digits:                  false,
		digits:                         false,
		"CH" + digits[1:]:              false,
		"CH" + digits + "0":            false,
		"CH" + digits[1:] + "g":        false,
		"CH" + digits[2:] + "é":        false,
		"":                             false,
	} {
		id, ok := twilio.ParseSID[conversations.ConversationID](sid)
		assert.Equal(t, want, ok, sid)
		if want {
			assert.Equal(t, conversations.ConversationID(digits), id)
		} else {
			assert.Empty(t, id)
		}
	}
}

func TestASIDReadsBackAsItsID(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := conversations.MessageID(rapid.StringMatching(`[0-9a-f]{32}`).Draw(t, "id"))
		back, ok := twilio.ParseSID[conversations.MessageID](twilio.SID(id))
		assert.True(t, ok)
		assert.Equal(t, id, back)
	})
}

func TestKeysAreSIDsOrNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, conversations.ConversationKey{ID: digits}, twilio.ParseConversationKey("CH"+strings.ToUpper(digits)))
	assert.Equal(t, conversations.ConversationKey{UniqueName: "CH1"}, twilio.ParseConversationKey("CH1"))
	assert.Equal(t, conversations.ConversationKey{UniqueName: "MB" + digits}, twilio.ParseConversationKey("MB"+digits))
	assert.Equal(t, conversations.ParticipantKey{ID: digits}, twilio.ParseParticipantKey("MB"+digits))
	assert.Equal(t, conversations.ParticipantKey{Identity: "al ice@example.com"}, twilio.ParseParticipantKey("al ice@example.com"))
}

func TestFlowsAreComparedByOneSpelling(t *testing.T) {
	t.Parallel()
	flow, ok := twilio.ParseFlowSID("FW" + strings.ToUpper(digits))
	assert.True(t, ok)
	assert.Equal(t, "FW"+digits, flow)
	for _, wrong := range []string{"", "FW", digits, "fw" + digits, "FW" + digits + "0"} {
		_, ok := twilio.ParseFlowSID(wrong)
		assert.False(t, ok, wrong)
	}
}
