package api_test

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/api"
	"bridged/conversations"
)

// line is a client's connection: what has been sent on it.
type line struct {
	mu      sync.Mutex
	header  http.Header
	status  int
	written bytes.Buffer
	sent    string // of what is written
	stalled chan struct{}
}

func (l *line) Header() http.Header { return l.header }

func (l *line) WriteHeader(status int) { l.status = status }

func (l *line) Write(b []byte) (int, error) {
	if l.stalled != nil {
		<-l.stalled
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.written.Write(b)
}

// FlushError implements what http.ResponseController looks for.
func (l *line) FlushError() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent += l.written.String()
	l.written.Reset()
	return nil
}

func (*line) SetWriteDeadline(time.Time) error { return nil }

// take returns what has been sent since the last time.
func (l *line) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.sent
	l.sent = ""
	return text
}

// client is somebody who listens to the stream.
type client struct {
	*line

	hangUp context.CancelFunc
	ended  chan struct{}
}

// listen opens a stream, within a synctest bubble.
func listen(h http.Handler, query string, header ...string) client {
	ctx, cancel := context.WithCancel(context.Background())
	c := client{line: &line{header: http.Header{}}, hangUp: cancel, ended: make(chan struct{})}
	return c.open(ctx, h, query, header...)
}

func (c client) open(ctx context.Context, h http.Handler, query string, header ...string) client {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/bridged/v1/events?"+query, nil)
	r.SetBasicAuth(account, token)
	r.Header.Set("Accept", "text/html, text/event-stream;q=0.9")
	r.Header.Set("Accept-Encoding", "gzip")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	go func() {
		defer close(c.ended)
		h.ServeHTTP(c.line, r)
	}()
	return c
}

func (c client) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// told is how the stream tells an event of a type of which nothing else matters.
func told(t *testing.T, h http.Handler, n int, kind string) string {
	t.Helper()
	page := do(t, h, http.MethodGet, "/bridged/v1/events?PageSize=1&After="+eventID(n-1), "")
	require.Equal(t, []string{eventID(n)}, ids(t, page))
	body := page.body[len(`{"events":[`):]
	return "id: " + eventID(n) + "\nevent: " + kind + "\ndata: " + body[:bytes.Index([]byte(body), []byte(`],"meta":`))] + "\n\n"
}

func TestTheStreamTellsWhatHappens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(said(conversations.MessageAdded, digits), said(conversations.MessageUpdated, other))
		h := api.New(j.config())
		fresh, back, behind := listen(h, ""), listen(h, "After="+eventID(2), "Last-Event-ID", eventID(1)), listen(h, "After="+eventID(1))
		few := listen(h, "After="+eventID(1)+"&Type=onMessageAdded,onMessageRemoved&Type=onUserAdded&ConversationSid=CH"+digits)
		synctest.Wait()
		second := told(t, h, 2, "onMessageUpdated")
		assert.Equal(t, http.StatusOK, fresh.status)
		assert.Equal(t, "text/event-stream", fresh.header.Get("Content-Type"))
		assert.Empty(t, fresh.header.Get("Content-Encoding"), "each would have a compressor for hours")
		assert.Equal(t, "retry: 1000\nid: "+eventID(2)+"\n\n", fresh.take(), "it begins with what happens from now on")
		for _, c := range []client{back, behind} {
			assert.Equal(t, "retry: 1000\nid: "+eventID(1)+"\n\n"+second, c.take())
		}
		assert.Equal(t, "retry: 1000\nid: "+eventID(1)+"\n\n", few.take())

		j.add(said(conversations.MessageAdded, digits), said(conversations.UserRemoved, ""), said(conversations.MessageRemoved, other))
		synctest.Wait()
		third, fifth := told(t, h, 3, "onMessageAdded"), told(t, h, 5, "onMessageRemoved")
		for _, c := range []client{fresh, back, behind} {
			assert.Equal(t, third+fifth, c.take())
		}
		assert.Equal(t, third, few.take())
		for _, c := range []client{fresh, back, behind, few} {
			assert.False(t, c.hasEnded())
			c.hangUp()
			<-c.ended
		}
	})
}

