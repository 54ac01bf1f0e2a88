package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A mistakeTest is a text after account, so that its first line is the file's
// fourth, and the beginnings of the mistakes it must lead to.
type mistakeTest struct {
	name string
	text string
	want []string
}

func runMistakes(t *testing.T, tests []mistakeTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := mistakes(t, account+test.text)
			require.Len(t, got, len(test.want), "%s", strings.Join(got, "\n"))
			for i, want := range test.want {
				assert.Truef(t, strings.HasPrefix(got[i], "bridged.toml:"+want), "got  %s\nwant %s…", got[i], want)
			}
		})
	}
}

func TestMistakes_TOML(t *testing.T) {
	t.Parallel()
	runMistakes(t, []mistakeTest{
		{"no value", "[server]\nlisten =\n", []string{"5: not valid TOML"}},
		{"no closing quote", "\n\n[server]\nlisten = \"x\n", []string{"7: not valid TOML"}},
		{"a key twice", "[server]\nlisten = \":1\"\nlisten = \":2\"\n", []string{"6: "}},
		{"a table twice", "[server]\n[admin]\n[server]\n", []string{"6: "}},
		{"no UTF-8", "[server]\nlisten = \"\xff\"\n", []string{"5: not valid TOML"}},
	})
}

func TestMistakes_keys(t *testing.T) {
	t.Parallel()
	runMistakes(t, []mistakeTest{
		{"unknown at the top", "[sever]\nlisten = \":1\"\n", []string{"4: sever: is an unknown key: correct or remove it; here may be server, admin,"}},
		{"unknown in a table", "[server]\nlisten = \":1\"\nport = 1\n", []string{
			"6: server.port: is an unknown key: correct or remove it; here may be listen, public_url, trusted_proxies, cors_origins, tls",
		}},
		{"unknown, dotted", "server.tls.cert = \"x\"\n", []string{"4: account.server: is an unknown key"}},
		{"unknown, quoted", "[server]\n\"a b\" = 1\n", []string{`5: server."a b": is an unknown key`}},
		{"unknown in an inline table", "[server]\ntls = { cert = \"x\" }\n", []string{"5: server.tls.cert: is an unknown key"}},
		{"unknown in a table without keys", "[[channels]]\nname=\"s\"\ntype=\"sms\"\ndriver=\"simulator\"\nnumbers=[\"12345\"]\n[channels.simulator]\nx=1\n", []string{
			"10: channels[0].simulator.x: is an unknown key: there is none in this table",
		}},
		{"required in an entry", "[[account.api_keys]]\n[[account.api_keys]]\nsid=\"SK0123456789abcdef0123456789abcdef\"\n", []string{
			"4: account.api_keys[0].secret: is required",
			"4: account.api_keys[0].sid: is required: add it to this table",
			"5: account.api_keys[1].secret: is required",
		}},
		{"required in a channel", "\n[[channels]]\n", []string{
			"5: channels[0].driver: is required", "5: channels[0].name: is required",
			"5: channels[0].numbers: is required", "5: channels[0].type: is required",
		}},
	})
}

