// Package daemon runs the built binary of bridged for whole-daemon tests and the
// benchmark: it starts the process, waits until it says that it is ready, and
// stops or kills it by its own handle.
package daemon

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"time"
)

// startTime bounds how long a start may take.
const startTime = 30 * time.Second

// Options say what to start.
type Options struct {
	Binary string
	Dir    string   // working directory
	Args   []string // of the command
	Env    []string // beside the process's own
	// LogTo gets what the process logs, as it comes, beside Log. Optional.
	LogTo io.Writer
}

// Daemon is a running bridged.
type Daemon struct {
	URL   string // of server.listen
	Admin string // of admin.listen

	command *exec.Cmd
	stdout  Buffer
	stderr  Buffer
	logTo   io.Writer
	ready   chan []string // has room for one
	ended   chan struct{}
	err     error
}

// Start runs the binary and returns when it is ready to serve.
func Start(ctx context.Context, o Options) (*Daemon, error) {
	d, err := Launch(o)
	if err != nil {
		return nil, err
	}
	return d, d.Ready(ctx)
}

// Launch runs the binary and does not wait. Until Ready has returned, nobody knows
// where it listens.
func Launch(o Options) (*Daemon, error) {
	d := &Daemon{logTo: o.LogTo, ready: make(chan []string, 1), ended: make(chan struct{})}
	if d.logTo == nil {
		d.logTo = io.Discard
	}
	d.command = exec.Command(o.Binary, o.Args...)
	d.command.Dir = o.Dir
	d.command.Env = append(os.Environ(), o.Env...)
	d.command.Stdout = &d.stdout
	logs, err := d.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := d.command.Start(); err != nil {
		return nil, err
	}
	go d.follow(logs)
	return d, nil
}

// Ready waits until a process that was launched is ready to serve. One that is not in
// time is killed.
func (d *Daemon) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	select {
	case urls := <-d.ready:
		d.URL, d.Admin = urls[0], "http://"+urls[1]
		return nil
	case <-d.ended:
		return fmt.Errorf("it ended before it was ready: %w\n%s", d.err, d.stderr.String())
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("it was not ready in time: %s", d.stderr.String()), d.Kill())
	}
}

// follow keeps the log and looks in it for where the daemon listens.
func (d *Daemon) follow(logs io.Reader) {
	line := regexp.MustCompile(`msg="bridged is ready" public_url=(\S+) .*admin=(\S+)`)
	scanner := bufio.NewScanner(logs)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		_, _ = fmt.Fprintln(&d.stderr, scanner.Text())
		_, _ = fmt.Fprintln(d.logTo, scanner.Text())
		if found := line.FindStringSubmatch(scanner.Text()); found != nil {
			d.ready <- found[1:]
		}
	}
	d.err = d.command.Wait()
	close(d.ended)
}

// PID is the process's id.
func (d *Daemon) PID() int { return d.command.Process.Pid }

// Stop asks the process to end, waits for it, and returns how it ended.
func (d *Daemon) Stop() error {
	if err := d.command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return d.Wait()
}

// Ended is closed when the process has ended.
func (d *Daemon) Ended() <-chan struct{} { return d.ended }

// Wait waits until the process has ended, and returns how.
func (d *Daemon) Wait() error {
	<-d.ended
	return d.err
}

// Kill ends the process at once, as a crash would, and waits until it is gone.
func (d *Daemon) Kill() error {
	if err := d.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-d.ended
	return nil
}

// Signal sends the process a signal.
func (d *Daemon) Signal(s os.Signal) error { return d.command.Process.Signal(s) }

// Stdout is what the process has printed so far.
func (d *Daemon) Stdout() string { return d.stdout.String() }

// Log is what the process has logged so far.
func (d *Daemon) Log() string { return d.stderr.String() }

// Metrics reads /metrics.
func (d *Daemon) Metrics(ctx context.Context) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.Admin+"/metrics", http.NoBody)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

// Buffer is a buffer that is written and read at the same time.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *Buffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *Buffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
