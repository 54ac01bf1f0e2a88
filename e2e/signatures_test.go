package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twilio/twilio-go/client"

	"bridged/webhooks"
)

// signed is a request as the one who got it saw it.
type signed struct {
	Signature string            `json:"signature"`
	URL       string            `json:"url"`
	Form      map[string]string `json:"form"`
}

// witness keeps the requests that come.
type witness struct {
	*httptest.Server

	mu   sync.Mutex
	seen []signed
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	w := &witness{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.NoError(t, r.ParseForm())
		form := map[string]string{}
		for name := range r.PostForm {
			form[name] = r.PostForm.Get(name)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, signed{r.Header.Get("X-Twilio-Signature"), w.URL + r.URL.RequestURI(), form})
	}))
	t.Cleanup(w.Close)
	return w
}

// judgedByNode is what the official library for Node.js thinks of requests.
func judgedByNode(t *testing.T, key string, requests []signed) (verdicts []bool) {
	t.Helper()
	require.DirExists(t, filepath.Join(nodeDir, "node_modules", "twilio"), "run .ci/install-test-tools, which installs the client")
	input, err := json.Marshal(requests)
	require.NoError(t, err)
	judge := exec.CommandContext(t.Context(), "node", "signatures.mjs", key)
	judge.Dir = nodeDir
	judge.Stdin = strings.NewReader(string(input))
	var complaint strings.Builder
	judge.Stderr = &complaint
	out, err := judge.Output()
	require.NoError(t, err, complaint.String())
	require.NoError(t, json.Unmarshal(out, &verdicts))
	require.Len(t, verdicts, len(requests))
	return verdicts
}

// Both official validators accept what webhooks are sent, whatever is in it, and
// neither accepts it once it is changed.
func TestTheOfficialValidatorsAcceptTheSignaturesOfWebhooks(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	caller := webhooks.NewClient(webhooks.ClientConfig{AuthToken: func() string { return authToken }})
	forms := []url.Values{
		{"EventType": {"onMessageAdded"}, "Body": {"hello"}, "Attributes": {"{}"}, "ConversationSid": {"CH1"}},
		{"EventType": {"onMessageAdded"}, "Body": {"héllo & =+%20? \r\n 😀 <b>"}, "Attributes": {`{"a":"é\n"}`}, "Media": {`[{"Sid":"ME1","Filename":null}]`}},
		{"EventType": {"onConversationAdd"}, "UniqueName": {""}, "MessagingBinding.Address": {"+15550000001,+15550000002"}, "isOnline": {"false"}},
	}
	for _, path := range []string{"/hook", "/hook?x=1&y=a%2Fb", "/hook%20two/?q=%C3%A9#rc=2&rp=all"} {
		for _, form := range forms {
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				_, err := caller.Tell(t.Context(), method, w.URL+path, form, "a token")
				require.NoError(t, err)
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Len(t, w.seen, 18)
	good, changed := client.NewRequestValidator(authToken), make([]signed, len(w.seen))
	for i, s := range w.seen {
		assert.True(t, good.Validate(s.URL, s.Form, s.Signature), s.URL)
		changed[i] = signed{s.Signature, s.URL + "/", s.Form}
		assert.False(t, good.Validate(changed[i].URL, s.Form, s.Signature), s.URL)
	}
	assert.NotContains(t, judgedByNode(t, authToken, w.seen), false)
	assert.NotContains(t, judgedByNode(t, authToken, changed), true)
	assert.NotContains(t, judgedByNode(t, "another token", w.seen), true)
}
