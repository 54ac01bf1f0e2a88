package bridge_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/media"
	"bridged/store"
	"bridged/store/storetest"
)

// The people of these tests, and our numbers. Alice and Bob are on channel
// "sms", Carla is on channel "wa".
const (
	alice = conversations.Address("+15550000001")
	bob   = conversations.Address("+15550000002")
	carla = conversations.Address("whatsapp:+15550000003")

	proxy      = conversations.Address("+15559990001")
	otherProxy = conversations.Address("+15559990002")
	waProxy    = conversations.Address("whatsapp:+15559990003")

	service          = conversations.ServiceID("00000000000000000000000000000001")
	messagingService = conversations.MessagingServiceID("00000000000000000000000000000002")
	otherMessaging   = conversations.MessagingServiceID("00000000000000000000000000000003")
)

var (
	system = bridge.Caller{Source: conversations.SourceAPI, By: "tester"}
	roles  = conversations.Service{
		ID: service, ConversationRole: "role", ConversationCreatorRole: "creator", UserRole: "user",
	}
	start = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
)

// numbers is the directory of configured channels. A test may take a number out.
type numbers map[conversations.Address]string

func (n numbers) Owner(proxy conversations.Address) (string, bool) {
	channel, ok := n[proxy]
	return channel, ok
}

// CarriesGroups says whether a number's channel is the one that can.
func (n numbers) CarriesGroups(number conversations.Address) bool { return n[number] == "groups" }

func (n numbers) HasGroups() bool {
	for number := range n {
		if n.CarriesGroups(number) {
			return true
		}
	}
	return false
}

func (numbers) Parse(a conversations.Address) (conversations.Address, error) {
	clean := conversations.Address(strings.ReplaceAll(string(a), " ", ""))
	if !strings.HasPrefix(clean.Local(), "+") {
		return "", errors.New("a number begins with +")
	}
	return clean, nil
}

func (numbers) MediaRules(conversations.Address) conversations.MediaRules { return mms }

// mms are rules under which two pictures go together, of up to 100 bytes.
var mms = conversations.MediaRules{
	Count: 2, Total: 200, MaxText: 10, TooLarge: 30019, BadType: 12300,
	Limits: []conversations.MediaLimit{{Types: []string{"text/plain", "video/mp4"}, Bytes: 100}},
}

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// notes is an Observer that writes down what it is told.
type notes struct {
	mu    sync.Mutex
	lines []string
}

func (n *notes) note(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lines = append(n.lines, fmt.Sprintf(format, args...))
}

func (n *notes) taken() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines := n.lines
	n.lines = nil
	return lines
}

func (n *notes) Accepted(channel string, fresh, repeated int) {
	n.note("accepted %s %d+%d", channel, fresh, repeated)
}

func (n *notes) OverRate(channel string, messages int) {
	n.note("over the rate %s %d", channel, messages)
}

func (n *notes) Routed(channel string, s conversations.InboundState, _ time.Duration) {
	n.note("routed %s %d", channel, s)
}

func (n *notes) Settled(channel string, s bridge.Settlement, _ time.Duration) {
	n.note("settled %s %s", channel, s)
}

func (n *notes) Reported(channel string, f bridge.ReportFate) { n.note("reported %s %s", channel, f) }

// world is a bridge over a real store, with everything around it in the hands of
// the test. The tasks are read from the outbox itself, so that a test carries out
// exactly what the pipeline would be given.
type world struct {
	*bridge.Bridge

	t       testing.TB
	place   *storetest.Place
	db      *store.DB
	sql     *sql.DB // reads the same database
	cfg     bridge.Config
	clock   *clock
	notes   *notes
	numbers numbers
	due     []time.Time
	made    int // provider ids
}

func newWorld(t testing.TB, configure ...func(*bridge.Config)) *world {
	t.Helper()
	place := storetest.New(t)
	w := &world{
		t: t, place: place, sql: place.SQL(t), db: place.Open(t),
		clock: &clock{at: start}, notes: &notes{},
		numbers: numbers{proxy: "sms", otherProxy: "sms", waProxy: "wa"},
	}
	w.cfg = bridge.Config{
		Commit: func(ctx context.Context, op func(bridge.Tx) error) error { return bridge.Commits(w.db.Update)(ctx, op) },
		CommitBeside: func(ctx context.Context, op func(bridge.Tx) error) error {
			return bridge.Commits(w.db.UpdateBeside)(ctx, op)
		},
		Channels:          w.numbers,
		MessagingServices: []conversations.MessagingServiceID{messagingService, otherMessaging},
		Retry:             bridge.DefaultRetry(),
		Now:               w.clock.now,
		Jitter:            func() float64 { return 0.5 }, // the middle: no jitter at all
		Observer:          w.notes,
		Fitter:            keeper{},
		FileURL:           fileURL,
		FileURLLife:       24 * time.Hour,
		Due:               func(at time.Time) { w.due = append(w.due, at) },
	}
	w.cfg.Belongings, w.cfg.Aged, w.cfg.ErasePause = w.db, w.db, time.Microsecond
	for _, f := range configure {
		f(&w.cfg)
	}
	w.Bridge = bridge.New(w.cfg)
	_, err := w.db.EnsureDefaults(t.Context(), store.Defaults{Service: roles, Roles: defaultRoles()})
	require.NoError(t, err)
	return w
}

