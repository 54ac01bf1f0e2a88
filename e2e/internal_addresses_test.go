package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// inside is a server in the operator's own network, which no stranger may have asked.
type inside struct {
	*httptest.Server

	port  string
	asked atomic.Int32
}

func newInside(t *testing.T) *inside {
	t.Helper()
	s := &inside{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked.Add(1)
		_, _ = fmt.Fprint(w, "the operator's secret")
	}))
	t.Cleanup(s.Close)
	at, err := url.Parse(s.URL)
	require.NoError(t, err)
	s.port = at.Port()
	return s
}

// spellings are URLs that lead to the server, or to where none may be looked for.
func (s *inside) spellings() []string {
	var list []string
	for _, host := range []string{
		"127.0.0.1", "localhost", "LOCALHOST.", "127.1", "2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "0.0.0.0", "0",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
		"[fe80::1%25lo]", "api.twilio.com@127.0.0.1", "127.0.0.1%2f.example.com", "127。0。0。1",
	} {
		list = append(list, "http://"+host+":"+s.port+"/")
	}
	return append(list,
		"http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/latest/meta-data/", "http://10.0.0.1/", "http://192.168.0.1/",
		"file:///etc/passwd", "gopher://127.0.0.1:"+s.port+"/_GET", "//127.0.0.1:"+s.port+"/", "http:127.0.0.1:"+s.port,
	)
}

// Whoever can write a message can name the addresses of its files.
func TestNoMessageHasUsAskAnInternalAddress(t *testing.T) {
	t.Parallel()
	s := newInside(t)
	w := newWorld(t, setup{})
	conversation := w.converse()
	urls := s.spellings()
	w.twilio.Keep("moved", fakecarrier.File{Status: http.StatusFound, Location: s.URL})
	w.twilio.Keep("moved-twice", fakecarrier.File{Status: http.StatusFound, Location: "http://localhost:" + s.port})
	urls = append(urls, w.twilio.FileURL("moved"), w.twilio.FileURL("moved-twice"))
	for i, u := range urls {
		w.aliceShows(idOf(i), fmt.Sprint(i), u)
	}
	for i, u := range urls {
		for _, a := range w.settled(conversation, i) {
			assert.Equal(t, "failed", a.State, u)
			assert.NotContains(t, a.Reason, "secret", u)
		}
	}
	eventually(t, func() bool { return len(w.cloud.Sent()) == len(urls) }, "the texts go out all the same")
	assert.Zero(t, s.asked.Load())
}

// The operator's own webhooks may be inside; what they answer with is not asked for
// there, and no other webhook is called there once that is denied.
func TestNoWebhookHasUsAskAnInternalAddressThatIsDenied(t *testing.T) {
	t.Parallel()
	s := newInside(t)
	h := newWebhook(t, func(string, url.Values) (int, string, string) {
		return says("<Message><Body>look</Body><Media>" + s.URL + "/a.png</Media></Message>")
	})
	w := newWorld(t, setup{config: numberWebhook("inbound_webhook = %q\n", h.URL+"/sms")})
	w.strangerWrites(idOf(1), "hello")
	eventually(t, func() bool { return len(w.twilio.Sent())+len(w.deadLetters()) > 0 }, "it is obeyed, or refused")
	assert.Zero(t, s.asked.Load(), "the media of an answer are a stranger's URL too")

	w = newWorld(t, setup{config: "[webhooks]\ndeny_private_networks = true\nretry_for = \"1s\"\n"})
	n := 0
	for _, target := range s.spellings() {
		conversation := w.newConversation()
		status := w.call(http.MethodPost, "/v1/Conversations/"+conversation+"/Webhooks", url.Values{
			"Target": {"webhook"}, "Configuration.Url": {target}, "Configuration.Method": {"GET"}, "Configuration.Filters": {"onMessageAdded"},
		}, nil)
		if status != http.StatusCreated {
			assert.Equal(t, http.StatusBadRequest, status, target)
			continue
		}
		n++
		status, _ = w.judged(http.MethodPost, "/v1/Conversations/"+conversation+"/Messages", url.Values{"Body": {"hello"}})
		require.Equal(t, http.StatusCreated, status)
	}
	assert.Greater(t, n, 15)
	eventually(t, func() bool { return len(w.deadLetters()) == n }, "all are given up")
	for _, letter := range w.deadLetters() {
		assert.NotContains(t, letter.Reason, "secret")
	}
	assert.Zero(t, s.asked.Load())
}

// What an application answers is bounded after it was unpacked.
func TestAnAnswerThatUnpacksToMuchIsRefused(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	packed := gzip.NewWriter(&bomb)
	_, err := packed.Write([]byte("<Response><Message>" + strings.Repeat("0", 50<<20)))
	require.NoError(t, err)
	require.NoError(t, packed.Close())
	require.Less(t, bomb.Len(), 64<<10, "it is short as long as it is packed")
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes())
	}))
	t.Cleanup(application.Close)
	w := newWorld(t, setup{config: numberWebhook("inbound_webhook = %q\n", application.URL)})
	w.strangerWrites(idOf(1), "hello")
	eventually(t, func() bool { return len(w.deadLetters()) == 1 }, "it is not obeyed")
	assert.Contains(t, w.deadLetters()[0].Reason, "more than 65536 bytes")
	assert.Empty(t, w.twilio.Sent())
}
