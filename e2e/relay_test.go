package e2e

import (
	"hash/crc32"
	"image"
	"image/png"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/fakecarrier"
)

// The main job: page 34, "Cross-Channel Masking: Connecting WhatsApp to SMS".
func TestTwoPeopleTalkAndEachSeesOnlyTheProxy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()

	w.bobWrites("wamid.1", "I am at the gate")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 1 }, "Alice gets Bob's message")
	w.aliceWrites("SM00000000000000000000000000000001", "Coming down")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "Bob gets Alice's message")

	toAlice, toBob := w.twilio.Sent()[0], w.cloud.Sent()[0]
	assert.Equal(t, []string{smsProxy, alice, "I am at the gate"}, []string{toAlice.From, toAlice.To, toAlice.Body})
	assert.Equal(t, []string{phoneID, "15550300002", "Coming down"}, []string{toBob.From, toBob.To, toBob.Body})

	assert.Contains(t, toAlice.Raw, url.Values{"StatusCallback": {w.URL + "/hooks/sms-main/status"}}.Encode(), "Twilio is told where to report")

	list := w.messages(conversation)
	require.Len(t, list, 2)
	assert.Equal(t, bob, *list[0].Author)
	assert.Equal(t, alice, *list[1].Author)
	assert.Equal(t, []int{0, 1}, []int{list[0].Index, list[1].Index})
	participants, err := w.api.ListConversationParticipant(conversation, &conversations.ListConversationParticipantParams{})
	require.NoError(t, err)
	require.Len(t, participants, 2)
	assert.Equal(t, []string{*participants[1].Sid, *participants[0].Sid}, []string{*list[0].ParticipantSid, *list[1].ParticipantSid})

	// A message over REST reaches both, one in somebody's name all but its author.
	_, err = w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{Body: ptr("Be kind to each other")})
	require.NoError(t, err)
	_, err = w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{Author: ptr(alice), Body: ptr("Two minutes")})
	require.NoError(t, err)
	eventually(t, func() bool { return len(w.cloud.Sent()) == 3 && len(w.twilio.Sent()) == 2 }, "both get what is meant for them")
	assert.Equal(t, []string{"Coming down", "Be kind to each other", "Two minutes"}, bodies(w.cloud.Sent()))
	assert.Equal(t, []string{"I am at the gate", "Be kind to each other"}, bodies(w.twilio.Sent()))
	assert.Equal(t, "system", *w.messages(conversation)[2].Author)
	assert.Nil(t, w.messages(conversation)[2].ParticipantSid)

	assertMasked(t, w.twilio.Sent(), bob)
	assertMasked(t, w.cloud.Sent(), alice)
}

// assertMasked checks that no request holds the other person's number, however
// it is written: encoded, with separators, with or without its country code.
func assertMasked(t *testing.T, sent []fakecarrier.Sent, other string) {
	t.Helper()
	national := strings.TrimPrefix(strings.TrimPrefix(other, "whatsapp:"), "+1")
	separators := regexp.MustCompile(`[^0-9A-Za-z]+`)
	require.NotEmpty(t, sent)
	for _, s := range sent {
		require.NotEmpty(t, s.Raw)
		require.NotContains(t, separators.ReplaceAllString(s.Raw, ""), national, "the request shows the other person's number")
	}
}

