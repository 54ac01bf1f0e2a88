package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEnviron_overridesScalars(t *testing.T) {
	t.Parallel()
	c := load(t, account+smsChannel+channel("sms-spare", "sms", "simulator", `"12345"`, ""),
		"HOME=/home/someone",
		"BRIDGED_SERVER_LISTEN=127.0.0.1:9999",
		"BRIDGED_SERVER_PUBLIC_URL=https://example.com/sub/",
		"BRIDGED_ACCOUNT_AUTH_TOKEN=a=b",
		"BRIDGED_RETRY_ATTEMPTS=3",
		"BRIDGED_RETRY_FIRST=7s",
		"BRIDGED_RETRY_RESEND_UNKNOWN=false",
		"BRIDGED_LOG_FORMAT=json",
		"BRIDGED_CHANNELS_SMS_MAIN_TWILIO_AUTH_TOKEN=fresh",
		"BRIDGED_CHANNELS_SMS_MAIN_RATE=2",
		"BRIDGED_MEDIA_CARRIER_URL_TTL=48h",
	)
	assert.Equal(t, "127.0.0.1:9999", c.Server.Listen)
	assert.Equal(t, "https://example.com/sub", c.Server.PublicURL)
	assert.Equal(t, "a=b", c.Account.AuthToken.Value())
	assert.Equal(t, 3, c.Retry.Attempts)
	assert.Equal(t, 7*time.Second, c.Retry.First)
	assert.False(t, c.Retry.ResendUnknown)
	assert.Equal(t, "json", c.Log.Format)
	assert.Equal(t, "fresh", c.Channels[0].Twilio.AuthToken.Value())
	assert.InDelta(t, 2.0, c.Channels[0].Rate, 0)
	assert.Equal(t, 48*time.Hour, c.Media.CarrierURLTTL)
	assert.Empty(t, c.Warnings())
}

func TestEnviron_makesTablesThatTheFileLacks(t *testing.T) {
	t.Parallel()
	c := load(t, channel("s", "sms", "twilio", `"12345"`, ""),
		"BRIDGED_ACCOUNT_SID=AC0123456789abcdef0123456789abcdef",
		"BRIDGED_ACCOUNT_AUTH_TOKEN=t",
		"BRIDGED_CHANNELS_S_TWILIO_ACCOUNT_SID=AC00000000000000000000000000000001",
		"BRIDGED_CHANNELS_S_TWILIO_AUTH_TOKEN=u",
	)
	assert.Equal(t, "t", c.Account.AuthToken.Value())
	assert.Equal(t, "u", c.Channels[0].Twilio.AuthToken.Value())
}

func TestEnviron_secretFiles(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte("from a file\n"), 0o600))

	c := load(t, account, "BRIDGED_ACCOUNT_AUTH_TOKEN_FILE="+file)
	assert.Equal(t, "from a file", c.Account.AuthToken.Value(), "in force in place of the file's auth_token")

	withFile := "[account]\nsid = \"AC0123456789abcdef0123456789abcdef\"\nauth_token_file = \"/none\"\n"
	c = load(t, withFile, "BRIDGED_ACCOUNT_AUTH_TOKEN=direct")
	assert.Equal(t, "direct", c.Account.AuthToken.Value(), "in force in place of the file's auth_token_file")
}

func TestEnviron_mistakesNameTheVariable(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text    string
		environ []string
		want    []string
	}{
		"types": {account, []string{"BRIDGED_RETRY_RESEND_UNKNOWN=maybe", "BRIDGED_RETRY_ATTEMPTS=x", "BRIDGED_RETRY_FIRST=5"}, []string{
			`BRIDGED_RETRY_ATTEMPTS: retry.attempts: "x" must be a whole number`,
			`BRIDGED_RETRY_FIRST: retry.first: "5" is no duration: write one like "500ms", "30s" or "1h30m"`,
			`BRIDGED_RETRY_RESEND_UNKNOWN: retry.resend_unknown: "maybe" must be true or false`,
		}},
		"a bad value over a bad value": {account + "[retry]\nattempts = \"x\"\n", []string{"BRIDGED_RETRY_ATTEMPTS=y"}, []string{
			`BRIDGED_RETRY_ATTEMPTS: retry.attempts: "y" must be a whole number`,
		}},
		"empty secret": {account, []string{"BRIDGED_ACCOUNT_AUTH_TOKEN="}, []string{
			"BRIDGED_ACCOUNT_AUTH_TOKEN: account.auth_token: is empty: give it a value",
		}},
		"both of a secret": {account, []string{"BRIDGED_ACCOUNT_AUTH_TOKEN=x", "BRIDGED_ACCOUNT_AUTH_TOKEN_FILE=/none"}, []string{
			"BRIDGED_ACCOUNT_AUTH_TOKEN_FILE: account.auth_token_file: is given together with auth_token: remove one of the two",
		}},
		"a secret's file": {account, []string{"BRIDGED_ACCOUNT_AUTH_TOKEN_FILE=/none"}, []string{
			"BRIDGED_ACCOUNT_AUTH_TOKEN_FILE: account.auth_token_file: cannot be read: open /none: no such file or directory; correct the path or the file's permissions",
		}},
		"another driver's table": {account + channel("s-1", "sms", "simulator", `"12345"`, ""), []string{"BRIDGED_CHANNELS_S_1_CLOUD_API_BASE_URL=https://x.example"}, []string{
			"bridged.toml:4: channels[0].cloud.access_token: is required: add it to this table, or set BRIDGED_CHANNELS_S_1_CLOUD_ACCESS_TOKEN",
			"bridged.toml:4: channels[0].cloud.app_secret: is required: add it to this table, or set BRIDGED_CHANNELS_S_1_CLOUD_APP_SECRET",
			"bridged.toml:4: channels[0].cloud.phone_number_id: is required: add it to this table, or set BRIDGED_CHANNELS_S_1_CLOUD_PHONE_NUMBER_ID",
			"bridged.toml:4: channels[0].cloud.verify_token: is required: add it to this table, or set BRIDGED_CHANNELS_S_1_CLOUD_VERIFY_TOKEN",
			`BRIDGED_CHANNELS_S_1_CLOUD_*: channels[0].cloud: is the table of another driver than "simulator": remove it, or change driver`,
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, mistakes(t, test.text, test.environ...))
		})
	}
}

func TestEnviron_warnsOfUnknownVariables(t *testing.T) {
	t.Parallel()
	c := load(t, account+"[studio]\nFW0123456789abcdef0123456789abcdef = \"https://example.com/a\"\n",
		"BRIDGED_SEVER_LISTEN=:1", "BRIDGED_SERVER_TRUSTED_PROXIES=10.0.0.0/8", "BRIDGEDX=1", "BRIDGED=1",
		"BRIDGED_STUDIO_FW0123456789ABCDEF0123456789ABCDEF=https://example.com/b")
	var names []string
	for _, w := range c.Warnings() {
		names = append(names, w.Env)
	}
	assert.Equal(t, []string{"", "BRIDGED_SERVER_TRUSTED_PROXIES", "BRIDGED_SEVER_LISTEN"}, names, "the first is that of studio")
	assert.Equal(t, "BRIDGED_SEVER_LISTEN: overrides nothing: no scalar of the configuration has this name", c.Warnings()[2].String())
	assert.Equal(t, "https://example.com/b", c.Studio["FW0123456789abcdef0123456789abcdef"])
}
