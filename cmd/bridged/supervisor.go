package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// The states that a supervisor is told, as sd_notify(3) writes them.
const (
	stateReady     = "READY=1"
	stateReloading = "RELOADING=1"
	stateStopping  = "STOPPING=1"
	stateAlive     = "WATCHDOG=1"
)

// supervisor is who started the daemon and watches it: systemd, or another that
// speaks the protocol of sd_notify(3). Without one nobody is told anything.
type supervisor struct {
	send  func(state string) error // nil: there is none
	every time.Duration            // it ends a daemon that is silent for so long; 0: it does not
	log   *slog.Logger
}

// tellTime bounds how long a supervisor may take to hear a state.
const tellTime = 2 * time.Second

// newSupervisor finds the supervisor in the environment.
func newSupervisor(environ []string) (*supervisor, error) {
	s := &supervisor{log: slog.Default()}
	path := variable(environ, "NOTIFY_SOCKET")
	if path == "" {
		return s, nil
	}
	socket, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("NOTIFY_SOCKET %s: %w", path, err)
	}
	s.send = func(state string) error {
		if err := socket.SetWriteDeadline(time.Now().Add(tellTime)); err != nil {
			return err
		}
		_, err := socket.Write([]byte(state))
		return err
	}
	limit := variable(environ, "WATCHDOG_USEC")
	if limit == "" || !meant(variable(environ, "WATCHDOG_PID")) {
		return s, nil
	}
	micros, err := strconv.ParseInt(limit, 10, 64)
	if err != nil || micros <= 0 {
		return nil, errors.Join(fmt.Errorf("WATCHDOG_USEC is %q: it has to be a number of microseconds", limit), socket.Close())
	}
	s.every = time.Duration(micros) * time.Microsecond
	return s, nil
}

// meant says whether the watchdog is for this process: where it is for a certain
// one, the environment may have been inherited from that one.
func meant(pid string) bool { return pid == "" || pid == strconv.Itoa(os.Getpid()) }

// tell sends a state. A supervisor that does not hear it is logged, and decides
// for itself.
func (s *supervisor) tell(state string) {
	if s.send == nil {
		return
	}
	if err := s.send(state); err != nil {
		s.log.Warn("the supervisor could not be told", "state", state, "error", err)
	}
}

// serving says that the daemon serves, and keeps the watchdog quiet while alive
// returns nil, until the returned function is called.
func (s *supervisor) serving(alive func(context.Context) error) (stop func()) {
	s.tell(stateReady)
	if s.every == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var watch sync.WaitGroup
	watch.Go(func() { s.watch(ctx, alive) })
	return func() {
		cancel()
		watch.Wait()
	}
}

// watch tells that the daemon is alive twice as often as it has to. A check has a
// third of the time, so that one that just succeeds is not told too late.
func (s *supervisor) watch(ctx context.Context, alive func(context.Context) error) {
	tick := time.NewTicker(s.every / 2)
	defer tick.Stop()
	for {
		check, cancel := context.WithTimeout(ctx, s.every/3)
		err := alive(check)
		cancel()
		if err == nil {
			s.tell(stateAlive)
		} else if ctx.Err() == nil {
			s.log.Error("the watchdog is not told that the daemon is alive", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// alive says that the daemon is stuck, which only a restart mends: the one writer
// of SQLite, on which everything depends, does not answer at all. That the store
// answers with an error, as a full disk makes it, is readiness (see ready) and gets
// better by itself, while a restart would lose the answers of carriers that wait
// for room. Whether a database server answers says nothing of this process.
func (d *daemon) alive(ctx context.Context) error {
	if d.cfg.Store.SQLitePath() == "" {
		return nil
	}
	if err := d.store.CheckWritable(ctx); errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the store's writer does not answer: %w", err)
	}
	return nil
}
