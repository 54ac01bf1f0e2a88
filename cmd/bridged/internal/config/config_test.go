package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/cmd/bridged/internal/config"
)

// account is the least that a file must have: three lines.
const account = `[account]
sid = "AC0123456789abcdef0123456789abcdef"
auth_token = "hunter2"
`

// smsChannel is a channel that owns one number: 13 lines with account.
const smsChannel = `[[channels]]
name = "sms-main"
type = "sms"
driver = "twilio"
numbers = ["+15550100001"]
[channels.twilio]
account_sid = "AC00000000000000000000000000000001"
auth_token = "carrier-token"

`

// write puts a configuration into a directory of the test's own.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bridged.toml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// load loads a text that has no mistake.
func load(t *testing.T, text string, environ ...string) *config.Config {
	t.Helper()
	c, err := config.Load(write(t, text), environ)
	require.NoError(t, err)
	return c
}

// mistakes loads a text and returns its mistakes, without the directory.
func mistakes(t *testing.T, text string, environ ...string) []string {
	t.Helper()
	path := write(t, text)
	c, err := config.Load(path, environ)
	require.Error(t, err)
	assert.Nil(t, c)
	found, ok := errors.AsType[config.KeyErrors](err)
	require.True(t, ok, "%v", err)
	list := make([]string, len(found))
	for i, finding := range found {
		list[i] = strings.ReplaceAll(finding.String(), filepath.Dir(path)+string(filepath.Separator), "")
	}
	return list
}

func TestLoad_readsEveryTable(t *testing.T) {
	t.Parallel()
	c := load(t, account+smsChannel+`
[[account.api_keys]]
sid = "SK0123456789abcdef0123456789abcdef"
secret = "key-secret"
[server]
listen = ":9000"
public_url = "https://sms.example.com/"
trusted_proxies = ["10.1.2.3", "fd00::/8"]
[store]
url = "sqlite:/var/lib/bridged/bridged.db"
[log]
format = "json"
level = "debug"
[[channels]]
name = "wa"
type = "whatsapp"
driver = "cloud"
numbers = ["whatsapp:+15550100002"]
cloud = { phone_number_id = "1", access_token = "a", app_secret = "b", verify_token = "c" }
[[channels]]
name = "sim"
type = "sms"
driver = "simulator"
numbers = ["12345"]
[[numbers]]
address = "+15550100001"
[[messaging_services]]
sid = "MG0123456789abcdef0123456789abcdef"
senders = ["+15550100001", "whatsapp:+15550100002"]
[retry]
first = "2s"
attempts = 3
resend_unknown = false
`)
	assert.Equal(t, "https://sms.example.com", c.Server.PublicURL)
	assert.Equal(t, "10.1.2.3/32", c.Server.TrustedProxies[0].String())
	assert.Equal(t, "fd00::/8", c.Server.TrustedProxies[1].String())
	assert.Equal(t, "127.0.0.1:8081", c.Admin.Listen)
	assert.Equal(t, "hunter2", c.Account.AuthToken.Value())
	assert.Equal(t, "key-secret", c.Account.APIKeys[0].Secret.Value())
	assert.Equal(t, "/var/lib/bridged/bridged.db", c.Store.SQLitePath())
	assert.Equal(t, "carrier-token", c.Channels[0].Twilio.AuthToken.Value())
	assert.Equal(t, "https://api.twilio.com", c.Channels[0].Twilio.APIBaseURL)
	assert.Nil(t, c.Channels[0].Cloud)
	assert.Equal(t, "b", c.Channels[1].Cloud.AppSecret.Value())
	assert.Equal(t, "https://graph.facebook.com/v23.0", c.Channels[1].Cloud.APIBaseURL)
	assert.Equal(t, "to", c.Channels[1].Cloud.UserIDField)
	assert.NotNil(t, c.Channels[2].Simulator)
	assert.Equal(t, 5_000_000, c.Numbers[0].MaxMMSBytes)
	assert.Equal(t, "POST", c.Numbers[0].InboundWebhookMethod)
	assert.Len(t, c.MessagingServices[0].Senders, 2)
	assert.Equal(t, config.Retry{
		First: 2 * time.Second, Max: time.Hour, Attempts: 3, UnknownWait: 30 * time.Second, SendTimeout: 15 * time.Second,
	}, c.Retry)
	assert.Equal(t, 1_000_000, c.Limits.Backlog)
	assert.Empty(t, c.Warnings())
	assert.False(t, c.FirstStart)
}

