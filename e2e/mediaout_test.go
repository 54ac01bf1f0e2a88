package e2e

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// place is where the photograph was taken, as far as its metadata tell.
const place = "52.3702N 4.8952E"

// photograph is a JPEG of 12 megapixels, of several megabytes, that lies on its side
// and says in its EXIF how to hold it and where it was taken.
var photograph = sync.OnceValues(func() (string, error) {
	p := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	state := uint32(1)
	for i := range p.Y {
		state = state*1664525 + 1013904223
		p.Y[i] = byte(i/40_000)/2 + byte(state>>27) // a slope, and the noise of a small sensor
	}
	for i := range p.Cb {
		p.Cb[i], p.Cr[i] = 110, 140
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, p, &jpeg.Options{Quality: 92}); err != nil {
		return "", err
	}
	const sideways = "\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00" // orientation 6: turn it clockwise
	exif := "Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00" + sideways + "\x00\x00\x00\x00" + place
	segment := "\xff\xe1" + string([]byte{0, byte(len(exif) + 2)}) + exif
	return file.String()[:2] + segment + file.String()[2:], nil
})

// pictureOf is a small PNG of some width.
func pictureOf(t *testing.T, width int) string {
	t.Helper()
	var file strings.Builder
	require.NoError(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, width, 30))))
	return file.String()
}

// sentFile is what a delivery says of one of its files.
type sentFile struct {
	SID, Outcome, Reason string
	SentSID              string `json:"sent_sid"`
	ContentType          string `json:"content_type"`
	Size                 int64
	ErrorCode            int `json:"error_code"`
}

// filesSent returns what became of the files of a message on its way to one person,
// once the delivery has come to its end, and its parts and status.
func (w *world) filesSent(receipt string) (files []sentFile, parts int, status string) {
	w.t.Helper()
	var d struct {
		Progress, Status string
		Parts            int
		Files            []sentFile
	}
	eventually(w.t, func() bool {
		require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/deliveries/"+receipt, nil, &d))
		return d.Progress == "done"
	}, "it is settled")
	return d.Files, d.Parts, d.Status
}

// given is a file that somebody uploads.
type given struct{ name, contentType, content string }

// show adds a message with files over REST, and returns its SID.
func (w *world) show(conversation, author, text string, files ...given) string {
	w.t.Helper()
	service := w.serviceOf(conversation)
	form := url.Values{"Body": {text}, "Author": {author}}
	for _, f := range files {
		status, record := w.upload(service, "?Filename="+f.name, f.contentType, strings.NewReader(f.content))
		require.Equal(w.t, http.StatusCreated, status)
		form.Add("MediaSid", record.SID)
	}
	var m struct{ SID, Message string }
	require.Equal(w.t, http.StatusCreated, w.call(http.MethodPost, "/v1/Conversations/"+conversation+"/Messages", form, &m), m.Message)
	return m.SID
}

// bodyOf is the body of a request that a fake carrier got.
func bodyOf(s fakecarrier.Sent) string {
	return s.Raw[strings.LastIndex(s.Raw, "\r\n")+2:]
}

// formIn is what Twilio got.
func formIn(t *testing.T, s fakecarrier.Sent) url.Values {
	t.Helper()
	form, err := url.ParseQuery(bodyOf(s))
	require.NoError(t, err)
	return form
}

// metaFile is a file as Meta is told of it.
type metaFile struct{ Link, Caption, Filename string }

// metaMessage is what Meta got.
type metaMessage struct {
	Type            string
	Image, Document *metaFile
	Text            *struct{ Body string }
}

func metaMessageIn(t *testing.T, s fakecarrier.Sent) (m metaMessage) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(bodyOf(s)), &m), "%s", s.Raw)
	return m
}

// receiptOf returns the SID of a message's receipt for one person.
func (w *world) receiptOf(conversation, message string) string {
	w.t.Helper()
	eventually(w.t, func() bool { return len(w.receipts(conversation, message)) == 1 }, "there is a receipt")
	return *w.receipts(conversation, message)[0].Sid
}

