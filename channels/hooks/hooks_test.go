package hooks_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/channels"
	"bridged/channels/hooks"
	"bridged/conversations"
)

const publicURL = "https://relay.example.com/base"

// carrier is a driver that was told what to say and remembers what it was asked.
type carrier struct {
	name     string
	received channels.Received
	err      error
	asked    []channels.HookRequest
}

func (c *carrier) Name() string                    { return c.name }
func (c *carrier) Type() conversations.ChannelType { return "invented" }
func (c *carrier) ParseAddress(s string) (conversations.Address, error) {
	return conversations.Address(s), nil
}

func (c *carrier) Send(context.Context, channels.Outbound) (channels.Sent, error) {
	return channels.Sent{}, nil
}

// receiver is a carrier that calls.
type receiver struct{ carrier }

func (c *receiver) ReceiveHook(r channels.HookRequest) (channels.Received, error) {
	c.asked = append(c.asked, r)
	return c.received, c.err
}

// challenger is one that verifies the URL first.
type challenger struct{ receiver }

func (c *challenger) AnswerChallenge(r channels.HookRequest) ([]byte, error) {
	c.asked = append(c.asked, r)
	return []byte("echo"), c.err
}

// acceptor remembers what it took, unless it fails.
type acceptor struct {
	messages            []conversations.Inbound
	statuses            []conversations.StatusReport
	failure, onStatuses error
}

func (a *acceptor) Accept(_ context.Context, m []conversations.Inbound) error {
	a.messages = append(a.messages, m...)
	return a.failure
}

func (a *acceptor) AcceptStatuses(_ context.Context, s []conversations.StatusReport) error {
	a.statuses = append(a.statuses, s...)
	return a.onStatuses
}

type fixture struct {
	plain     *receiver
	challenge *challenger
	acceptor  *acceptor
	log       bytes.Buffer
	observed  []string
	handler   *hooks.Handler
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		plain:     &receiver{carrier{name: "sms-main"}},
		challenge: &challenger{receiver{carrier{name: "wa-main"}}},
		acceptor:  &acceptor{},
	}
	var err error
	f.handler, err = hooks.New(hooks.Config{
		PublicURL: publicURL + "/",
		Channels:  []channels.Adapter{f.plain, f.challenge, &carrier{name: "silent"}},
		Acceptor:  f.acceptor,
		Observer: func(channel, result string, took time.Duration) {
			assert.GreaterOrEqual(t, took, time.Duration(0))
			f.observed = append(f.observed, channel+" "+result)
		},
		Logger: slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	require.NoError(t, err)
	return f
}

func (f *fixture) do(method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "somebody.else"
	f.handler.ServeHTTP(w, r)
	return w
}

func message() channels.Received {
	return channels.Received{
		Messages: []conversations.Inbound{{
			Channel: "sms-main", ProviderID: "SM1", From: "+15550001234", To: "+15017122661", Body: "the secret body",
		}},
		Statuses: []conversations.StatusReport{{
			Channel: "sms-main", ProviderID: "SM0", Status: conversations.StatusSent, Address: "+15550005678",
		}},
		ContentType: "text/xml", Reply: []byte("<Response/>"),
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.plain.received = message()
	for _, target := range []string{"/hooks/sms-main?a=b%20c", "/hooks/sms-main/status"} {
		w := f.do(http.MethodPost, target, "the secret body")
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Equal(t, "text/xml", w.Header().Get("Content-Type"))
		assert.Equal(t, "<Response/>", w.Body.String())
	}
	assert.Len(t, f.acceptor.messages, 2)
	assert.Len(t, f.acceptor.statuses, 2)
	assert.Equal(t, []string{"sms-main accepted", "sms-main accepted"}, f.observed)

	asked := f.plain.asked
	require.Len(t, asked, 2)
	assert.Equal(t, publicURL+"/hooks/sms-main?a=b%20c", asked[0].URL, "whatever the Host header")
	assert.Equal(t, []string{"b c"}, asked[0].Query["a"])
	assert.Equal(t, publicURL+"/hooks/sms-main/status", asked[1].URL)
	assert.Equal(t, "the secret body", string(asked[0].Body))

	assert.Contains(t, f.log.String(), "+1555•••1234")
	for _, secret := range []string{"secret", "5550001234", "5550005678"} {
		assert.NotContains(t, f.log.String(), secret)
	}
}

func TestNothingToStoreIsAccepted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.acceptor.failure, f.acceptor.onStatuses = errors.New("called"), errors.New("called")
	assert.Equal(t, http.StatusOK, f.do(http.MethodPost, "/hooks/sms-main", "").Code)
}

func TestRejected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		driver, store, statuses error
		status                  int
		result                  string
	}{
		"signature":   {driver: channels.ErrSignature, status: 403, result: hooks.ResultSignature},
		"malformed":   {driver: fmt.Errorf("%w: no id", channels.ErrMalformed), status: 400, result: hooks.ResultMalformed},
		"driver":      {driver: errors.New("inside"), status: 500, result: hooks.ResultFailed},
		"backlog":     {store: fmt.Errorf("x: %w", conversations.ErrBacklogFull), status: 503, result: hooks.ResultUnavailable},
		"unavailable": {store: conversations.ErrUnavailable, status: 503, result: hooks.ResultUnavailable},
		"statuses":    {statuses: conversations.ErrUnavailable, status: 503, result: hooks.ResultUnavailable},
		"store":       {store: errors.New("inside"), status: 500, result: hooks.ResultFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.plain.received, f.plain.err = message(), c.driver
			f.acceptor.failure, f.acceptor.onStatuses = c.store, c.statuses
			w := f.do(http.MethodPost, "/hooks/sms-main", "x")
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, c.status == http.StatusServiceUnavailable, w.Header().Get("Retry-After") != "")
			assert.NotContains(t, w.Body.String(), "inside")
			assert.NotContains(t, w.Body.String(), "<Response/>")
			assert.Equal(t, []string{"sms-main " + c.result}, f.observed)
			if c.driver != nil {
				assert.Empty(t, f.acceptor.messages)
				assert.Empty(t, f.acceptor.statuses)
			}
		})
	}
}

