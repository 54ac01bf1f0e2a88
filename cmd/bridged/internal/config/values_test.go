package config_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/cmd/bridged/internal/config"
)

func TestLog_Logger(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		log  config.Log
		want string
	}{
		"text":     {config.Log{Format: "text", Level: "info"}, `level=INFO msg=shown`},
		"JSON":     {config.Log{Format: "json", Level: "info"}, `"level":"INFO","msg":"shown"`},
		"warnings": {config.Log{Format: "text", Level: "warn"}, ``},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log := test.log.Logger(&out)
			log.Debug("hidden")
			log.Info("shown")
			assert.NotContains(t, out.String(), "hidden")
			if test.want == "" {
				assert.Empty(t, out.String())
			}
			assert.Contains(t, out.String(), test.want)
		})
	}
}

func TestLoad_TLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))

	c := load(t, account+"[server.tls]\ncert_file = \""+certFile+"\"\nkey_file = \""+keyFile+"\"\n")
	assert.True(t, c.Server.TLS.Enabled())
	assert.Equal(t, "https://127.0.0.1:8080", c.Server.PublicURL, "it follows")

	got := mistakes(t, account+"[server.tls]\ncert_file = \""+certFile+"\"\nkey_file = \""+certFile+"\"\n")
	require.Len(t, got, 1)
	assert.Contains(t, got[0], "bridged.toml:5: server.tls.cert_file: cannot be used with key_file: tls: ")
}

func TestLoad_webhooks(t *testing.T) {
	t.Parallel()
	c := load(t, account)
	assert.Equal(t, config.Webhooks{RetryFor: 4 * time.Hour}, c.Webhooks)
	roots, err := c.Webhooks.Roots()
	require.NoError(t, err)
	assert.Nil(t, roots, "the system's")

	server := httptest.NewTLSServer(nil)
	defer server.Close()
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.pem"), filepath.Join(dir, "bad.pem")
	require.NoError(t, os.WriteFile(good, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	require.NoError(t, os.WriteFile(bad, []byte("no certificate"), 0o600))
	c = load(t, account+"[webhooks]\nretry_for = \"30m\"\nfallback_url = \"https://user:password@example.com/spare?x=1\"\ndeny_private_networks = true\nca_file = \""+good+"\"\n")
	assert.Equal(t, config.Webhooks{
		RetryFor: 30 * time.Minute, FallbackURL: "https://user:password@example.com/spare?x=1", DenyPrivateNetworks: true, CAFile: good,
	}, c.Webhooks)
	roots, err = c.Webhooks.Roots()
	require.NoError(t, err)
	_, err = server.Certificate().Verify(x509.VerifyOptions{Roots: roots})
	require.NoError(t, err)

	for file, want := range map[string]string{bad: "holds no certificate: name a file", dir + "/none": "cannot be read: open " + dir + "/none"} {
		got := mistakes(t, account+"[webhooks]\nca_file = \""+file+"\"\n")
		require.Len(t, got, 1)
		assert.Contains(t, got[0], "bridged.toml:5: webhooks.ca_file: "+want)
	}
	got := mistakes(t, account+"[webhooks]\nretry_for = \"0s\"\n")
	require.Len(t, got, 1)
	assert.Contains(t, got[0], "bridged.toml:5: webhooks.retry_for: ")
	got = mistakes(t, account+"[webhooks]\nfallback_url = \"user:password@example.com\"\n")
	require.Len(t, got, 1)
	assert.Contains(t, got[0], "bridged.toml:5: webhooks.fallback_url: is no absolute URL")
	assert.NotContains(t, got[0], "password")
}
