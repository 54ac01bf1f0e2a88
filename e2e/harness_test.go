// Package e2e tests bridged from the outside: the built binary, the unmodified
// helper library, and fake carriers over HTTP on loopback.
package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twilio/twilio-go"
	"github.com/twilio/twilio-go/client"
	conversations "github.com/twilio/twilio-go/rest/conversations/v1"

	"bridged/e2e/daemon"
	"bridged/e2e/fakecarrier"
	"bridged/store/storetest"
)

// The credentials of these tests. They open nothing but them.
const (
	account    = "AC00000000000000000000000000000000"
	authToken  = "anauthtoken"
	keySID     = "SK00000000000000000000000000000000"
	keySecret  = "akeysecret"
	carrierSID = "AC11111111111111111111111111111111"
	carrierKey = "acarriertoken"
	phoneID    = "106500000000001"
	cloudToken = "acloudtoken"
	cloudKey   = "acloudsecret"
)

// The people and the proxy addresses that they write to.
const (
	smsProxy      = "+15550100001"
	whatsappProxy = "whatsapp:+15550100009"
	alice         = "+15550200001"          // on SMS
	bob           = "whatsapp:+15550300002" // on WhatsApp
)

// patience bounds every wait. It is long because machines are slow under the
// race detector; nothing waits that long when all is well.
const patience = 30 * time.Second

// binary is the program under test, built by TestMain.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "bridged-e2e-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "bridged")
	args := []string{"build", "-o", binary}
	if raceEnabled {
		args = append(args, "-race")
		// Else each daemon sleeps for a second before it ends, by the detector's default.
		if err := os.Setenv("GORACE", "atexit_sleep_ms=0 halt_on_error=1"); err != nil {
			panic(err)
		}
	}
	if os.Getenv("GOCOVERDIR") != "" { // where the daemons write what they ran
		args = append(args, "-cover", "-coverpkg=bridged/...")
	}
	if out, err := exec.Command("go", append(args, "bridged/cmd/bridged")...).CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, out))
	}
	status := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// world is a daemon between two fake carriers, and the helper library.
type world struct {
	*daemon.Daemon

	t      *testing.T
	dir    string
	file   string
	place  *storetest.Place // its database; nil: the file of its own directory
	twilio *fakecarrier.Twilio
	cloud  *fakecarrier.Cloud
	api    *conversations.ApiService
}

// setup is what a test changes of its world.
type setup struct {
	config       string   // more of the configuration
	server       string   // more of [server]
	channel      string   // more of the SMS channel
	numbers      []string // further ones of the SMS channel
	whatsapp     string   // the driver of the WhatsApp channel; default cloud
	whatsappMore string   // more of the WhatsApp channel
	twilioFault  func(fakecarrier.Sent) fakecarrier.Fault
	cloudFault   func(fakecarrier.Sent) fakecarrier.Fault
	withoutRetry bool             // leave [retry] to config
	sqlite       bool             // it is about SQLite
	place        *storetest.Place // it is about PostgreSQL: its database
}

// newWorld starts a daemon with one SMS number and one WhatsApp sender. It is
// stopped, and must end well, at the end of the test.
func newWorld(t *testing.T, s setup) *world {
	t.Helper()
	w := &world{
		t: t, dir: t.TempDir(),
		twilio: fakecarrier.NewTwilio(carrierSID, carrierKey),
		cloud:  fakecarrier.NewCloud(phoneID, cloudToken, cloudKey),
	}
	if w.place = s.place; w.place == nil && !s.sqlite && storetest.OnPostgreSQL(t) {
		w.place = storetest.New(t)
	}
	t.Cleanup(w.twilio.Close)
	t.Cleanup(w.cloud.Close)
	w.twilio.KeepRaw, w.cloud.KeepRaw = true, true
	w.twilio.Fault, w.cloud.Fault = s.twilioFault, s.cloudFault
	w.file = filepath.Join(w.dir, "bridged.toml")
	require.NoError(t, os.WriteFile(w.file, []byte(w.configuration(s)), 0o600))
	if w.place == nil { // with the race detector each daemon would migrate for seconds
		data := filepath.Join(w.dir, "bridged-data")
		require.NoError(t, os.Mkdir(data, 0o700))
		storetest.WriteMigrated(t, filepath.Join(data, "bridged.db"))
	}
	w.start()
	t.Cleanup(func() { endsWell(t, w.Daemon) })
	return w
}

