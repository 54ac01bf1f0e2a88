package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheSupervisorIsWhoTheEnvironmentNames(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, socket.Close()) })
	own := strconv.Itoa(os.Getpid())
	tests := map[string]struct {
		environ []string
		told    bool
		every   time.Duration
		mistake string
	}{
		"none":               {[]string{"WATCHDOG_USEC=60000000"}, false, 0, ""},
		"no watchdog":        {[]string{"NOTIFY_SOCKET=" + path}, true, 0, ""},
		"watchdog":           {[]string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=60000000"}, true, time.Minute, ""},
		"our watchdog":       {[]string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=1000000", "WATCHDOG_PID=" + own}, true, time.Second, ""},
		"another's watchdog": {[]string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=1000000", "WATCHDOG_PID=1"}, true, 0, ""},
		"no time":            {[]string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=soon"}, false, 0, `WATCHDOG_USEC is "soon"`},
		"a time of nothing":  {[]string{"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=0"}, false, 0, "WATCHDOG_USEC"},
		"nobody listens":     {[]string{"NOTIFY_SOCKET=" + path + "-none"}, false, 0, "NOTIFY_SOCKET " + path + "-none: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := newSupervisor(test.environ)
			if test.mistake != "" {
				require.ErrorContains(t, err, test.mistake)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.told, s.send != nil)
			assert.Equal(t, test.every, s.every)
			s.tell(stateStopping) // nobody reads it here; without a supervisor it is nothing
		})
	}
}

func TestTheWatchdogHearsOnlyOfADaemonThatIsAlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			mu    sync.Mutex
			sent  []string
			log   strings.Builder
			stuck atomic.Bool
		)
		told := func() []string {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(sent)
		}
		s := &supervisor{
			send: func(state string) error {
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, state)
				return nil
			},
			every: time.Minute, log: slog.New(slog.NewTextHandler(&log, nil)),
		}
		stop := s.serving(func(ctx context.Context) error {
			if stuck.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		passes := func(d time.Duration) { // the clock of the bubble
			<-time.After(d)
			synctest.Wait()
		}
		passes(59 * time.Second)
		assert.Equal(t, []string{stateReady, stateAlive, stateAlive}, told(), "at once, and twice a minute")
		stuck.Store(true)
		passes(5 * time.Minute)
		assert.Len(t, told(), 3, "nothing while it is stuck")
		stuck.Store(false)
		passes(time.Minute)
		assert.Len(t, told(), 5, "and again when it is not")
		stop()
		passes(time.Hour)
		assert.Len(t, told(), 5)
		assert.Contains(t, log.String(), "context deadline exceeded")
	})
}

func TestASupervisorThatDoesNotHearIsLogged(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &supervisor{
		send: func(string) error { return errors.New("nobody there") },
		log:  slog.New(slog.NewTextHandler(&log, nil)),
	}
	s.serving(nil)()
	assert.Contains(t, log.String(), `state="READY=1"`)
	assert.Contains(t, log.String(), "nobody there")
}

func TestADaemonIsAliveWhileItsWriterAnswers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(c *clocked) {
		ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
		defer cancel()
		require.NoError(c.t, c.alive(ctx))
		late, cancel := context.WithTimeout(c.t.Context(), 0)
		defer cancel()
		require.ErrorContains(c.t, c.alive(late), "the store's writer does not answer")
		given, cancel := context.WithCancel(c.t.Context())
		cancel()
		require.NoError(c.t, c.alive(given), "another error than that of time is an answer")
	})
}