// "A 12-megapixel JPEG reaches an AT&T-limited number under 1 MB."
func TestAPhotographReachesANumberThatTakesLessThanAMegabyte(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: "[[numbers]]\naddress = \"" + smsProxy + "\"\nmax_mms_bytes = 1000000\n"})
	photo, err := photograph()
	require.NoError(t, err)
	require.Greater(t, len(photo), 1_000_000)
	conversation := w.converseOf(alice, smsProxy)
	message := w.show(conversation, "system", "the gate", given{"gate.jpg", "image/jpeg", photo})
	eventually(t, func() bool { return len(w.twilio.Sent()) == 1 }, "it is sent")
	form := formIn(t, w.twilio.Sent()[0])
	assert.Equal(t, "the gate", form.Get("Body"), "beside the picture")
	require.Len(t, form["MediaUrl"], 1)

	status, content, header := fetch(t, form.Get("MediaUrl"), false)
	require.Equal(t, http.StatusOK, status, "it opens without credentials")
	assert.Equal(t, "image/jpeg", header.Get("Content-Type"))
	assert.Less(t, len(content), 1_000_000)
	assert.NotContains(t, content, "Exif")
	assert.NotContains(t, content, place)
	shown, err := jpeg.DecodeConfig(strings.NewReader(content))
	require.NoError(t, err)
	assert.Greater(t, shown.Height, shown.Width, "it stands upright without its EXIF")
	assert.Greater(t, shown.Height, 1000, "and is worth looking at")

	files, parts, _ := w.filesSent(w.receiptOf(conversation, message))
	require.Len(t, files, 1)
	assert.Equal(t, []any{"converted", "image/jpeg", int64(len(content)), 0, 1},
		[]any{files[0].Outcome, files[0].ContentType, files[0].Size, files[0].ErrorCode, parts})
	assert.NotEqual(t, files[0].SID, files[0].SentSID, "what was uploaded stays as it is")
	assert.Contains(t, files[0].Reason, "it had ")
}

// WhatsApp takes one file a message.
func TestSeveralPicturesOnWhatsAppAreOneDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converseOf(bob, whatsappProxy)
	var files []given
	for _, width := range []int{40, 50, 60} {
		files = append(files, given{"view.png", "image/png", pictureOf(t, width)})
	}
	message := w.show(conversation, "system", "three views", files...)
	after := w.write(conversation, "that was all")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 4 }, "they are sent")
	for i, sent := range w.cloud.Sent()[:3] {
		m := metaMessageIn(t, sent)
		require.Equal(t, "image", m.Type)
		assert.Equal(t, []string{"three views", "", ""}[i], m.Image.Caption, "picture %d", i)
		_, content, _ := fetch(t, m.Image.Link, false)
		shown, err := png.DecodeConfig(strings.NewReader(content))
		require.NoError(t, err)
		assert.Equal(t, 40+10*i, shown.Width, "the order is kept")
	}
	assert.Equal(t, "that was all", w.cloud.Sent()[3].Body, "what was written afterwards comes afterwards")
	kept, parts, _ := w.filesSent(w.receiptOf(conversation, message))
	assert.Equal(t, 3, parts)
	for _, f := range kept {
		assert.Equal(t, []any{"kept", "image/png"}, []any{f.Outcome, f.ContentType})
	}
	assert.Len(t, kept, 3)
	for i, sent := range w.cloud.Sent()[:3] {
		assert.NotEqual(t, "all", w.delivery(conversation, message)["delivered"], "after %d pictures", i)
		w.accepted(w.cloud.Report(t.Context(), w.URL+"/hooks/wa-main", sent, "delivered", 0))
	}
	eventually(t, func() bool { return w.delivery(conversation, message)["delivered"] == "all" }, "delivered when all are")
	none, _, _ := w.filesSent(w.receiptOf(conversation, after))
	assert.Empty(t, none)
}

func TestAPDFOnWhatsAppIsADocumentWithItsName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converseOf(bob, whatsappProxy)
	const paper = "%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
	w.show(conversation, "system", "our menu", given{"menu.pdf", "application/pdf", paper})
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "it is sent")
	m := metaMessageIn(t, w.cloud.Sent()[0])
	require.Equal(t, "document", m.Type)
	assert.Equal(t, []string{"menu.pdf", "our menu"}, []string{m.Document.Filename, m.Document.Caption})
	status, content, header := fetch(t, m.Document.Link, false)
	assert.Equal(t, []any{http.StatusOK, paper, "application/pdf"}, []any{status, content, header.Get("Content-Type")})
}

// archive is a file that neither channel takes.
var archive = given{"plans.zip", "application/zip", "PK\x05\x06" + strings.Repeat("\x00", 18)}

func TestAFileThatAChannelDoesNotTakeGoesAsALink(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converseOf(alice, smsProxy)
	message := w.show(conversation, "system", "the plans", archive)
	eventually(t, func() bool { return len(w.twilio.Sent()) == 1 }, "it is sent")
	form := formIn(t, w.twilio.Sent()[0])
	assert.Empty(t, form["MediaUrl"])
	text, link, found := strings.Cut(form.Get("Body"), "\n")
	require.True(t, found, form.Get("Body"))
	assert.Equal(t, "the plans", text)
	assert.True(t, strings.HasPrefix(link, w.URL+"/"), link)
	status, content, _ := fetch(t, link, false)
	assert.Equal(t, []any{http.StatusOK, archive.content}, []any{status, content})
	altered := regexp.MustCompile(`expires=\d+`).ReplaceAllString(link, "expires=99999999999")
	require.NotEqual(t, link, altered)
	status, _, _ = fetch(t, altered, false)
	assert.Equal(t, http.StatusForbidden, status, "nobody can make it live longer")
	files, _, _ := w.filesSent(w.receiptOf(conversation, message))
	require.Len(t, files, 1)
	assert.Equal(t, []any{"linked", 0}, []any{files[0].Outcome, files[0].ErrorCode})
	assert.Contains(t, files[0].Reason, "application/zip")
}

