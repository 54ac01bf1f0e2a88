package programmable_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels/internal/programmable"
	"bridged/conversations"
	"bridged/guard"
)

// Whoever else a URL names does not get the account's credentials.
func TestFilesElsewhereAreFetchedWithoutCredentials(t *testing.T) {
	t.Parallel()
	told := make(chan string, 1)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		told <- r.Header.Get("Authorization")
	}))
	t.Cleanup(elsewhere.Close)
	c, err := programmable.New(programmable.Config{
		Name: "a", PublicURL: "https://relay.example.com", AccountSID: "AC1", AuthToken: func() string { return "token" },
		APIBaseURL: "http://127.0.0.1:1",
		FileClient: guard.NewClient(guard.Config{Trusted: []string{guard.HostOf(elsewhere.URL)}}),
	})
	require.NoError(t, err)
	body, err := c.FetchMedia(t.Context(), conversations.Media{URL: elsewhere.URL + "/file"})
	require.NoError(t, err)
	require.NoError(t, body.Close())
	assert.Empty(t, <-told)
}
