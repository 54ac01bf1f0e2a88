package e2e

import (
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"bridged/e2e/fakecarrier"
	"bridged/store/storetest"
	"bridged/store/storetest/pgserver"
)

// patientRetryConf lets no send be of unknown outcome because the machine is slow.
const patientRetryConf = "[retry]\nfirst = \"50ms\"\nmax = \"500ms\"\nattempts = 50\nunknown_wait = \"200ms\"\nsend_timeout = \"30s\"\n"

// more waits until so many more messages are acknowledged.
func (l *load) more(n int64) {
	l.w.t.Helper()
	want := l.taken.Load() + n
	eventually(l.w.t, func() bool { return l.taken.Load() >= want }, "%d more are acknowledged", n)
}

// Two daemons share one database, and the load. One is killed in the midst of it;
// the other one finishes all.
func TestOneOfTwoDaemonsIsKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{withoutRetry: true, config: crashRetryConf, place: storetest.NewPostgreSQL(t)})
	other := w.startAnother(t.TempDir())
	t.Cleanup(func() { _ = other.Kill() })
	l := newLoad(w)
	l.reach(w.URL, other.URL)
	stop := l.start()
	l.more(200)
	eventually(t, func() bool { return strings.Contains(other.Log(), "took over work") }, "both have some of the numbers")
	l.more(200)
	require.NoError(t, other.Kill())
	l.reach(w.URL)
	l.more(200)
	stop()
	l.settle()
	l.check()
}

// A daemon that is asked to stop hands its work over at once, and nothing of it
// is unknown.
func TestOneOfTwoDaemonsStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{withoutRetry: true, config: patientRetryConf, place: storetest.NewPostgreSQL(t)})
	other := w.startAnother(t.TempDir())
	l := newLoad(w)
	l.reach(w.URL, other.URL)
	stop := l.start()
	l.more(200)
	l.reach(w.URL)
	endsWell(t, other)
	l.more(200)
	stop()
	l.settle()
	l.check()
	if twice := sentTwice(w.cloud.Sent()); !assert.Empty(t, twice, "nothing was sent twice") {
		t.Logf("the daemon that stopped:\n%s\nthe other one:\n%s", other.Log(), w.Log())
	}
}

// sentTwice are the texts that a carrier was given more than once.
func sentTwice(sent []fakecarrier.Sent) (twice []string) {
	seen := make(map[string]bool)
	for _, s := range sent {
		if seen[s.Body] {
			twice = append(twice, s.Body)
		}
		seen[s.Body] = true
	}
	return twice
}

// The database is away for some time under load. BRIDGED_LONG=1 makes it 20
// seconds.
func TestTheDatabaseIsAwayUnderLoad(t *testing.T) {
	t.Parallel()
	server, err := pgserver.Start(t.Context(), pgserver.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	url, err := server.CreateDatabase(t.Context(), "")
	require.NoError(t, err)
	w := newWorld(t, setup{withoutRetry: true, config: crashRetryConf, place: &storetest.Place{URL: url}})
	l := newLoad(w)
	stop := l.start()
	l.more(100)

	require.NoError(t, server.Stop())
	away := time.Second
	if os.Getenv("BRIDGED_LONG") != "" {
		away = 20 * time.Second
	}
	w.refusedForNow(fakecarrier.Message{ID: fakecarrier.NewSID(), From: alice, To: smsProxy, Body: "anybody there?"})
	<-time.NewTimer(away).C
	require.NoError(t, server.Resume(t.Context()))

	l.more(100)
	stop()
	l.settle()
	l.check()
	eventually(t, func() bool { return w.readiness() == 200 }, "it is ready again")
}

// A daemon is suspended during a send for longer than its leases live. The other
// one cannot know whether the send succeeded, and repeats it: both attempts are
// on the delivery, the first of unknown outcome.
func TestASuspendedDaemonMayHaveSentTwice(t *testing.T) {
	t.Parallel()
	var sends atomic.Int32
	entered, leave := make(chan struct{}), make(chan struct{})
	w := newWorld(t, setup{place: storetest.NewPostgreSQL(t), cloudFault: func(fakecarrier.Sent) fakecarrier.Fault {
		if sends.Add(1) == 1 {
			close(entered)
			<-leave
		}
		return fakecarrier.Fault{}
	}})
	conversation := w.converse()
	w.aliceWrites("SM00000000000000000000000000000001", "twice?")
	<-entered
	suspended := w.Daemon
	require.NoError(t, suspended.Signal(syscall.SIGSTOP))
	wake := sync.OnceFunc(func() {
		close(leave)
		_ = suspended.Signal(syscall.SIGCONT)
	})
	w.Daemon = w.startAnother(t.TempDir())
	w.api = helperLibrary(w.URL, account, authToken)
	t.Cleanup(func() { wake(); endsWell(t, suspended) })
	eventually(t, func() bool { return sends.Load() == 2 }, "the other one sends it again")
	eventually(t, func() bool { d := w.detailOf(conversation, 0); return d != nil && d.Progress == "done" }, "and is through with it")
	assert.Equal(t, []string{"unknown", "accepted"}, w.detailOf(conversation, 0).outcomes())

	wake()
	w.aliceWrites("SM00000000000000000000000000000002", "and on")
	eventually(t, func() bool { return sends.Load() == 3 }, "it goes on")
	eventually(t, func() bool { return w.detailOf(conversation, 1).Progress == "done" }, "with both awake")
	assert.Len(t, w.detailOf(conversation, 0).outcomes(), 2, "the first one sends nothing any more")
}
