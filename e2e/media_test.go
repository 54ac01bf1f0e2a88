package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	bridged "bridged/conversations"
	"bridged/media"
	"bridged/store/storetest"
)

const picture = "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR and so on"

// mediaRecord is what page 05 says of a file.
type mediaRecord struct {
	SID, Filename, Author, URL string
	Size                       int64
	ContentType                string  `json:"content_type"`
	ChannelSID                 *string `json:"channel_sid"`
	MessageSID                 *string `json:"message_sid"`
	Links                      struct {
		Content string
		Direct  string `json:"content_direct_temporary"`
	}
	Code int // of an error
}

// service returns the SID of the default service.
func (w *world) service() string {
	w.t.Helper()
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(w.t, err)
	return *c.ChatServiceSid
}

// upload sends a file, and returns its record or the error.
func (w *world) upload(service, query, contentType string, body io.Reader) (int, mediaRecord) {
	w.t.Helper()
	answer := w.requestWith(http.MethodPost, "/v1/Services/"+service+"/Media"+query, contentType, body, nil)
	defer answer.Body.Close()
	var record mediaRecord
	require.NoError(w.t, json.NewDecoder(answer.Body).Decode(&record))
	return answer.StatusCode, record
}

func (w *world) uploaded(service, name string) mediaRecord {
	w.t.Helper()
	status, record := w.upload(service, "?Filename="+name, "image/png", strings.NewReader(picture))
	require.Equal(w.t, http.StatusCreated, status)
	return record
}

// fetch gets a URL, with credentials or without.
func fetch(t *testing.T, target string, authenticated bool) (status int, body string, header http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
	require.NoError(t, err)
	if authenticated {
		r.SetBasicAuth(account, authToken)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text), answer.Header
}

// filesOnDisk lists what is in media.dir.
func (w *world) filesOnDisk() (list []string) {
	w.t.Helper()
	root := filepath.Join(w.dir, "bridged-data", "media")
	_ = filepath.WalkDir(root, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != "installation" {
			list = append(list, e.Name())
		}
		return nil // a folder may go while it is looked at
	})
	return list
}

func TestAFileFromUploadToDeletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	service, conversation := w.service(), w.newConversation()
	file := w.uploaded(service, "car.png")
	assert.Equal(t, mediaRecord{
		SID: file.SID, Filename: "car.png", Author: "sender", URL: w.URL + "/v1/Services/" + service + "/Media/" + file.SID,
		Size: int64(len(picture)), ContentType: "image/png", Links: file.Links,
	}, file)

	m, err := w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{MediaSid: &file.SID})
	require.NoError(t, err)
	assert.Nil(t, m.Body)
	require.NotNil(t, m.Media)
	assert.Equal(t, []any{map[string]any{
		"sid": file.SID, "size": float64(len(picture)), "content_type": "image/png", "filename": "car.png",
	}}, *m.Media)
	_, err = w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{MediaSid: &file.SID})
	refused(t, err, http.StatusBadRequest, 50508)
	_, err = w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{MediaSid: ptr("ME" + strings.Repeat("0", 32))})
	refused(t, err, http.StatusNotFound, 50507)

	var record mediaRecord
	status, body, _ := fetch(t, file.URL, true)
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, json.Unmarshal([]byte(body), &record))
	assert.Equal(t, []string{conversation, *m.Sid}, []string{*record.ChannelSID, *record.MessageSID})
	status, body, _ = fetch(t, record.Links.Content, true)
	assert.Equal(t, []any{http.StatusOK, picture}, []any{status, body})
	status, _, _ = fetch(t, record.Links.Content, false)
	assert.Equal(t, http.StatusUnauthorized, status)
	status, body, header := fetch(t, record.Links.Direct, false)
	assert.Equal(t, []any{http.StatusOK, picture}, []any{status, body})
	assert.Equal(t, "image/png", header.Get("Content-Type"))

	direct, err := url.Parse(record.Links.Direct)
	require.NoError(t, err)
	for _, parameter := range []string{"expires", "signature"} {
		query := direct.Query()
		query.Set(parameter, strings.Repeat("1", len(query.Get(parameter))))
		altered := *direct
		altered.RawQuery = query.Encode()
		status, body, _ = fetch(t, altered.String(), false)
		assert.Equal(t, http.StatusForbidden, status, parameter)
		assert.Contains(t, body, `"code":20403`)
	}

	// All of it outlasts the process; so does what was deleted.
	require.Len(t, w.filesOnDisk(), 1)
	require.NoError(t, w.Kill())
	w.start()
	path := "/v1/Services/" + service + "/Media/" + file.SID
	status, body, _ = fetch(t, w.URL+path+"/Content", true)
	require.Equal(t, []any{http.StatusOK, picture}, []any{status, body})
	require.NoError(t, w.api.DeleteConversationMessage(conversation, *m.Sid, nil))
	for _, suffix := range []string{"", "/Content", direct.RequestURI()[len(direct.Path):]} {
		target := w.URL + path + suffix
		if strings.HasPrefix(suffix, "?") {
			target = w.URL + direct.RequestURI()
		}
		status, _, _ = fetch(t, target, true)
		assert.Equal(t, http.StatusNotFound, status, target)
	}
	eventually(t, func() bool { return len(w.filesOnDisk()) == 0 }, "the file is gone")
}

func TestFilesGoWithTheirConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	service, conversation := w.service(), w.newConversation()
	first, second := w.uploaded(service, "a.png"), w.uploaded(service, "b.png")
	var m struct {
		Body  *string
		Media []struct{ SID string }
	}
	status := w.call(http.MethodPost, "/v1/Conversations/"+conversation+"/Messages",
		url.Values{"MediaSid": {second.SID, first.SID}, "Body": {"two of them"}}, &m)
	require.Equal(t, http.StatusCreated, status)
	assert.Equal(t, "two of them", *m.Body)
	require.Len(t, m.Media, 2)
	assert.Equal(t, second.SID, m.Media[0].SID)
	require.Len(t, w.filesOnDisk(), 2)
	require.NoError(t, w.api.DeleteConversation(conversation, nil))
	eventually(t, func() bool { return len(w.filesOnDisk()) == 0 }, "the files are gone")
}

// Page 32, in less than its five minutes.
func TestAFileWithoutAMessageIsRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: "[media]\nunattached_ttl = \"1s\"\n"})
	file := w.uploaded(w.service(), "a.png")
	path := strings.TrimPrefix(file.URL, w.URL)
	eventually(t, func() bool { return w.call(http.MethodGet, path, nil, nil) == http.StatusNotFound }, "its record is gone")
	eventually(t, func() bool { return len(w.filesOnDisk()) == 0 }, "and the file")
	_, err := w.api.CreateConversationMessage(w.newConversation(), &conversations.CreateConversationMessageParams{MediaSid: &file.SID})
	refused(t, err, http.StatusNotFound, 50507)
}

func TestUploadsFromBrowsersAndCurl(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	service := w.service()
	// curl --data-binary says that everything is a form.
	status, record := w.upload(service, "", "application/x-www-form-urlencoded", strings.NewReader(picture))
	require.Equal(t, http.StatusCreated, status)
	assert.Equal(t, "image/png", record.ContentType)
	// A browser's FormData.
	form := "--b\r\nContent-Disposition: form-data; name=\"twilio-logo\"; filename=\"../../logo.png\"\r\nContent-Type: image/png\r\n\r\n" + picture + "\r\n--b--\r\n"
	status, record = w.upload(service, "?Category=media", "multipart/form-data; boundary=b", strings.NewReader(form))
	require.Equal(t, http.StatusCreated, status)
	assert.Equal(t, []any{"logo.png", "image/png", int64(len(picture))}, []any{record.Filename, record.ContentType, record.Size})
	// A page that calls itself a picture is given to be saved.
	status, record = w.upload(service, "?Filename=x.png", "image/png", strings.NewReader("<html><script>alert(1)</script></html>"))
	require.Equal(t, http.StatusCreated, status)
	_, _, header := fetch(t, record.Links.Direct, false)
	assert.Equal(t, "text/html; charset=utf-8", header.Get("Content-Type"))
	assert.Contains(t, header.Get("Content-Disposition"), "attachment")
	assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))

	status, record = w.upload("IS"+strings.Repeat("0", 32), "", "image/png", strings.NewReader(picture))
	assert.Equal(t, []int{http.StatusNotFound, 20404}, []int{status, record.Code})
	status, record = w.upload(service, "", "image/png", strings.NewReader(""))
	assert.Equal(t, []int{http.StatusBadRequest, 20001}, []int{status, record.Code})
	require.Len(t, w.filesOnDisk(), 3)
}

