package main

import (
	"container/list"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// connections is a listener with a bound on how many connections are open at once,
// and so on the memory and the file descriptors that clients can take.
//
// At the bound the next client is served all the same if any connection waits for
// its client: one that is idle between requests, or whose client is still writing the
// headers of one. The one that has waited longest is closed, unless its client has
// written what was not read yet. Who keeps connections open by writing slowly thus
// loses them to those who write a request at once. Where all connections are being
// answered the next client waits, and others behind it in the kernel's queue. Before
// that happens clients are asked to close theirs (isCrowded): one that is closed here
// may just be about to be used again.
type connections struct {
	net.Listener
	most int
	log  *slog.Logger
	// patience is how long a connection waits for its client before it may be closed, and
	// stall how long its client may take no byte of an answer.
	patience, stall time.Duration

	mu      sync.Mutex
	changed *sync.Cond // a connection was closed, or waits for its client
	open    int
	waiting *list.List // of *connection: for their clients, the longest first
	closed  bool
	told    time.Time // when the log said that there are no files left
}

// tellEvery is how often the log says that the process may open no more files.
const tellEvery = time.Minute

const (
	// mostLooked is how many connections are looked at for one that may be closed, and
	// lookAgain after how long others are, where there was none.
	mostLooked = 16
	lookAgain  = 50 * time.Millisecond
	// patience is long enough for a client on a busy machine, or far away, to write its
	// request, and bounds how many connections a second make room.
	patience = time.Second
)

// bounded makes a listener that has so many connections at most.
func bounded(l net.Listener, most int, log *slog.Logger) *connections {
	c := &connections{Listener: l, most: most, log: log, patience: patience, stall: stall, waiting: list.New()}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// Accept implements net.Listener.
func (l *connections) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
			l.outOfFiles(err)
		}
		return nil, err // the server asks again in a moment
	}
	c := &connection{Conn: accepted, of: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.open >= l.most && !l.closed && !l.closeLongest() {
		look := time.AfterFunc(lookAgain, l.changed.Broadcast)
		l.changed.Wait()
		look.Stop()
	}
	if l.closed {
		return nil, errors.Join(net.ErrClosed, accepted.Close())
	}
	l.open++
	l.waits(c)
	return c, nil
}

// outOfFiles gives up a connection, if one waits for its client.
func (l *connections) outOfFiles(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closeLongest()
	if time.Since(l.told) >= tellEvery {
		l.told = time.Now()
		l.log.Warn("the process may open no more files: clients wait", "connections", l.open, "error", err)
	}
}

// closeLongest closes the connection that has waited for its client longest; false
// where none has for long, or for many it is us who have not read yet what their
// clients wrote. The caller holds l.mu.
func (l *connections) closeLongest() bool {
	for range mostLooked {
		first := l.waiting.Front()
		if first == nil {
			return false
		}
		c, _ := first.Value.(*connection)
		switch {
		case time.Since(c.since) < l.patience:
			return false
		case c.isUnread():
			l.served(c)
			l.waits(c)
		default:
			l.forget(c)
			_ = c.Conn.Close() // its client has said nothing that could be answered
			return true
		}
	}
	return false
}

// forget counts a connection no more. The caller holds l.mu.
func (l *connections) forget(c *connection) {
	if c.gone {
		return
	}
	c.gone = true
	l.open--
	l.served(c)
	l.changed.Signal()
}

// waits notes that a connection waits for its client from now on. The caller holds l.mu.
func (l *connections) waits(c *connection) {
	c.place, c.since = l.waiting.PushBack(c), time.Now()
}

// served notes that a connection does not wait for its client. The caller holds l.mu.
func (l *connections) served(c *connection) {
	if c.place != nil {
		l.waiting.Remove(c.place)
		c.place = nil
	}
}

// Close implements net.Listener.
func (l *connections) Close() error {
	l.mu.Lock()
	l.closed = true
	l.changed.Broadcast()
	l.mu.Unlock()
	return l.Listener.Close()
}

// isCrowded says that three in four connections are taken.
func (l *connections) isCrowded() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open > l.most-max(1, l.most/4)
}

// follow is told by the server what a connection does (http.Server.ConnState).
func (l *connections) follow(at net.Conn, state http.ConnState) {
	if outer, ok := at.(interface{ NetConn() net.Conn }); ok {
		at = outer.NetConn() // below TLS
	}
	c, ok := at.(*connection)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch state {
	case http.StateActive, http.StateHijacked:
		l.served(c)
	case http.StateIdle:
		if !c.gone && c.place == nil {
			l.waits(c)
			l.changed.Signal()
		}
	case http.StateNew, http.StateClosed:
		// Accept and Close have noted it.
	}
}

// mostConnections is how many clients may be connected at once: as many as configured,
// and half of what the process may have open. The other half is for the store, files,
// carriers, webhooks and admin.listen.
func mostConnections(configured int, log *slog.Logger) int {
	files, known := openFiles()
	if !known || configured <= files/2 {
		return configured
	}
	most := max(1, files/2)
	log.Warn("the process may open few files: fewer clients than limits.connections are served at once",
		"open_files", files, "connections", most)
	return most
}
