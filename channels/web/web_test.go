package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/web"
	"bridged/conversations"
	"bridged/guard"
)

func TestFetchMedia(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/file" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/csv")
		_, _ = io.WriteString(w, "a,b")
	}))
	t.Cleanup(srv.Close)
	f := web.NewFetcher(guard.NewClient(guard.Config{Trusted: []string{guard.HostOf(srv.URL)}}))
	body, err := f.FetchMedia(t.Context(), conversations.Media{URL: srv.URL + "/file"})
	require.NoError(t, err)
	text, err := io.ReadAll(body)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	assert.Equal(t, "a,b", string(text))
	typed, ok := body.(interface{ ContentType() string })
	require.True(t, ok)
	assert.Equal(t, "text/csv", typed.ContentType())

	for _, url := range []string{"", "%", "ftp://example.com/file", srv.URL + "/gone", "http://169.254.169.254/latest/meta-data"} {
		_, err := f.FetchMedia(t.Context(), conversations.Media{URL: url})
		var e *channels.SendError
		require.ErrorAs(t, err, &e, url)
		assert.NotEmpty(t, e.Detail, url)
		assert.Equal(t, "permanent", e.Verdict.String(), url)
	}
}
