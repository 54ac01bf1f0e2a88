package e2e

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/daemon"
)

// supervised is the socket that a supervisor such as systemd listens on.
type supervised struct {
	t      *testing.T
	socket *net.UnixConn
	path   string
}

func newSupervised(t *testing.T) *supervised {
	t.Helper()
	s := &supervised{t: t, path: filepath.Join(socketDir(t), "notify")}
	var err error
	s.socket, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.path, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.socket.Close()) })
	return s
}

// next is the next state that is told.
func (s *supervised) next() string {
	s.t.Helper()
	require.NoError(s.t, s.socket.SetReadDeadline(time.Now().Add(patience)))
	text := make([]byte, 256)
	n, err := s.socket.Read(text)
	require.NoError(s.t, err)
	return string(text[:n])
}

// until reads states until one comes, and returns those before it.
func (s *supervised) until(state string) (before []string) {
	s.t.Helper()
	for {
		told := s.next()
		if told == state {
			return before
		}
		before = append(before, told)
	}
}

func TestASupervisorHearsHowTheDaemonIs(t *testing.T) {
	t.Parallel()
	s := newSupervised(t)
	d, err := daemon.Start(t.Context(), daemon.Options{Binary: binary, Dir: t.TempDir(), Env: []string{
		"BRIDGED_SERVER_LISTEN=127.0.0.1:0", "BRIDGED_ADMIN_LISTEN=127.0.0.1:0",
		"NOTIFY_SOCKET=" + s.path, "WATCHDOG_USEC=300000",
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Kill()) }) // nothing, where it has ended
	assert.Equal(t, "READY=1", s.next(), "first, and only when it serves")
	for range 3 {
		s.until("WATCHDOG=1")
	}

	require.NoError(t, d.Signal(syscall.SIGHUP))
	s.until("RELOADING=1")
	s.until("READY=1")

	// Held up, it is silent, and a supervisor would end it.
	require.NoError(t, d.Signal(syscall.SIGSTOP))
	heardNothing := func() bool {
		require.NoError(t, s.socket.SetReadDeadline(time.Now().Add(600*time.Millisecond)))
		_, err := s.socket.Read(make([]byte, 256))
		return os.IsTimeout(err)
	}
	eventually(t, heardNothing, "silence")
	require.NoError(t, d.Signal(syscall.SIGCONT))
	s.until("WATCHDOG=1")

	require.NoError(t, d.Signal(syscall.SIGTERM))
	s.until("STOPPING=1")
	require.NoError(t, d.Wait())
}

func TestASupervisorThatIsNotThereIsTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none")
	_, err := daemon.Start(t.Context(), daemon.Options{Binary: binary, Dir: t.TempDir(), Env: []string{"NOTIFY_SOCKET=" + path}})
	require.ErrorContains(t, err, "exit status 1")
	require.ErrorContains(t, err, "NOTIFY_SOCKET "+path)
}
