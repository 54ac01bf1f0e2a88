package sinks_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"bridged/conversations"
	"bridged/sinks"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/nats-io/nats-server/v2/server.(*Server).cleanupNRGLogging"))
}

const (
	digits  = "0123456789abcdef0123456789abcdef"
	account = "AC" + digits
	subject = "bridged.test"
)

// home is where a server keeps its streams, and its port: it can be started again.
type home struct {
	dir  string
	port int
}

// newHome picks a port that is free.
func newHome(t *testing.T) home {
	t.Helper()
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it listens on TCP
	require.NoError(t, l.Close())
	return home{t.TempDir(), port}
}

func (h home) url() string { return "nats://127.0.0.1:" + strconv.Itoa(h.port) }

// start starts the server, which is stopped at the end of the test at the latest.
func (h home) start(t *testing.T) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: h.port, JetStream: true, StoreDir: h.dir, NoLog: true, NoSigs: true,
	})
	require.NoError(t, err)
	s.Start()
	require.True(t, s.ReadyForConnections(30*time.Second))
	t.Cleanup(func() { stop(s) })
	return s
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// stored returns the payloads that the subject's stream has, and their IDs.
func (h home) stored(t *testing.T) (payloads, ids []string) {
	t.Helper()
	conn, err := nats.Connect(h.url())
	require.NoError(t, err)
	defer conn.Close()
	js, err := conn.JetStream()
	require.NoError(t, err)
	name, err := js.StreamNameBySubject(subject)
	require.NoError(t, err)
	info, err := js.StreamInfo(name)
	require.NoError(t, err)
	for seq := range info.State.Msgs {
		m, err := js.GetMsg(name, info.State.FirstSeq+seq)
		require.NoError(t, err)
		payloads, ids = append(payloads, string(m.Data)), append(ids, m.Header.Get(nats.MsgIdHdr))
	}
	return payloads, ids
}

// known is a store with one service.
type known struct{ fail error }

func (k known) EventServices(context.Context, []conversations.Event) (map[conversations.ConversationID]conversations.ServiceID, error) {
	return map[conversations.ConversationID]conversations.ServiceID{digits: digits}, k.fail
}

func (k known) DefaultService(context.Context) (conversations.Service, error) {
	return conversations.Service{ID: digits}, k.fail
}

