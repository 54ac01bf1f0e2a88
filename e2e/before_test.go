package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"bridged/e2e/fakecarrier"
)

// enabledHeader is the header by which a REST call fires webhooks (page 33).
var enabledHeader = http.Header{"X-Twilio-Webhook-Enabled": {"true"}}

// askFirst has the account's pre-action webhook be asked about these events.
func (w *world) askFirst(target string, events ...string) {
	w.t.Helper()
	form := url.Values{"PreWebhookUrl": {target}, "Method": {"POST"}, "Filters": events}
	require.Equal(w.t, http.StatusOK, w.call(http.MethodPost, "/v1/Configuration/Webhooks", form, nil))
}

// judged makes a REST call that fires webhooks, and returns the answer's status and
// what it says.
func (w *world) judged(method, path string, form url.Values) (status int, shown struct {
	SID, Body, Author, Attributes string
	Code                          int
	FriendlyName                  string `json:"friendly_name"`
	Message                       string
},
) {
	w.t.Helper()
	answer := w.request(method, path, form, enabledHeader)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(w.t, err)
	if len(body) > 0 {
		require.NoError(w.t, json.Unmarshal(body, &shown), "%s", body)
	}
	return answer.StatusCode, shown
}

// answered is how a pre-action webhook of these tests answers: by what it is asked.
func answered(body string) (status int, contentType, answer string) {
	return http.StatusOK, "application/json", body
}

// Page 33, over REST: a change is amended, refused, or refused because of what it was
// amended to; calls without the header ask nobody.
func TestAPreActionWebhookJudgesCallsOverREST(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, func(_ string, form url.Values) (int, string, string) {
		switch form.Get("Body") + form.Get("FriendlyName") {
		case "amend":
			return answered(`{"body":"amended","author":"a robot","attributes":"{\"seen\":true}","friendly_name":"amended"}`)
		case "refuse":
			return http.StatusForbidden, "text/plain", "no"
		case "break":
			return http.StatusInternalServerError, "text/plain", ""
		case "spoil":
			return answered(fmt.Sprintf(`{"attributes":"{","friendly_name":%q}`, strings.Repeat("x", 257)))
		}
		return answered("{}")
	})
	w := newWorld(t, setup{})
	w.askFirst(h.URL+"/pre", "onMessageAdd", "onConversationAdd", "onConversationUpdate", "onParticipantRemove")
	conversation := w.converse()
	assert.Empty(t, h.heard(), "calls without the header ask nobody")
	messages, name := "/v1/Conversations/"+conversation+"/Messages", "/v1/Conversations/"+conversation

	status, shown := w.judged(http.MethodPost, messages, url.Values{"Body": {"amend"}, "Author": {alice}})
	require.Equal(t, http.StatusCreated, status)
	assert.Equal(t, "amended", shown.Body)
	assert.Equal(t, "a robot", shown.Author)
	assert.JSONEq(t, `{"seen":true}`, shown.Attributes)
	asked := h.heard()
	require.Len(t, asked, 1)
	for parameter, want := range map[string]string{
		"EventType": "onMessageAdd", "Source": "API", "AccountSid": account, "ConversationSid": conversation, "Author": alice, "Body": "amend",
	} {
		assert.Equal(t, want, asked[0].form.Get(parameter), parameter)
	}
	assert.NotEmpty(t, asked[0].token)
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 && len(w.twilio.Sent()) == 1 }, "both get it: its author is none of them now")
	assert.Equal(t, "amended", w.cloud.Sent()[0].Body)

	for _, body := range []string{"refuse", "break"} {
		status, shown = w.judged(http.MethodPost, messages, url.Values{"Body": {body}})
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Equal(t, 50056, shown.Code)
		assert.Contains(t, shown.Message, "onMessageAdd")
	}
	status, shown = w.judged(http.MethodPost, messages, url.Values{"Body": {"spoil"}})
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, 50304, shown.Code)
	assert.Len(t, w.messages(conversation), 1)

	status, shown = w.judged(http.MethodPost, name, url.Values{"FriendlyName": {"amend"}})
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "amended", shown.FriendlyName)
	status, shown = w.judged(http.MethodPost, name, url.Values{"FriendlyName": {"spoil"}})
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, 50003, shown.Code)
	status, shown = w.judged(http.MethodPost, "/v1/Conversations", url.Values{"FriendlyName": {"refuse"}})
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, 50056, shown.Code)
	status, _ = w.judged(http.MethodDelete, name, nil)
	assert.Equal(t, http.StatusNoContent, status, "nobody is asked about what the filters do not name")
	assert.NotContains(t, w.Log(), "amended")
}