func TestReceiptsAdvanceByBothCarriersStatuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	m, err := w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{Body: ptr("hello")})
	require.NoError(t, err)
	assert.Nil(t, m.Delivery, "there is no receipt yet")
	eventually(t, func() bool { return w.delivery(conversation, *m.Sid)["sent"] == "all" }, "both carriers have it")

	toAlice, toBob := w.twilio.Sent()[0], w.cloud.Sent()[0]
	w.accepted(w.cloud.Report(t.Context(), w.URL+"/hooks/wa-main", toBob, "read", 0))
	eventually(t, func() bool { return w.delivery(conversation, *m.Sid)["read"] == "some" }, "Bob has read it")
	w.accepted(w.cloud.Report(t.Context(), w.URL+"/hooks/wa-main", toBob, "delivered", 0)) // late
	w.accepted(w.twilio.Report(t.Context(), w.URL+"/hooks/sms-main/status", toAlice, "delivered", 0))
	w.accepted(w.twilio.Report(t.Context(), w.URL+"/hooks/sms-main/status", toAlice, "delivered", 0)) // repeated
	eventually(t, func() bool { return w.delivery(conversation, *m.Sid)["delivered"] == "all" }, "both have it")
	assert.Equal(t, map[string]any{
		"total": 2.0, "sent": "all", "delivered": "all", "read": "some", "failed": "none", "undelivered": "none",
	}, w.delivery(conversation, *m.Sid))

	list := w.receipts(conversation, *m.Sid)
	require.Len(t, list, 2)
	assert.Equal(t, toAlice.ID, *list[0].ChannelMessageSid, "Twilio's id has the reference's form")
	assert.Regexp(t, "^WA[0-9a-f]{32}$", *list[1].ChannelMessageSid)
	assert.Equal(t, []string{"delivered", "read"}, []string{*list[0].Status, *list[1].Status})

	// A failure comes with the carrier's code, and does not undo what was known.
	m, err = w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{Body: ptr("again")})
	require.NoError(t, err)
	eventually(t, func() bool { return w.delivery(conversation, *m.Sid)["sent"] == "all" }, "both carriers have it")
	w.accepted(w.twilio.Report(t.Context(), w.URL+"/hooks/sms-main/status", w.twilio.Sent()[1], "undelivered", 30003))
	w.accepted(w.cloud.Report(t.Context(), w.URL+"/hooks/wa-main", w.cloud.Sent()[1], "failed", 131047))
	eventually(t, func() bool {
		d := w.delivery(conversation, *m.Sid)
		return d["failed"] == "some" && d["undelivered"] == "some"
	}, "both failures are seen")
	list = w.receipts(conversation, *m.Sid)
	assert.Equal(t, []int{30003, 63016}, []int{list[0].ErrorCode, list[1].ErrorCode})
}

// delivery returns a message's summary, nil while it has none.
func (w *world) delivery(conversation, message string) map[string]any {
	w.t.Helper()
	m, err := w.api.FetchConversationMessage(conversation, message)
	require.NoError(w.t, err)
	if m.Delivery == nil {
		return nil
	}
	d, _ := (*m.Delivery).(map[string]any)
	return d
}

func TestWhatsAppOverTwilioIsTheSameRelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{whatsapp: "twilio"})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "hello Bob")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 1 }, "Bob gets it")
	s := w.twilio.Sent()[0]
	assert.Equal(t, []string{whatsappProxy, bob, "hello Bob"}, []string{s.From, s.To, s.Body})
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/wa-main",
		fakecarrier.Message{ID: "SM00000000000000000000000000000002", From: bob, To: whatsappProxy, Body: "hello Alice"}))
	eventually(t, func() bool { return len(w.twilio.Sent()) == 2 }, "Alice gets it")
	s = w.twilio.Sent()[1]
	assert.Equal(t, []string{smsProxy, alice, "hello Alice"}, []string{s.From, s.To, s.Body})
	w.accepted(w.twilio.Report(t.Context(), w.URL+"/hooks/wa-main/status", w.twilio.Sent()[0], "read", 0))
	message := *w.messages(conversation)[0].Sid
	eventually(t, func() bool { return w.delivery(conversation, message)["read"] == "all" }, "Bob has read it")
	assertMasked(t, w.twilio.Sent()[:1], alice)
	assertMasked(t, w.twilio.Sent()[1:], bob)
}

func TestTextLongerThanAMessageGoesOutInPartsThatAreOneDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	text := strings.Repeat("All work and no play makes a dull day. 🚲 ", 120) // 5,040 characters
	w.bobWrites("wamid.long", text)
	eventually(t, func() bool { return strings.Join(bodies(w.twilio.Sent()), "") == text }, "all parts come, in order")
	sent := w.twilio.Sent()
	assert.Len(t, sent, 4)
	message := *w.messages(conversation)[0].Sid
	eventually(t, func() bool { return w.delivery(conversation, message)["sent"] == "all" }, "it is sent")
	assert.Len(t, w.receipts(conversation, message), 1)
	for i, s := range sent {
		assert.NotEqual(t, "all", w.delivery(conversation, message)["delivered"], "after %d parts", i)
		w.accepted(w.twilio.Report(t.Context(), w.URL+"/hooks/sms-main/status", s, "delivered", 0))
	}
	eventually(t, func() bool { return w.delivery(conversation, message)["delivered"] == "all" }, "delivered when all parts are")
}

