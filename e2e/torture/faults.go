package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// The faults, as reports name them.
const (
	faultKill            = "SIGKILL"
	faultKillStarting    = "SIGKILL while starting"
	faultKillStopping    = "SIGKILL while stopping"
	faultStop            = "SIGTERM"
	faultSuspend         = "SIGSTOP"
	faultSlowSync        = "slow fsync"
	faultDiskFull        = "disk full"
	faultDiskFullKill    = "disk full, then SIGKILL"
	faultReadOnly        = "store turns read-only"
	faultReadOnlyStart   = "start on a read-only store"
	faultCarriersSilent  = "carriers silent"
	faultCarriersRefuse  = "carriers answer 503"
	faultWebhooksHang    = "webhooks hang"
	faultWebhooksFail    = "webhooks answer 500"
	faultClock           = "clock jumps"
	faultDatabaseKilled  = "PostgreSQL killed"
	faultSecondKilled    = "one of two daemons killed"
	faultSecondStopped   = "one of two daemons stopped"
	faultSecondSuspended = "one of two daemons suspended"
)

// faults are how they are made. Each leaves the world as it found it: with one daemon
// that runs.
var faults = map[string]func(ctx context.Context, w *world, s step) error{ //nolint:gochecknoglobals // a table
	faultKill:            kill,
	faultKillStarting:    killStarting,
	faultKillStopping:    killStopping,
	faultStop:            stop,
	faultSuspend:         suspend,
	faultSlowSync:        slowSync,
	faultDiskFull:        diskFull,
	faultDiskFullKill:    diskFullKill,
	faultReadOnly:        readOnly,
	faultReadOnlyStart:   readOnlyStart,
	faultCarriersSilent:  func(ctx context.Context, w *world, s step) error { return behave(ctx, &w.faults.mode, silent, s) },
	faultCarriersRefuse:  func(ctx context.Context, w *world, s step) error { return behave(ctx, &w.faults.mode, refuse, s) },
	faultWebhooksHang:    func(ctx context.Context, w *world, s step) error { return behave(ctx, &w.listener.mode, silent, s) },
	faultWebhooksFail:    func(ctx context.Context, w *world, s step) error { return behave(ctx, &w.listener.mode, refuse, s) },
	faultClock:           func(ctx context.Context, w *world, s step) error { pause(ctx, s.hold); return w.shiftClock(s.shift) },
	faultDatabaseKilled:  databaseKilled,
	faultSecondKilled:    func(ctx context.Context, w *world, s step) error { return second(ctx, w, s, (*process).die) },
	faultSecondStopped:   func(ctx context.Context, w *world, s step) error { return second(ctx, w, s, (*process).end) },
	faultSecondSuspended: secondSuspended,
}

// die ends a process as a crash does.
func (p *process) die() error { return p.Kill() }

// end asks a process to end, which it must do well.
func (p *process) end() error {
	if err := p.Stop(); err != nil {
		return fmt.Errorf("it did not end well: %w", err)
	}
	return nil
}

func kill(ctx context.Context, w *world, s step) error {
	pause(ctx, s.hold)
	p := w.main()
	w.leave(p)
	return errors.Join(p.Kill(), w.start(ctx))
}

// killStarting kills a daemon, and the next one before it is ready, or just after.
func killStarting(ctx context.Context, w *world, s step) error {
	p := w.main()
	w.leave(p)
	if err := p.Kill(); err != nil {
		return err
	}
	p, err := w.launch()
	if err != nil {
		return err
	}
	pause(ctx, s.hold)
	return errors.Join(p.Kill(), w.start(ctx))
}

func killStopping(ctx context.Context, w *world, s step) error {
	p := w.main()
	w.leave(p)
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	pause(ctx, s.hold)
	return errors.Join(p.Kill(), w.start(ctx))
}

func stop(ctx context.Context, w *world, _ step) error {
	p := w.main()
	w.leave(p)
	return errors.Join(p.end(), w.start(ctx))
}

func suspend(ctx context.Context, w *world, s step) error {
	p := w.main()
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	pause(ctx, s.hold)
	return p.Signal(syscall.SIGCONT)
}

