package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// told is an event as the stream and the pages tell it.
type told struct {
	ID              string
	Type            string
	ConversationSID *string `json:"conversation_sid"`
	ChatServiceSID  *string `json:"chat_service_sid"`
	Source          string
	Resource        struct {
		SID  string
		Body string
	}

	raw string
}

// eventPage is an answer of /bridged/v1/events.
type eventPage struct {
	Events []json.RawMessage
	Meta   struct {
		NextPageURL *string `json:"next_page_url"`
		After       string
	}
	Code    int
	Message string
}

// eventListener is a client of the event stream. It comes back where it was.
type eventListener struct {
	w     *world
	query string
	since string // the ID that it goes on from

	mu     sync.Mutex
	events []told
	ended  chan struct{}
	gone   bool // it was told that events are not kept any more
	cancel context.CancelFunc
}

// open connects, and returns when the stream has begun.
func (l *eventListener) open() *eventListener {
	l.w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.w.URL+"/bridged/v1/events?"+l.query, nil)
	require.NoError(l.w.t, err)
	r.SetBasicAuth(account, authToken)
	r.Header.Set("Accept", "text/event-stream")
	if l.since != "" {
		r.Header.Set("Last-Event-ID", l.since)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(l.w.t, err)
	require.Equal(l.w.t, http.StatusOK, answer.StatusCode)
	l.ended, l.cancel = make(chan struct{}), cancel
	begun := make(chan struct{})
	go l.read(answer, begun)
	<-begun
	return l
}

// read takes the fields of the stream until it ends.
func (l *eventListener) read(answer *http.Response, begun chan struct{}) {
	defer close(l.ended)
	defer answer.Body.Close()
	begin := sync.OnceFunc(func() { close(begun) })
	defer begin()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	var kind, data, id string
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			id = value
		case "event":
			kind = value
		case "data":
			data = value
		case "": // what has come is whole
			l.take(id, kind, data)
			kind, data = "", ""
			begin()
		}
	}
}

func (l *eventListener) take(id, kind, data string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = id
	switch kind {
	case "":
	case "gone":
		l.gone = true
	default:
		e := told{raw: data}
		if json.Unmarshal([]byte(data), &e) != nil || e.ID != id || e.Type != kind {
			e.Type = "broken: " + data
		}
		l.events = append(l.events, e)
	}
}

func (l *eventListener) has() []told {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]told{}, l.events...)
}

// reaches waits for a message of that text.
func (l *eventListener) reaches(text string) {
	l.w.t.Helper()
	eventually(l.w.t, func() bool { return count(addedTexts(l.has()), text) > 0 }, "the stream tells of %q", text)
}

func (l *eventListener) close() {
	l.cancel()
	<-l.ended
}

// addedTexts are the bodies of the messages that were added.
func addedTexts(events []told) (texts []string) {
	for _, e := range events {
		if e.Type == "onMessageAdded" {
			texts = append(texts, e.Resource.Body)
		}
	}
	return texts
}

// listen opens a stream.
func (w *world) listen(query, since string) *eventListener {
	w.t.Helper()
	return (&eventListener{w: w, query: query, since: since}).open()
}

// eventsOf returns the events of all pages.
func (w *world) eventsOf(query url.Values) (events []told) {
	w.t.Helper()
	path := "/bridged/v1/events?" + query.Encode()
	for {
		var page eventPage
		require.Equal(w.t, http.StatusOK, w.call(http.MethodGet, path, nil, &page), page.Message)
		for _, data := range page.Events {
			e := told{raw: string(data)}
			require.NoError(w.t, json.Unmarshal(data, &e))
			events = append(events, e)
		}
		if page.Meta.NextPageURL == nil {
			return events
		}
		next, err := url.Parse(*page.Meta.NextPageURL)
		require.NoError(w.t, err)
		path = next.RequestURI()
	}
}

// rawOf is the events as they were told, but for the port, which each start picks.
func rawOf(events []told) (list []string) {
	for _, e := range events {
		list = append(list, withoutPort(e.raw))
	}
	return list
}

func withoutPort(text string) string {
	return regexp.MustCompile(`http://127\.0\.0\.1:\d+`).ReplaceAllString(text, "http://127.0.0.1")
}

// Streams end when the daemon stops and when it is killed, and go on where they were:
// without a gap and without a repetition, whatever happened meanwhile.
func TestTheStreamGoesOnAcrossRestarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	first, second := w.listen("", ""), w.listen("Type=onMessageAdded", "")
	conversation := w.converse()
	n := 0
	write := func(times int) {
		for range times {
			w.write(conversation, "text "+strconv.Itoa(n))
			n++
		}
	}
	for round := range 3 {
		write(10)
		first.reaches("text " + strconv.Itoa(n-1))
		if round == 1 {
			write(20)
			require.NoError(t, w.Kill())
		} else {
			began := time.Now()
			require.NoError(t, w.Stop(), w.Log())
			assert.Less(t, time.Since(began), 3*time.Second, "streams do not keep it")
		}
		<-first.ended
		<-second.ended
		w.start()
		write(5) // nobody listens
		first.open()
		second.open()
	}
	w.aliceWrites("SM00000000000000000000000000000001", "the last one")
	first.reaches("the last one")
	second.reaches("the last one")
	assert.Equal(t, addedTexts(first.has()), addedTexts(second.has()))
	assert.Len(t, addedTexts(first.has()), n+1)
	for name, l := range map[string]*eventListener{"": first, "onMessageAdded": second} {
		query := url.Values{"PageSize": {"7"}, "Type": {name}}
		// Receipts may still come.
		eventually(t, func() bool { return slices.Equal(rawOf(w.eventsOf(query)), rawOf(l.has())) }, "the stream has told all, once and in the form of the pages")
	}
	assert.Equal(t, "2", w.metric("bridged_event_streams"))
	first.close()
	second.close()
	eventually(t, func() bool { return w.metric("bridged_event_streams") == "0" }, "nobody reads")
}

func TestPagesOfEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	conversation, other := w.converse(), w.newConversation()
	message := w.write(other, "hello")
	w.aliceWrites("SM00000000000000000000000000000001", "from a handset")
	eventually(t, func() bool { return count(addedTexts(w.eventsOf(nil)), "from a handset") == 1 }, "it is told")
	types := func(events []told) (list []string) {
		for _, e := range events {
			list = append(list, e.Type)
		}
		return list
	}
	all := w.eventsOf(nil)
	assert.Equal(t, []string{"onConversationAdded", "onParticipantAdded", "onParticipantAdded", "onConversationAdded", "onMessageAdded"}, types(all)[:5])
	of := w.eventsOf(url.Values{"ConversationSid": {other}})
	assert.Equal(t, []string{"onConversationAdded", "onMessageAdded"}, types(of))
	assert.Equal(t, []string{message, "API", other}, []string{of[1].Resource.SID, of[1].Source, *of[1].ConversationSID})
	assert.NotNil(t, of[1].ChatServiceSID)
	handset := w.eventsOf(url.Values{"ConversationSid": {conversation}, "Type": {"onMessageAdded"}})
	require.Len(t, handset, 1)
	assert.Equal(t, "SMS", handset[0].Source)
	assert.Equal(t, []string{"onParticipantAdded", "onParticipantAdded"}, types(w.eventsOf(url.Values{"Type": {"onParticipantAdded"}, "After": {all[0].ID}})))

	require.NoError(t, w.api.DeleteConversation(other, nil))
	var gone []told
	eventually(t, func() bool {
		gone = w.eventsOf(url.Values{"ConversationSid": {other}})
		return len(gone) == 3
	}, "it is told")
	require.Equal(t, []string{"onConversationAdded", "onMessageAdded", "onConversationRemoved"}, types(gone))
	assert.Equal(t, of[0].ChatServiceSID, gone[2].ChatServiceSID)
}

// Who comes back too late is told so, and begins anew.
func TestEventsAreKeptForATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{config: "[events]\nretention = \"1s\"\n"})
	l := w.listen("", "")
	conversation := w.converse()
	l.reachesType("onParticipantAdded")
	first := l.has()[0].ID
	l.close()
	n := 0
	var page eventPage
	eventually(t, func() bool {
		w.write(conversation, "text "+strconv.Itoa(n)) // so that what reads has read what came before
		n++
		page = eventPage{}
		return w.call(http.MethodGet, "/bridged/v1/events?After="+first, nil, &page) == http.StatusGone
	}, "the first events are forgotten")
	assert.Equal(t, 20410, page.Code)
	assert.Contains(t, page.Message, "not kept any more")
	answer := w.request(http.MethodGet, "/bridged/v1/events", nil, http.Header{"Accept": {"text/event-stream"}, "Last-Event-Id": {first}})
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusGone, answer.StatusCode)
	w.searchFinds(1, "text 0", "message")

	l = w.listen("", "")
	w.write(conversation, "after it all")
	l.reaches("after it all")
	l.close()
}

func (l *eventListener) reachesType(kind string) {
	l.w.t.Helper()
	eventually(l.w.t, func() bool {
		for _, e := range l.has() {
			if e.Type == kind {
				return true
			}
		}
		return false
	}, "the stream tells of %s", kind)
}

// natsServer starts a NATS server that keeps its streams in a directory.
func natsServer(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true})
	require.NoError(t, err)
	s.Start()
	require.True(t, s.ReadyForConnections(patience))
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return s
}

// published are the messages of the stream that a sink has made.
func published(t *testing.T, s *server.Server) (payloads []string) {
	t.Helper()
	conn, err := nats.Connect(s.ClientURL())
	require.NoError(t, err)
	defer conn.Close()
	js, err := conn.JetStream()
	require.NoError(t, err)
	info, err := js.StreamInfo("bridged-events")
	if err != nil {
		return nil // it is not there yet
	}
	for seq := range info.State.Msgs {
		m, err := js.GetMsg("bridged-events", seq+1)
		require.NoError(t, err)
		payloads = append(payloads, withoutPort(string(m.Data)))
	}
	return payloads
}

// What happens is published to NATS once and in order, although the server is away
// for a time and the daemon is killed. Meanwhile messages go their way.
func TestASinkMissesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := natsServer(t, dir, server.RANDOM_PORT)
	at, err := url.Parse(s.ClientURL())
	require.NoError(t, err)
	port, err := strconv.Atoi(at.Port())
	require.NoError(t, err)
	w := newWorld(t, setup{config: "[[sinks]]\nname = \"test\"\ntype = \"nats\"\nurl = \"nats://127.0.0.1:" + at.Port() + "\"\n"})
	conversation := w.converse()
	w.write(conversation, "one")
	eventually(t, func() bool { return len(published(t, s)) >= 4 }, "it is published")
	s.Shutdown()
	s.WaitForShutdown()
	for n := range 20 {
		w.write(conversation, strconv.Itoa(n))
	}
	eventually(t, func() bool { return len(w.twilio.Sent()) == 21 }, "messages do not wait for the sink")
	require.NoError(t, w.Kill())
	w.start()
	s = natsServer(t, dir, port)
	w.write(conversation, "last")
	eventually(t, func() bool {
		all := w.eventsOf(nil)
		return count(addedTexts(all), "last") == 1 && len(published(t, s)) == len(all)
	}, "it is published too")
	eventually(t, func() bool { return slices.Equal(rawOf(w.eventsOf(nil)), published(t, s)) }, "it is all that there is, in the same form")
}
