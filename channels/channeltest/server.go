package channeltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
)

// apiPath stands before every path of the carrier, to see that a base URL with
// a path is taken whole.
const apiPath = "/carrier/api"

// nowhere is a base URL that nothing is ever sent to.
const nowhere = "http://127.0.0.1:1" + apiPath

// ErrNotLoopback is the error of the kit's client for any other host.
var ErrNotLoopback = errors.New("channeltest: tests reach no host but this one")

// LoopbackClient is an HTTP client that reaches this machine only. A host that
// is no loopback address is refused before its name is looked up.
func LoopbackClient() *http.Client {
	var dialer net.Dialer
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil || !net.ParseIP(host).IsLoopback() {
				return nil, fmt.Errorf("%w: %s", ErrNotLoopback, address)
			}
			return dialer.DialContext(ctx, network, address)
		},
	}}
}

// seen is a request that the carrier got.
type seen struct {
	method, path string
	header       http.Header
	body         []byte
}

// carrier is a server that answers as it is told and remembers what it got.
type carrier struct {
	url string

	mu  sync.Mutex
	got []seen
}

// newCarrier starts a server whose answers come from reply.
func newCarrier(t *testing.T, reply http.HandlerFunc) *carrier {
	t.Helper()
	c := &carrier{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		c.mu.Lock()
		c.got = append(c.got, seen{method: r.Method, path: r.URL.RequestURI(), header: r.Header, body: body})
		c.mu.Unlock()
		reply(w, r)
	}))
	c.url = srv.URL + apiPath
	t.Cleanup(srv.Close)
	return c
}

// requests are those that arrived so far.
func (c *carrier) requests() []seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]seen(nil), c.got...)
}

// write answers.
func (a Answer) write(w http.ResponseWriter, _ *http.Request) {
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body)
}

// cutOff answers as far as the middle of the body and hangs up.
func (a Answer) cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body[:len(a.Body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// hangUp closes the connection without a word.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