func TestMistakes_types(t *testing.T) {
	t.Parallel()
	runMistakes(t, []mistakeTest{
		{"string", "[server]\nlisten = 8080\n", []string{"5: server.listen: must be a string, not a whole number: write it in quotes"}},
		{"bool", "[retry]\nresend_unknown = \"yes\"\n", []string{"5: retry.resend_unknown: must be true or false, not a string: write it without quotes"}},
		{"integer", "[retry]\nattempts = 1.5\n", []string{"5: retry.attempts: must be a whole number, not a number with a fraction"}},
		{"duration", "[retry]\nfirst = 5\n", []string{`5: retry.first: must be a duration in quotes, not a whole number: write it like "30s"`}},
		{"date", "[log]\nlevel = 2026-01-01\n", []string{"5: log.level: must be a string, not a date or a time"}},
		{"list for a table", "[[server]]\n", []string{"4: server: must be a table, not a list: write [server]"}},
		{"table for a list", "[channels]\n", []string{"4: channels: must be a list of tables, not a table: write [[channels]]"}},
		{"nested list for a table", "[[server.tls]]\n", []string{"4: server.tls: must be a table, not a list: write [server.tls]"}},
		{"a window on SMS", "[[channels]]\nname=\"s\"\ntype=\"sms\"\ndriver=\"simulator\"\nnumbers=[\"12345\"]\nresend_when_open=true\nfallback_content_sid=\"HX00000000000000000000000000000001\"\n", []string{
			`9: channels[0].resend_when_open: is for type`, `10: channels[0].fallback_content_sid: is for type`,
		}},
		{"scalar for a driver's table", "[[channels]]\nname=\"a\"\ntype=\"sms\"\ndriver=\"twilio\"\nnumbers=[\"12345\"]\ntwilio=1\n", []string{
			"9: channels[0].twilio: must be a table, not a whole number: write [channels.twilio]",
		}},
		{"scalars for tables", "api_keys = [1]\n", []string{"4: account.api_keys[0]: must be a table, not a whole number: write [[account.api_keys]]"}},
		{"string for a list", "[server]\ntrusted_proxies = \"10.0.0.1\"\n", []string{"5: server.trusted_proxies: must be a list, not a string"}},
		{"entry of a list", "[server]\ntrusted_proxies = [\n  \"10.0.0.1\",\n  \"nonsense\",\n  1,\n]\n", []string{
			`7: server.trusted_proxies[1]: "nonsense" is neither an address nor a network`,
			"8: server.trusted_proxies[2]: must be a string, not a whole number",
		}},
		{"secret", "[[account.api_keys]]\nsid=\"SK0123456789abcdef0123456789abcdef\"\nsecret = 12345678\n", []string{
			"6: account.api_keys[0].secret: must be a string, not a whole number",
		}},
		{"file of a secret", "[[account.api_keys]]\nsid=\"SK0123456789abcdef0123456789abcdef\"\nsecret_file = 1\n", []string{
			"6: account.api_keys[0].secret_file: must be a string",
		}},
		{"flow", "[studio]\nFW0123456789abcdef0123456789abcdef = 1\n", []string{"5: studio.FW0123456789abcdef0123456789abcdef: must be a string"}},
	})
}