// A client gets a sign of life, and learns how far it has come although nothing that
// it wants has happened.
func TestAStreamIsKeptAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		ticks := make(chan time.Time)
		cfg := j.config()
		stopped := false
		cfg.KeepAlive = func() (<-chan time.Time, func()) { return ticks, func() { stopped = true } }
		c := listen(api.New(cfg), "Type=onUserAdded")
		synctest.Wait()
		c.take()
		ticks <- time.Now()
		synctest.Wait()
		assert.Equal(t, ":\n\n", c.take())
		j.add(said(conversations.MessageAdded, digits))
		synctest.Wait()
		assert.Empty(t, c.take())
		for _, want := range []string{"id: " + eventID(1) + "\n\n", ":\n\n"} {
			ticks <- time.Now()
			synctest.Wait()
			assert.Equal(t, want, c.take())
		}
		c.hangUp()
		<-c.ended
		assert.True(t, stopped)
	})
}

func TestAStreamEndsInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(said(conversations.MessageAdded, digits))
		cfg := j.config()
		stopping := make(chan struct{})
		cfg.Stopping = stopping
		h := api.New(cfg)
		idle, slow := listen(h, ""), client{line: &line{header: http.Header{}, stalled: make(chan struct{})}, ended: make(chan struct{})}
		slow.open(t.Context(), h, "After="+eventID(0))
		synctest.Wait()
		// What is forgotten before a slow client has taken it cannot be told any more.
		j.add(said(conversations.MessageAdded, digits), said(conversations.MessageAdded, digits))
		j.forget(2)
		close(slow.stalled)
		<-slow.ended
		assert.Contains(t, slow.take(), "event: gone\ndata: {\"code\":20410,\"message\":\"Gone: begin anew\"")
		close(stopping)
		<-idle.ended
	})
}

// Events that other transactions hold up are told when these have ended, of which
// nobody is told.
func TestEventsThatAreHeldUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		h := api.New(j.config())
		c := listen(h, "")
		synctest.Wait()
		c.take()
		j.mu.Lock()
		j.unsettled = 1
		j.mu.Unlock()
		j.add(said(conversations.MessageAdded, digits))
		time.Sleep(time.Second)
		assert.Empty(t, c.take())
		j.mu.Lock()
		j.unsettled = 0
		j.mu.Unlock()
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		assert.Equal(t, told(t, h, 1, "onMessageAdded"), c.take())
		c.hangUp()
		<-c.ended
	})
}

// A thousand clients cost hardly more reading than one, and none when nothing
// happens.
func TestManyClientsReadTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newJournal(said(conversations.MessageAdded, digits))
		h := api.New(j.config())
		clients := make([]client, 1000)
		for i := range clients {
			clients[i] = listen(h, "")
		}
		reads := func() int {
			synctest.Wait()
			j.mu.Lock()
			defer j.mu.Unlock()
			n := j.reads
			j.reads = 0
			return n
		}
		reads()
		time.Sleep(time.Hour)
		assert.Zero(t, reads(), "nothing happens")
		for i := range clients {
			assert.Contains(t, clients[i].take(), ":\n\n:\n\n", "every quarter of a minute")
		}
		j.add(said(conversations.MessageAdded, digits))
		// One reads the event, and one that there are no more. A few may read beside it.
		assert.Less(t, reads(), 10)
		want := told(t, h, 2, "onMessageAdded")
		for i := range clients {
			require.Equal(t, want, clients[i].take())
			clients[i].hangUp()
			<-clients[i].ended
		}
	})
}

// The times that a server gives requests and answers are not for streams.
func TestAStreamOutlivesTheTimesOfItsServer(t *testing.T) {
	t.Parallel()
	j := newJournal()
	stopping := make(chan struct{})
	cfg := j.config()
	cfg.Stopping = stopping
	s := httptest.NewUnstartedServer(api.New(cfg))
	s.Config.ReadTimeout, s.Config.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond
	s.Config.RegisterOnShutdown(func() { close(stopping) })
	s.Start()
	t.Cleanup(s.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/bridged/v1/events", nil)
	require.NoError(t, err)
	r.SetBasicAuth(account, token)
	r.Header.Set("Accept", "text/event-stream")
	answer, err := s.Client().Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	reaches := func(want string) {
		t.Helper()
		for lines.Text() != want {
			require.True(t, lines.Scan(), "it ended before %q: %v", want, lines.Err())
		}
	}
	reaches("id: " + eventID(0))
	time.Sleep(200 * time.Millisecond) // longer than those times
	j.add(said(conversations.MessageAdded, digits))
	reaches("id: " + eventID(1))
	begun := time.Now()
	require.NoError(t, s.Config.Shutdown(t.Context()))
	assert.Less(t, time.Since(begun), 5*time.Second)
	for lines.Scan() {
	}
	require.NoError(t, lines.Err(), "it ends well")
}
