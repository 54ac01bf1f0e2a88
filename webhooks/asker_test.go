package webhooks_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/conversations"
	"bridged/webhooks"
)

const (
	ownService   = conversations.ServiceID("000000000000000000000000000000aa")
	otherService = conversations.ServiceID("000000000000000000000000000000bb")
)

// book is where an Asker reads the webhooks.
type book struct {
	mu       sync.Mutex
	account  conversations.Webhooks
	services map[conversations.ServiceID]conversations.Webhooks
	err      error
	reads    int
	before   func() // runs before a read ends
}

func (b *book) read(context.Context) (conversations.Webhooks, map[conversations.ServiceID]conversations.Webhooks, error) {
	b.mu.Lock()
	account, services, err, before := b.account, b.services, b.err, b.before
	b.reads++
	b.mu.Unlock()
	if before != nil {
		before()
	}
	return account, services, err
}

func (b *book) write(w conversations.Webhooks) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.account = w
}

// teller answers in the stead of a webhook.
type teller struct {
	answer webhooks.Answer
	err    error

	method, target, token string
	form                  url.Values
	calls                 int
}

func (f *teller) Tell(_ context.Context, method, target string, form url.Values, token string) (webhooks.Answer, error) {
	f.calls++
	f.method, f.target, f.form, f.token = method, target, form, token
	return f.answer, f.err
}

func hook(url string, filters ...conversations.EventType) conversations.Webhooks {
	return conversations.Webhooks{PreURL: url, Filters: filters}
}

func proposal(t conversations.EventType) conversations.Proposal {
	body := "hello"
	return conversations.Proposal{
		Type: t, Scene: conversations.Scene{Service: ownService}, Source: conversations.SourceAPI, Token: "token",
		Conversation: "000000000000000000000000000000cc",
		Resource:     conversations.Resource{Message: &conversations.Message{Author: "ada", Body: &body, Attributes: "{}"}},
	}
}

// Contract 19, and page 12: only what the filters name is asked about.
func TestWhoIsAsked(t *testing.T) {
	t.Parallel()
	const add, remove = conversations.MessageAdd, conversations.MessageRemove
	for name, c := range map[string]struct {
		account  conversations.Webhooks
		services map[conversations.ServiceID]conversations.Webhooks
		asked    string // who is asked about add
		nobody   bool   // wants to be asked about anything
	}{
		"nobody":               {nobody: true},
		"the account":          {account: hook("https://account.example", add), asked: "https://account.example"},
		"not about this":       {account: hook("https://account.example", remove)},
		"told, but not asked":  {account: conversations.Webhooks{PostURL: "https://account.example", Filters: []conversations.EventType{add}}, nobody: true},
		"only what has been":   {account: hook("https://account.example", conversations.MessageAdded), nobody: true},
		"without a filter":     {account: hook("https://account.example"), nobody: true},
		"the service's own":    {hook("https://account.example", add), map[conversations.ServiceID]conversations.Webhooks{ownService: hook("https://own.example", add)}, "https://own.example", false},
		"not by the service":   {hook("https://account.example", add), map[conversations.ServiceID]conversations.Webhooks{ownService: hook("", add)}, "", false},
		"another service's":    {conversations.Webhooks{}, map[conversations.ServiceID]conversations.Webhooks{otherService: hook("https://other.example", add)}, "", false},
		"the account, besides": {hook("https://account.example", add), map[conversations.ServiceID]conversations.Webhooks{otherService: hook("", add)}, "https://account.example", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, f := &book{account: c.account, services: c.services}, &teller{answer: webhooks.Answer{Status: 200}}
			a := webhooks.NewAsker(webhooks.AskerConfig{AccountSID: "AC1", Client: f, Webhooks: b.read})
			wants, err := a.Asks(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.nobody, wants == nil)
			assert.Equal(t, c.asked != "", wants != nil && wants(ownService, add))
			_, err = a.Before(t.Context(), proposal(add))
			require.NoError(t, err)
			assert.Equal(t, c.asked, f.target)
			if c.asked != "" {
				assert.Equal(t, "POST", f.method, "unless another is set")
				assert.Equal(t, "token", f.token)
				assert.Equal(t, "onMessageAdd", f.form.Get("EventType"))
				assert.Equal(t, "hello", f.form.Get("Body"))
				assert.Equal(t, "AC1", f.form.Get("AccountSid"))
			}
		})
	}
}

