package e2e

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/daemon"
)

// socketDir is a directory for sockets. Their paths have to be short, and those of
// t.TempDir have the name of the test in them.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "bridged-socket-") //nolint:usetesting // too long
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

func TestItListensOnASocketOfItsOwnerAndGroup(t *testing.T) {
	t.Parallel()
	path, dir := filepath.Join(socketDir(t), "http.sock"), t.TempDir()
	options := daemon.Options{Binary: binary, Dir: dir, Env: []string{
		"BRIDGED_SERVER_LISTEN=unix:" + path, "BRIDGED_SERVER_PUBLIC_URL=http://bridge.example", "BRIDGED_ADMIN_LISTEN=127.0.0.1:0",
	}}
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	t.Cleanup(client.CloseIdleConnections)
	answers := func() {
		t.Helper()
		answer, err := client.Get("http://bridge.example/console/")
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, http.StatusOK, answer.StatusCode)
		client.CloseIdleConnections()
	}

	d, err := daemon.Start(t.Context(), options)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.ModeSocket|0o660, info.Mode())
	answers()

	other := options
	other.Dir = t.TempDir()
	_, err = daemon.Start(t.Context(), other)
	require.ErrorContains(t, err, "server.listen: another process listens on "+path)

	// What a killed one leaves is no hindrance; what stops takes it along.
	require.NoError(t, d.Kill())
	require.FileExists(t, path)
	d, err = daemon.Start(t.Context(), options)
	require.NoError(t, err)
	answers()
	endsWell(t, d)
	require.NoFileExists(t, path)

	require.NoError(t, os.WriteFile(path, []byte("precious"), 0o600))
	_, err = daemon.Start(t.Context(), options)
	require.ErrorContains(t, err, path+" is there and is no socket")
	require.FileExists(t, path)
}
