package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/daemon"
)

func TestHangupReloadsSecretsInPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret, file := filepath.Join(dir, "token"), filepath.Join(dir, "bridged.toml")
	require.NoError(t, os.WriteFile(secret, []byte("oldtoken\n"), 0o600))
	require.NoError(t, os.WriteFile(file, []byte(strings.Join([]string{
		`[server]`, `listen = "127.0.0.1:0"`, `[admin]`, `listen = "127.0.0.1:0"`,
		`[account]`, `sid = "` + account + `"`, `auth_token_file = "` + secret + `"`,
		`[[channels]]`, `name = "sms"`, `type = "sms"`, `driver = "simulator"`, `numbers = ["` + smsProxy + `"]`,
	}, "\n")), 0o600))
	d, err := daemon.Start(t.Context(), daemon.Options{Binary: binary, Dir: dir}) // bridged.toml is found by itself
	require.NoError(t, err)
	t.Cleanup(func() { endsWell(t, d) })
	list := func(token string) error {
		_, err := helperLibrary(d.URL, account, token).ListConversation(&conversations.ListConversationParams{})
		return err
	}
	require.NoError(t, list("oldtoken"))
	refused(t, list("newtoken"), http.StatusUnauthorized, 20003)
	require.NoError(t, os.WriteFile(secret, []byte("newtoken\n"), 0o600))
	require.NoError(t, d.Signal(syscall.SIGHUP))
	eventually(t, func() bool { return list("newtoken") == nil }, "the new token is known")
	refused(t, list("oldtoken"), http.StatusUnauthorized, 20003)
}

// certify writes a certificate for 127.0.0.1 and its key.
func certify(t *testing.T, certFile, keyFile, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

func TestHangupReloadsTheCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certify(t, certFile, keyFile, "the old one")
	d, err := daemon.Start(t.Context(), daemon.Options{Binary: binary, Dir: dir, Env: []string{
		"BRIDGED_SERVER_LISTEN=127.0.0.1:0", "BRIDGED_ADMIN_LISTEN=127.0.0.1:0",
		"BRIDGED_SERVER_TLS_CERT_FILE=" + certFile, "BRIDGED_SERVER_TLS_KEY_FILE=" + keyFile,
	}})
	require.NoError(t, err)
	t.Cleanup(func() { endsWell(t, d) })
	require.True(t, strings.HasPrefix(d.URL, "https://"), d.URL)
	name := func() string {
		conn, err := tls.Dial("tcp", strings.TrimPrefix(d.URL, "https://"), &tls.Config{InsecureSkipVerify: true})
		require.NoError(t, err)
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	require.Equal(t, "the old one", name())
	certify(t, certFile, keyFile, "the new one")
	require.NoError(t, d.Signal(syscall.SIGHUP))
	eventually(t, func() bool { return name() == "the new one" }, "the new certificate is used")
}
