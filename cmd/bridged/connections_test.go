package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// served starts a server on counted connections, which are all gone at its end.
func served(t *testing.T, most int, h http.HandlerFunc, configure func(*connections)) (address string) {
	t.Helper()
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := bounded(inner, most, slog.New(slog.DiscardHandler))
	configure(l)
	server := &http.Server{
		ReadHeaderTimeout: time.Minute, ConnState: l.follow,
		Handler: &crowd{most: int64(most), isCrowded: l.isCrowded, next: h},
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-done, http.ErrServerClosed)
		l.mu.Lock()
		defer l.mu.Unlock()
		assert.Zero(t, l.open, "all are counted")
		assert.Zero(t, l.waiting.Len())
	})
	return inner.Addr().String()
}

// servedBy starts a server with a bound on its connections. A request for /wait is
// answered when the channel is closed; each is announced by a line.
func servedBy(t *testing.T, most int) (address string, asked chan string, leave chan struct{}) {
	t.Helper()
	asked, leave = make(chan string, 10), make(chan struct{})
	address = served(t, most, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		if r.URL.Path == "/wait" {
			<-leave
		}
		_, _ = io.WriteString(w, "ok")
	}, func(l *connections) { l.patience = 0 })
	return address, asked, leave
}

func dial(t *testing.T, address string) *bufio.ReadWriter {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return bufio.NewReadWriter(bufio.NewReader(c), bufio.NewWriter(c))
}

func write(t *testing.T, c *bufio.ReadWriter, text string) {
	t.Helper()
	_, err := c.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, c.Flush())
}

// answered reads an answer, and says whether it is the last one over this connection.
func answered(t *testing.T, c *bufio.ReadWriter) (isLast bool) {
	t.Helper()
	answer, err := http.ReadResponse(c.Reader, nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	return answer.Close
}

const request = "GET /%s HTTP/1.1\r\nHost: x\r\n\r\n"

func TestSlowClientsMakeRoomForOthers(t *testing.T) {
	t.Parallel()
	address, asked, leave := servedBy(t, 3)
	slow := make([]*bufio.ReadWriter, 3)
	for i := range slow {
		slow[i] = dial(t, address)
		write(t, slow[i], "GET / HTTP/1.1\r\nX-Slow: ")
	}
	others := make([]*bufio.ReadWriter, 3)
	for i := range others {
		others[i] = dial(t, address)
		write(t, others[i], fmt.Sprintf(request, "wait"))
		require.Equal(t, "/wait", <-asked)
	}
	for _, c := range slow {
		_, err := c.ReadByte() // the end, or a reset
		require.Error(t, err, "it made room")
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "it made room")
	}
	close(leave)
	for _, c := range others {
		answered(t, c)
	}
}

func TestIdleConnectionsMakeRoom(t *testing.T) {
	t.Parallel()
	address, _, _ := servedBy(t, 4)
	first, second := dial(t, address), dial(t, address)
	for _, c := range []*bufio.ReadWriter{first, second, first} { // the second is idle longest
		write(t, c, fmt.Sprintf(request, ""))
		require.False(t, answered(t, c))
	}
	for range 2 {
		write(t, dial(t, address), "GET / HTTP/1.1\r\nX-Slow: ")
	}
	third := dial(t, address)
	write(t, third, fmt.Sprintf(request, ""))
	answered(t, third)
	_, err := second.ReadByte()
	require.ErrorIs(t, err, io.EOF)
	write(t, first, fmt.Sprintf(request, ""))
	answered(t, first)
}

func TestInACrowdConnectionsAreNotKept(t *testing.T) {
	t.Parallel()
	address, _, _ := servedBy(t, 8)
	var all []*bufio.ReadWriter
	for n := range 8 {
		all = append(all, dial(t, address))
		write(t, all[n], fmt.Sprintf(request, ""))
		require.Equal(t, n >= 6, answered(t, all[n]), "with %d open", n+1)
		if n >= 6 { // it goes, and another takes its place
			_, err := all[n].ReadByte()
			require.ErrorIs(t, err, io.EOF)
			all[n] = dial(t, address)
			write(t, all[n], "GET / HTTP/1.1\r\n")
		}
	}
	write(t, all[0], fmt.Sprintf(request, ""))
	assert.True(t, answered(t, all[0]), "who was there before is asked as well")
}