func TestWithoutLinksTheTextGoesAndTheDeliveryFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: "[media]\nlink_fallback = false\n"})
	for _, c := range []struct {
		address, proxy string
		carrier        *fakecarrier.Carrier
		code           int
	}{{alice, smsProxy, &w.twilio.Carrier, 12300}, {bob, whatsappProxy, &w.cloud.Carrier, 63021}} {
		conversation := w.converseOf(c.address, c.proxy)
		message := w.show(conversation, "system", "the plans", archive)
		eventually(t, func() bool { return w.delivery(conversation, message)["failed"] == "all" }, "never silence")
		assert.Equal(t, []string{"the plans"}, bodies(c.carrier.Sent()), "the text goes, without a link")
		receipts := w.receipts(conversation, message)
		require.Len(t, receipts, 1)
		assert.Equal(t, c.code, receipts[0].ErrorCode, c.address)
		files, _, status := w.filesSent(*receipts[0].Sid)
		require.Len(t, files, 1)
		assert.Equal(t, []any{"failed", "failed", c.code, ""}, []any{status, files[0].Outcome, files[0].ErrorCode, files[0].SentSID})
	}
}

// shownMessage is what a simulated handset shows of a message with files.
type shownMessage struct {
	Direction, From, Body string
	To, Media             []string
}

func (w *world) shownOn(address string) []shownMessage {
	w.t.Helper()
	var list struct{ Messages []shownMessage }
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/simulator/handsets/"+address+"/messages", nil, &list))
	return list.Messages
}

// Page 37 with a picture from either side: "group MMS" carries them as it does text.
func TestAPictureInAGroupTextOfThree(t *testing.T) {
	t.Parallel()
	ours, theirs := pictureOf(t, 40), pictureOf(t, 50)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write([]byte(theirs))
	}))
	t.Cleanup(elsewhere.Close)
	w := newWorld(t, setup{config: "[media]\nprivate_hosts = [\"" + strings.TrimPrefix(elsewhere.URL, "http://") + "\"]\n" + simulatedCarrier})
	home := w.newConversation()
	w.mustAdd(home, "Identity", "realEstateAgent", "MessagingBinding.ProjectedAddress", officeNumber)
	w.mustAdd(home, "MessagingBinding.Address", homebuyer)
	w.mustAdd(home, "MessagingBinding.Address", otherHomebuyer)

	message := w.show(home, "realEstateAgent", "the kitchen", given{"kitchen.png", "image/png", ours})
	for _, address := range []string{homebuyer, otherHomebuyer} {
		eventually(t, func() bool { return len(w.shownOn(address)) == 1 }, "%s has it", address)
		shown := w.shownOn(address)[0]
		assert.Equal(t, []any{officeNumber, "the kitchen", []string{homebuyer, otherHomebuyer}}, []any{shown.From, shown.Body, shown.To})
		require.Len(t, shown.Media, 1)
		status, content, _ := fetch(t, shown.Media[0], false)
		assert.Equal(t, []any{http.StatusOK, ours}, []any{status, content})
	}
	eventually(t, func() bool { return w.delivery(home, message)["sent"] == "all" }, "each has a receipt")
	receipts := w.receipts(home, message)
	require.Len(t, receipts, 2)
	assert.Equal(t, *receipts[0].ChannelMessageSid, *receipts[1].ChannelMessageSid, "it was one message")

	draft, err := json.Marshal(map[string]any{
		"from": otherHomebuyer, "to": []string{homebuyer, officeNumber}, "body": "and the garden", "media_urls": []string{elsewhere.URL + "/garden.png"},
	})
	require.NoError(t, err)
	answer := w.requestWith(http.MethodPost, "/bridged/v1/simulator/messages", "application/json", bytes.NewReader(draft), nil)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	garden := w.settled(home, 1)
	require.Len(t, garden, 1)
	_, content, _ := fetch(t, garden[0].Links.Direct, false)
	assert.Equal(t, theirs, content, "the agent's side has it")
	w.writeAs(home, "realEstateAgent", "lovely")
	eventually(t, func() bool { return len(w.shownOn(homebuyer)) == 3 }, "what follows comes next: there was no copy")
	assert.Equal(t, "lovely", w.shownOn(homebuyer)[2].Body)
}
