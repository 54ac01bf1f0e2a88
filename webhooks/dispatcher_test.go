package webhooks_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/conversations"
	"bridged/webhooks"
)

const (
	service = conversations.ServiceID("00000000000000000000000000000001")
	talk    = conversations.ConversationID("00000000000000000000000000000002")
	scoped  = conversations.WebhookID("00000000000000000000000000000003")
)

// listeners is where everybody listens, over maps.
type listeners struct {
	configuration conversations.Configuration
	services      map[conversations.ServiceID]conversations.Service
	sites         map[conversations.ConversationID]conversations.HookSite
	messages      []conversations.Message
	fail          error
}

func (l *listeners) Configuration(context.Context) (conversations.Configuration, error) {
	return l.configuration, l.fail
}

func (l *listeners) Service(_ context.Context, id conversations.ServiceID) (conversations.Service, error) {
	if s, ok := l.services[id]; ok {
		return s, l.fail
	}
	return conversations.Service{}, conversations.Refuse(conversations.NotFound, "no such service")
}

func (l *listeners) HookSites(context.Context, []conversations.ConversationID) (map[conversations.ConversationID]conversations.HookSite, error) {
	return l.sites, l.fail
}

func (l *listeners) MessagesBetween(_ context.Context, _ conversations.ConversationID, r conversations.Replay, limit int) (list []conversations.Message, err error) {
	for _, m := range l.messages {
		if m.Index >= r.From && m.Index < r.Until && len(list) < limit {
			list = append(list, m)
		}
	}
	return list, l.fail
}

// server answers calls.
type server struct {
	answer   func(form url.Values) (int, error)
	answerAt func(to string) (int, error) // in the place of answer

	mu    sync.Mutex
	calls []call
}

type call struct {
	method, url, token string
	form               url.Values
}

func (s *server) Tell(_ context.Context, method, to string, form url.Values, token string) (webhooks.Answer, error) {
	s.mu.Lock()
	s.calls = append(s.calls, call{method, to, token, form})
	s.mu.Unlock()
	status, err := http.StatusOK, error(nil)
	switch {
	case s.answerAt != nil:
		status, err = s.answerAt(to)
	case s.answer != nil:
		status, err = s.answer(form)
	}
	return webhooks.Answer{Status: status}, err
}

// callsOf are the calls of a URL.
func (s *server) callsOf(to string) (list []call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.url == to {
			list = append(list, c)
		}
	}
	return list
}

// world is a dispatcher whose clock stands still.
type world struct {
	*webhooks.Dispatcher
	listeners *listeners
	server    *server
	now       time.Time
	hurried   map[conversations.WebhookListener]bool
}

func newWorld() *world { return newWorldWith(func(*webhooks.DispatcherConfig) {}) }

// newWorldWith is a world whose dispatcher is configured otherwise.
func newWorldWith(change func(*webhooks.DispatcherConfig)) *world {
	w := &world{
		listeners: &listeners{
			configuration: conversations.Configuration{Webhooks: conversations.Webhooks{PostURL: "https://example.com/account?a=b#rt=1"}},
			services: map[conversations.ServiceID]conversations.Service{
				service: {ID: service, Webhooks: &conversations.Webhooks{PostURL: "https://example.com/service", Method: http.MethodGet}},
			},
			sites: map[conversations.ConversationID]conversations.HookSite{},
		},
		server: &server{}, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	}
	cfg := webhooks.DispatcherConfig{
		Account: account, Client: w.server, Listeners: w.listeners, Flows: map[string]string{"FW1": "https://example.com/flow"},
		RetryFor: time.Hour, Now: func() time.Time { return w.now }, Jitter: func() float64 { return 1 },
		Hurry: func(l map[conversations.WebhookListener]bool) { w.hurried = l },
	}
	change(&cfg)
	w.Dispatcher = webhooks.NewDispatcher(cfg)
	return w
}

func (w *world) notice(l conversations.WebhookListener) conversations.Notice {
	n := conversations.Notice{
		Listener: l, Conversation: talk, Event: conversations.MessageAdded,
		At: w.now, Since: w.now, Token: "token", Form: "Body=hello&EventType=onMessageAdded",
	}
	switch l[:2] {
	case "IS":
		n.Service = service
	case "WH":
		n.Webhook = scoped
	}
	return n
}

func (w *world) scope(h conversations.Webhook) {
	h.ID, h.Conversation = scoped, talk
	w.listeners.sites[talk] = conversations.HookSite{Webhooks: []conversations.Webhook{h}}
}

func TestListenersAreCalledWhereTheyAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		listener    conversations.WebhookListener
		webhook     conversations.Webhook
		method, url string
	}{
		"an account": {listener: account, method: "POST", url: "https://example.com/account?a=b#rt=1"},
		"a service":  {listener: conversations.ServiceListener(service), method: "GET", url: "https://example.com/service"},
		"a webhook": {
			listener: conversations.ScopedListener(scoped), method: "GET", url: "https://example.com/one",
			webhook: conversations.Webhook{Target: conversations.TargetWebhook, URL: "https://example.com/one", Method: "GET"},
		},
		"a flow": {
			listener: conversations.ScopedListener(scoped), method: "POST", url: "https://example.com/flow",
			webhook: conversations.Webhook{Target: conversations.TargetStudio, Flow: "FW1", Method: "GET"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.scope(c.webhook)
			assert.Equal(t, conversations.Telling{Over: true}, w.Tell(t.Context(), w.notice(c.listener), 3))
			require.Len(t, w.server.calls, 1)
			got := w.server.calls[0]
			assert.Equal(t, []string{c.method, c.url, "token"}, []string{got.method, got.url, got.token})
			assert.Equal(t, url.Values{"Body": {"hello"}, "EventType": {"onMessageAdded"}, "RetryCount": {"3"}}, got.form)
		})
	}
}

func TestWhoListensNoMoreIsNotCalled(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.listeners.configuration.Webhooks.PostURL = ""
	w.listeners.services = nil
	for _, l := range []conversations.WebhookListener{account, conversations.ServiceListener(service), conversations.ScopedListener(scoped)} {
		assert.Equal(t, conversations.Telling{Over: true}, w.Tell(t.Context(), w.notice(l), 0), l)
	}
	assert.Empty(t, w.server.calls)
}

func TestWhereListenersCannotBeLookedUpNothingIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.listeners.fail = errors.New("the disk is gone")
	assert.Equal(t, conversations.Telling{Wait: time.Second}, w.Tell(t.Context(), w.notice(account), 0))
	assert.Empty(t, w.server.calls)
}

func TestAFailureIsTriedAgainWithGrowingPauses(t *testing.T) {
	t.Parallel()
	for attempts, want := range map[int]time.Duration{0: time.Second, 1: 2 * time.Second, 5: 32 * time.Second, 9: 5 * time.Minute, 60: 5 * time.Minute} {
		w := newWorld()
		w.server.answer = func(url.Values) (int, error) { return http.StatusTeapot, nil }
		assert.Equal(t, conversations.Telling{Failed: true, Wait: want}, w.Tell(t.Context(), w.notice(account), attempts))
	}
}

func TestAListenerThatFailsIsLeftAloneUntilItWorks(t *testing.T) {
	t.Parallel()
	w := newWorld()
	down := true
	w.server.answer = func(url.Values) (int, error) {
		if down {
			return 0, errors.New("connection refused")
		}
		return http.StatusOK, nil
	}
	for range 5 {
		assert.True(t, w.Tell(t.Context(), w.notice(account), 0).Failed)
	}
	told := w.Tell(t.Context(), w.notice(account), 0)
	assert.Equal(t, conversations.Telling{Wait: time.Second}, told, "it is not called")
	assert.Len(t, w.server.calls, 5)
	assert.True(t, w.Tell(t.Context(), w.notice(conversations.ServiceListener(service)), 0).Failed, "another is, and fails by itself")

	late := w.notice(account)
	late.Since = w.now.Add(-time.Hour - 1)
	assert.Equal(t, "not called: it had failed again and again for 1h0m0s: connection refused", w.Tell(t.Context(), late, 0).GivenUp)

	w.now, down = w.now.Add(time.Second), false
	assert.Equal(t, conversations.Telling{Over: true}, w.Tell(t.Context(), w.notice(account), 0))
	assert.Equal(t, map[conversations.WebhookListener]bool{account: true}, w.hurried, "what was set aside is tried at once")
}

func TestWhatFailedForTooLongIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.server.answer = func(url.Values) (int, error) { return http.StatusBadGateway, nil }
	n := w.notice(account)
	w.now = w.now.Add(59 * time.Minute)
	assert.Equal(t, conversations.Telling{Failed: true, Wait: time.Minute}, w.Tell(t.Context(), n, 20), "not later than it is given up")
	w.now = w.now.Add(time.Minute + 1)
	assert.Equal(t, "tried 22 times for 1h0m0s: the webhook at example.com answered 502", w.Tell(t.Context(), n, 21).GivenUp)
	w.now = w.now.Add(24 * time.Hour)
	w.server.answer = nil
	assert.True(t, w.Tell(t.Context(), n, 0).Over, "what could not be tried is tried once at least")
}

