package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

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
	t.Cleanup(func() { require.NoError(t, d.Stop()) })
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