func TestMistakes_values(t *testing.T) {
	t.Parallel()
	runMistakes(t, []mistakeTest{
		{"listen without port", "[server]\nlisten = \"localhost\"\n", []string{`5: server.listen: "localhost" is not host:port`}},
		{"listen with a bad port", "[server]\nlisten = \":99999\"\n", []string{`5: server.listen: ":99999" is not host:port`}},
		{"a socket without a URL", "[server]\nlisten = \"unix:/run/bridged/http.sock\"\n", []string{"5: server.listen: is a socket, which has no URL: write public_url"}},
		{"a socket somewhere", "[server]\nlisten = \"unix:http.sock\"\n", []string{`5: server.listen: "http.sock" is no path of a socket`}},
		{"a socket far away", "[server]\nlisten = \"unix:/" + strings.Repeat("x", 100) + "\"\n", []string{"5: server.listen: "}},
		{"a socket for the admin", "[admin]\nlisten = \"unix:/run/bridged/admin.sock\"\n", []string{`5: admin.listen: "unix:/run/bridged/admin.sock" is not host:port`}},
		{"listen with a URL", "[admin]\nlisten = \"http://x:80\"\n", []string{"5: admin.listen: "}},
		{"listen twice", "[admin]\nlisten = \"127.0.0.1:8080\"\n", []string{"5: admin.listen: is the address of server.listen"}},
		{"public_url without scheme", "[server]\npublic_url = \"example.com\"\n", []string{"5: server.public_url: is no absolute URL"}},
		{"public_url, empty", "[server]\npublic_url = \"\"\n", []string{"5: server.public_url: is no absolute URL"}},
		{"public_url, websocket", "[server]\npublic_url = \"wss://example.com\"\n", []string{"5: server.public_url: is no absolute URL"}},
		{"public_url with a query", "[server]\npublic_url = \"https://example.com/?a=b\"\n", []string{"5: server.public_url: has a query"}},
		{"public_url with a user", "[server]\npublic_url = \"https://u:p@example.com\"\n", []string{"5: server.public_url: has a query, a fragment or a user"}},
		{"origins that are none", "[server]\ncors_origins = [\n\"https://a.example\",\n\"a.example\",\n\"https://a.example/app\",\n\"null\",\n\"\",\n\"https://u@a.example\",\n\"https://*.a.example\",\n\"https://:8080\"]\n", []string{
			`7: server.cors_origins[1]: "a.example" is no origin: write scheme and host like "https://app.example.com"`,
			`8: server.cors_origins[2]: `, `9: server.cors_origins[3]: "null" is no origin`, `10: server.cors_origins[4]: `,
			`11: server.cors_origins[5]: `, `12: server.cors_origins[6]: `, `13: server.cors_origins[7]: `,
		}},
		{"every origin and one", "[server]\ncors_origins = [\"https://a.example\", \"*\"]\n", []string{"5: server.cors_origins[1]: is for every page"}},
		{"store of another kind", "[store]\nurl = \"mysql://x\"\n", []string{"5: store.url: is no store"}},
		{"store without a path", "[store]\nurl = \"sqlite:\"\n", []string{"5: store.url: needs the path"}},
		{"store, empty", "[store]\nurl = \"\"\n", []string{"5: store.url: is empty"}},
		{"store that is no text", "[store]\nurl = 1\n", []string{"5: store.url: must be a string, not a whole number"}},
		{"store without a host", "[store]\nurl = \"postgres:///db\"\n", []string{`5: store.url: names no host: write "postgres://USER@HOST/DATABASE"`}},
		{"store without a database", "[store]\nurl = \"postgresql://user@host/\"\n", []string{`5: store.url: names no database: write "postgres://USER@HOST/DATABASE"`}},
		{"store with an odd password", "[store]\nurl = \"postgres://user:pa%ss@host/db\"\n", []string{"5: store.url: is no URL"}},
		{"store with a fragment", "[store]\nurl = \"postgres://user:1@host/db#x\"\n", []string{"5: store.url: is no URL"}},
		{"store twice", "[store]\nurl = \"sqlite:x\"\nurl_file = \"y\"\n", []string{"6: store.url_file: is given together with url: remove one"}},
		{"one writer", "[store]\nmax_writers = 1\n", []string{"5: store.max_writers: 1 is too small: write 2 or more"}},
		{"no readers", "[store]\nmax_readers = -1\n", []string{"5: store.max_readers: -1 is too small: write 1 or more"}},
		{"no duration", "[retry]\nfirst = \"5 seconds\"\n", []string{`5: retry.first: "5 seconds" is no duration`}},
		{"duration of nothing", "[retry]\nsend_timeout = \"0s\"\n", []string{"5: retry.send_timeout: \"0s\" is not longer than nothing"}},
		{"duration below zero", "[retry]\nunknown_wait = \"-1s\"\n", []string{"5: retry.unknown_wait: "}},
		{"max below first", "[retry]\nfirst = \"1m\"\nmax = \"30s\"\n", []string{"6: retry.max: makes retry.max (30s) shorter than retry.first (1m0s)"}},
		{"first above the default max", "[retry]\nfirst = \"2h\"\n", []string{"5: retry.first: makes retry.max (1h0m0s) shorter"}},
		{"no attempts", "[retry]\nattempts = 0\n", []string{"5: retry.attempts: 0 is too small: write 1 or more"}},
		{"no backlog", "[limits]\nbacklog = 0\n", []string{"5: limits.backlog: 0 is too small"}},
		{"a rate below zero", "[limits]\nsender_rate = -0.5\n", []string{"5: limits.sender_rate: is no rate: write a number like 1.0, or 0 for no limit"}},
		{"an endless rate", "[limits]\nsender_rate = inf\n", []string{"5: limits.sender_rate: is no rate"}},
		{"a rate in words", "[limits]\nsender_rate = \"5/s\"\n", []string{"5: limits.sender_rate: "}},
		{"no burst", "[limits]\nsender_burst = 0\n", []string{"5: limits.sender_burst: 0 is too small: write 1 or more"}},
		{"actions below zero", "[limits]\nactions_per_second = -1\n", []string{"5: limits.actions_per_second: -1 is too small"}},
		{"API key", "[[account.api_keys]]\nsid = \"SK0\"\nsecret = \"s\"\n", []string{`5: account.api_keys[0].sid: "SK0" is no SID of this kind: write SK and 32`}},
		{"API key, empty secret", "[[account.api_keys]]\nsid = \"SK0123456789abcdef0123456789abcdef\"\nsecret = \"\"\n", []string{
			"6: account.api_keys[0].secret: is empty",
		}},
		{"API key twice", strings.Repeat("[[account.api_keys]]\nsid = \"SK0123456789abcdef0123456789abcdef\"\nsecret = \"s\"\n", 2), []string{
			`8: account.api_keys[1].sid: "SK0123456789abcdef0123456789abcdef" is already that of account.api_keys[0].sid`,
		}},
		{"log format", "[log]\nformat = \"xml\"\n", []string{`5: log.format: "xml" is unknown: write text or json`}},
		{"media dir", "[media]\ndir = \"\"\n", []string{"5: media.dir: is empty"}},
		{"flow SID", "[studio]\nFW1 = \"https://example.com\"\n", []string{`5: studio.FW1: "FW1" is no SID`}},
		{"flow URL", "[studio]\nFW0123456789abcdef0123456789abcdef = \"x\"\n", []string{"5: studio.FW0123456789abcdef0123456789abcdef: is no absolute URL"}},
	})
}