// realPicture is a PNG that says in its metadata who made it.
func realPicture(t *testing.T) string {
	t.Helper()
	var file strings.Builder
	require.NoError(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, 40, 30))))
	const header = 33 // the signature and IHDR
	chunk := "tEXtAuthor\x00" + bob
	framed := fourBytes(len(chunk)-4) + chunk + fourBytes(int(crc32.ChecksumIEEE([]byte(chunk))))
	return file.String()[:header] + framed + file.String()[header:]
}

func fourBytes(n int) string {
	return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// opened is what the carrier gets that fetches the file of a send: without
// credentials, by the URL that stands in the request.
func opened(t *testing.T, s fakecarrier.Sent) (contentType, content string) {
	t.Helper()
	link := regexp.MustCompile(`https?%3A%2F%2F[^&"\s]*signature[^&"\s]*|http://[^"\s]*signature[^"\s]*`).FindString(s.Raw)
	link = strings.ReplaceAll(link, `\u0026`, "&")
	if strings.Contains(link, "%3A") {
		var err error
		link, err = url.QueryUnescape(link)
		require.NoError(t, err)
	}
	status, content, header := fetch(t, link, false)
	require.Equal(t, 200, status, "%q in %s", link, s.Raw)
	return header.Get("Content-Type"), content
}

// "A photo from WhatsApp arrives on an SMS phone", and one from a telephone on
// WhatsApp, each without what it told of its maker.
func TestAPictureGoesOverWithoutItsMetadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	photo := realPicture(t)
	w.cloud.Keep("1000000001", fakecarrier.File{Content: photo, ContentType: "image/png"})
	w.bobShows("wamid.picture", "look", "1000000001")
	eventually(t, func() bool { return len(w.twilio.Sent()) == 1 }, "Alice gets it")
	w.twilio.Keep("ME1", fakecarrier.File{Content: photo, ContentType: "image/png"})
	w.aliceShows("MM00000000000000000000000000000001", "look here", w.twilio.FileURL("ME1"))
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "Bob gets it")
	for _, sent := range []fakecarrier.Sent{w.twilio.Sent()[0], w.cloud.Sent()[0]} {
		contentType, content := opened(t, sent)
		assert.Equal(t, "image/png", contentType)
		assert.NotContains(t, content, bob)
		shown, err := png.Decode(strings.NewReader(content))
		require.NoError(t, err)
		assert.Equal(t, image.Pt(40, 30), shown.Bounds().Size())
		assert.Contains(t, sent.Raw, "look", "and its caption")
	}
	for i := range 2 {
		m := w.messages(conversation)[i]
		require.Len(t, *m.Media, 1)
		eventually(t, func() bool { return w.delivery(conversation, *m.Sid)["sent"] == "all" }, "it is sent")
	}
}

// SMS takes 1,600 characters at Twilio, WhatsApp 4,096 at Meta.
func TestEachChannelSplitsTextByItsOwnLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	text := strings.Repeat("0123456789 ", 450) // 4,950 characters
	sid := w.write(conversation, text)
	eventually(t, func() bool { return w.delivery(conversation, sid)["sent"] == "all" }, "both have it")
	for carrier, limit := range map[*fakecarrier.Carrier]int{&w.twilio.Carrier: 1600, &w.cloud.Carrier: 4096} {
		parts := bodies(carrier.Sent())
		assert.Equal(t, text, strings.Join(parts, ""), "in order, nothing cut")
		assert.Len(t, parts, (len(text)+limit-1)/limit)
		for _, part := range parts {
			assert.LessOrEqual(t, len(part), limit)
		}
	}
	assert.Len(t, w.receipts(conversation, sid), 2, "one per person, however many parts")
}
