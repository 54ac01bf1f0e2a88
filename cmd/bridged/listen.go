package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"

	"bridged/cmd/bridged/internal/config"
)

// socketMode lets the owner and the group of a Unix socket connect to it.
const socketMode = 0o660

// listen listens where a key of the configuration says: at host:port, or on a Unix
// socket.
func listen(ctx context.Context, key, address string) (net.Listener, error) {
	var l net.Listener
	var err error
	if path := config.SocketPath(address); path != "" {
		l, err = listenOnSocket(ctx, path)
	} else {
		l, err = new(net.ListenConfig).Listen(ctx, "tcp", address)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return l, nil
}

func listenOnSocket(ctx context.Context, path string) (net.Listener, error) {
	if err := removeAbandoned(ctx, path); err != nil {
		return nil, err
	}
	socket, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return socket, nil
}

// removeAbandoned removes a socket that a process has left which was killed: one at
// which nobody answers. What is no socket stays, and is an error of listening.
func removeAbandoned(ctx context.Context, path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is there and is no socket: move it away, or choose another path", path)
	}
	var d net.Dialer
	connection, err := d.DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		return errors.Join(fmt.Errorf("another process listens on %s", path), connection.Close())
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	default:
		return err
	}
}
