package e2e

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/daemon"
)

// simulated is the embedded default: no file, no carrier account.
type simulated struct {
	*daemon.Daemon

	t          *testing.T
	sid, token string
	api        *conversations.ApiService
}

func startDefault(t *testing.T, dir string) *simulated {
	t.Helper()
	d, err := daemon.Start(t.Context(), daemon.Options{
		Binary: binary, Dir: dir,
		Env: []string{"BRIDGED_SERVER_LISTEN=127.0.0.1:0", "BRIDGED_ADMIN_LISTEN=127.0.0.1:0"},
	})
	require.NoError(t, err)
	t.Cleanup(func() { endsWell(t, d) })
	text, err := os.ReadFile(filepath.Join(dir, "bridged-data", "credentials.toml"))
	require.NoError(t, err)
	key := func(name string) string {
		found := regexp.MustCompile(`(?m)^` + name + ` = ['"](.+)['"]$`).FindSubmatch(text)
		require.NotNil(t, found, "%s in credentials.toml", name)
		return string(found[1])
	}
	s := &simulated{Daemon: d, t: t, sid: key("account_sid"), token: key("auth_token")}
	s.api = helperLibrary(d.URL, s.sid, s.token)
	return s
}

// call makes a request to the simulator's API and decodes its answer.
func (s *simulated) call(method, path, body string, into any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+"/bridged/v1/simulator"+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.SetBasicAuth(s.sid, s.token)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	require.Less(s.t, answer.StatusCode, 300, "%s", text)
	require.NoError(s.t, json.Unmarshal(text, into))
}

type handsetMessage struct {
	Direction, From, Body string
}

func (s *simulated) thread(address string) []handsetMessage {
	s.t.Helper()
	var list struct{ Messages []handsetMessage }
	s.call(http.MethodGet, "/handsets/"+address+"/messages", "", &list)
	return list.Messages
}

func TestWithoutAFileItRelaysOnTheSimulatedCarrier(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := startDefault(t, dir)
	// What the program prints and what it logs come to us by two ways.
	eventually(t, func() bool { return strings.Contains(s.Stdout(), "Console: ") && strings.HasSuffix(s.Stdout(), "\n") }, "it prints them")
	assert.Regexp(t, "^Account SID: "+s.sid+"\nAuth token: "+s.token+"\nAPI key SID: SK[0-9a-f]{32}\nAPI key secret: \\S+\nConsole: "+
		regexp.QuoteMeta(s.URL)+"/console/login\\?once=[A-Z2-7]{52}\n$", s.Stdout(), "these five lines, at the first start")
	info, err := os.Stat(filepath.Join(dir, "bridged-data", "credentials.toml"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	c, err := s.api.CreateConversation(&conversations.CreateConversationParams{})
	require.NoError(t, err)
	for address, proxy := range map[string]string{"+15550200001": "+15550100001", "whatsapp:+15550300001": "whatsapp:+15550100009"} {
		_, err := s.api.CreateConversationParticipant(*c.Sid, &conversations.CreateConversationParticipantParams{
			MessagingBindingAddress: &address, MessagingBindingProxyAddress: &proxy,
		})
		require.NoError(t, err)
	}
	var sent struct{ ID string }
	s.call(http.MethodPost, "/messages", `{"from":"+15550200001","to":["+15550100001"],"body":"hello"}`, &sent)
	assert.NotEmpty(t, sent.ID)
	eventually(t, func() bool { return len(s.thread("whatsapp:%2B15550300001")) == 1 }, "the other handset has it")
	assert.Equal(t, handsetMessage{"received", "whatsapp:+15550100009", "hello"}, s.thread("whatsapp:+15550300001")[0])

	s.call(http.MethodPost, "/messages", `{"from":"whatsapp:+15550300001","to":["whatsapp:+15550100009"],"body":"hello yourself"}`, &sent)
	eventually(t, func() bool { return len(s.thread("+15550200001")) == 2 }, "and the way back")
	assert.Equal(t, handsetMessage{"received", "+15550100001", "hello yourself"}, s.thread("+15550200001")[1])

	// A second daemon on the same data is refused; a second start remembers.
	_, err = daemon.Start(t.Context(), daemon.Options{Binary: binary, Dir: dir, Env: []string{"BRIDGED_SERVER_LISTEN=127.0.0.1:0", "BRIDGED_ADMIN_LISTEN=127.0.0.1:0"}})
	require.ErrorContains(t, err, "exit status 1")
	require.ErrorContains(t, err, "another bridged is running on this data directory")

	require.NoError(t, s.Signal(os.Interrupt)) // as Ctrl-C does
	require.NoError(t, s.Wait())
	again := startDefault(t, dir)
	assert.Equal(t, s.sid, again.sid)
	assert.Empty(t, again.Stdout(), "shown once")
	list, err := again.api.ListConversationMessage(*c.Sid, &conversations.ListConversationMessageParams{})
	require.NoError(t, err)
	assert.Len(t, list, 2)
}

// Whoever starts it first while the port is taken must still learn the
// credentials: they are made by then, and shown once.
func TestAFirstStartThatFailsShowsTheCredentialsAllTheSame(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	d, err := daemon.Start(t.Context(), daemon.Options{Binary: binary, Dir: t.TempDir(), Env: []string{
		"BRIDGED_SERVER_LISTEN=" + taken.Addr().String(), "BRIDGED_ADMIN_LISTEN=127.0.0.1:0",
	}})
	require.ErrorContains(t, err, "server.listen")
	require.ErrorContains(t, err, "exit status 1")
	assert.Contains(t, d.Stdout(), "Auth token: ")
}
