package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// answerTime is how long the server may be silent while it owes an answer. Then
// the connection is lost: a machine that is gone does not say so.
const answerTime = 30 * time.Second

// dial connects, and has the system find out when the server is gone.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 5 * time.Second, Interval: 5 * time.Second, Count: 3,
	}}
	return d.DialContext(ctx, network, address)
}

// dialImpatient connects for statements, each of which owes an answer.
func dialImpatient(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return impatient{conn}, nil
}

// impatient is a connection on which every wait has an end.
type impatient struct{ net.Conn }

// Read implements net.Conn.
func (c impatient) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(answerTime)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

// Write implements net.Conn.
func (c impatient) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(answerTime)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// isOfConnection says whether err means that there is no connection (any more).
func isOfConnection(err error) bool {
	var (
		network net.Error
		connect *pgconn.ConnectError
	)
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &network) || errors.As(err, &connect) || errors.Is(err, pgconn.ErrConnClosed)
}
