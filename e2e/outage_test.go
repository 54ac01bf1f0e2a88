package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
)

// application is a server that hears of events. It can be down, and come back at the
// same address.
type application struct {
	t       *testing.T
	address string
	server  *http.Server

	mu     sync.Mutex
	events map[string][]heardEvent // by conversation
	total  int
}

type heardEvent struct {
	token, body string
	retry       int
}

// newApplication finds an address for one, which is down.
func newApplication(t *testing.T) *application {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	a := &application{t: t, address: l.Addr().String(), events: make(map[string][]heardEvent)}
	require.NoError(t, l.Close())
	return a
}

// start brings it up.
func (a *application) start() {
	a.t.Helper()
	l, err := net.Listen("tcp", a.address)
	require.NoError(a.t, err)
	a.server = &http.Server{Handler: a}
	go func() { _ = a.server.Serve(l) }()
	a.t.Cleanup(func() { _ = a.server.Close() })
}

func (a *application) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	if !assert.NoError(a.t, r.ParseForm()) {
		return
	}
	retry, err := strconv.Atoi(r.Form.Get("RetryCount"))
	assert.NoError(a.t, err)
	a.mu.Lock()
	defer a.mu.Unlock()
	c := r.Form.Get("ConversationSid")
	a.events[c] = append(a.events[c], heardEvent{r.Header.Get("I-Twilio-Idempotency-Token"), r.Form.Get("Body"), retry})
	a.total++
}

// texts are those that a conversation's listeners heard, each once. What was heard
// again must have the same token, and not come after something newer... but where the
// process was killed in between.
func (a *application) texts(conversation string) (list []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	tokens := map[string]string{}
	for _, e := range a.events[conversation] {
		if before, again := tokens[e.token]; again {
			assert.Equal(a.t, before, e.body, "a token is of one event")
			continue
		}
		tokens[e.token] = e.body
		list = append(list, e.body)
	}
	return list
}

func (a *application) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.total
}

// An application is down for the whole of a run, and the daemon is killed in between:
// everything arrives afterwards, in the order of each conversation, and what arrives
// twice has the same token. BRIDGED_LONG=1 has it miss 10,000 events.
func TestAnApplicationThatWasDownMissesNothing(t *testing.T) {
	t.Parallel()
	events := 1000
	if os.Getenv("BRIDGED_LONG") != "" {
		events = 10_000
	}
	const people = 20
	a := newApplication(t)
	w := newWorld(t, setup{})
	w.hook("http://"+a.address+"/events", "onMessageAdded")
	conversations := make([]string, people)
	for i := range conversations {
		conversations[i] = w.conversation()
		w.join(conversations[i], fmt.Sprintf("+1555030%04d", i), smsProxy)
	}
	next := make([]int, people)
	write := func(url string, until int) {
		var writing sync.WaitGroup
		for i := range people {
			writing.Go(func() {
				for ; next[i] < until; next[i]++ {
					status, err := w.twilio.Post(t.Context(), url+"/hooks/sms-main", fakecarrier.Message{
						ID: fakecarrier.NewSID(), From: fmt.Sprintf("+1555030%04d", i), To: smsProxy, Body: fmt.Sprintf("event %d", next[i]),
					})
					if err != nil || status != http.StatusOK {
						assert.Fail(t, "it is not accepted", "%d %v", status, err)
						return
					}
				}
			})
		}
		writing.Wait()
	}
	each := events / people
	write(w.URL, each/2)
	require.NoError(t, w.Kill())
	w.start()
	write(w.URL, each)
	eventually(t, func() bool { return w.metric("bridged_webhook_backlog") == strconv.Itoa(events) }, "all waits")
	require.NoError(t, w.Kill())
	w.start()
	a.start()
	eventually(t, func() bool { return a.count() >= events/4 }, "some arrives")
	require.NoError(t, w.Kill())
	w.start()
	want := make([]string, each)
	for n := range want {
		want[n] = fmt.Sprintf("event %d", n)
	}
	for _, c := range conversations {
		eventually(t, func() bool { return len(a.texts(c)) >= each }, "all arrives, not %d of %d", len(a.texts(c)), each)
		assert.Equal(t, want, a.texts(c))
	}
	eventually(t, func() bool { return w.metric("bridged_webhook_backlog") == "0" }, "nothing waits")
}

// One application hangs until its client gives up; another hears everything at once.
func TestAnApplicationThatHangsDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	hung := newWebhook(t, func(string, url.Values) (int, string, string) {
		<-ctx.Done()
		return http.StatusOK, "text/plain", ""
	})
	t.Cleanup(cancel) // before it is closed
	a := newApplication(t)
	a.start()
	w := newWorld(t, setup{})
	w.hook(hung.URL+"/hung", "onMessageAdded")
	service := w.serviceHook("http://"+a.address+"/", "onMessageAdded")
	const conversations, each = 30, 3
	for range conversations {
		other, own := w.conversation(), w.conversationIn(service)
		for n := range each {
			text := fmt.Sprintf("event %d", n)
			w.says(other, text)
			require.Equal(t, http.StatusCreated, w.say(service, own, text))
		}
	}
	start := time.Now()
	eventually(t, func() bool { return a.count() == conversations*each }, "the other hears all")
	assert.Less(t, time.Since(start), 4*time.Second, "before a call of the first has ended")
	eventually(t, func() bool { return w.metric("bridged_webhook_backlog") == strconv.Itoa(conversations*each) }, "the first has heard nothing")
	cancel()
	eventually(t, func() bool { return w.metric("bridged_webhook_backlog") == "0" }, "it hears all")
}