// Page 33, of messages from carriers: they are amended, or recorded as rejected
// (contract, 18), and an operator who takes one up again has it judged again.
func TestAPreActionWebhookJudgesWhatCarriersBring(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, func(_ string, form url.Values) (int, string, string) {
		switch form.Get("Body") {
		case "amend":
			return answered(`{"body":"amended"}`)
		case "refuse":
			return http.StatusForbidden, "text/plain", ""
		}
		return http.StatusOK, "text/plain", ""
	})
	w := newWorld(t, setup{})
	conversation := w.converse()
	w.askFirst(h.URL+"/pre", "onMessageAdd")
	w.aliceWrites("SM00000000000000000000000000000001", "amend")
	w.aliceWrites("SM00000000000000000000000000000002", "refuse")
	w.aliceWrites("SM00000000000000000000000000000003", "as it is")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 }, "Bob has two of three")
	assert.Equal(t, []string{"amended", "as it is"}, bodies(w.cloud.Sent()))
	assert.Len(t, w.messages(conversation), 2)
	rejected := w.unrouted()
	require.Len(t, rejected, 1)
	assert.Contains(t, rejected[0].Reason, "the pre-action webhook answered onMessageAdd with HTTP 403")
	asked := h.heard()
	require.Len(t, asked, 3)
	assert.Equal(t, "SMS", asked[0].form.Get("Source"))
	assert.Equal(t, alice, asked[0].form.Get("Author"))
}

// Page 38 and page 33: what a stranger's message makes is judged step by step.
func TestAPreActionWebhookJudgesAutocreation(t *testing.T) {
	t.Parallel()
	h := newWebhook(t, func(_ string, form url.Values) (int, string, string) {
		switch {
		case form.Get("EventType") == "onConversationAdd" && form.Get("MessageBody") == "refuse":
			return http.StatusForbidden, "text/plain", ""
		case form.Get("EventType") == "onConversationAdd":
			return answered(`{"friendly_name":"from ` + form.Get("MessagingBinding.Address") + `"}`)
		}
		return answered("")
	})
	w := newWorld(t, setup{})
	w.autocreate(url.Values{})
	w.askFirst(h.URL+"/pre", "onConversationAdd", "onParticipantAdd", "onMessageAdd")
	w.strangerWrites("SM00000000000000000000000000000001", "refuse")
	eventually(t, func() bool { return len(w.unrouted()) == 1 }, "it is shown as rejected")
	assert.Empty(t, w.conversationsOf(stranger))
	w.strangerWrites("SM00000000000000000000000000000002", "hello")
	eventually(t, func() bool { return len(w.conversationsOf(stranger)) == 1 }, "a conversation is made")
	sid := w.conversationsOf(stranger)[0]
	c, err := w.api.FetchConversation(sid)
	require.NoError(t, err)
	assert.Equal(t, "from "+stranger, *c.FriendlyName)
	var steps []string
	for _, call := range h.heard()[1:] {
		steps = append(steps, call.form.Get("EventType"))
		if call.form.Get("EventType") != "onConversationAdd" {
			assert.Equal(t, sid, call.form.Get("ConversationSid"), "it is told which conversation it will be")
		}
	}
	assert.Equal(t, []string{"onConversationAdd", "onParticipantAdd", "onMessageAdd"}, steps)
	assert.Equal(t, smsProxy, h.heard()[1].form.Get("MessagingBinding.ProxyAddress"))
}

// "Conversations will publish the change unmodified after a timeout of 5 seconds"
// (page 33), and at once where nobody listens. The real timeout runs out here once.
func TestAPreActionWebhookThatDoesNotAnswerChangesNothing(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connections are made, and nobody speaks
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	w := newWorld(t, setup{})
	conversation := w.converse()
	messages := "/v1/Conversations/" + conversation + "/Messages"

	w.askFirst(gone.URL+"/?secret=1", "onMessageAdd")
	status, shown := w.judged(http.MethodPost, messages, url.Values{"Body": {"first"}})
	require.Equal(t, http.StatusCreated, status)
	assert.Equal(t, "first", shown.Body)

	w.askFirst("http://"+silent.Addr().String()+"/?secret=1", "onMessageAdd")
	begin := time.Now()
	w.aliceWrites("SM00000000000000000000000000000001", "second")
	eventually(t, func() bool { return len(w.messages(conversation)) == 2 }, "it is published after the timeout")
	assert.GreaterOrEqual(t, time.Since(begin), 4900*time.Millisecond)
	assert.Equal(t, 2, strings.Count(w.Log(), "a pre-action webhook gave no answer"))
	assert.Contains(t, w.Log(), silent.Addr().String())
	assert.NotContains(t, w.Log(), "secret")
}