// Page 33, "Using Pre-Action Webhooks to Modify or Reject Changes".
func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	ok := func(body string) webhooks.Answer { return webhooks.Answer{Status: 200, Body: []byte(body)} }
	text := func(s string) *string { return &s }
	const message, conversation = conversations.MessageAdd, conversations.ConversationUpdate
	for name, c := range map[string]struct {
		event   conversations.EventType
		answer  webhooks.Answer
		err     error
		want    conversations.Amendment
		refused conversations.Fault
		warned  bool
	}{
		"nothing":                 {event: message, answer: ok("")},
		"nothing but space":       {event: message, answer: ok(" \r\n")},
		"an empty object":         {event: message, answer: ok("{}")},
		"no content":              {event: message, answer: webhooks.Answer{Status: 204}},
		"one field":               {event: message, answer: ok(`{"body":"seen"}`), want: conversations.Amendment{Body: text("seen")}},
		"all fields":              {event: conversations.MessageUpdate, answer: ok(`{"body":"b","author":"a","attributes":"{}","more":1}`), want: conversations.Amendment{Body: text("b"), Author: text("a"), Attributes: text("{}")}},
		"null":                    {event: message, answer: ok(`{"body":null}`)},
		"a name":                  {event: conversation, answer: ok(`{"friendly_name":"n","body":7}`), want: conversations.Amendment{FriendlyName: text("n")}},
		"a new one's name":        {event: conversations.ConversationAdd, answer: ok(`{"friendly_name":""}`), want: conversations.Amendment{FriendlyName: text("")}},
		"what cannot be modified": {event: conversations.ParticipantAdd, answer: ok(`{"body":7,"friendly_name":7}`)},
		"a number for a text":     {event: message, answer: ok(`{"body":7}`), refused: conversations.InvalidParameter},
		"a NUL character":         {event: message, answer: ok(`{"body":"a\u0000b"}`), refused: conversations.InvalidParameter},
		"attributes as JSON":      {event: message, answer: ok(`{"attributes":{"a":1}}`), refused: conversations.InvalidParameter},
		"400":                     {event: message, answer: webhooks.Answer{Status: 400, Body: []byte(`{"body":"seen"}`)}, refused: conversations.ChangeRefused},
		"599":                     {event: conversations.UserUpdate, answer: webhooks.Answer{Status: 599}, refused: conversations.ChangeRefused},
		"403 that was cut off":    {event: message, answer: webhooks.Answer{Status: 403}, err: errors.New("cut off"), refused: conversations.ChangeRefused},
		"no answer":               {event: message, err: errors.New("timeout"), warned: true},
		"200 that was cut off":    {event: message, answer: ok(`{"body":"se`), err: errors.New("cut off"), warned: true},
		"a redirect elsewhere":    {event: message, answer: webhooks.Answer{Status: 302}, warned: true},
		"no JSON":                 {event: message, answer: ok("OK"), warned: true},
		"too long, but for space": {event: message, answer: webhooks.Answer{Status: 200, Body: []byte(`{"body":"seen"}` + "    "), TooLong: true}, warned: true},
		"too long, and refused":   {event: message, answer: webhooks.Answer{Status: 403, TooLong: true}, refused: conversations.ChangeRefused},
		"a list":                  {event: message, answer: ok(`["body"]`), warned: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			b := &book{account: hook("https://user:password@hook.example/path?secret=1", c.event)}
			a := webhooks.NewAsker(webhooks.AskerConfig{
				Client: &teller{answer: c.answer, err: c.err}, Webhooks: b.read, Log: slog.New(slog.NewTextHandler(&log, nil)),
			})
			got, err := a.Before(t.Context(), proposal(c.event))
			assert.Equal(t, c.want, got)
			if c.refused != "" {
				assert.True(t, c.refused.Is(err), "%v", err)
			} else {
				require.NoError(t, err)
			}
			assert.Equal(t, c.warned, strings.Contains(log.String(), "level=WARN"))
			assert.NotContains(t, log.String(), "secret")
			assert.NotContains(t, log.String(), "password")
		})
	}
}

