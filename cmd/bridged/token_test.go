package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/twilio"
)

const (
	testDigits  = "0123456789abcdef0123456789abcdef"
	testAccount = "AC" + testDigits
	testKey     = "SK" + testDigits
)

// configured writes a configuration whose installation is seen at url.
func configured(t *testing.T, url string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "bridged.toml")
	text := fmt.Sprintf("[server]\npublic_url = %q\n[account]\nsid = %q\nauth_token = \"token\"\n[[account.api_keys]]\nsid = %q\nsecret = \"secret\"\n",
		url, testAccount, testKey)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// answering is an installation that gives one answer to everything.
func answering(t *testing.T, status int, body string) (url string, asked *http.Request) {
	t.Helper()
	asked = &http.Request{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = *r.Clone(r.Context())
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

func TestToken_asksForTheDefaultService(t *testing.T) {
	t.Parallel()
	const service = "fedcba9876543210fedcba9876543210"
	url, asked := answering(t, http.StatusOK, `{"default_chat_service_sid":"IS`+service+`"}`)
	now := time.Unix(1700000000, 7)
	c := TokenCmd{Identity: "bob", TTL: 2 * time.Hour, now: func() time.Time { return now }}
	c.Config = configured(t, url+"/")
	require.NoError(t, c.Validate())
	var out bytes.Buffer
	require.NoError(t, c.Run(t.Context(), &environment{stdout: &out}))

	assert.Equal(t, "/v1/Configuration", asked.URL.Path)
	user, password, _ := asked.BasicAuth()
	assert.Equal(t, []string{testAccount, "token"}, []string{user, password})
	read, err := twilio.TokenVerifier{
		Account: testAccount, Keys: func() map[string]string { return map[string]string{testKey: "secret"} },
		Now: func() time.Time { return now },
	}.Verify(strings.TrimSuffix(out.String(), "\n"))
	require.NoError(t, err)
	at := now.Truncate(time.Second).UTC()
	assert.Equal(t, twilio.AccessToken{
		ID: testKey + "-1700000000", Key: testKey, Account: testAccount, Identity: "bob", Service: service,
		Issued: at, Expires: at.Add(2 * time.Hour),
	}, read)
}

func TestToken_whereTheDefaultServiceIsNotTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status     int
		body, want string
	}{
		"other credentials": {401, `{"code":20003,"message":"Authenticate"}`, "does not know these credentials"},
		"an error":          {503, `{"code":20503,"message":"Service unavailable"}`, "20503: Service unavailable"},
		"a proxy's error":   {502, "<html>", "is not bridged, or a proxy before it: it answered 502 Bad Gateway"},
		"something else":    {200, "<html>", "is not bridged"},
		"no service":        {200, "{}", "is not bridged: it names none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := answering(t, test.status, test.body)
			c := TokenCmd{Identity: "bob", TTL: time.Hour}
			c.Config, c.URL = configured(t, "http://127.0.0.1:1"), url
			require.NoError(t, c.Validate())
			var out bytes.Buffer
			err := c.Run(t.Context(), &environment{stdout: &out})
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "--service IS… names one without asking")
			assert.Empty(t, out.String())
		})
	}
}

func TestRemoteFlags_connect(t *testing.T) {
	t.Parallel()
	file := configured(t, "https://bridge.example.com")
	r, err := remoteFlags{Config: file}.connect([]string{"BRIDGED_ACCOUNT_AUTH_TOKEN=other"})
	require.NoError(t, err)
	assert.Equal(t, []string{"https://bridge.example.com", testAccount, "other"}, []string{r.url, r.sid, r.authToken})
	r, err = remoteFlags{Config: file, URL: "http://127.0.0.1:8080/"}.connect(nil)
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:8080", r.url)
	_, err = remoteFlags{Config: file + "x"}.connect(nil)
	require.ErrorContains(t, err, "read the configuration")
}
