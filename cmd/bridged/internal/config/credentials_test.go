package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/cmd/bridged/internal/config"
)

func TestDefault_makesCredentialsOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "bridged-data")
	first, err := config.Default(dir, nil)
	require.NoError(t, err)
	assert.True(t, first.FirstStart)
	assert.Regexp(t, "^AC[0-9a-f]{32}$", first.Account.SID)
	assert.Regexp(t, "^[0-9a-f]{32}$", first.Account.AuthToken.Value())
	require.Len(t, first.Account.APIKeys, 1)
	assert.Regexp(t, "^SK[0-9a-f]{32}$", first.Account.APIKeys[0].SID)
	assert.Regexp(t, "^[0-9a-f]{32}$", first.Account.APIKeys[0].Secret.Value())

	assert.Equal(t, "127.0.0.1:8080", first.Server.Listen)
	assert.Equal(t, "127.0.0.1:8081", first.Admin.Listen)
	assert.Equal(t, filepath.Join(dir, "bridged.db"), first.Store.SQLitePath())
	assert.Equal(t, filepath.Join(dir, "media"), first.Media.Dir)
	require.Len(t, first.Channels, 2)
	assert.Equal(t, "sim-sms", first.Channels[0].Name)
	assert.Equal(t, []string{"+15550100001", "+15550100002", "+15550100003", "+15550100004"}, first.Channels[0].Numbers)
	assert.NotNil(t, first.Channels[0].Simulator)
	assert.Equal(t, "sim-whatsapp", first.Channels[1].Name)
	assert.Equal(t, []string{"whatsapp:+15550100009"}, first.Channels[1].Numbers)
	assert.Empty(t, first.Warnings())

	second, err := config.Default(dir, nil)
	require.NoError(t, err)
	assert.False(t, second.FirstStart)
	assert.Equal(t, first.Account.SID, second.Account.SID)
	assert.Equal(t, first.Account.AuthToken.Value(), second.Account.AuthToken.Value())
	assert.Equal(t, first.Account.APIKeys[0].SID, second.Account.APIKeys[0].SID)
	assert.Equal(t, first.Account.APIKeys[0].Secret.Value(), second.Account.APIKeys[0].Secret.Value())
}

func TestDefault_keepsCredentialsPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "bridged-data")
	_, err := config.Default(dir, nil)
	require.NoError(t, err)
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "credentials.toml"): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), path)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing temporary is left")
}

// Of several first starts at once all have the same credentials, and one says
// that it made them.
func TestDefault_manyFirstStarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	loaded := make([]*config.Config, 8)
	var wg sync.WaitGroup
	for i := range loaded {
		wg.Go(func() {
			var err error
			loaded[i], err = config.Default(dir, nil)
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	made := 0
	for _, c := range loaded {
		require.NotNil(t, c)
		assert.Equal(t, loaded[0].Account.AuthToken.Value(), c.Account.AuthToken.Value())
		if c.FirstStart {
			made++
		}
	}
	assert.Equal(t, 1, made)
}

func TestDefault_environ(t *testing.T) {
	t.Parallel()
	c, err := config.Default(t.TempDir(), []string{
		"BRIDGED_SERVER_LISTEN=127.0.0.1:0",
		"BRIDGED_ACCOUNT_AUTH_TOKEN=given",
		"BRIDGED_CHANNELS_SIM_SMS_NAME=phones",
	})
	require.NoError(t, err)
	assert.Equal(t, "given", c.Account.AuthToken.Value())
	assert.Equal(t, "phones", c.Channels[0].Name)
	c.Server.Bound(addr("127.0.0.1:4711"))
	assert.Equal(t, "http://127.0.0.1:4711", c.Server.PublicURL)

	_, err = config.Default(t.TempDir(), []string{"BRIDGED_SERVER_LISTEN=nowhere", "BRIDGED_SERVER_TLS_KEY_FILE=k"})
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, 2)
	assert.Equal(t, "embedded default: server.tls.cert_file: is missing beside key_file: name the certificate, or remove key_file to serve without TLS", lines[0])
	assert.Contains(t, lines[1], "BRIDGED_SERVER_LISTEN: server.listen: ")
}

func TestDefault_brokenCredentials(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"cut off":     {"account_sid = \"AC", "credentials.toml:1: not valid TOML"},
		"empty":       {"", "credentials.toml:1: account_sid: is required"},
		"no SID":      {"\naccount_sid = \"x\"\n", `credentials.toml:2: account_sid: "x" is no SID`},
		"unknown key": {"account_id = \"x\"\n", "credentials.toml:1: account_id: is an unknown key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "credentials.toml")
			require.NoError(t, os.WriteFile(path, []byte(test.text), 0o600))
			_, err := config.Default(dir, nil)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "move it away to have new credentials made")
			left, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, test.text, string(left), "it is the operator's to mend")
		})
	}
}

func TestDefault_reload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, err := config.Default(dir, nil)
	require.NoError(t, err)
	path := filepath.Join(dir, "credentials.toml")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	rotated := strings.ReplaceAll(string(text), c.Account.AuthToken.Value(), "rotated")
	require.NoError(t, os.WriteFile(path, []byte(rotated), 0o600))
	require.NoError(t, c.ReloadSecrets())
	assert.Equal(t, "rotated", c.Account.AuthToken.Value())

	require.NoError(t, os.Remove(path))
	require.Error(t, c.ReloadSecrets(), "a reload makes no credentials")
	assert.NoFileExists(t, path)
}

func TestPrintCredentials(t *testing.T) {
	t.Parallel()
	c, err := config.Default(t.TempDir(), nil)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, c.PrintCredentials(&out, c.Server.PublicURL+"/console/"))
	assert.Equal(t, "Account SID: "+c.Account.SID+
		"\nAuth token: "+c.Account.AuthToken.Value()+
		"\nAPI key SID: "+c.Account.APIKeys[0].SID+
		"\nAPI key secret: "+c.Account.APIKeys[0].Secret.Value()+
		"\nConsole: http://127.0.0.1:8080/console/\n", out.String())
}