func TestLoad_defaults(t *testing.T) {
	t.Parallel()
	c := load(t, account)
	assert.Equal(t, "127.0.0.1:8080", c.Server.Listen)
	assert.Equal(t, "http://127.0.0.1:8080", c.Server.PublicURL)
	assert.False(t, c.Server.TLS.Enabled())
	assert.Equal(t, "sqlite:bridged-data/bridged.db", c.Store.URL.Value())
	assert.Equal(t, config.Media{Dir: "bridged-data/media", UnattachedTTL: 5 * time.Minute, LinkFallback: true, CarrierURLTTL: 24 * time.Hour}, c.Media)
	assert.Equal(t, config.Log{Format: "text", Level: "info"}, c.Log)
	assert.Equal(t, config.Retry{
		First: 5 * time.Second, Max: time.Hour, Attempts: 8,
		UnknownWait: 30 * time.Second, ResendUnknown: true, SendTimeout: 15 * time.Second,
	}, c.Retry)
	assert.Equal(t, config.Limits{Backlog: 1_000_000, Connections: 4096, SenderBurst: 20}, c.Limits)
}

func TestLoad_publicURLFollowsListen(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ server, bound, want string }{
		"a port of its own":  {`listen = "127.0.0.1:9000"`, "127.0.0.1:9000", "http://127.0.0.1:9000"},
		"every address":      {`listen = ":9000"`, "[::]:9000", "http://127.0.0.1:9000"},
		"every IPv4 address": {`listen = "0.0.0.0:9000"`, "0.0.0.0:9000", "http://127.0.0.1:9000"},
		"a free port":        {`listen = "127.0.0.1:0"`, "127.0.0.1:43210", "http://127.0.0.1:43210"},
		"IPv6":               {`listen = "[::1]:9000"`, "[::1]:9000", "http://[::1]:9000"},
		"written":            {"listen = \":0\"\npublic_url = \"https://x.example\"", "127.0.0.1:43210", "https://x.example"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := load(t, account+"[server]\n"+test.server)
			c.Server.Bound(addr(test.bound))
			assert.Equal(t, test.want, c.Server.PublicURL)
		})
	}
}

// addr is where a listener really listens.
type addr string

func (a addr) Network() string { return "tcp" }
func (a addr) String() string  { return string(a) }

func TestLoad_secretsOutOfFiles(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("from a file \r\n\n"), 0o600))
	c := load(t, "[account]\nsid = \"AC0123456789abcdef0123456789abcdef\"\nauth_token_file = \""+secret+"\"\n")
	assert.Equal(t, "from a file ", c.Account.AuthToken.Value(), "only line ends are cut off")
}

func TestLoad_noSuchFile(t *testing.T) {
	t.Parallel()
	_, err := config.Load(filepath.Join(t.TempDir(), "bridged.toml"), nil)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestWarnings_tellWhatIsNotActedOn(t *testing.T) {
	t.Parallel()
	c := load(t, account+smsChannel+`[[numbers]]
address = "+15550100001"
inbound_webhook = "https://example.com/sms"
inbound_webhook_method = "GET"
inbound_fallback_webhook = "https://user:password@example.com/fallback?x=1"
max_mms_bytes = 1000000
rate = 1
[[messaging_services]]
sid = "MG0123456789abcdef0123456789abcdef"
autocreate = true
inbound_webhook = "https://example.com/in"
[limits]
actions_per_second = 30
[media]
dir = "elsewhere"
link_fallback = false
[studio]
FW0123456789abcdef0123456789abcdef = "https://example.com/flow"
`)
	var got []string
	for _, w := range c.Warnings() {
		assert.Contains(t, w.Text, "does not act on it yet")
		assert.NotContains(t, w.Text, "password")
		w.File, w.Text = "f", ""
		got = append(got, strings.TrimSuffix(w.String(), ": "))
	}
	assert.Equal(t, []string{
		"f:29: studio",
	}, got)
	assert.InDelta(t, 1.0, c.Numbers[0].Rate, 0)
}

func TestWarnings_notForWhatHappensAnyway(t *testing.T) {
	t.Parallel()
	c := load(t, account+`[limits]
actions_per_second = 0
[media]
link_fallback = true
carrier_url_ttl = "1440m"
[studio]
`)
	assert.Empty(t, c.Warnings())
}

func TestWarnings_placeholder(t *testing.T) {
	t.Parallel()
	c := load(t, strings.Replace(account, "hunter2", "change-me", 1))
	require.Len(t, c.Warnings(), 1)
	assert.Equal(t, 3, c.Warnings()[0].Line)
	assert.Contains(t, c.Warnings()[0].String(), "account.auth_token: is still the example's placeholder")
}
