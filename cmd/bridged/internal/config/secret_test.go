package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/cmd/bridged/internal/config"
)

func TestSecret_isNeverPrinted(t *testing.T) {
	t.Parallel()
	c := load(t, account+smsChannel+"[store]\nurl = \"postgres://u:hunter2@h/d?password=hunter2\"\n")
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(handler).Info("loaded", "secret", c.Account.AuthToken, "account", c.Account, "channels", c.Channels, "driver", c.Channels[0].Twilio, "store", c.Store, "url", c.Store.Redacted())
	}
	encoded, err := json.Marshal(c)
	require.NoError(t, err)
	texts := []string{log.String(), string(encoded)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{c, c.Store, c.Account, c.Account.AuthToken, &c.Account.AuthToken, c.Channels[0].Twilio} {
			texts = append(texts, fmt.Sprintf(verb, value))
		}
	}
	hexToken := fmt.Sprintf("%x", "hunter2")
	for _, text := range texts {
		assert.NotContains(t, text, "hunter2")
		assert.NotContains(t, text, "carrier-token")
		assert.NotContains(t, text, hexToken)
	}
	assert.Contains(t, log.String(), "[redacted]")
}

func TestSecret_zeroIsEmpty(t *testing.T) {
	t.Parallel()
	assert.Empty(t, config.Secret{}.Value())
	assert.Equal(t, "x", config.NewSecret("x").Value())
}

// A mistake about a secret does not tell it.
func TestSecret_isNotInMistakes(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"mysql://u:hunter2@h/d", "postgres://u:hunter2@h", "postgres://u:%hunter2@h/d", "postgres://u:#hunter2@h/d", "postgres:///d?password=hunter2"} {
		got := mistakes(t, "[account]\nsid = 1\nauth_token = [\"hunter2\"]\n[store]\nurl = \""+url+"\"\n[server]\npublic_url = \"https://u:hunter2@h\"\n")
		assert.Len(t, got, 4, url)
		for _, line := range got {
			assert.NotContains(t, line, "hunter2")
		}
	}
}

func TestReloadSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, tokenFile := filepath.Join(dir, "bridged.toml"), filepath.Join(dir, "token")
	require.NoError(t, os.WriteFile(tokenFile, []byte("old-token"), 0o600))
	text := `[[account.api_keys]]
sid = "SK00000000000000000000000000000001"
secret = "one"
[[account.api_keys]]
sid = "SK00000000000000000000000000000002"
secret = "two"
[account]
sid = "AC0123456789abcdef0123456789abcdef"
auth_token_file = "` + tokenFile + "\"\n"
	spare := strings.NewReplacer("sms-main", "spare", "carrier-token", "spare-token", "0001\"]", "0002\"]").Replace(smsChannel)
	require.NoError(t, os.WriteFile(path, []byte(text+smsChannel+spare), 0o600))
	c, err := config.Load(path, nil)
	require.NoError(t, err)
	held := c.Channels[0].Twilio.AuthToken // as an adapter holds it

	// The entries change places, every secret its value, and a key is gone.
	fresh := strings.NewReplacer("carrier-token", "carrier-2").Replace(smsChannel)
	freshSpare := strings.NewReplacer("spare-token", "spare-2").Replace(spare)
	freshText := strings.NewReplacer("00001", "00003", "two", "zwei", "AC0", "ACf").Replace(text)
	require.NoError(t, os.WriteFile(tokenFile, []byte("new-token"), 0o600))
	require.NoError(t, os.WriteFile(path, []byte(freshText+freshSpare+fresh), 0o600))
	require.NoError(t, c.ReloadSecrets())

	assert.Equal(t, "new-token", c.Account.AuthToken.Value())
	assert.Equal(t, "carrier-2", held.Value())
	assert.Equal(t, "spare-2", c.Channels[1].Twilio.AuthToken.Value())
	assert.Equal(t, "zwei", c.Account.APIKeys[1].Secret.Value())
	assert.Len(t, c.Account.APIKeys[0].Secret.Value(), 32, "a key that is gone is revoked")
	assert.Equal(t, "AC0123456789abcdef0123456789abcdef", c.Account.SID, "what is no secret stays")

	// A mistake changes nothing.
	require.NoError(t, os.WriteFile(tokenFile, []byte("newest-token"), 0o600))
	require.NoError(t, os.WriteFile(path, []byte(freshText+freshSpare), 0o600))
	require.NoError(t, os.WriteFile(path, []byte("surprise = 1\n"+freshText), 0o600))
	require.ErrorContains(t, c.ReloadSecrets(), "surprise: is an unknown key")
	assert.Equal(t, "new-token", c.Account.AuthToken.Value())

	assert.Error(t, new(config.Config).ReloadSecrets())
}

func TestReloadSecrets_whileTheyAreInUse(t *testing.T) {
	t.Parallel()
	c := load(t, account+smsChannel)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				assert.Equal(t, "hunter2", c.Account.AuthToken.Value())
				assert.Equal(t, "carrier-token", c.Channels[0].Twilio.AuthToken.Value())
			}
		})
		wg.Go(func() {
			for range 5 {
				assert.NoError(t, c.ReloadSecrets())
			}
		})
	}
	wg.Wait()
}

// Secrets of the drivers for SMS are reloaded from their files.
func TestReloadSecrets_ofEachDriver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{}
	for _, name := range []string{"api_key", "password", "callback_password"} {
		files[name] = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(files[name], []byte("old "+name+"\n"), 0o600))
	}
	c := load(t, account+channel("t", "sms", "telnyx", `"12345"`, "[channels.telnyx]\npublic_key = \"eeVQYJzzBht/+YXm9ymFthPIIrJQZXCJaPLTbIX7qzw=\"\napi_key_file = \""+files["api_key"]+"\"\n")+
		channel("b", "sms", "bandwidth", `"12346"`, "[channels.bandwidth]\naccount_id = \"1\"\napplication_id = \"2\"\nusername = \"u\"\ncallback_username = \"h\"\n"+
			"password_file = \""+files["password"]+"\"\ncallback_password_file = \""+files["callback_password"]+"\"\n"))
	held := []config.Secret{c.Channels[0].Telnyx.APIKey, c.Channels[1].Bandwidth.Password, c.Channels[1].Bandwidth.CallbackPassword}
	values := func() (list []string) {
		for _, s := range held { // as adapters hold them
			list = append(list, s.Value())
		}
		return list
	}
	assert.Equal(t, []string{"old api_key", "old password", "old callback_password"}, values())
	for name, path := range files {
		require.NoError(t, os.WriteFile(path, []byte("new "+name+"\n"), 0o600))
	}
	require.NoError(t, c.ReloadSecrets())
	assert.Equal(t, []string{"new api_key", "new password", "new callback_password"}, values())
}
