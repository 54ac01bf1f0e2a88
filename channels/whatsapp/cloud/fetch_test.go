package cloud_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/channeltest"
	"bridged/channels/whatsapp/cloud"
	"bridged/conversations"
)

// fetch is how Meta gives files away ("Retrieve Media URL" and "Download Media" of
// the Cloud API).
func fetch(sum [sha256.Size]byte) *channeltest.Fetch {
	return &channeltest.Fetch{
		Media: func(string) conversations.Media {
			return conversations.Media{ProviderID: "1013859600285441", ContentType: "image/png"}
		},
		Serve: func(base string, file http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Header.Get("Authorization") != "Bearer the access token":
					w.WriteHeader(http.StatusUnauthorized)
				case strings.HasSuffix(r.URL.Path, "/1013859600285441"):
					_, _ = fmt.Fprintf(w, `{"messaging_product":"whatsapp","url":"%s/file?mid=1&ext=2&hash=3","mime_type":"image/png",`+
						`"sha256":"%x","file_size":"%d","id":"1013859600285441"}`, base, sum, len(channeltest.TheFile()))
				case strings.HasSuffix(r.URL.Path, "/file"):
					file.ServeHTTP(w, r)
				default:
					w.WriteHeader(http.StatusNotFound)
				}
			})
		},
		Authorization: "Bearer the access token",
		Redirects:     true,
	}
}

// meta is a Graph API whose word on a file is given; %s is its own URL.
func meta(t *testing.T, status int, record string) channels.MediaFetcher {
	t.Helper()
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/file" {
			_, _ = io.WriteString(w, "bytes")
			return
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(record, "%s", srv.URL+"/file"))
	}))
	t.Cleanup(srv.Close)
	a, err := cloud.New(cloud.Config{
		Name: "a", Number: proxy, PhoneNumberID: numberID, AccessToken: value("the access token"),
		AppSecret: value(secret), VerifyToken: value("the verify token"), APIBaseURL: srv.URL,
	})
	require.NoError(t, err)
	return a
}

func TestAFileIsWhatMetaSaysItIs(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("bytes"))
	other := sha256.Sum256([]byte("other"))
	for name, c := range map[string]struct {
		record string
		right  bool
	}{
		"nothing told":   {`{"url":"%s"}`, true},
		"in hexadecimal": {fmt.Sprintf(`{"url":"%%s","sha256":"%x","file_size":5}`, sum), true},
		"in base64":      {`{"url":"%s","sha256":"` + base64.StdEncoding.EncodeToString(sum[:]) + `"}`, true},
		"in no form":     {`{"url":"%s","sha256":"<HASH>","file_size":"5"}`, true},
		"too short":      {`{"url":"%s","file_size":6}`, false},
		"too long":       {`{"url":"%s","file_size":4}`, false},
		"another file":   {fmt.Sprintf(`{"url":"%%s","sha256":"%X"}`, other), false},
		"another one":    {`{"url":"%s","sha256":"` + base64.StdEncoding.EncodeToString(other[:]) + `"}`, false},
	} {
		body, err := meta(t, 200, c.record).FetchMedia(t.Context(), conversations.Media{ProviderID: "1"})
		require.NoError(t, err, name)
		text, err := io.ReadAll(body)
		require.NoError(t, body.Close(), name)
		assert.Equal(t, "bytes", string(text), name)
		if c.right {
			require.NoError(t, err, name)
			continue
		}
		var e *channels.SendError
		require.ErrorAs(t, err, &e, name)
		assert.Equal(t, channels.Retry, e.Verdict, name)
	}
}

func TestWhatMetaHasInsteadOfAFile(t *testing.T) {
	t.Parallel()
	const graph = `{"error":{"message":"(#%d) Title","code":%d}}`
	for _, c := range []struct {
		status int
		record string
		want   channels.Verdict
	}{
		{400, fmt.Sprintf(graph, 100, 100), channels.Permanent}, // no such id
		{404, "", channels.Permanent},
		{401, fmt.Sprintf(graph, 190, 190), channels.Retry}, // the token
		{400, fmt.Sprintf(graph, 80007, 80007), channels.Throttled},
		{400, fmt.Sprintf(graph, 131000, 131000), channels.Retry},
		{500, "<html>", channels.Retry},
		{200, "<html>", channels.Retry},
		{200, `{"url":""}`, channels.Retry},
		{200, `{"url":"http://example.com/file"}`, channels.Permanent}, // the token would be readable
		{200, `{"url":"https://127.0.0.1:1/file"}`, channels.Permanent},
	} {
		_, err := meta(t, c.status, c.record).FetchMedia(t.Context(), conversations.Media{ProviderID: "1"})
		var e *channels.SendError
		require.ErrorAs(t, err, &e, c.record)
		assert.Equal(t, c.want.String(), e.Verdict.String(), c.record)
		assert.Equal(t, 63019, e.Code, c.record)
	}
	_, err := meta(t, 200, "").FetchMedia(t.Context(), conversations.Media{URL: "https://example.com/file"})
	assert.ErrorContains(t, err, "permanent", "nobody but Meta says where the token may go")
}