// endsWell stops a daemon and requires that it ends as operators expect it.
func endsWell(t *testing.T, d *daemon.Daemon) {
	t.Helper()
	require.NoError(t, d.Stop(), "it must end with status 0\n%s", d.Log())
	require.NotRegexp(t, `goroutine \d+ \[|panic:|DATA RACE`, d.Log(), "nobody sees a stack trace")
}

// start starts the daemon on its directory.
func (w *world) start() {
	w.t.Helper()
	w.Daemon = w.startAnother(w.dir)
	w.api = helperLibrary(w.URL, account, authToken)
}

// startAnother starts a daemon in a directory, with the configuration and the
// database of this world.
func (w *world) startAnother(dir string) *daemon.Daemon {
	w.t.Helper()
	o := daemon.Options{Binary: binary, Dir: dir, Args: []string{"serve", "--config", w.file}}
	if w.place != nil {
		o.Env = append(o.Env, "BRIDGED_STORE_URL="+w.place.URL)
	}
	d, err := daemon.Start(w.t.Context(), o)
	require.NoError(w.t, err)
	return d
}

func (w *world) configuration(s setup) string {
	whatsapp := fmt.Sprintf("driver = \"cloud\"\n[channels.cloud]\nphone_number_id = %q\naccess_token = %q\napp_secret = %q\nverify_token = \"a-verify-token\"\napi_base_url = %q\n",
		phoneID, cloudToken, cloudKey, w.cloud.URL)
	carrier := fmt.Sprintf("driver = \"twilio\"\n[channels.twilio]\naccount_sid = %q\nauth_token = %q\napi_base_url = %q\n",
		carrierSID, carrierKey, w.twilio.URL)
	if s.whatsapp == "twilio" {
		whatsapp = carrier
	}
	whatsapp = s.whatsappMore + whatsapp
	retry := "[retry]\nfirst = \"20ms\"\nmax = \"200ms\"\nattempts = 4\nunknown_wait = \"300ms\"\nsend_timeout = \"1s\"\n"
	if s.withoutRetry {
		retry = ""
	}
	return fmt.Sprintf(`
[server]
listen = "127.0.0.1:0"
%s
[admin]
listen = "127.0.0.1:0"
[account]
sid = %q
auth_token = %q
[[account.api_keys]]
sid = %q
secret = %q
[[channels]]
name = "sms-main"
type = "sms"
numbers = ["%s"]
%s%s
[[channels]]
name = "wa-main"
type = "whatsapp"
numbers = [%q]
%s
%s
%s
`, s.server, account, authToken, keySID, keySecret,
		strings.Join(append([]string{smsProxy}, s.numbers...), `", "`), s.channel, carrier, whatsappProxy, whatsapp, retry, s.config)
}

// helperLibrary is the unmodified official client, with its requests sent to the
// daemon instead of the reference's host.
func helperLibrary(daemonURL, user, password string) *conversations.ApiService {
	return allProducts(toDaemon(daemonURL), user, password).ConversationsV1
}

// helper is the same with the products beside Conversations.
func (w *world) helper() *twilio.RestClient {
	return allProducts(toDaemon(w.URL), account, authToken)
}

func allProducts(through http.RoundTripper, user, password string) *twilio.RestClient {
	c := &client.Client{
		Credentials: client.NewCredentials(user, password),
		HTTPClient:  &http.Client{Transport: through, Timeout: patience},
	}
	c.SetAccountSid(account)
	return twilio.NewRestClientWithParams(twilio.ClientParams{Client: c})
}

// rewriter sends every request to another host.
type rewriter struct{ target *url.URL }

func toDaemon(daemonURL string) rewriter {
	target, err := url.Parse(daemonURL)
	if err != nil {
		panic(err)
	}
	return rewriter{target}
}

func (r rewriter) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.URL.Scheme, request.URL.Host, request.Host = r.target.Scheme, r.target.Host, r.target.Host
	return http.DefaultTransport.RoundTrip(request)
}

func ptr[T any](v T) *T { return &v }

// converse makes a conversation of Alice on SMS and Bob on WhatsApp, and returns
// its SID.
func (w *world) converse() string {
	w.t.Helper()
	c, err := w.api.CreateConversation(&conversations.CreateConversationParams{FriendlyName: ptr("a delivery")})
	require.NoError(w.t, err)
	w.join(*c.Sid, alice, smsProxy)
	w.join(*c.Sid, bob, whatsappProxy)
	return *c.Sid
}

