package twilio_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/receipts"
	"bridged/twilio"
)

func scope(throughService bool) twilio.Scope {
	return twilio.Scope{
		PublicURL: "https://bridged.example/", Account: "AC" + digits, Service: digits, ThroughService: throughService,
	}
}

func at(second int) time.Time { return time.Date(2015, 12, 16, 22, 18, second, 0, time.UTC) }

func ptr[T any](v T) *T { return &v }

func conversation() conversations.Conversation {
	return conversations.Conversation{
		ID: digits, Service: digits, MessagingService: digits, FriendlyName: ptr("friendly"), UniqueName: ptr("unique"),
		Attributes: `{"topic":"feedback"}`, State: conversations.StateInactive,
		Timers:  conversations.Timers{DateInactive: at(40), DateClosed: at(50)},
		Created: at(37), Updated: at(38),
	}
}

func message() conversations.Message {
	return conversations.Message{
		ID: digits, Conversation: digits, Author: "author", Participant: ptr(conversations.ParticipantID(digits)),
		Body: ptr("Hello"), Created: at(37), Updated: at(38),
	}
}

func counts() receipts.Counts {
	return receipts.Counts{Total: 2, Receipts: 2, ByStatus: map[conversations.Status]int{
		conversations.StatusSent: 1, conversations.StatusRead: 1,
	}}
}

func participant() conversations.Participant {
	return conversations.Participant{
		ID: digits, Conversation: digits, Role: ptr(conversations.RoleID(digits)), Created: at(37), Updated: at(38),
	}
}

func delivery() conversations.Delivery {
	return conversations.Delivery{
		ID: digits, Conversation: digits, Message: digits, Participant: digits, Channel: "main", Address: "+15550001111",
		Proxy: "+15550002222", Status: conversations.StatusFailed, ErrorCode: 30003, ProviderID: "SM" + digits,
		Created: at(37), Updated: at(38),
	}
}

// TestResourcesHaveTheReferencesShape compares what is shown with the
// reference's examples, of which testdata/shapes.json keeps the keys in their
// order and the types of the values.
func TestResourcesHaveTheReferencesShape(t *testing.T) {
	t.Parallel()
	short, long := scope(false), scope(true)
	plain := conversation()
	plain.UniqueName, plain.Timers = nil, conversations.Timers{}
	email := plain
	email.EmailAddress, email.EmailName = ptr("a@example.com"), ptr("a")
	files := message()
	files.Body, files.Media = nil, []conversations.Media{{ID: digits, Size: 1, ContentType: "image/jpeg", Filename: "a.jpg"}}
	system := message()
	system.Participant = nil
	chat, sms, group := participant(), participant(), participant()
	chat.Identity = ptr("IDENTITY")
	sms.Binding = &conversations.Binding{Address: "+15558675310", Proxy: "+15017122661"}
	group.Binding, group.Role = &conversations.Binding{Address: "+15558675310"}, nil
	f, err := twilio.ParseForm("")
	require.NoError(t, err)

	want := map[string]json.RawMessage{}
	data, err := os.ReadFile("testdata/shapes.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &want))
	got := map[string]any{
		"CreateConversation.201.create":                               short.Conversation(conversation()),
		"CreateConversation.201.createNoTimersNoAttributes":           short.Conversation(plain),
		"CreateConversation.201.createEmailConversation":              short.Conversation(email),
		"FetchServiceConversation.200.fetch":                          long.Conversation(conversation()),
		"CreateConversationMessage.201.create":                        short.Message(message(), counts()),
		"CreateConversationMessage.201.createWithMedia":               short.Message(files, counts()),
		"FetchServiceConversationMessage.200.fetch":                   long.Message(system, counts()),
		"CreateConversationParticipant.201.createChat":                short.Participant(chat),
		"CreateConversationParticipant.201.createSms":                 short.Participant(sms),
		"CreateConversationParticipant.201.createGmmsSmsNoAttributes": short.Participant(group),
		"FetchServiceConversationParticipant.200.fetch":               long.Participant(sms),
		"FetchConversationMessageReceipt.200.fetch":                   short.Receipt(delivery()),
		"FetchServiceConversationMessageReceipt.200.fetch":            long.Receipt(delivery()),
	}
	for name, v := range got {
		assert.Equal(t, string(want[name]), shape(t, v), name)
	}
	// Of a list only the keys' order is free.
	list := twilio.List(f.ReadPage(50), "delivery_receipts", "https://bridged.example",
		conversations.Listing[conversations.Delivery]{Items: []conversations.Delivery{delivery()}}, short.Receipt)
	assert.JSONEq(t, string(want["ListConversationMessageReceipt.200.readFull"]), shape(t, list))
	assert.Len(t, want, len(got)+1)
}

// shape writes v as JSON with the types of its values in place of the values.
func shape(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(b))
	var out strings.Builder
	writeShape(t, d, &out)
	return out.String()
}

func writeShape(t *testing.T, d *json.Decoder, out *strings.Builder) {
	t.Helper()
	token, err := d.Token()
	require.NoError(t, err)
	switch v := token.(type) {
	case json.Delim:
		out.WriteString(v.String())
		for first := true; d.More(); first = false {
			if !first {
				out.WriteByte(',')
			}
			if v == '{' {
				key, err := d.Token()
				require.NoError(t, err)
				out.WriteString(`"` + key.(string) + `":`)
			}
			writeShape(t, d, out)
		}
		end, err := d.Token()
		require.NoError(t, err)
		out.WriteString(end.(json.Delim).String())
	case string:
		out.WriteString(`"string"`)
	case float64:
		out.WriteString(`"number"`)
	case bool:
		out.WriteString(`"boolean"`)
	case nil:
		out.WriteString("null")
	}
}

