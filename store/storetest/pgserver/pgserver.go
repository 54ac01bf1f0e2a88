// Package pgserver runs a PostgreSQL server for tests and for the benchmark: one
// that is made in a temporary folder, listens on a free port of the loopback, and
// goes away with the process that started it, however that ends.
//
// It needs the binaries of Debian's package postgresql, which `make test`
// installs. No server of the machine's own is touched.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// startTime bounds how long the server may take to answer.
const startTime = time.Minute

// ports is how many ports are tried: between the choice of a free one and its use
// somebody else may take it.
const ports = 10

// installed is where Debian has the server's binaries.
const installed = "/usr/lib/postgresql/*/bin/initdb"

var (
	// errMissing is the error where the server's binaries are not installed.
	errMissing = errors.New("PostgreSQL is not installed: install Debian's package postgresql (make test does)")
	// errEnded is that of a server that has ended before it answered.
	errEnded = errors.New("the PostgreSQL server has ended")
)

// Options say what server to start.
type Options struct {
	// Durable has every commit on the disk before it is answered. Tests that never
	// stop the machine go without: they kill processes only, and what a process
	// has written to a file stays.
	Durable bool
}

// Server is a running PostgreSQL.
type Server struct {
	options Options
	bin     string
	dir     string
	port    int
	made    atomic.Int64 // databases

	mu      sync.Mutex
	process *process
}

// Start makes a server and returns when it answers.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	bin, err := binaries(exec.LookPath, installed)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, bin: bin}
	if s.dir, err = os.MkdirTemp("", "bridged-postgres-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	owner, err := owner()
	if err != nil {
		return nil, err
	}
	if owner != nil {
		if err := os.Chown(s.dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, err
		}
	}
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata", s.data(), "--username", "postgres",
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: owner}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s, s.listen(ctx, freePort)
}

// listen starts the server on the first port that nobody else has taken meanwhile.
func (s *Server) listen(ctx context.Context, pick func(context.Context) (int, error)) (err error) {
	for range ports {
		if s.port, err = pick(ctx); err != nil {
			return err
		}
		if err = s.Resume(ctx); !errors.Is(err, errEnded) {
			return err
		}
	}
	return err
}

