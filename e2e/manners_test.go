package e2e

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ask sends a request to the daemon, with the account's credentials and further
// headers. The client does nothing of its own accord: no compression is undone.
func (w *world) ask(method, path, form string, header ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.URL+path, strings.NewReader(form))
	require.NoError(w.t, err)
	r.SetBasicAuth(account, authToken)
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	answer, err := client.Do(r)
	require.NoError(w.t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(w.t, err)
	return answer, string(body)
}

func TestWritesAreLimitedAsConfigured(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: "[limits]\nactions_per_second = 1\n"})
	var refusedOnes int
	for range 20 { // however slow the machine is, some of these come within a second
		answer, body := w.ask(http.MethodPost, "/v1/Conversations", "FriendlyName=a")
		if answer.StatusCode == http.StatusTooManyRequests {
			refusedOnes++
			assert.Contains(t, body, `"code":20429`)
			assert.Equal(t, "1", answer.Header.Get("Retry-After"))
		}
	}
	assert.Positive(t, refusedOnes)
}

func TestLongAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	for range 4 {
		w.newConversation()
	}
	plain, want := w.ask(http.MethodGet, "/v1/Conversations", "")
	assert.Empty(t, plain.Header.Get("Content-Encoding"))
	answer, packed := w.ask(http.MethodGet, "/v1/Conversations", "", "Accept-Encoding", "gzip")
	assert.Equal(t, "gzip", answer.Header.Get("Content-Encoding"))
	unpacked, err := gzip.NewReader(strings.NewReader(packed))
	require.NoError(t, err)
	got, err := io.ReadAll(unpacked)
	require.NoError(t, err)
	assert.Equal(t, want, string(got))
}

func TestEveryAnswerNamesItsRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: "[log]\nlevel = \"debug\"\n"})
	seen := map[string]bool{}
	for _, path := range []string{"/v1/Conversations", "/v1/Nothing", "/hooks/none", "/", "/bridged/v1/simulator/x"} {
		answer, _ := w.ask(http.MethodGet, path, "", "Twilio-Request-Id", "RQ00000000000000000000000000000000")
		id := answer.Header.Get("Twilio-Request-Id")
		require.Regexp(t, "^RQ[0-9a-f]{32}$", id, path)
		assert.False(t, seen[id], "each has its own")
		assert.NotEqual(t, "RQ00000000000000000000000000000000", id)
		seen[id] = true
		assert.Eventually(t, func() bool { return strings.Contains(w.Log(), "request_id="+id) }, patience, 10*time.Millisecond,
			"the access log comes after the answer")
	}
}

func TestAnUpdateCanDependOnWhatWasFetched(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	path := "/v1/Conversations/" + w.newConversation()
	fetched, _ := w.ask(http.MethodGet, path, "")
	tag := fetched.Header.Get("ETag")
	answer, _ := w.ask(http.MethodGet, path, "", "If-None-Match", tag)
	assert.Equal(t, http.StatusNotModified, answer.StatusCode)
	answer, _ = w.ask(http.MethodPost, path, "FriendlyName=mine", "If-Match", tag)
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	answer, body := w.ask(http.MethodPost, path, "FriendlyName=too+late", "If-Match", tag)
	assert.Equal(t, http.StatusPreconditionFailed, answer.StatusCode)
	assert.Contains(t, body, `"code":20412`)
	answer, _ = w.ask(http.MethodDelete, path, "", "If-Match", "*")
	assert.Equal(t, http.StatusNoContent, answer.StatusCode)
}

func TestPagesOfConfiguredOriginsMayCall(t *testing.T) {
	t.Parallel()
	const page = "https://app.example.com"
	w := newWorld(t, setup{server: `cors_origins = ["` + page + `"]`})
	answer, _ := w.ask(http.MethodOptions, "/v1/Conversations", "", "Authorization", "", "Origin", page, "Access-Control-Request-Method", "POST")
	assert.Equal(t, http.StatusNoContent, answer.StatusCode)
	assert.Equal(t, page, answer.Header.Get("Access-Control-Allow-Origin"))
	answer, _ = w.ask(http.MethodPost, "/v1/Conversations", "FriendlyName=a", "Origin", page)
	assert.Equal(t, http.StatusCreated, answer.StatusCode)
	assert.Equal(t, page, answer.Header.Get("Access-Control-Allow-Origin"))
	answer, _ = w.ask(http.MethodGet, "/v1/Conversations", "", "Origin", "https://elsewhere.example")
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Empty(t, answer.Header.Get("Access-Control-Allow-Origin"))
}

func TestTheWebhookHeaderMustBeTrueOrFalse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	for value, status := range map[string]int{"TRUE": http.StatusCreated, "false": http.StatusCreated, "maybe": http.StatusBadRequest} {
		answer, _ := w.ask(http.MethodPost, "/v1/Conversations", "", "X-Twilio-Webhook-Enabled", value)
		assert.Equal(t, status, answer.StatusCode, value)
	}
}