// defaultRoles are those that the service names.
func defaultRoles() []conversations.Role {
	role := func(id conversations.RoleID, t conversations.RoleType) conversations.Role {
		return conversations.Role{ID: id, Service: roles.ID, Type: t, Permissions: t.Permissions(), Created: start, Updated: start}
	}
	return []conversations.Role{
		role(roles.UserRole, conversations.RoleOfService),
		role(roles.ConversationRole, conversations.RoleOfConversation),
		role(roles.ConversationCreatorRole, conversations.RoleOfConversation),
	}
}

// crash begins anew on what is on disk.
func (w *world) crash() {
	w.t.Helper()
	require.NoError(w.t, w.db.Close())
	w.db = w.place.Open(w.t)
	w.cfg.Belongings, w.cfg.Aged = w.db, w.db
	w.Bridge = bridge.New(w.cfg)
	require.NoError(w.t, w.Recover(w.t.Context()))
}

// task is a row of the outbox.
type task struct {
	seq                 int64
	topic, key, payload string
}

func (w *world) tasks(topics ...string) []task {
	w.t.Helper()
	rows, err := w.sql.QueryContext(w.t.Context(), "SELECT seq, queue, task_key, payload FROM outbox ORDER BY seq")
	require.NoError(w.t, err)
	defer rows.Close()
	var tasks []task
	for rows.Next() {
		var t task
		require.NoError(w.t, rows.Scan(&t.seq, &t.topic, &t.key, &t.payload))
		for _, topic := range topics {
			if strings.HasPrefix(t.topic, topic) {
				tasks = append(tasks, t)
			}
		}
	}
	require.NoError(w.t, rows.Err())
	return tasks
}

func (w *world) sends() []task { w.t.Helper(); return w.tasks(bridge.TopicOutbound("")) }

// count answers a query for one number.
func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.sql.QueryRowContext(w.t.Context(), query, args...).Scan(&n))
	return n
}

// texts answers a query for one column.
func (w *world) texts(query string, args ...any) (list []string) {
	w.t.Helper()
	rows, err := w.sql.QueryContext(w.t.Context(), query, args...)
	require.NoError(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		require.NoError(w.t, rows.Scan(&s))
		list = append(list, s)
	}
	require.NoError(w.t, rows.Err())
	return list
}

// settleInbox carries out the tasks that send nothing.
func (w *world) settleInbox() {
	w.t.Helper()
	for _, t := range w.tasks(bridge.TopicInbound, bridge.TopicStatuses) {
		seq, err := strconv.ParseInt(t.payload, 10, 64)
		require.NoError(w.t, err)
		if t.topic == bridge.TopicInbound {
			require.NoError(w.t, w.Route(w.t.Context(), t.seq, seq))
		} else {
			require.NoError(w.t, w.Advance(w.t.Context(), t.seq, seq))
		}
	}
}

var (
	// whole is a channel that takes any text at once.
	whole = &bridge.Outlet{Split: func(text string) []string { return []string{text} }}
	// words is a channel that takes one word at a time.
	words = &bridge.Outlet{Split: strings.Fields}
)

// claim carries out the first half of a send's task, and before it that of making
// the files fit where there are any.
func (w *world) claim(t task, out *bridge.Outlet) *bridge.Claim {
	w.t.Helper()
	c, err := w.Claim(w.t.Context(), t.seq, t.key, conversations.DeliveryID(t.payload), out)
	require.NoError(w.t, err)
	if c == nil && w.prepare() > 0 {
		for _, again := range w.sends() {
			if again.payload == t.payload {
				return w.claim(again, out)
			}
		}
	}
	return c
}

// prepare carries out the tasks of making files fit, and returns how many.
func (w *world) prepare() int {
	w.t.Helper()
	tasks := w.tasks(bridge.TopicPrepare)
	for _, t := range tasks {
		require.NoError(w.t, w.Prepare(w.t.Context(), t.seq, []byte(t.payload)))
	}
	return len(tasks)
}

// keeper is a Fitter that lets every file go as it is, one a message.
type keeper struct{}

func (keeper) Fit(_ context.Context, files []conversations.Media, rules conversations.MediaRules) (fitted media.Fitted, err error) {
	for _, f := range files {
		fitted.Files = append(fitted.Files, media.Fit{Outcome: media.OutcomeKept, Media: f})
		fitted.Messages = append(fitted.Messages, media.CarrierMessage{Media: []conversations.Media{f}, MaxText: rules.MaxText})
	}
	return fitted, nil
}

