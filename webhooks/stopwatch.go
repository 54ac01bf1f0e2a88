package webhooks

import (
	"context"
	"errors"
	"io"
	"net/http/httptrace"
	"sync"
	"time"
)

var (
	errConnect = errors.New("it was not reached in the time that its URL allows")
	errRead    = errors.New("it answered nothing in the time that its URL allows")
)

// stopwatch ends a request whose server is not reached in time, or is silent for
// too long.
type stopwatch struct {
	connect, read time.Duration // 0 is no bound
	cancel        context.CancelCauseFunc

	mu        sync.Mutex
	timer     *time.Timer
	connected bool
	over      bool
}

// watch returns the context of a request that the stopwatch ends. It is to be
// stopped when the request is over.
func watch(ctx context.Context, o overrides) (context.Context, *stopwatch) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &stopwatch{connect: o.connect, read: o.read, cancel: cancel}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:              func(string) { w.reaching() },
		GotConn:              func(httptrace.GotConnInfo) { w.reached() },
		GotFirstResponseByte: w.heard,
	}), w
}

// reaching is that a connection is looked for, for the request or a redirect.
func (w *stopwatch) reaching() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.connected = false
	w.set(w.connect, errConnect)
}

// reached is that there is a connection.
func (w *stopwatch) reached() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.connected = true
	w.set(w.read, errRead)
}

// heard is that a part of the answer came.
func (w *stopwatch) heard() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.set(w.read, errRead)
}

// set makes the next end of the request. The lock is held.
func (w *stopwatch) set(d time.Duration, cause error) {
	if w.timer != nil {
		w.timer.Stop()
	}
	if d > 0 && !w.over {
		w.timer = time.AfterFunc(d, func() { w.cancel(cause) })
	}
}

// stop ends the watch, and frees the context.
func (w *stopwatch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.set(0, nil)
	w.cancel(nil)
}

// failure says, in the words of the parameter rp, how far the request came that has
// no whole answer.
func (w *stopwatch) failure() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.connected {
		return failedRead
	}
	return failedConnect
}

// body is the body of an answer, of which each part is heard.
func (w *stopwatch) body(r io.Reader) io.Reader { return heardReader{r, w} }

type heardReader struct {
	io.Reader

	watch *stopwatch
}

func (r heardReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.watch.heard()
	}
	return n, err
}