// serviceHook makes a service that tells a URL of events, and returns its SID.
func (w *world) serviceHook(to string, filters ...string) string {
	w.t.Helper()
	var made struct{ SID string }
	require.Equal(w.t, http.StatusCreated, w.call(http.MethodPost, "/v1/Services", url.Values{"FriendlyName": {"its own"}}, &made))
	require.Equal(w.t, http.StatusOK, w.call(http.MethodPost, "/v1/Services/"+made.SID+"/Configuration/Webhooks",
		url.Values{"PostWebhookUrl": {to}, "Filters": filters}, nil))
	return made.SID
}

func (w *world) conversationIn(service string) string {
	w.t.Helper()
	var made struct{ SID string }
	require.Equal(w.t, http.StatusCreated, w.call(http.MethodPost, "/v1/Services/"+service+"/Conversations", url.Values{}, &made))
	return made.SID
}

// say adds a message to a service's conversation, of which the webhooks hear.
func (w *world) say(service, conversation, text string) (status int) {
	w.t.Helper()
	answer := w.request(http.MethodPost, "/v1/Services/"+service+"/Conversations/"+conversation+"/Messages",
		url.Values{"Body": {text}}, http.Header{"X-Twilio-Webhook-Enabled": {"true"}})
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// targetState is a target as GET /bridged/v1/webhooks shows it.
type targetState struct {
	Target, Kind, Method, Health string
	CalledURL                    string  `json:"called_url"`
	DateOldest                   *string `json:"date_oldest"`
	Backlog, Succeeded, Failed   int
	LastCall                     *struct {
		EventType    string `json:"event_type"`
		Status       *int
		Error        *string
		Milliseconds int
	} `json:"last_call"`
}

func (w *world) target(name string) (t targetState) {
	w.t.Helper()
	require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/webhooks/"+name, nil, &t))
	return t
}

func TestOperatorsSeeHowWebhooksGo(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	status := http.StatusInternalServerError
	h := newWebhook(t, func(string, url.Values) (int, string, string) {
		mu.Lock()
		defer mu.Unlock()
		return status, "text/plain", "thank you"
	})
	w := newWorld(t, setup{})
	require.Equal(t, http.StatusNotFound, w.call(http.MethodGet, "/bridged/v1/webhooks/"+account, nil, nil))
	host := strings.TrimPrefix(h.URL, "http://")
	w.hook("http://somebody:secret@"+host+"/events?token=secret", "onMessageAdded")
	sid := w.conversation()
	w.says(sid, "one")
	w.says(sid, "two")
	eventually(t, func() bool { return w.target(account).Failed > 0 && w.target(account).Backlog == 2 }, "it fails")
	s := w.target(account)
	assert.Equal(t, "http://somebody:xxxxx@"+host+"/events?token=xxxxx", s.CalledURL)
	assert.Equal(t, "onMessageAdded", s.LastCall.EventType)
	assert.Equal(t, http.StatusInternalServerError, *s.LastCall.Status)
	assert.Contains(t, *s.LastCall.Error, "answered 500")
	assert.NotNil(t, s.DateOldest)

	for range 6 { // many conversations, so that they need not wait for one another
		w.says(w.conversation(), "more")
	}
	eventually(t, func() bool { return w.target(account).Health == "open" }, "the breaker opens")
	mu.Lock()
	status = http.StatusNoContent
	mu.Unlock()
	var trial struct {
		CalledURL string `json:"called_url"`
		Call      struct{ Status int }
		Body      string
	}
	require.Equal(t, http.StatusOK, w.call(http.MethodPost, "/bridged/v1/webhooks/"+account+"/test", nil, &trial))
	assert.Equal(t, http.StatusNoContent, trial.Call.Status)
	heard := h.heard()
	assert.Equal(t, "true", heard[len(heard)-1].form.Get("Test"))
	require.Equal(t, http.StatusOK, w.call(http.MethodPost, "/bridged/v1/webhooks/"+account+"/resume", nil, &s))
	assert.Equal(t, "closed", s.Health)
	eventually(t, func() bool { return w.target(account).Succeeded >= 8 && w.target(account).Backlog == 0 }, "it hears all")
	var list struct{ Webhooks []targetState }
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, "/bridged/v1/webhooks", nil, &list))
	require.Len(t, list.Webhooks, 1)
	assert.Equal(t, 8, list.Webhooks[0].Succeeded, "the test is not counted")
	assert.NotEqual(t, "0", w.metric(`bridged_webhook_calls_total{outcome="told",target="account"}`))
}

// What an application does not take for longer than it is tried is put aside, and is
// told for as long again when it is redriven.
func TestWhatNoApplicationTakesIsADeadLetter(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	w := newWorld(t, setup{config: "[webhooks]\nretry_for = \"1s\"\n"})
	w.hook("http://"+a.address+"/", "onMessageAdded")
	sid := w.conversation()
	w.says(sid, "a secret")
	path := "/bridged/v1/dead-letters?Target=" + account
	var letters struct {
		Letters []json.RawMessage `json:"dead_letters"`
	}
	eventually(t, func() bool {
		require.Equal(t, http.StatusOK, w.call(http.MethodGet, path, nil, &letters))
		return len(letters.Letters) == 1
	}, "it is put aside")
	assert.NotContains(t, string(letters.Letters[0]), "secret", "what it would have heard is not shown")
	a.start()
	require.Equal(t, http.StatusAccepted, w.call(http.MethodPost, "/bridged/v1/dead-letters", url.Values{"Target": {account}}, nil))
	eventually(t, func() bool { return len(a.texts(sid)) == 1 }, "it hears it")
	assert.Equal(t, []string{"a secret"}, a.texts(sid))
	require.Equal(t, http.StatusOK, w.call(http.MethodGet, path, nil, &letters))
	assert.Empty(t, letters.Letters)
}
