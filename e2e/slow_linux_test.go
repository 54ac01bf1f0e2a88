package e2e

import (
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"bridged/e2e/fakecarrier"
)

// freshClient has no connection yet, so that each of its requests needs one.
func freshClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

func (w *world) anew(t *testing.T, target string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
	require.NoError(t, err)
	r.SetBasicAuth(account, authToken)
	answer, err := freshClient(t).Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	return answer.StatusCode
}

// Clients that write slowly on every connection that the daemon takes keep nobody out.
func TestSlowClientsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: "[limits]\nconnections = 20\n"})
	conversation := w.converse()
	begun := []string{"", "GET / HTTP/1.1\r\n", "POST /hooks/sms-main HTTP/1.1\r\nHost: x\r\nX-Slow: "}
	for i := range 60 {
		w.dial(w.URL).say(begun[i%len(begun)])
	}
	w.aliceWrites(idOf(1), "I am quick")
	eventually(t, func() bool { return len(w.messages(conversation)) == 1 }, "it is in")
	assert.Equal(t, http.StatusOK, w.anew(t, w.URL+"/v1/Conversations"))

	streams := w.dial(w.URL) // one that is served is not closed for others
	streams.say(lines("GET /bridged/v1/events HTTP/1.1", "Accept: text/event-stream"))
	first := make([]byte, 12)
	_, err := streams.Read(first)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 200", string(first))
	for range 60 {
		w.dial(w.URL).say("GET / HTTP/1.1\r\n")
	}
	w.aliceWrites(idOf(2), "and still")
	eventually(t, func() bool {
		some := make([]byte, 4096)
		require.NoError(t, streams.SetReadDeadline(time.Now().Add(patience)))
		n, err := streams.Read(some)
		require.NoError(t, err)
		return n > 0
	}, "the stream goes on")
}

// A hook's body that comes a byte at a time holds its connection for seconds, not for
// ever, and is told why.
func TestASlowBodyIsCutOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	c := w.dial(w.URL)
	c.say(lines(messaging, forms, "Content-Length: 1000") + "a=")
	status, _ := c.hear()
	assert.Equal(t, http.StatusRequestTimeout, status)
	assert.Equal(t, "1", w.metric(`bridged_hook_requests_total{channel="sms-main",result="too_slow"}`))
}

// openFiles counts what the daemon has open.
func (w *world) openFiles() int {
	w.t.Helper()
	list, err := os.ReadDir("/proc/" + strconv.Itoa(w.PID()) + "/fd")
	require.NoError(w.t, err)
	return len(list)
}

// limitFiles bounds how many files the daemon may have open.
func (w *world) limitFiles(n int) (lift func()) {
	w.t.Helper()
	var before unix.Rlimit
	require.NoError(w.t, unix.Prlimit(w.PID(), unix.RLIMIT_NOFILE, nil, &before))
	limit := unix.Rlimit{Cur: uint64(n), Max: before.Max}
	require.NoError(w.t, unix.Prlimit(w.PID(), unix.RLIMIT_NOFILE, &limit, nil))
	return func() { require.NoError(w.t, unix.Prlimit(w.PID(), unix.RLIMIT_NOFILE, &before, nil)) }
}

// Without a file descriptor to spare the daemon lives on, loses nothing, and works as
// ever when there are some again.
func TestWithoutFileDescriptorsNothingIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation := w.converse()
	w.aliceWrites(idOf(1), "before")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 1 }, "it is relayed")
	http.DefaultClient.CloseIdleConnections()

	lift := w.limitFiles(w.openFiles() + 3)
	slow := make([]*wire, 50)
	for i := range slow {
		slow[i] = w.dial(w.URL)
		slow[i].say("GET / HTTP/1.1\r\n")
	}
	form := fakecarrier.Message{ID: idOf(2), From: alice, To: smsProxy, Body: "during"}
	w.accepted(w.twilio.Post(t.Context(), w.URL+"/hooks/sms-main", form)) // one of the slow ones makes room
	lift()
	for _, c := range slow {
		_ = c.Close()
	}
	eventually(t, func() bool { return len(w.messages(conversation)) == 2 }, "both are there")
	eventually(t, func() bool { return len(w.cloud.Sent()) == 2 }, "and relayed")
	assert.Equal(t, []string{"before", "during"}, bodies(w.cloud.Sent()))
	assert.Equal(t, http.StatusOK, w.anew(t, w.Admin+"/readyz"))
	assert.Contains(t, w.Log(), "may open no more files")
}
