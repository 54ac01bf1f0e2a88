package main

import (
	"container/list"
	"io"
	"math"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// stall and stallBytes make the slowest client that is served take 2 KB a second.
const (
	stall      = 30 * time.Second
	stallBytes = 64 << 10
)

// connection is one of those that are counted.
type connection struct {
	net.Conn
	of    *connections
	place *list.Element // among those that wait for their clients; nil: it does not
	since time.Time     // when it was put there
	gone  bool

	isTimed atomic.Bool // by its handler, which has set a deadline for what it writes
}

// isUnread says whether the client has written anything that was not read yet, as many
// have where requests come faster than they are read.
func (c *connection) isUnread() (unread bool) {
	below, ok := c.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := below.SyscallConn()
	if err != nil {
		return false // closed
	}
	var one [1]byte
	err = raw.Control(func(socket uintptr) {
		n, _, err := syscall.Recvfrom(int(socket), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		unread = err == nil && n > 0
	})
	return err == nil && unread
}

// SetWriteDeadline implements net.Conn. Without one a client has to take 64 KB every half
// a minute: who does not read an answer would hold its connection for good.
func (c *connection) SetWriteDeadline(t time.Time) error {
	c.isTimed.Store(!t.IsZero())
	return c.Conn.SetWriteDeadline(t)
}

// extend gives the client its time for the next bytes.
func (c *connection) extend() error {
	if c.isTimed.Load() {
		return nil
	}
	return c.Conn.SetWriteDeadline(time.Now().Add(c.of.stall))
}

// Write implements net.Conn.
func (c *connection) Write(b []byte) (written int, err error) {
	for {
		if err := c.extend(); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(b[written:min(len(b), written+stallBytes)])
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

// ReadFrom implements io.ReaderFrom: files go out without a way through our memory.
func (c *connection) ReadFrom(r io.Reader) (written int64, err error) {
	all, ok := r.(*io.LimitedReader)
	if !ok {
		all = &io.LimitedReader{R: r, N: math.MaxInt64}
	}
	for all.N > 0 {
		if err := c.extend(); err != nil {
			return written, err
		}
		next := &io.LimitedReader{R: all.R, N: min(all.N, stallBytes)} // the kernel copies from a file in one of these
		n, err := io.Copy(c.Conn, next)
		written += n
		all.N -= n
		if err != nil || next.N > 0 { // it has ended
			return written, err
		}
	}
	return written, nil
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.of.mu.Lock()
	c.of.forget(c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
