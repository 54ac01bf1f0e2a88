package twilio_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/receipts"
	"bridged/twilio"
)

const as = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func day(hour, minute, second int) *time.Time {
	t := time.Date(2016, 3, 24, hour, minute, second, 0, time.UTC)
	return &t
}

// The shapes are those of the reference's examples, as REST and Node have them.
func TestReadExported(t *testing.T) {
	t.Parallel()
	conversation := twilio.Exported{Conversation: &twilio.ExportedConversation{
		ID: as, Service: as, MessagingService: ptr(conversations.MessagingServiceID(as)), FriendlyName: ptr("Home Repair Visit"),
		Attributes: ptr(`{ "topicOf": "feedback" }`), State: ptr(conversations.StateActive),
		DateInactive: *day(20, 19, 38), DateClosed: *day(20, 28, 38), EmailAddress: ptr("a@b.example"), EmailName: ptr("Ann"),
		Created: day(20, 37, 57), Updated: day(20, 38, 21),
	}}
	participant := twilio.Exported{Participant: &twilio.ExportedParticipant{
		ID: as, Conversation: as, Address: ptr(conversations.Address("+15558675310")), Proxy: ptr(conversations.Address("+15017122661")),
		Attributes: ptr("{}"), Role: ptr(conversations.RoleID(as)), LastReadIndex: ptr(int64(5)), LastReadAt: day(21, 0, 0),
		Created: day(20, 37, 57), Updated: day(20, 38, 21),
	}}
	message := twilio.Exported{Message: &twilio.ExportedMessage{
		ID: as, Conversation: as, Index: 9, Author: ptr("cake_lover"), Participant: ptr(conversations.ParticipantID(as)),
		Attributes: ptr("{}"), Content: ptr(conversations.ContentID(as)), Media: []conversations.Media{
			{ID: as, Size: 42056, ContentType: "image/jpeg", Filename: "car.jpg", Category: conversations.CategoryMedia},
			{ID: as, ContentType: "text/plain", Category: conversations.CategoryBody},
		},
		Created: day(20, 38, 21), Updated: day(20, 38, 21),
	}}
	for name, test := range map[string]struct {
		text string
		want twilio.Exported
	}{
		"conversation": {`{"sid":"CH` + as + `","account_sid":"AC` + as + `","chat_service_sid":"IS` + as + `","messaging_service_sid":"MG` + as + `",
			"friendly_name":"Home Repair Visit","unique_name":null,"attributes":"{ \"topicOf\": \"feedback\" }",
			"date_created":"2016-03-24T20:37:57Z","date_updated":"2016-03-24T20:38:21Z","state":"active",
			"timers":{"date_inactive":"2016-03-24T20:19:38Z","date_closed":"2016-03-24T20:28:38Z"},
			"bindings":{"email":{"projected_address":"a@b.example","name":"Ann"}},"url":"u","links":{"messages":"m"}}`, conversation},
		"conversation of Node": {`{"accountSid":"AC` + as + `","chatServiceSid":"IS` + as + `","messagingServiceSid":"MG` + as + `","sid":"CH` + as + `",
			"friendlyName":"Home Repair Visit","uniqueName":null,"attributes":"{ \"topicOf\": \"feedback\" }","state":"active",
			"dateCreated":"2016-03-24T20:37:57.000Z","dateUpdated":"2016-03-24T20:38:21.000Z",
			"timers":{"date_inactive":"2016-03-24T20:19:38Z","dateClosed":"2016-03-24T20:28:38.000Z"},
			"url":"u","links":{},"bindings":{"email":{"address":"a@b.example","name":"Ann"}}}`, conversation},
		"participant": {`{"account_sid":"AC` + as + `","conversation_sid":"CH` + as + `","sid":"MB` + as + `","identity":null,"attributes":"{}",
			"messaging_binding":{"type":"sms","address":"+15558675310","proxy_address":"+15017122661"},"role_sid":"RL` + as + `",
			"date_created":"2016-03-24T20:37:57Z","date_updated":"2016-03-24T20:38:21Z","url":"u",
			"last_read_message_index":5,"last_read_timestamp":"2016-03-24T21:00:00Z"}`, participant},
		"participant of Node": {`{"accountSid":"AC` + as + `","conversationSid":"CH` + as + `","sid":"MB` + as + `","identity":null,"attributes":{},
			"messagingBinding":{"type":"sms","address":"+15558675310","proxyAddress":"+15017122661"},"roleSid":"RL` + as + `",
			"dateCreated":"2016-03-24T20:37:57.000Z","dateUpdated":"2016-03-24T20:38:21.000Z","url":"u",
			"lastReadMessageIndex":5,"lastReadTimestamp":"2016-03-24T21:00:00Z"}`, participant},
		"message": {`{"sid":"IM` + as + `","account_sid":"AC` + as + `","conversation_sid":"CH` + as + `","body":null,
			"media":[{"sid":"ME` + as + `","size":42056,"content_type":"image/jpeg","filename":"car.jpg"},
			{"sid":"ME` + as + `","content_type":"text/plain","filename":null,"category":"body"}],
			"author":"cake_lover","participant_sid":"MB` + as + `","attributes":"{}","date_created":"2016-03-24T20:38:21Z",
			"date_updated":"2016-03-24T20:38:21Z","index":9,"delivery":{"total":2,"sent":"all"},"content_sid":"HX` + as + `"}`, message},
		"message of Node": {`{"accountSid":"AC` + as + `","conversationSid":"CH` + as + `","sid":"IM` + as + `","index":9,"author":"cake_lover","body":null,
			"media":[{"sid":"ME` + as + `","size":42056,"contentType":"image/jpeg","filename":"car.jpg"},
			{"sid":"ME` + as + `","contentType":"text/plain","category":"body"}],
			"attributes":"{}","participantSid":"MB` + as + `","dateCreated":"2016-03-24T20:38:21.000Z","dateUpdated":"2016-03-24T20:38:21.000Z",
			"url":"u","delivery":null,"links":{},"contentSid":"HX` + as + `"}`, message},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read, err := twilio.ReadExported([]byte(test.text))
			require.NoError(t, err)
			assert.Equal(t, test.want, read)
		})
	}
	read, err := twilio.ReadExported([]byte(`{"sid":"CH` + as + `","attributes":{"topicOf":["aB"]}}`))
	require.NoError(t, err)
	assert.JSONEq(t, `{"topicOf":["aB"]}`, *read.Conversation.Attributes)
	read, err = twilio.ReadExported([]byte(`{"sid":"CH` + as + `","attributes":""}`))
	require.NoError(t, err)
	assert.Equal(t, twilio.Exported{Conversation: &twilio.ExportedConversation{ID: as}}, read)
}

