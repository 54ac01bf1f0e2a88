package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/conversations"
)

func aPicture(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))))
	return b.String()
}

// keep uploads a file and returns what the API says of it.
func (w *world) keep(t *testing.T, content string) (kept fileJSON) {
	t.Helper()
	answer := w.call(http.MethodPost, "/media", content)
	require.Equal(t, http.StatusCreated, answer.Code, answer.Body)
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &kept))
	return kept
}

func (w *world) fileAtURL(url string) *httptest.ResponseRecorder {
	return w.call(http.MethodGet, strings.TrimPrefix(url, base), "")
}

func TestAHandsetSendsAPhoto(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	picture := aPicture(t)
	kept := w.keep(t, picture)
	assert.Equal(t, fileJSON{URL: kept.URL, ContentType: "image/png", Size: len(picture)}, kept)
	shown := w.fileAtURL(kept.URL)
	assert.Equal(t, []any{http.StatusOK, picture}, []any{shown.Code, shown.Body.String()})
	assert.Equal(t, []string{"image/png", "nosniff", ""},
		[]string{shown.Header().Get("Content-Type"), shown.Header().Get("X-Content-Type-Options"), shown.Header().Get("Content-Disposition")})

	answer := w.call(http.MethodPost, "/messages", fmt.Sprintf(`{"from":"+15550200001","to":["+15550100001"],"media_urls":[%q]}`, kept.URL))
	require.Equal(t, http.StatusCreated, answer.Code, answer.Body)
	in := w.bridge.accepted()
	require.Len(t, in, 1)
	require.Equal(t, []conversations.Media{{URL: kept.URL}}, in[0].Media)
	file, err := w.sms.FetchMedia(t.Context(), in[0].Media[0])
	require.NoError(t, err)
	defer file.Close()
	content, err := io.ReadAll(file)
	require.NoError(t, err)
	assert.Equal(t, picture, string(content))
	assert.Equal(t, []string{kept.URL}, w.Messages(alice)[0].Media)
}

func TestAPageThatAHandsetSendsDoesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	shown := w.fileAtURL(w.keep(t, "<html><script>alert(1)</script>").URL)
	assert.Equal(t, "attachment", shown.Header().Get("Content-Disposition"))
	assert.Equal(t, "default-src 'none'; sandbox", shown.Header().Get("Content-Security-Policy"))
}

func TestFilesOfHandsetsAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{Files: 10})
	first := w.keep(t, "123456")
	second := w.keep(t, "123456")
	assertError(t, w.fileAtURL(first.URL), 404, 20404, "was not found")
	assert.Equal(t, http.StatusOK, w.fileAtURL(second.URL).Code)
	_, err := w.sms.FetchMedia(t.Context(), conversations.Media{URL: first.URL})
	assert.Equal(t, channels.Permanent, sendError(t, err).Verdict)

	assertError(t, w.call(http.MethodPost, "/media", ""), 400, 20001, "it must be the file")
	assertError(t, w.call(http.MethodPost, "/media", strings.Repeat("x", maxFile+1)), 413, 20413, "the file has more than")
	assertError(t, w.fileAtURL(filesPath+"nothing"), 404, 20404, "was not found")
}

type elsewhere struct{}

func (elsewhere) FetchMedia(_ context.Context, m conversations.Media) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(m.URL)), nil
}

func TestFilesFromElsewhereAreFetchedAsAlways(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	there := conversations.Media{URL: "https://example.com/cat.jpg"}
	_, err := w.sms.FetchMedia(t.Context(), there)
	assert.Equal(t, channels.Permanent, sendError(t, err).Verdict, "nobody fetches")
	w.cfg.Elsewhere = elsewhere{}
	file, err := w.sms.FetchMedia(t.Context(), there)
	require.NoError(t, err)
	content, err := io.ReadAll(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	assert.Equal(t, there.URL, string(content))
}

func TestAPINumbersAndNamedHandsets(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Limits{})
	assert.JSONEq(t, `{"numbers":[{"address":"+15550100001","type":"sms","channel":"sim-sms"},{"address":"+15550100002","type":"sms","channel":"sim-sms"},
		{"address":"whatsapp:+15550100009","type":"whatsapp","channel":"sim-wa"}]}`, w.call(http.MethodGet, "/numbers", "").Body.String())

	w.mustText(t, alice, "hello")
	var list handsetsJSON
	read := func() {
		answer := w.call(http.MethodGet, "/handsets?Address=%2B15550200001&Address=whatsapp:%2B15550200003", "")
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &list))
		require.Len(t, list.Handsets, 2)
	}
	read()
	assert.Equal(t, []any{alice, 1, carla, 0}, []any{list.Handsets[0].Address, list.Handsets[0].Messages, list.Handsets[1].Address, list.Handsets[1].Messages})
	before := list.Handsets[0].Changed
	w.mustText(t, alice, "again")
	read()
	assert.Greater(t, list.Handsets[0].Changed, before)
	assert.Len(t, w.Handsets(), 1, "asking makes none")
	assertError(t, w.call(http.MethodGet, "/handsets?Address=nobody", ""), 400, 20001, "Address is malformed")
	assertError(t, w.call(http.MethodGet, "/handsets?"+strings.Repeat("Address=%2B15550200001&", 101), ""), 400, 20001, "more than 100 times")
}
