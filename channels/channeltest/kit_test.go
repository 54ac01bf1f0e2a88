package channeltest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels/channeltest"
)

func TestLoopbackClient(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	client := channeltest.LoopbackClient()
	resp, err := client.Get(srv.URL)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())

	for _, url := range []string{
		"http://carrier.invalid", "https://api.example.com/x", "http://192.0.2.1", "http://[2001:db8::1]:80",
		"http://localhost.example.com", "http://0.0.0.0:1",
	} {
		_, err := client.Get(url)
		assert.ErrorIs(t, err, channeltest.ErrNotLoopback, url)
	}
}