func TestReadExported_refuses(t *testing.T) {
	t.Parallel()
	message := func(more string) string {
		return `{"sid":"IM` + as + `","conversation_sid":"CH` + as + `"` + more + `}`
	}
	for text, want := range map[string]string{
		"":                                    "no JSON object",
		"7":                                   "no JSON object",
		"null":                                "no JSON object",
		"[]":                                  "no JSON object",
		`{"sid":`:                             "no JSON object",
		"{}":                                  "sid is not that of a conversation (CH)",
		`{"sid":"US` + as + `"}`:              "sid is not that of a conversation (CH)",
		`{"sid":"CH12"}`:                      "sid must be CH and 32 hexadecimal digits",
		`{"sid":7}`:                           "sid is not of the type",
		`{"sid":"MB` + as + `"}`:              "conversation_sid must be CH and 32 hexadecimal digits",
		message(""):                           "index is missing",
		message(`,"index":"3"`):               "index is not of the type",
		message(`,"index":3.5`):               "index is not of the type",
		message(`,"index":1,"body":7`):        "body is not of the type",
		message(`,"index":1,"body":"\u0000"`): "body has a NUL character",
		message(`,"index":1,"attributes":"{\u0000}"`):                     "attributes has a NUL character",
		message(`,"index":1,"date_created":"yesterday"`):                  "date_created is not an ISO 8601 date",
		message(`,"index":1,"participant_sid":"bob"`):                     "participant_sid must be MB",
		message(`,"index":1,"media":[{"sid":"x"}]`):                       "media[0].sid must be ME",
		message(`,"index":1,"media":{"sid":"x"}`):                         "media is not of the type",
		message(`,"index":1,"body":"` + "\xff" + `"`):                     "not UTF-8 text",
		`{"sid":"CH` + as + `","timers":{"dateClosed":"P1D"}}`:            "timers.date_closed is not an ISO 8601 date",
		`{"sid":"CH` + as + `","chat_service_sid":"x"}`:                   "chat_service_sid must be IS",
		`{"sid":"CH` + as + `","timers":` + strings.Repeat("[", 20) + `}`: "no JSON object",
	} {
		_, err := twilio.ReadExported([]byte(text))
		var refused *twilio.Error
		require.ErrorAs(t, err, &refused, text)
		assert.Equal(t, 20001, refused.Code)
		assert.Contains(t, refused.Message, want, text)
	}
}

// Whatever is read is read without a panic, and what the API shows is taken.
func TestReadExported_property(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(twilio.Scope{}.Message(conversations.Message{
			ID: as, Conversation: as, Index: rapid.Int64Range(0, 1e9).Draw(t, "index"), Author: "x",
			Body: ptr(rapid.StringMatching(`[^\x00]*`).Draw(t, "body")), Attributes: "{}", Created: *day(1, 2, 3), Updated: *day(1, 2, 3),
		}, receipts.Counts{}))
		require.NoError(t, err)
		read, err := twilio.ReadExported(text)
		require.NoError(t, err)
		require.NotNil(t, read.Message)
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		spoiled := append([]byte{}, text...)
		spoiled[at] = rapid.Byte().Draw(t, "byte")
		_, _ = twilio.ReadExported(spoiled) // an error or not, but no panic
	})
}