// Page 11: "For type studio, number of times to retry the webhook request".
func TestAFlowIsCalledAgainAsOftenAsItsAddressSays(t *testing.T) {
	t.Parallel()
	n := newWorld().notice(conversations.ScopedListener(scoped))
	for name, c := range map[string]struct{ retries, attempts, calls int }{
		"not yet often enough":  {retries: 2, attempts: 1},
		"as often as it may be": {retries: 2, attempts: 2, calls: 3},
		"it was lowered since":  {retries: 1, attempts: 2, calls: 3},
		"nothing is said":       {retries: 0, attempts: 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.scope(conversations.Webhook{Target: conversations.TargetStudio, Flow: "FW1", Retries: c.retries})
			w.server.answer = func(url.Values) (int, error) { return http.StatusBadGateway, nil }
			told := w.Tell(t.Context(), n, c.attempts)
			assert.Equal(t, c.calls == 0, told.Failed)
			if c.calls > 0 {
				want := fmt.Sprintf("tried %d times, as StudioRetryCount says: the webhook at example.com answered 502", c.calls)
				assert.Equal(t, conversations.Telling{GivenUp: want}, told)
			}
		})
	}
}

func TestAReplayGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.scope(conversations.Webhook{Target: conversations.TargetTrigger, URL: "https://example.com/one", Method: "POST", Triggers: []string{"word"}})
	for n := range int64(50) {
		body := "a word"
		if n%10 == 0 {
			body = "words"
		}
		w.listeners.messages = append(w.listeners.messages, conversations.Message{
			ID: conversations.MessageID(fmt.Sprint(n)), Conversation: talk, Index: n, Body: &body, Attributes: "{}",
		})
	}
	failOnce := true
	w.server.answer = func(f url.Values) (int, error) {
		if f.Get("Index") == "33" && failOnce {
			failOnce = false
			return http.StatusServiceUnavailable, nil
		}
		return http.StatusOK, nil
	}
	n := w.notice(conversations.ScopedListener(scoped))
	n.Replay = &conversations.Replay{From: 5, Until: 45}
	for steps := 0; ; steps++ {
		require.Less(t, steps, 10)
		told := w.Tell(t.Context(), n, 0)
		if told.Rest != nil {
			n = *told.Rest
		}
		if told.Over {
			break
		}
		require.NotNil(t, told.Rest)
	}
	var heard []string
	tokens := map[string]string{}
	for _, c := range w.server.calls {
		index := c.form.Get("Index")
		heard = append(heard, index)
		if before, again := tokens[index]; again {
			assert.Equal(t, before, c.token)
		}
		tokens[index] = c.token
	}
	var want []string
	for i := 5; i < 45; i++ {
		if i%10 != 0 {
			want = append(want, fmt.Sprint(i))
		}
		if i == 33 {
			want = append(want, "33")
		}
	}
	assert.Equal(t, want, heard)
}

// However listeners fail, each hears of a conversation's events in their order, and of
// each at least once.
func TestOrderHoldsThroughFailures(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		healthy := rapid.IntRange(20, 100).Draw(t, "percent that are taken")
		w.server.answer = func(url.Values) (int, error) {
			switch drawn := rapid.IntRange(0, 99).Draw(t, "answer"); {
			case drawn < healthy:
				return http.StatusOK, nil
			case drawn%2 == 0:
				return 0, errors.New("no answer")
			}
			return http.StatusInternalServerError, nil
		}
		type line struct {
			notices  []conversations.Notice
			attempts int
			due      time.Time
		}
		var lines []*line
		for l := range rapid.IntRange(1, 4).Draw(t, "lines") {
			list := &line{due: w.now}
			for e := range rapid.IntRange(1, 6).Draw(t, "events") {
				n := w.notice(account)
				n.Since = w.now.Add(time.Hour) // it is never too late
				n.Form = url.Values{"Line": {fmt.Sprint(l)}, "Event": {fmt.Sprint(e)}}.Encode()
				list.notices = append(list.notices, n)
			}
			lines = append(lines, list)
		}
		for step := 0; len(lines) > 0; step++ {
			if step > 10_000 {
				t.Fatal("it does not end")
			}
			which := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
			l := lines[which]
			if w.now.Before(l.due) {
				w.now = l.due
			}
			told := w.Tell(context.Background(), l.notices[0], l.attempts)
			l.due = w.now.Add(told.Wait)
			switch {
			case told.Over:
				l.notices, l.attempts = l.notices[1:], 0
			case told.Failed:
				l.attempts++
			case told.GivenUp != "":
				t.Fatal("it is given up: " + told.GivenUp)
			case told.Wait <= 0:
				t.Fatal("it spins")
			}
			if len(l.notices) == 0 {
				lines = append(lines[:which], lines[which+1:]...)
			}
		}
		last := map[string]string{}
		for _, c := range w.server.calls {
			l, e := c.form.Get("Line"), c.form.Get("Event")
			if before, ok := last[l]; ok && before > e {
				t.Fatalf("event %s of line %s came after %s", e, l, before)
			}
			last[l] = e
		}
	})
}