// A caller who has gone away gets no change made, and a store that cannot be read is
// no permission.
func TestAQuestionThatIsCutOffIsNoAnswer(t *testing.T) {
	t.Parallel()
	b := &book{account: hook("https://hook.example", conversations.MessageAdd)}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a := webhooks.NewAsker(webhooks.AskerConfig{Client: &teller{err: errors.New("cut off")}, Webhooks: b.read})
	_, err := a.Before(ctx, proposal(conversations.MessageAdd))
	require.ErrorIs(t, err, context.Canceled)
	b.err = conversations.ErrUnavailable
	a.Changed()
	_, err = a.Asks(t.Context())
	require.ErrorIs(t, err, conversations.ErrUnavailable)
	_, err = a.Before(t.Context(), proposal(conversations.MessageAdd))
	require.ErrorIs(t, err, conversations.ErrUnavailable)
}

// The webhooks are read when they have changed here, and each second where others
// may change them.
func TestTheWebhooksAreReadWhenTheyMayHaveChanged(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{false, true} {
		b := &book{}
		now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
		a := webhooks.NewAsker(webhooks.AskerConfig{Webhooks: b.read, Shared: shared, Now: func() time.Time { return now }})
		asks := func() bool {
			wants, err := a.Asks(t.Context())
			require.NoError(t, err)
			return wants != nil
		}
		assert.False(t, asks())
		b.write(hook("https://hook.example", conversations.MessageAdd))
		assert.False(t, asks())
		assert.Equal(t, 1, b.reads)
		now = now.Add(time.Second)
		assert.Equal(t, shared, asks(), "within a second")
		a.Changed()
		assert.True(t, asks(), "at once")

		// What changes while it is read is not missed.
		b.before = func() {
			b.before = nil
			b.write(conversations.Webhooks{})
			a.Changed()
		}
		a.Changed()
		assert.True(t, asks(), "as it was read")
		assert.False(t, asks())
	}
}

// Many may ask at once, and one of them reads.
func TestTheWebhooksAreReadOnceForAll(t *testing.T) {
	t.Parallel()
	b := &book{}
	a := webhooks.NewAsker(webhooks.AskerConfig{Webhooks: b.read})
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			_, err := a.Asks(t.Context())
			assert.NoError(t, err)
		})
	}
	wait.Wait()
	assert.Equal(t, 1, b.reads)
}

// Over HTTP: the reference's 5 seconds, here shorter, and a refused connection.
func TestAWebhookThatDoesNotAnswerChangesNothing(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		asked.Add(1)
		<-hang
	}))
	defer server.Close()
	defer close(hang)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, target := range []string{server.URL, gone.URL} {
		b := &book{account: hook(target, conversations.MessageAdd)}
		client := webhooks.NewClient(webhooks.ClientConfig{AuthToken: func() string { return "secret" }, Timeout: 50 * time.Millisecond})
		a := webhooks.NewAsker(webhooks.AskerConfig{Client: client, Webhooks: b.read})
		got, err := a.Before(t.Context(), proposal(conversations.MessageAdd))
		require.NoError(t, err)
		assert.Equal(t, conversations.Amendment{}, got)
	}
	assert.Positive(t, asked.Load())
}

// A server that closes a connection which was kept is asked again on another one: a
// change must not slip past it because of that.
func TestAConnectionThatWasKeptAndIsClosedIsNoAnswer(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if asked.Add(1) == 2 {
			connection, _, err := http.NewResponseController(w).Hijack()
			if assert.NoError(t, err) {
				assert.NoError(t, connection.Close())
			}
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	b := &book{account: hook(server.URL+"/#rc=0", conversations.MessageAdd)}
	client := webhooks.NewClient(webhooks.ClientConfig{AuthToken: func() string { return "secret" }, HTTPClient: server.Client()})
	a := webhooks.NewAsker(webhooks.AskerConfig{Client: client, Webhooks: b.read})
	for range 2 {
		_, err := a.Before(t.Context(), proposal(conversations.MessageAdd))
		assert.True(t, conversations.ChangeRefused.Is(err), "%v", err)
	}
	assert.EqualValues(t, 3, asked.Load())
}

// Where nobody is asked the relay pays next to nothing for it.
func BenchmarkAsksNobody(b *testing.B) {
	a := webhooks.NewAsker(webhooks.AskerConfig{Webhooks: (&book{}).read, Shared: true})
	for b.Loop() {
		if wants, err := a.Asks(b.Context()); wants != nil || err != nil {
			b.Fatal("somebody is asked")
		}
	}
}