// fileURL is where a carrier would fetch a file.
func fileURL(id conversations.MediaID, expires time.Time) string {
	return fmt.Sprintf("https://bridged.example.com/%s?%d", id, expires.Unix())
}

// claimOnly claims the only send that there is.
func (w *world) claimOnly(out *bridge.Outlet) bridge.Claim {
	w.t.Helper()
	sends := w.sends()
	require.Len(w.t, sends, 1)
	c := w.claim(sends[0], out)
	require.NotNil(w.t, c)
	return *c
}

// settle records an answer where no further part is expected.
func (w *world) settle(c bridge.Claim, r bridge.Result) {
	w.t.Helper()
	next, err := w.Settle(w.t.Context(), c, r, whole)
	require.NoError(w.t, err)
	require.Nil(w.t, next)
}

// accepted is a carrier's acceptance under an id that was never used.
func (w *world) accepted() bridge.Result {
	w.made++
	return bridge.Result{Outcome: conversations.OutcomeAccepted, ProviderID: fmt.Sprintf("out%d", w.made)}
}

var (
	refused = bridge.Result{Outcome: conversations.OutcomeRefused, Retry: true, Detail: "too busy"}
	failed  = bridge.Result{Outcome: conversations.OutcomeRefused, ErrorCode: 21610, CarrierCode: "E1", Detail: "never"}
	unknown = bridge.Result{Outcome: conversations.OutcomeUnknown, Detail: "timeout"}
)

// sendAll lets the carriers accept everything that can be sent now and returns
// the texts in the order in which they were handed over.
func (w *world) sendAll(out *bridge.Outlet) (handed []string) {
	w.t.Helper()
	for sends := w.sends(); len(sends) > 0; sends = w.sends() {
		c := w.claim(sends[0], out)
		for c != nil {
			handed = append(handed, c.Part.Text)
			next, err := w.Settle(w.t.Context(), *c, w.accepted(), out)
			require.NoError(w.t, err)
			c = next
		}
	}
	return handed
}

// conversation makes one with the people, each by a default proxy.
func (w *world) conversation(people ...conversations.Address) conversations.ConversationKey {
	w.t.Helper()
	c, err := w.CreateConversation(w.t.Context(), system, service, bridge.ConversationFields{})
	require.NoError(w.t, err)
	key := conversations.ConversationKey{ID: c.ID}
	for _, p := range people {
		w.join(key, p, proxyOf(p))
	}
	return key
}

func proxyOf(a conversations.Address) conversations.Address {
	if a.Type() == carla.Type() {
		return waProxy
	}
	return proxy
}

func (w *world) join(key conversations.ConversationKey, address, by conversations.Address) conversations.Participant {
	w.t.Helper()
	p, err := w.AddParticipant(w.t.Context(), system, service, key, bridge.ParticipantFields{Address: &address, Proxy: &by})
	require.NoError(w.t, err)
	return p
}

// say creates a message over the API.
func (w *world) say(key conversations.ConversationKey, author, body string) conversations.Message {
	w.t.Helper()
	m, err := w.CreateMessage(w.t.Context(), system, service, key, bridge.MessageFields{Author: &author, Body: &body})
	require.NoError(w.t, err)
	return m
}

// inbound is what a carrier delivers.
func inbound(id string, from conversations.Address, body string) conversations.Inbound {
	to := proxyOf(from)
	return conversations.Inbound{Channel: numbers{proxy: "sms", waProxy: "wa"}[to], ProviderID: id, From: from, To: to, Body: body}
}

// receive accepts messages from carriers and routes them.
func (w *world) receive(messages ...conversations.Inbound) {
	w.t.Helper()
	require.NoError(w.t, w.Accept(w.t.Context(), messages))
	w.settleInbox()
}

// report accepts status reports and carries them out.
func (w *world) report(reports ...conversations.StatusReport) {
	w.t.Helper()
	require.NoError(w.t, w.AcceptStatuses(context.WithoutCancel(w.t.Context()), reports))
	w.settleInbox()
}

// delivery returns what is known of a delivery.
func (w *world) delivery(id conversations.DeliveryID) conversations.DeliveryDetail {
	w.t.Helper()
	d, err := w.db.DeliveryDetail(w.t.Context(), id)
	require.NoError(w.t, err)
	return d
}

// deliveries returns all deliveries in the order in which they were made.
func (w *world) deliveries() (list []conversations.DeliveryDetail) {
	w.t.Helper()
	for _, id := range w.texts("SELECT id FROM deliveries ORDER BY seq") {
		list = append(list, w.delivery(conversations.DeliveryID(id)))
	}
	return list
}

// ptr is for the fields that a request may leave out.
func ptr[T any](v T) *T { return &v }