func diskFull(ctx context.Context, w *world, s step) error {
	if err := w.disk.fill(w.main()); err != nil {
		return err
	}
	pause(ctx, s.hold)
	return w.disk.empty(w.main())
}

func diskFullKill(ctx context.Context, w *world, s step) error {
	p := w.main()
	if err := w.disk.fill(p); err != nil {
		return err
	}
	pause(ctx, s.hold)
	w.leave(p)
	err := p.Kill()
	if w.disk.mounted {
		err = errors.Join(err, w.disk.empty(p))
	}
	return errors.Join(err, w.start(ctx))
}

// behave has carriers or webhooks behave in a way for a time.
func behave(ctx context.Context, mode interface{ Swap(int32) int32 }, as int32, s step) error {
	before := mode.Swap(as)
	pause(ctx, s.hold)
	mode.Swap(before)
	return nil
}

// traced runs strace on a daemon for a time, which makes some of its system calls slow
// or has them fail.
func traced(ctx context.Context, w *world, s step, args ...string) error {
	args = append([]string{"-f", "-qq", "-o", filepath.Join(w.dir, "strace"), "-p", strconv.Itoa(w.main().PID())}, args...)
	c := exec.Command("strace", args...)
	if err := c.Start(); err != nil {
		return err
	}
	pause(ctx, s.hold)
	err := c.Process.Signal(os.Interrupt) // it lets go of the daemon, which runs on
	if waited := c.Wait(); c.ProcessState.ExitCode() > 0 {
		err = errors.Join(err, waited)
	}
	return err
}

// slowSync has every fsync take a twentieth of a second more.
func slowSync(ctx context.Context, w *world, s step) error {
	return traced(ctx, w, s, "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_exit=50000")
}

// readOnly has every write to the files of the database fail as on a file system that
// the kernel has made read-only after a fault. A mounted one cannot be made so while
// files are open for writing.
func readOnly(ctx context.Context, w *world, s step) error {
	const calls = "pwrite64,write,ftruncate,fsync,fdatasync"
	file := filepath.Join(w.disk.path, "bridged.db")
	return traced(ctx, w, s, "-P", file, "-P", file+"-wal", "-P", file+"-shm", "-e", "trace="+calls, "-e", "inject="+calls+":error=EROFS")
}

// readOnlyStart starts a daemon on a read-only file system: it has to say so and end.
func readOnlyStart(ctx context.Context, w *world, _ step) error {
	p := w.main()
	w.leave(p)
	if err := errors.Join(p.end(), w.disk.readOnly(true)); err != nil {
		return err
	}
	p, err := w.launch()
	if err != nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.Ended():
	case <-timer.C:
		err = errors.Join(errors.New("it has started on a read-only store"), p.Kill())
	}
	var ended *exec.ExitError
	if err == nil && (!errors.As(p.Wait(), &ended) || ended.ExitCode() != 1) {
		err = fmt.Errorf("on a read-only store it ended with %w, and not with status 1", p.Wait())
	}
	return errors.Join(err, w.disk.readOnly(false), w.start(ctx))
}

func databaseKilled(ctx context.Context, w *world, s step) error {
	if err := w.server.Kill(); err != nil {
		return err
	}
	pause(ctx, s.hold)
	return w.server.Resume(ctx)
}

// second starts a second daemon on the same database, and ends the first one after a
// time.
func second(ctx context.Context, w *world, s step, end func(*process) error) error {
	first := w.main()
	if err := w.start(ctx); err != nil {
		return err
	}
	pause(ctx, s.hold)
	w.leave(first)
	return end(first)
}

// secondSuspended suspends the first of two daemons for so long that the other one
// takes its work over, or almost.
func secondSuspended(ctx context.Context, w *world, s step) error {
	first := w.main()
	if err := w.start(ctx); err != nil {
		return err
	}
	w.leave(first)
	if err := first.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	pause(ctx, s.hold)
	if err := first.Signal(syscall.SIGCONT); err != nil {
		return err
	}
	return first.end()
}