func TestURLsFollowTheFormOfTheRequest(t *testing.T) {
	t.Parallel()
	short, long := scope(false), scope(true)
	const root = "https://bridged.example/v1/"
	assert.Equal(t, root+"Conversations/CH"+digits, short.Conversation(conversation()).URL)
	assert.Equal(t, root+"Services/IS"+digits+"/Conversations/CH"+digits+"/Export", long.Conversation(conversation()).Links.Export)
	assert.Equal(t, root+"Conversations/CH"+digits+"/Participants/MB"+digits, short.Participant(participant()).URL)
	assert.Equal(t, root+"Conversations/CH"+digits+"/Messages/IM"+digits+"/ChannelMetadata",
		short.Message(message(), counts()).Links.ChannelMetadata)
	assert.Equal(t, root+"Services/IS"+digits+"/Conversations/CH"+digits+"/Messages/IM"+digits+"/Receipts/DY"+digits,
		long.Receipt(delivery()).URL)
}

func TestWhatIsNotKnownIsNull(t *testing.T) {
	t.Parallel()
	assert.Nil(t, scope(false).Message(message(), receipts.Counts{}).Delivery)
	assert.Nil(t, scope(false).Message(message(), receipts.Counts{Total: 2}).Delivery, "no receipt exists yet")
	assert.Equal(t, "{}", scope(false).Message(message(), counts()).Attributes)
	d := delivery()
	d.Status, d.ErrorCode, d.ProviderID = conversations.StatusNone, 0, ""
	r := scope(false).Receipt(d)
	assert.Nil(t, r.Status)
	assert.Nil(t, r.ErrorCode)
	assert.Nil(t, r.ChannelMessageSID)
	m := message()
	m.Media = []conversations.Media{{ID: digits}}
	assert.Nil(t, scope(false).Message(m, counts()).Media[0].Filename)
	p := participant()
	p.LastReadIndex, p.LastReadAt = ptr(int64(0)), ptr(at(39))
	shown := scope(false).Participant(p)
	assert.Equal(t, int64(0), *shown.LastReadMessageIndex)
	assert.Equal(t, "2015-12-16T22:18:39Z", *shown.LastReadTimestamp)
	p.Binding = &conversations.Binding{Proxy: "whatsapp:+15550002222"}
	assert.Equal(t, twilio.MessagingBinding{Type: "whatsapp", ProxyAddress: "whatsapp:+15550002222"},
		*scope(false).Participant(p).MessagingBinding)
}

func TestDeliverySummary(t *testing.T) {
	t.Parallel()
	assert.Equal(t, &twilio.Delivery{
		Total: 2, Sent: receipts.All, Delivered: receipts.Some, Read: receipts.Some,
		Failed: receipts.None, Undelivered: receipts.None,
	}, scope(false).Message(message(), counts()).Delivery)
}

func TestChannelMessageSID(t *testing.T) {
	t.Parallel()
	assert.Nil(t, twilio.ChannelMessageSID("sms", "main", ""))
	for _, id := range []string{"SM" + digits, "MM" + strings.ToUpper(digits), "WA" + digits} {
		assert.Equal(t, id, *twilio.ChannelMessageSID("whatsapp", "main", id), "an id of that form stays")
	}
	for kind, letters := range map[conversations.ChannelType]string{"sms": "SM", "whatsapp": "WA", "carrier-pigeon": "SM"} {
		assert.Regexp(t, "^"+letters+"[0-9a-f]{32}$", *twilio.ChannelMessageSID(kind, "main", "wamid.HBgL"))
	}
	derived := *twilio.ChannelMessageSID("sms", "main", "40385f64")
	assert.Equal(t, derived, *twilio.ChannelMessageSID("sms", "main", "40385f64"), "derived ids do not change")
	assert.Equal(t, "SM7d89f327", derived[:10])
	assert.NotEqual(t, derived, *twilio.ChannelMessageSID("sms", "other", "40385f64"))
	assert.NotEqual(t, *twilio.ChannelMessageSID("sms", "a", "b"+digits), *twilio.ChannelMessageSID("sms", "ab", digits))
	assert.NotEqual(t, "AB"+digits, *twilio.ChannelMessageSID("sms", "main", "AB"+digits))
}

func TestWhatGoesAsMMSHasLettersOfItsOwn(t *testing.T) {
	t.Parallel()
	sent := func(outcome conversations.FileOutcome) []conversations.SentFile {
		return []conversations.SentFile{{Outcome: outcome}}
	}
	for name, c := range map[string]struct {
		delivery conversations.Delivery
		letters  string
	}{
		"text":                 {conversations.Delivery{Address: "+15550000001"}, "SM"},
		"a file":               {conversations.Delivery{Address: "+15550000001", Files: sent(conversations.FileConverted)}, "MM"},
		"a link to a file":     {conversations.Delivery{Address: "+15550000001", Files: sent(conversations.FileLinked)}, "SM"},
		"a group":              {conversations.Delivery{Address: "+15550000001", Others: []conversations.Address{"+15550000002"}}, "MM"},
		"a file over WhatsApp": {conversations.Delivery{Address: "whatsapp:+15550000001", Files: sent(conversations.FileKept)}, "WA"},
	} {
		assert.Nil(t, twilio.DeliverySID(c.delivery), name)
		c.delivery.ProviderID = "40385f64"
		assert.Regexp(t, "^"+c.letters+"[0-9a-f]{32}$", *twilio.DeliverySID(c.delivery), name)
	}
}