// binaries finds the folder of the server's binaries: that of look, or the newest
// that fits the pattern.
func binaries(look func(string) (string, error), pattern string) (string, error) {
	if path, err := look("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return "", errors.Join(errMissing, err)
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// owner is who the server runs as: it refuses root. Nil is who we are.
func owner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nobody else
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, errors.Join(errMissing, err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

func freePort(ctx context.Context) (int, error) {
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Resume starts the server (again) on its port and data, and returns when it
// answers.
func (s *Server) Resume(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return nil
	}
	p, err := s.start()
	if err != nil {
		return err
	}
	s.process = p
	if err := s.answer(ctx); err != nil {
		return errors.Join(err, s.stop())
	}
	return nil
}

// answer waits until the server answers. It asks on the socket in the server's
// folder: on the port it might be another server that does.
func (s *Server) answer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	at := fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres", s.dir, s.port)
	for {
		conn, err := pgx.Connect(ctx, at)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.process.down:
			return fmt.Errorf("%w: %s", errEnded, s.log())
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w\n%s", err, s.log())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// supervise is a shell that stops the server, and removes its folder, when its
// standard input ends: when whoever started it is gone. A line on it says to stop
// the server and keep the folder. File 3 is the server's alone: it ends with it.
const supervise = `
"$@" </dev/null >>"$LOG" 2>&1 &
server=$!
exec 3>&-
if read -r keep; then kill -INT $server; wait $server; exit; fi
kill -QUIT $server; wait $server; rm -rf "$DIR"`

// process is the supervisor of a running server.
type process struct {
	command *exec.Cmd
	input   io.WriteCloser
	alive   *os.File      // ends when the server has ended
	down    chan struct{} // the server has ended
	ended   chan struct{} // so has the supervisor
}

func (s *Server) start() (*process, error) {
	owner, err := owner()
	if err != nil {
		return nil, err
	}
	p := &process{down: make(chan struct{}), ended: make(chan struct{})}
	p.command = exec.Command("/bin/sh", "-c", supervise, "supervise",
		filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(s.port), "-c", "max_connections=500",
		"-c", "fsync="+onOff(s.options.Durable), "-c", "full_page_writes="+onOff(s.options.Durable),
	)
	p.command.Env = append(os.Environ(), "DIR="+s.dir, "LOG="+filepath.Join(s.dir, "log"))
	p.command.Dir = s.dir
	// A group of its own: Ctrl-C is for the test, which then ends its input.
	p.command.SysProcAttr = &syscall.SysProcAttr{Credential: owner, Setpgid: true}
	return p, p.run()
}

// run starts the supervisor.
func (p *process) run() (err error) {
	if p.input, err = p.command.StdinPipe(); err != nil {
		return err
	}
	var held *os.File // the server's end
	if p.alive, held, err = os.Pipe(); err != nil {
		return errors.Join(err, p.input.Close())
	}
	defer held.Close()
	p.command.ExtraFiles = []*os.File{held}
	if err := p.command.Start(); err != nil {
		return errors.Join(err, p.alive.Close())
	}
	go p.wait()
	return nil
}

func (p *process) wait() {
	_, _ = io.Copy(io.Discard, p.alive) // nothing comes but its end
	p.alive.Close()
	close(p.down)
	_ = p.command.Wait() // how it ended is in its log
	close(p.ended)
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func (s *Server) log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err.Error()
	}
	return string(text)
}

// Stop stops the server and cuts its connections; Resume starts it again. The folder
// of a stopped server is removed by Close alone.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop()
}

func (s *Server) stop() error {
	if s.process == nil {
		return nil
	}
	_, err := io.WriteString(s.process.input, "\n")
	<-s.process.ended
	s.process = nil
	return err
}

// Close stops the server for good.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		_ = s.process.input.Close()
		<-s.process.ended
		s.process = nil
	}
	return os.RemoveAll(s.dir)
}

// URL is the address of a database on the server.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s", s.port, database)
}

// CreateDatabase makes a database, a copy of the template's where one is named,
// and returns its URL.
func (s *Server) CreateDatabase(ctx context.Context, template string) (url string, err error) {
	name := fmt.Sprintf("test%d", s.made.Add(1))
	query := "CREATE DATABASE " + name
	if template != "" {
		query += " TEMPLATE " + template
	}
	return s.URL(name), s.run(ctx, query)
}

// DropDatabase removes a database, by its URL, whoever is connected to it.
func (s *Server) DropDatabase(ctx context.Context, url string) error {
	return s.run(ctx, "DROP DATABASE "+nameOf(url)+" WITH (FORCE)")
}

// CutOff ends all connections to a database and has it take no other until Mend.
func (s *Server) CutOff(ctx context.Context, url string) error {
	return s.run(ctx, "ALTER DATABASE "+nameOf(url)+" ALLOW_CONNECTIONS false",
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"+nameOf(url)+"'")
}

// Mend undoes CutOff.
func (s *Server) Mend(ctx context.Context, url string) error {
	return s.run(ctx, "ALTER DATABASE "+nameOf(url)+" ALLOW_CONNECTIONS true")
}

// nameOf is the database of a URL that this package has made.
func nameOf(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

func (s *Server) run(ctx context.Context, queries ...string) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	for _, query := range queries {
		if _, err = conn.Exec(ctx, query); err != nil {
			break
		}
	}
	return errors.Join(err, conn.Close(ctx))
}

// Kill ends the server as a crash does: the postmaster at once, and its children when
// they notice. Resume starts it again.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return err
	}
	return errors.Join(syscall.Kill(pid, syscall.SIGKILL), s.stop())
}
