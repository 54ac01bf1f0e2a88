package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// arrival is what the media resource says of a file that came with a message.
type arrival struct {
	mediaRecord

	State, Reason string
}

// aliceShows delivers a message of Alice's with files, which are at these URLs.
func (w *world) aliceShows(id, text string, urls ...string) {
	w.t.Helper()
	extra := map[string][]string{"NumMedia": {strconv.Itoa(len(urls))}}
	for i, u := range urls {
		extra["MediaUrl"+strconv.Itoa(i)] = []string{u}
		extra["MediaContentType"+strconv.Itoa(i)] = []string{"image/png"}
	}
	w.accepted(w.twilio.Post(w.t.Context(), w.URL+"/hooks/sms-main", fakecarrier.Message{
		ID: id, From: alice, To: smsProxy, Body: text, Extra: extra,
	}))
}

// bobShows delivers a picture of Bob's, which Meta has under an id.
func (w *world) bobShows(id, caption, file string) {
	w.t.Helper()
	w.accepted(w.cloud.PostValue(w.t.Context(), w.URL+"/hooks/wa-main", map[string]any{
		"messages": []any{map[string]any{
			"id": id, "from": strings.TrimPrefix(bob, "whatsapp:+"), "timestamp": strconv.FormatInt(time.Now().Unix(), 10), "type": "image",
			"image": map[string]any{"id": file, "mime_type": "image/png", "caption": caption, "sha256": "as webhooks have it"},
		}},
	}))
}

// filesOf returns what is known of the files of a message, once it is there.
func (w *world) filesOf(conversation string, index int) (list []arrival) {
	w.t.Helper()
	eventually(w.t, func() bool { return len(w.messages(conversation)) > index }, "the message is there")
	m := w.messages(conversation)[index]
	require.NotNil(w.t, m.Media, "its files are shown from the beginning")
	for _, shown := range *m.Media {
		entry, ok := shown.(map[string]any)
		require.True(w.t, ok)
		var a arrival
		status := w.call(http.MethodGet, "/v1/Services/"+w.serviceOf(conversation)+"/Media/"+entry["sid"].(string), nil, &a)
		require.Equal(w.t, http.StatusOK, status)
		assert.Equal(w.t, *m.Sid, *a.MessageSID)
		list = append(list, a)
	}
	return list
}

func (w *world) serviceOf(conversation string) string {
	w.t.Helper()
	c, err := w.api.FetchConversation(conversation)
	require.NoError(w.t, err)
	return *c.ChatServiceSid
}

// settled waits until a message's files are here or given up.
func (w *world) settled(conversation string, index int) (list []arrival) {
	w.t.Helper()
	eventually(w.t, func() bool {
		list = w.filesOf(conversation, index)
		for _, a := range list {
			if a.State == "fetching" {
				return false
			}
		}
		return true
	}, "its files are settled")
	return list
}

func TestAPhotoFromWhatsAppIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	photo := picture + strings.Repeat("0123456789", 300_000)
	w.cloud.Keep("1013859600285441", fakecarrier.File{Content: photo, ContentType: "image/png"})
	w.bobShows("wamid.photo", "look", "1013859600285441")
	a := w.settled(conversation, 0)[0]
	assert.Empty(t, a.State)
	assert.Equal(t, []any{int64(len(photo)), "image/png"}, []any{a.Size, a.ContentType})
	eventually(t, func() bool {
		shown, _ := (*w.messages(conversation)[0].Media)[0].(map[string]any)
		return assert.ObjectsAreEqual(map[string]any{
			"sid": a.SID, "size": float64(len(photo)), "content_type": "image/png", "filename": nil,
		}, shown)
	}, "the message shows it")
	status, body, header := fetch(t, a.Links.Direct, false)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "image/png", header.Get("Content-Type"))
	assert.Zero(t, strings.Compare(photo, body), "byte by byte")
	// Who is killed while a file is made to fit leaves it to the hourly sweep.
	eventually(t, func() bool { return len(w.twilio.Sent()) > 0 }, "it went on to Alice")
	require.NoError(t, w.Kill())
	w.start()
	a = w.filesOf(conversation, 0)[0]
	assert.Empty(t, a.State)
	_, body, _ = fetch(t, a.Links.Direct, false)
	assert.Zero(t, strings.Compare(photo, body), "it outlasts the process")
	require.NoError(t, w.api.DeleteConversation(conversation, nil))
	eventually(t, func() bool { return len(w.filesOnDisk()) == 0 }, "it goes with its conversation")
}

func TestAFileThatIsGoneIsVisibleAndItsTextGoesOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	w.aliceShows("MM00000000000000000000000000000001", "look", w.twilio.FileURL("gone"))
	eventually(t, func() bool { return count(bodies(w.cloud.Sent()), "look") == 1 }, "the text goes out")
	a := w.settled(conversation, 0)[0]
	assert.Equal(t, []any{"failed", int64(0)}, []any{a.State, a.Size})
	assert.Contains(t, a.Reason, "404")
	for _, target := range []string{a.Links.Content, a.Links.Direct} {
		status, body, _ := fetch(t, target, true)
		assert.Equal(t, http.StatusNotFound, status)
		assert.Contains(t, body, "could not be fetched")
	}
	var letters struct {
		List []struct {
			Topic, Key, Reason string
			ErrorCode          int `json:"error_code"`
		} `json:"dead_letters"`
	}
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/dead-letters", nil, &letters))
	require.Len(t, letters.List, 1)
	assert.Equal(t, "fetch", letters.List[0].Topic)
	assert.Equal(t, strings.TrimPrefix(a.SID, "ME"), letters.List[0].Key)
	assert.Equal(t, 63019, letters.List[0].ErrorCode)

	w.aliceShows("MM00000000000000000000000000000002", "", w.twilio.FileURL("gone"))
	w.settled(conversation, 1)
	message := *w.messages(conversation)[1].Sid
	eventually(t, func() bool { return len(w.receipts(conversation, message)) == 1 }, "never silence")
	r := w.receipts(conversation, message)[0]
	assert.Equal(t, 63019, r.ErrorCode)
	assert.Len(t, w.cloud.Sent(), 1, "nothing was left to send")
}

func TestASlowFileDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	const carol, dave = "+15550200011", "whatsapp:+15550300012"
	other := w.newConversation()
	w.join(other, carol, smsProxy)
	w.join(other, dave, whatsappProxy)

	asked, wait := make(chan struct{}, 10), make(chan struct{})
	w.twilio.Keep("slow", fakecarrier.File{Content: picture, Wait: wait, Asked: func() { asked <- struct{}{} }})
	w.aliceShows("MM00000000000000000000000000000001", "", w.twilio.FileURL("slow"))
	<-asked
	w.aliceWrites("SM00000000000000000000000000000002", "later")
	w.bobWrites("wamid.1", "back")
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main", fakecarrier.Message{
		ID: "SM00000000000000000000000000000003", From: carol, To: smsProxy, Body: "elsewhere",
	}))
	eventually(t, func() bool { return count(bodies(w.twilio.Sent()), "back") == 1 }, "the other pair of the conversation goes on")
	eventually(t, func() bool { return count(bodies(w.cloud.Sent()), "elsewhere") == 1 }, "and the other conversation")
	eventually(t, func() bool { return len(w.messages(conversation)) == 3 }, "all is shown at once")
	assert.Equal(t, "fetching", w.filesOf(conversation, 0)[0].State)
	status, body, _ := fetch(t, w.filesOf(conversation, 0)[0].Links.Content, true)
	assert.Equal(t, http.StatusNotFound, status)
	assert.Contains(t, body, "still being fetched")
	assert.Zero(t, count(bodies(w.cloud.Sent()), "later"), "of the pair itself the order is kept")
	close(wait)
	eventually(t, func() bool { return count(bodies(w.cloud.Sent()), "later") == 1 }, "it goes on then")
	assert.Empty(t, w.settled(conversation, 0)[0].State)
}

// A stop does not wait for a carrier, and neither it nor a crash loses the file.
func TestAFileIsFetchedAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	asked, wait := make(chan struct{}, 10), make(chan struct{})
	w.cloud.Keep("1013859600285441", fakecarrier.File{Content: picture, Wait: wait, Asked: func() { asked <- struct{}{} }})
	w.bobShows("wamid.photo", "look", "1013859600285441")
	<-asked
	endsWell(t, w.Daemon)
	w.start()
	<-asked
	require.NoError(t, w.Kill())
	w.start()
	<-asked
	close(wait)
	a := w.settled(conversation, 0)[0]
	assert.Empty(t, a.State, a.Reason)
	_, body, _ := fetch(t, a.Links.Direct, false)
	assert.Equal(t, picture, body)
}

func TestAFileAtAPrivateAddressIsNotFetched(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	var reached atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inside.Close)
	w.aliceShows("MM00000000000000000000000000000001", "look", inside.URL+"/secret", "http://169.254.169.254/latest/meta-data",
		strings.Replace(inside.URL, "127.0.0.1", "localhost", 1))
	eventually(t, func() bool { return count(bodies(w.cloud.Sent()), "look") == 1 }, "the text goes out")
	for _, a := range w.settled(conversation, 0) {
		assert.Equal(t, "failed", a.State)
		assert.Contains(t, a.Reason, "not public")
		assert.NotContains(t, a.Reason, "127.0.0.1")
	}
	assert.Zero(t, reached.Load())
}

// The simulated carrier has no host of its own: its files are fetched like any
// other's, and from private addresses only where the operator says so.
func TestFilesOfSimulatedHandsets(t *testing.T) {
	t.Parallel()
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write([]byte(picture))
	}))
	t.Cleanup(files.Close)
	const proxy, handset = "+15550100077", "+15550200077"
	w := newWorld(t, setup{config: "[media]\nprivate_hosts = [\"" + strings.TrimPrefix(files.URL, "http://") + "\"]\n" +
		"[[channels]]\nname = \"sim\"\ntype = \"sms\"\ndriver = \"simulator\"\nnumbers = [\"" + proxy + "\"]\n"})
	conversation := w.newConversation()
	w.join(conversation, handset, proxy)
	body, err := json.Marshal(map[string]any{
		"from": handset, "to": []string{proxy}, "body": "look", "media_urls": []string{files.URL + "/a.png"},
	})
	require.NoError(t, err)
	answer := w.requestWith(http.MethodPost, "/bridged/v1/simulator/messages", "application/json", strings.NewReader(string(body)), nil)
	require.NoError(t, answer.Body.Close())
	require.Less(t, answer.StatusCode, 300)
	a := w.settled(conversation, 0)[0]
	assert.Empty(t, a.State, a.Reason)
	assert.Equal(t, "image/png", a.ContentType)
	assert.EqualValues(t, len(picture), a.Size)
}