func newSink(t *testing.T, url string) *sinks.NATS {
	t.Helper()
	sink, err := sinks.NewNATS(sinks.Config{
		Name: "test", URL: url, Subject: subject, Account: account, PublicURL: "https://bridged.example", Store: known{},
		Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(sink.Close)
	return sink
}

// happened makes events from one place to another, exclusive.
func happened(from, to int) (events []conversations.Event) {
	for i := from; i < to; i++ {
		events = append(events, conversations.Event{
			Type: conversations.MessageAdded, Conversation: digits, Place: conversations.Cursor{Minor: int64(i)}, At: time.Unix(int64(i), 0),
			After: conversations.Resource{Message: &conversations.Message{ID: digits, Conversation: digits, Index: int64(i)}},
		})
	}
	return events
}

// indexes are those of the messages that the stream's events are about.
func indexes(t *testing.T, payloads []string) (list []int) {
	t.Helper()
	for _, text := range payloads {
		var e struct {
			Type     string
			Account  string `json:"account_sid"`
			Service  string `json:"chat_service_sid"`
			Resource struct{ Index int }
		}
		require.NoError(t, json.Unmarshal([]byte(text), &e))
		assert.Equal(t, []string{"onMessageAdded", account, "IS" + digits}, []string{e.Type, e.Account, e.Service})
		list = append(list, e.Resource.Index)
	}
	return list
}

func upTo(n int) (list []int) {
	for i := range n {
		list = append(list, i)
	}
	return list
}

func TestEventsArePublished(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.start(t)
	sink := newSink(t, h.url())
	events := happened(0, 20)
	events = append(events, conversations.Event{Type: conversations.UserRemoved, Place: conversations.Cursor{Minor: 20}})
	n, err := sink.Publish(t.Context(), events)
	require.NoError(t, err)
	assert.Equal(t, 21, n)
	payloads, ids := h.stored(t)
	assert.Equal(t, upTo(20), indexes(t, payloads), "of the last one nobody outside is told")
	assert.Equal(t, account+".AAAAAAAAAAAAAAAAAAAAAQ", ids[1], "always the same, and no other installation's")

	// What is published again, because a crash came before the cursor, is there once.
	_, err = newSink(t, h.url()).Publish(t.Context(), happened(15, 25))
	require.NoError(t, err)
	payloads, _ = h.stored(t)
	assert.Equal(t, upTo(25), indexes(t, payloads))
}

// The server is not there at first, and goes away in between.
func TestASinkWaitsForItsServer(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	sink := newSink(t, h.url())
	done := make(chan error, 1)
	publish := func(events []conversations.Event) {
		go func() {
			_, err := sink.Publish(t.Context(), events)
			done <- err
		}()
	}
	wait := func() {
		t.Helper()
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(30 * time.Second):
			require.FailNow(t, "waited in vain")
		}
	}
	publish(happened(0, 10))
	select {
	case err := <-done:
		require.FailNow(t, "there is nobody to acknowledge it", "%v", err)
	case <-time.After(300 * time.Millisecond): // it has the time to make a mistake
	}
	s := h.start(t)
	wait()
	for round := 1; round < 4; round++ {
		publish(happened(10*round, 10*round+5))
		stop(s) // at any moment of it
		s = h.start(t)
		wait()
		publish(happened(10*round+5, 10*round+10))
		wait()
	}
	payloads, _ := h.stored(t)
	assert.Equal(t, upTo(40), indexes(t, payloads))
}

// An operator who wants another stream has made it.
func TestAStreamThatIsThereIsUsed(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.start(t)
	conn, err := nats.Connect(h.url())
	require.NoError(t, err)
	defer conn.Close()
	js, err := conn.JetStream()
	require.NoError(t, err)
	_, err = js.AddStream(&nats.StreamConfig{Name: "mine", Subjects: []string{"bridged.>"}, Storage: nats.MemoryStorage})
	require.NoError(t, err)
	_, err = newSink(t, h.url()).Publish(t.Context(), happened(0, 3))
	require.NoError(t, err)
	info, err := js.StreamInfo("mine")
	require.NoError(t, err)
	assert.EqualValues(t, 3, info.State.Msgs)
}

// Whoever waits for a server is not kept from stopping.
func TestAWaitingSinkCanBeStopped(t *testing.T) {
	t.Parallel()
	h := newHome(t) // nobody starts it
	for _, how := range []string{"the context", "close"} {
		sink := newSink(t, h.url())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			n, err := sink.Publish(ctx, happened(0, 1))
			assert.Zero(t, n)
			done <- err
		}()
		if how == "close" {
			sink.Close()
		} else {
			cancel()
		}
		require.Error(t, <-done, how)
		cancel()
	}
}

func TestWhatASinkCannotUse(t *testing.T) {
	t.Parallel()
	_, err := sinks.NewNATS(sinks.Config{URL: "nats://user:secret@127.0.0.1:x", Subject: subject})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "secret")
	_, err = sinks.NewNATS(sinks.Config{URL: "nats://127.0.0.1:1", CredentialsFile: filepath.Join(t.TempDir(), "none")})
	require.ErrorIs(t, err, os.ErrNotExist)
	sink, err := sinks.NewNATS(sinks.Config{URL: "nats://127.0.0.1:1", Subject: subject, Store: known{fail: os.ErrClosed}})
	require.NoError(t, err)
	t.Cleanup(sink.Close)
	_, err = sink.Publish(t.Context(), happened(0, 1))
	require.ErrorIs(t, err, os.ErrClosed)
}