func TestMistakes_scalarForATable(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{
		"bridged.toml:1: server: must be a table, not a whole number: write [server]",
		"bridged.toml:2: studio: must be a table, not true or false: write [studio]",
	}, mistakes(t, "server = 1\nstudio = true\n"+account, "BRIDGED_SERVER_LISTEN=:1"), "an override does not hide it")
}

func TestMistakes_account(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{
		"bridged.toml:1: account.auth_token: is required: add it to this table, or set BRIDGED_ACCOUNT_AUTH_TOKEN",
		"bridged.toml:1: account.sid: is required: add it to this table, or set BRIDGED_ACCOUNT_SID",
	}, mistakes(t, ""))
	got := mistakes(t, "\n[account]\nsid = \"AC0123456789ABCDEF0123456789abcdef\"\nauth_token = \"\"\n")
	require.Len(t, got, 2)
	assert.True(t, strings.HasPrefix(got[0], "bridged.toml:3: account.sid: "), got[0])
	assert.Equal(t, "bridged.toml:4: account.auth_token: is empty: give it a value", got[1])
}

func TestMistakes_secretFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	key := "[[account.api_keys]]\nsid = \"SK0123456789abcdef0123456789abcdef\"\n"
	runMistakes(t, []mistakeTest{
		{"both", key + "secret = \"s\"\nsecret_file = \"" + empty + "\"\n", []string{"7: account.api_keys[0].secret_file: is given together with secret"}},
		{"not there", key + "secret_file = \"" + dir + "/none\"\n", []string{"6: account.api_keys[0].secret_file: cannot be read: open "}},
		{"empty", key + "secret_file = \"" + empty + "\"\n", []string{"6: account.api_keys[0].secret_file: names an empty file"}},
	})
}

func TestMistakes_TLS(t *testing.T) {
	t.Parallel()
	runMistakes(t, []mistakeTest{
		{"key only", "[server.tls]\nkey_file = \"x\"\n", []string{"4: server.tls.cert_file: is missing beside key_file"}},
		{"certificate only", "[server.tls]\ncert_file = \"x\"\n", []string{"4: server.tls.key_file: is missing beside cert_file"}},
		{"not readable", "[server.tls]\ncert_file = \"/none/c\"\nkey_file = \"/none/k\"\n", []string{"5: server.tls.cert_file: cannot be used with key_file: open /none/c"}},
	})
}

// Every kind of mistake is told in one go, in the order of the lines.
func TestMistakes_allAtOnce(t *testing.T) {
	t.Parallel()
	got := mistakes(t, `surprise = true
[server]
listen = 80
[account]
auth_token = "t"
[[channels]]
name = "SMS"
type = "sms"
driver = "twilio"
numbers = ["15550100001"]
[channels.twilio]
account_sid = "AC1"
[retry]
first = "soon"
`, "BRIDGED_RETRY_ATTEMPTS=many", "BRIDGED_ADMIN_LISTEN=nowhere")
	keys := make([]string, len(got))
	for i, line := range got {
		keys[i] = strings.Join(strings.SplitN(line, ": ", 3)[:2], ": ")
	}
	assert.Equal(t, []string{
		"bridged.toml:1: surprise",
		"bridged.toml:3: server.listen",
		"bridged.toml:4: account.sid",
		"bridged.toml:7: channels[0].name",
		"bridged.toml:10: channels[0].numbers[0]",
		"bridged.toml:11: channels[0].twilio.auth_token",
		"bridged.toml:12: channels[0].twilio.account_sid",
		"bridged.toml:14: retry.first",
		"BRIDGED_ADMIN_LISTEN: admin.listen",
		"BRIDGED_RETRY_ATTEMPTS: retry.attempts",
	}, keys)
}
