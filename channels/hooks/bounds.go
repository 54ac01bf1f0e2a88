package hooks

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"bridged/conversations"
)

const (
	// usualBody is how long, in bytes, nearly all requests of carriers are at most.
	usualBody = 32 << 10
	// mostLong bounds how many longer ones are in memory at once. Whoever knows a
	// hook's URL can write them: the signature is checked when all is there.
	mostLong = 16
	// acceptTime bounds the wait for the writer. Carriers give up after that anyway, and
	// come again with the same message.
	acceptTime = 10 * time.Second
	// retryAfter is what a carrier is asked to wait, in seconds, when nothing can be
	// stored, and at most twice as long, so that not all come back at once.
	retryAfter = 20
	// complainEvery is how often the log has a line about requests of one channel that
	// are refused for one reason.
	complainEvery = time.Second
)

// askToWait is the value of Retry-After.
func askToWait() string { return strconv.Itoa(retryAfter + rand.IntN(retryAfter+1)) }

// reading bounds the memory that the bodies of requests take.
type reading struct{ long atomic.Int64 }

// body reads the body of a request. The caller calls done when it needs it no more.
// The error is conversations.ErrUnavailable where too many long ones are being read.
func (b *reading) body(w http.ResponseWriter, r *http.Request) (body []byte, done func(), err error) {
	from := http.MaxBytesReader(w, r.Body, MaxBody)
	if r.ContentLength > MaxBody { // its sender need not write all that
		return nil, func() {}, &http.MaxBytesError{Limit: MaxBody}
	}
	body, err = io.ReadAll(io.LimitReader(from, usualBody))
	if err != nil || len(body) < usualBody {
		return body, func() {}, err
	}
	done = func() { b.long.Add(-1) }
	if b.long.Add(1) > mostLong {
		return nil, done, fmt.Errorf("%w: %d long requests are being read", conversations.ErrUnavailable, mostLong)
	}
	rest, err := io.ReadAll(from)
	return append(body, rest...), done, err
}

// complaints keeps a flood of requests that are refused from being a flood of lines in
// the log.
type complaints struct {
	mu   sync.Mutex
	last map[complaint]*said
}

// complaint is what lines of the log are about.
type complaint struct{ channel, result string }

// said is when there was a line about something, and how many there would have been since.
type said struct {
	at      time.Time
	omitted int
}

// may says whether there may be a line, and how many were left out since the last.
func (c *complaints) may(about complaint, now time.Time) (omitted int, may bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		c.last = make(map[complaint]*said)
	}
	s := c.last[about]
	if s == nil {
		s = &said{}
		c.last[about] = s
	}
	if since := now.Sub(s.at); since >= 0 && since < complainEvery {
		s.omitted++
		return 0, false
	}
	omitted, s.at, s.omitted = s.omitted, now, 0
	return omitted, true
}