// somebody is one of many people on SMS.
func somebody(n int) string { return fmt.Sprintf("+1555%07d", 3000000+n) }

// everybodyWrites has so many people write their first message, each of whom gets a
// conversation of their own.
func (w *world) everybodyWrites(people int) {
	w.t.Helper()
	var writing errgroup.Group
	writing.SetLimit(16)
	for n := range people {
		writing.Go(func() error {
			status, err := w.twilio.Post(w.t.Context(), w.URL+"/hooks/sms-main", fakecarrier.Message{
				ID: fmt.Sprintf("SM%032x", 1_000_000+n), From: somebody(n), To: smsProxy, Body: "hello",
			})
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("the hook answered %d", status)
			}
			return err
		})
	}
	require.NoError(w.t, writing.Wait())
}

// appended waits until so many messages are in their conversations.
func (w *world) appended(want int, longest time.Duration) {
	w.t.Helper()
	line := `bridged_inbound_routed_total{channel="sms-main",result="appended"}`
	for deadline := time.Now().Add(longest); ; time.Sleep(10 * time.Millisecond) {
		var have float64
		_, _ = fmt.Sscan(w.metric(line), &have)
		if int(have) >= want {
			return
		}
		require.True(w.t, time.Now().Before(deadline), "%v of %d are in their conversations", have, want)
	}
}

// "A slow pre-hook of one conversation never delays another's." Alice has a line of
// messages, and the webhook is silent about each of them for the whole 5 seconds.
// Everybody else's are through long before the end of her line. BRIDGED_LONG=1 makes it
// 10,000 people.
func TestASlowPreActionWebhookDelaysItsOwnConversationOnly(t *testing.T) {
	t.Parallel()
	people, line := 300, 20
	if os.Getenv("BRIDGED_LONG") != "" {
		people, line = 10_000, 100
	}
	end := make(chan struct{})
	h := newWebhook(t, func(_ string, form url.Values) (int, string, string) {
		if form.Get("Author") == alice {
			<-end
		}
		return answered(`{"body":"seen"}`)
	})
	w := newWorld(t, setup{})
	t.Cleanup(func() { close(end) }) // before the daemon and the webhook stop, which would wait
	w.converse()
	w.autocreate(url.Values{})
	w.askFirst(h.URL+"/pre", "onMessageAdd")
	for n := range line {
		w.aliceWrites(fmt.Sprintf("SM%032x", n), "slow")
	}
	begin := time.Now()
	w.everybodyWrites(people)
	w.appended(people, 10*patience)
	took := time.Since(begin)
	t.Logf("%d conversations in %s", people, took)
	assert.Less(t, len(w.cloud.Sent()), line, "Alice's line is not through yet")
}

// Where the webhook is slow for all, its answers are waited for side by side: many
// more at once than tasks are in flight. BRIDGED_LONG=1 makes it 4,000 people.
func TestAPreActionWebhookThatIsSlowForAllIsAskedSideBySide(t *testing.T) {
	t.Parallel()
	people, slow := 400, time.Second
	if os.Getenv("BRIDGED_LONG") != "" {
		people, slow = 4_000, 2*time.Second
	}
	h := newWebhook(t, func(string, url.Values) (int, string, string) {
		time.Sleep(slow)
		return answered("")
	})
	w := newWorld(t, setup{})
	w.autocreate(url.Values{})
	w.askFirst(h.URL+"/pre", "onMessageAdd")
	begin := time.Now()
	w.everybodyWrites(people)
	w.appended(people, 10*patience)
	took := time.Since(begin)
	t.Logf("%d answers that take %s each in %s", people, slow, took)
	const inFlight = 128
	if !raceEnabled && !storedElsewhere(w) {
		assert.Less(t, took, slow*time.Duration(people)/inFlight, "in turns of %d it would take as long", inFlight)
	}
}

// storedElsewhere says whether the world's database is a server's.
func storedElsewhere(w *world) bool { return w.place != nil }