func TestWhereAllAreServedTheNextWaits(t *testing.T) {
	t.Parallel()
	address, asked, leave := servedBy(t, 2)
	served := []*bufio.ReadWriter{dial(t, address), dial(t, address)}
	for _, c := range served {
		write(t, c, fmt.Sprintf(request, "wait"))
		require.Equal(t, "/wait", <-asked)
	}
	next := dial(t, address)
	write(t, next, fmt.Sprintf(request, "next"))
	select {
	case path := <-asked:
		require.Fail(t, "there was no room for "+path)
	default:
	}
	close(leave)
	for _, c := range append(served, next) {
		answered(t, c)
	}
	assert.Equal(t, "/next", <-asked)
}

// A server that is slow to read closes no connection whose request has come: here none
// is served at all until all three clients have written.
func TestARequestThatWasNotReadYetIsNotGivenUp(t *testing.T) {
	t.Parallel()
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer inner.Close()
	l := bounded(inner, 3, slog.New(slog.DiscardHandler))
	l.patience = 0
	clients, accepted := make([]*bufio.ReadWriter, 4), make([]net.Conn, 4)
	for i := range 3 {
		clients[i] = dial(t, inner.Addr().String())
		accepted[i], err = l.Accept()
		require.NoError(t, err)
	}
	for _, written := range []int{0, 2} {
		write(t, clients[written], "GET")
		_, err = io.ReadFull(accepted[written], make([]byte, 1)) // two letters are left
		require.NoError(t, err)
	}
	clients[3] = dial(t, inner.Addr().String())
	accepted[3], err = l.Accept()
	require.NoError(t, err)
	_, err = clients[1].ReadByte()
	require.ErrorIs(t, err, io.EOF, "it had written nothing")
	for _, i := range []int{0, 2, 3} {
		require.NoError(t, accepted[i].Close(), "it was not closed before")
	}
	require.ErrorIs(t, accepted[1].Close(), net.ErrClosed)
}

func TestANewConnectionIsGivenTime(t *testing.T) {
	t.Parallel()
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := bounded(inner, 1, slog.New(slog.DiscardHandler))
	l.patience = time.Hour
	first := dial(t, inner.Addr().String())
	served, err := l.Accept()
	require.NoError(t, err)
	dial(t, inner.Addr().String())
	second := make(chan error)
	go func() {
		next, err := l.Accept()
		if err == nil {
			err = next.Close()
		}
		second <- err
	}()
	write(t, first, "G")
	_, err = io.ReadFull(served, make([]byte, 1))
	require.NoError(t, err, "it is there still")
	require.NoError(t, served.Close())
	require.NoError(t, <-second)
	require.NoError(t, l.Close())
}

// exhausted is a listener of a process that may open no more files.
type exhausted struct{ net.Listener }

func (exhausted) Accept() (net.Conn, error) {
	return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
}

func TestWithoutFilesOneConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	here, there := net.Pipe()
	defer there.Close()
	var log strings.Builder
	l := bounded(exhausted{}, 5, slog.New(slog.NewTextHandler(&log, nil)))
	l.patience = 0
	c := &connection{Conn: here, of: l}
	l.open, c.place = 1, l.waiting.PushBack(c)
	for range 3 {
		_, err := l.Accept()
		var temporary interface{ Temporary() bool }
		require.ErrorAs(t, err, &temporary)
		require.True(t, temporary.Temporary(), "the server tries again")
	}
	_, err := there.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	assert.Zero(t, l.open)
	assert.Equal(t, 1, strings.Count(log.String(), "may open no more files"), "it is said once a minute")
}

func TestHalfOfTheFilesAreForClients(t *testing.T) {
	t.Parallel()
	files, known := openFiles()
	require.True(t, known)
	log := slog.New(slog.DiscardHandler)
	assert.Equal(t, 1, mostConnections(1, log))
	assert.Equal(t, files/2, mostConnections(files, log))
}

func TestACrowdIsBounded(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	c := &crowd{most: 1, isCrowded: func() bool { return false }, next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
	})}
	ask := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		c.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/Conversations", strings.NewReader("a=b")))
		return w
	}
	first := make(chan int)
	go func() { first <- ask().Code }()
	<-entered
	for range 10 {
		w := ask()
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.JSONEq(t, `{"code":20503,"message":"Service unavailable","more_info":"https://www.twilio.com/docs/errors/20503","status":503}`, w.Body.String())
		assert.Regexp(t, `^[2-4]$`, w.Header().Get("Retry-After"))
	}
	close(leave)
	assert.Equal(t, http.StatusOK, <-first)
	go func() { <-entered }()
	assert.Equal(t, http.StatusOK, ask().Code, "there is room again")
}