func TestUnknownChannels(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{
		"/hooks/", "/hooks/other", "/hooks/silent", "/hooks/sms-main/", "/hooks/sms-main/more",
		"/hooks/sms-main/status/", "/other",
	} {
		assert.Equal(t, http.StatusNotFound, f.do(http.MethodPost, path, "x").Code, path)
	}
	assert.Empty(t, f.plain.asked)
	assert.Equal(t, " not_found", f.observed[0], "a name that anybody can invent is no label of a metric")
}

func TestMethods(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.do(http.MethodGet, "/hooks/sms-main", "")
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.Equal(t, "POST", w.Header().Get("Allow"))
	w = f.do(http.MethodDelete, "/hooks/wa-main", "")
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.Equal(t, "GET, HEAD, POST", w.Header().Get("Allow"))
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.do(http.MethodGet, "/hooks/wa-main?hub.challenge=1", "")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "echo", w.Body.String())
	assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
	assert.Equal(t, []string{"1"}, f.challenge.asked[0].Query["hub.challenge"])

	f.challenge.err = channels.ErrSignature
	assert.Equal(t, http.StatusForbidden, f.do(http.MethodGet, "/hooks/wa-main", "").Code)
	assert.Equal(t, []string{"wa-main challenge", "wa-main signature"}, f.observed)
}

// halted is a body whose sender hangs up.
type halted struct{}

func (halted) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestBodies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	assert.Equal(t, http.StatusOK, f.do(http.MethodPost, "/hooks/sms-main", strings.Repeat("x", hooks.MaxBody)).Code)
	w := f.do(http.MethodPost, "/hooks/sms-main", strings.Repeat("x", hooks.MaxBody+1))
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)

	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/hooks/sms-main", halted{}))
	assert.Equal(t, http.StatusBadRequest, rec.Code)
	assert.Equal(t, []string{"sms-main accepted", "sms-main too_large", "sms-main malformed"}, f.observed)
	assert.Len(t, f.plain.asked, 1)
}

func TestNew(t *testing.T) {
	t.Parallel()
	_, err := hooks.New(hooks.Config{})
	require.Error(t, err)
	twice := []channels.Adapter{&receiver{carrier{name: "a"}}, &receiver{carrier{name: "a"}}}
	_, err = hooks.New(hooks.Config{Acceptor: &acceptor{}, Channels: twice})
	require.Error(t, err)

	h, err := hooks.New(hooks.Config{Acceptor: &acceptor{}, Channels: twice[:1]})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hooks/a", http.NoBody))
	assert.Equal(t, http.StatusOK, w.Code, "without observer and logger")
}

// An index of PostgreSQL takes no value beyond some 2,700 bytes: storing one
// fails each time, and the carrier would come with it again and again.
func TestTheSenselessIsRefusedAndItsNeighboursAreNot(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("9", 257)
	for name, spoil := range map[string]func(*channels.Received){
		"no sender":       func(r *channels.Received) { r.Messages[0].From = "" },
		"no receiver":     func(r *channels.Received) { r.Messages[0].To = "" },
		"no id":           func(r *channels.Received) { r.Messages[0].ProviderID = "" },
		"a long sender":   func(r *channels.Received) { r.Messages[0].From = conversations.Address(long) },
		"a long receiver": func(r *channels.Received) { r.Messages[0].To = conversations.Address(long) },
		"a long member": func(r *channels.Received) {
			r.Messages[0].Others = []conversations.Address{conversations.Address(long)}
		},
		"a long id": func(r *channels.Received) { r.Messages[0].ProviderID = long + long },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.plain.received = message()
			spoil(&f.plain.received)
			assert.Equal(t, http.StatusOK, f.do(http.MethodPost, "/hooks/sms-main", "x").Code)
			assert.Empty(t, f.acceptor.messages)
			assert.Len(t, f.acceptor.statuses, 1, "its neighbour is taken")
			assert.Contains(t, f.log.String(), "left_out=1")

			f.plain.received = message()
			f.plain.received.Statuses = nil
			spoil(&f.plain.received)
			assert.Equal(t, http.StatusBadRequest, f.do(http.MethodPost, "/hooks/sms-main", "x").Code)
		})
	}
	f := newFixture(t)
	f.plain.received = message()
	f.plain.received.Messages = nil
	f.plain.received.Statuses[0].ProviderID = long + long
	assert.Equal(t, http.StatusBadRequest, f.do(http.MethodPost, "/hooks/sms-main", "x").Code)
}

func TestWhatIsNotKeptAsItCameIsLogged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.plain.received = message()
	f.plain.received.Messages[0].Notes = []string{"something was removed"}
	assert.Equal(t, http.StatusOK, f.do(http.MethodPost, "/hooks/sms-main", "x").Code)
	assert.Contains(t, f.log.String(), `level=WARN msg="message is not kept as it came" channel=sms-main provider_id=SM1 from=+1555•••1234 note="something was removed"`)
}