// What a daemon ever allocates is counted, so that it does not matter when it
// frees memory.
func TestLargeFilesAreStreamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	service := w.service()
	const size, bound = 64 << 20, 24 << 20
	allocated := func() float64 {
		n, err := strconv.ParseFloat(w.metric("go_memstats_alloc_bytes_total"), 64)
		require.NoError(t, err)
		return n
	}
	before := allocated()
	status, record := w.upload(service, "?Filename=large.bin", "application/octet-stream", bytes.NewReader(make([]byte, size)))
	require.Equal(t, http.StatusCreated, status)
	assert.EqualValues(t, size, record.Size)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, record.Links.Direct, http.NoBody)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	require.NoError(t, err)
	assert.EqualValues(t, size, n)
	assert.Less(t, allocated()-before, float64(bound), "a file of %d bytes went in and out", size)

	r, err = http.NewRequestWithContext(t.Context(), http.MethodGet, record.Links.Direct, http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-", size-10))
	part, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer part.Body.Close()
	assert.Equal(t, http.StatusPartialContent, part.StatusCode)
	assert.EqualValues(t, 10, part.ContentLength)
}

// 150 MB are allowed (page 31). The body is not read when its length says that it
// is too long.
func TestAFileThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	service := w.service()
	const limit = 150 << 20
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+"/v1/Services/"+service+"/Media",
		io.LimitReader(zeros{}, limit+2<<20))
	require.NoError(t, err)
	r.ContentLength = limit + 2<<20
	r.SetBasicAuth(account, authToken)
	r.Header.Set("Content-Type", "video/mp4")
	r.Header.Set("Expect", "100-continue")
	answer, err := (&http.Client{Transport: &http.Transport{ExpectContinueTimeout: patience}}).Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	var e struct{ Code, Status int }
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&e))
	assert.Equal(t, []int{413, 20413, 413}, []int{answer.StatusCode, e.Code, e.Status})
	assert.Empty(t, w.filesOnDisk())
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestAnExpiredURLIsRefused(t *testing.T) {
	t.Parallel()
	place := storetest.New(t)
	w := newWorld(t, setup{place: place})
	file := w.uploaded(w.service(), "a.png")
	var key string
	require.NoError(t, place.SQL(t).QueryRowContext(t.Context(), "SELECT value FROM installation WHERE name = 'media_key'").Scan(&key))
	id := bridged.MediaID(strings.TrimPrefix(file.SID, "ME"))
	for ago, want := range map[time.Duration]int{
		media.TemporaryLife - patience: http.StatusOK, media.TemporaryLife: http.StatusForbidden, 24 * time.Hour: http.StatusForbidden,
	} {
		then, err := media.NewSigner(key, func() time.Time { return time.Now().Add(-ago) })
		require.NoError(t, err)
		p := then.Permit(id, media.TemporaryLife)
		status, _, _ := fetch(t, fmt.Sprintf("%s/bridged/v1/media/%s?expires=%d&signature=%s", w.URL, file.SID, p.Expires, p.Signature), false)
		assert.Equal(t, want, status, "it was given out %s ago", ago)
	}
}