// join adds a participant outside chat.
func (w *world) join(conversation, address, proxy string) *conversations.ConversationsV1ConversationParticipant {
	w.t.Helper()
	p, err := w.api.CreateConversationParticipant(conversation, &conversations.CreateConversationParticipantParams{
		MessagingBindingAddress: &address, MessagingBindingProxyAddress: &proxy,
	})
	require.NoError(w.t, err)
	return p
}

// aliceWrites delivers a message of Alice's and requires that it is accepted.
func (w *world) aliceWrites(id, text string) {
	w.t.Helper()
	w.accepted(w.twilio.Post(w.t.Context(), w.URL+"/hooks/sms-main", fakecarrier.Message{ID: id, From: alice, To: smsProxy, Body: text}))
}

// bobWrites delivers a message of Bob's and requires that it is accepted.
func (w *world) bobWrites(id, text string) {
	w.t.Helper()
	w.accepted(w.cloud.Post(w.t.Context(), w.URL+"/hooks/wa-main", fakecarrier.Message{ID: id, From: strings.TrimPrefix(bob, "whatsapp:+"), Body: text}))
}

func (w *world) accepted(status int, err error) {
	w.t.Helper()
	require.NoError(w.t, err)
	require.Equal(w.t, http.StatusOK, status)
}

// eventually waits until the condition holds, without sleeping for luck. The
// condition runs on the test's own goroutine, so that it may fail the test.
func eventually(t *testing.T, condition func() bool, what string, args ...any) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			require.FailNow(t, "waited in vain: "+fmt.Sprintf(what, args...))
		}
	}
}

// bodies are the texts of what a fake carrier got.
func bodies(sent []fakecarrier.Sent) []string {
	list := make([]string, len(sent))
	for i, s := range sent {
		list[i] = s.Body
	}
	return list
}

// count says how often a text is in a list.
func count(list []string, text string) int {
	n := 0
	for _, s := range list {
		if s == text {
			n++
		}
	}
	return n
}

// write adds a message over REST, which goes to everybody.
func (w *world) write(conversation, text string) string {
	w.t.Helper()
	m, err := w.api.CreateConversationMessage(conversation, &conversations.CreateConversationMessageParams{Body: &text})
	require.NoError(w.t, err)
	return *m.Sid
}

// messages returns all messages of a conversation, oldest first.
func (w *world) messages(conversation string) []conversations.ConversationsV1ConversationMessage {
	w.t.Helper()
	list, err := w.api.ListConversationMessage(conversation, &conversations.ListConversationMessageParams{PageSize: ptr(100)})
	require.NoError(w.t, err)
	return list
}

// receipts returns the receipts of a message.
func (w *world) receipts(conversation, message string) []conversations.ConversationsV1ConversationMessageReceipt {
	w.t.Helper()
	list, err := w.api.ListConversationMessageReceipt(conversation, message, &conversations.ListConversationMessageReceiptParams{})
	require.NoError(w.t, err)
	return list
}

// call makes a request to the daemon and decodes its JSON answer, if into is not
// nil. It returns the answer's status.
func (w *world) call(method, path string, form url.Values, into any) int {
	w.t.Helper()
	answer := w.request(method, path, form, nil)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(w.t, err)
	if into != nil {
		require.NoError(w.t, json.Unmarshal(body, into), "%s", body)
	}
	return answer.StatusCode
}

// request sends a form, with further headers.
func (w *world) request(method, path string, form url.Values, header http.Header) *http.Response {
	w.t.Helper()
	return w.requestWith(method, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), header)
}

// requestWith makes a request with any body, with the account's credentials.
func (w *world) requestWith(method, path, contentType string, body io.Reader, header http.Header) *http.Response {
	w.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, w.URL+path, body)
	require.NoError(w.t, err)
	r.SetBasicAuth(account, authToken)
	r.Header.Set("Content-Type", contentType)
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(w.t, err)
	return answer
}

// metric returns the value of a metric's line, "0" where there is none.
func (w *world) metric(line string) string {
	text, err := w.Metrics(context.Background())
	if err != nil {
		return err.Error()
	}
	for l := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(l, line+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return "0"
}
