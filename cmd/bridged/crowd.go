package main

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"bridged/twilio"
)

const (
	// strangerTime bounds how long the body of a request may take to come whose sender is
	// not known yet. Who turns out to have credentials gets more.
	strangerTime = 10 * time.Second
	// streamTime bounds how long a client of HTTP/2 may take an answer. A stream that it does
	// not read has no connection of its own whose bytes could be counted (connection.Write).
	streamTime = 10 * time.Minute
	// crowdWait is how long a client is asked to stay away, in seconds, and at most twice
	// as long, so that not all come back at once.
	crowdWait = 2
)

// crowd bounds how many requests are answered at once, and how long strangers may take.
// Where connections run out it asks who is answered to close theirs.
// Over HTTP/1 each request has a connection, which are bounded themselves; one of HTTP/2
// carries many.
type crowd struct {
	next      http.Handler
	most      int64
	isCrowded func() bool // whether connections run out
	// streamTime bounds how long a client of HTTP/2 may take an answer.
	streamTime time.Duration
	inside     atomic.Int64
}

// ServeHTTP implements http.Handler.
func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer c.inside.Add(-1)
	if c.isCrowded() {
		w.Header().Set("Connection", "close")
	}
	if c.inside.Add(1) > c.most {
		e := twilio.NewError(http.StatusServiceUnavailable, twilio.CodeUnavailable, "Service unavailable")
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		w.Header().Set("Retry-After", strconv.Itoa(crowdWait+rand.IntN(crowdWait+1)))
		w.WriteHeader(e.Status)
		_ = json.NewEncoder(w).Encode(e) // who has hung up cannot be told so
		return
	}
	if r.Body != nil && r.Body != http.NoBody {
		// What is no connection, such as a test's, has no deadlines.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(strangerTime))
	}
	if r.ProtoMajor >= 2 {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(c.streamTime))
	}
	c.next.ServeHTTP(w, r)
}
