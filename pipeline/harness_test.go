package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"bridged/bridge"
	"bridged/channels"
	"bridged/conversations"
	"bridged/media"
	"bridged/pipeline"
	"bridged/store"
	"bridged/store/storetest"
)

const service = conversations.ServiceID("00000000000000000000000000000001")

// loft is a channel of a type that bridged has never heard of, or of any other
// type: whoever it is told to be.
type loft struct {
	name string
	kind conversations.ChannelType
	max  int // longest text; 0 for no limit
	// answer decides how a send is answered; nil accepts.
	answer func(context.Context, channels.Outbound) (channels.Sent, error)

	mu  sync.Mutex
	out []channels.Outbound
}

func (l *loft) Name() string                    { return l.name }
func (l *loft) Type() conversations.ChannelType { return l.kind }

func (l *loft) ParseAddress(s string) (conversations.Address, error) {
	a := conversations.Address(strings.TrimSpace(s))
	if a.Type() != l.kind || a.Local() == "" {
		return "", fmt.Errorf("an address of type %s begins with it", l.kind)
	}
	return a, nil
}

func (l *loft) Send(ctx context.Context, out channels.Outbound) (channels.Sent, error) {
	l.mu.Lock()
	l.out = append(l.out, out)
	n := len(l.out)
	l.mu.Unlock()
	if l.answer != nil {
		return l.answer(ctx, out)
	}
	return channels.Sent{ProviderID: fmt.Sprintf("%s-%d", l.name, n)}, nil
}

// MediaRules implements channels.MediaCarrier: one file of any kind at a time.
func (l *loft) MediaRules(conversations.Address) conversations.MediaRules {
	return conversations.MediaRules{Count: 1, MaxText: 100, Limits: []conversations.MediaLimit{{Types: []string{"*"}, Bytes: 100 << 20}}}
}

// sent returns what was sent so far.
func (l *loft) sent() []channels.Outbound {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]channels.Outbound(nil), l.out...)
}

// limited is a loft that tells its longest text.
type limited struct{ *loft }

func (l limited) MaxText() int { return l.max }

// world is a pipeline over the real store and the real bridge.
type world struct {
	t        *testing.T
	db       *store.DB
	bridge   *bridge.Bridge
	pipeline *pipeline.Pipeline
	files    *media.Directory
}

type options struct {
	retry bridge.RetryPolicy
	verbs func(pipeline.Verbs) pipeline.Verbs // wraps the bridge
	tasks int                                 // attempts of a task
	aside int                                 // how many tasks of a topic may step aside
	close time.Duration                       // how long Close waits; default 5 s
	// webhooks makes each channel's own number have an inbound webhook.
	webhooks pipeline.InboundWebhooks
	notices  pipeline.Notices      // tells listeners of events
	before   bridge.Before         // the pre-action webhooks
	pace     pipeline.FilePace     // with files; default DefaultFilePace
	fetch    channels.MediaFetcher // for channels that have no way of their own
	place    *storetest.Place      // the database; default a new one
	files    string                // the directory of files; default a new one
	most     int64                 // bytes of a file; default conversations.MaxMediaBytes
}

// newWorld starts a pipeline over the channels. Each channel owns the address
// "<type>:proxy".
func newWorld(t *testing.T, o options, adapters ...channels.Adapter) *world {
	t.Helper()
	if o.place == nil {
		o.place = storetest.New(t)
	}
	if o.files == "" {
		o.files = t.TempDir()
	}
	w := &world{t: t, db: o.place.Open(t)}
	var err error
	w.files, err = media.OpenDirectory(media.Config{Path: o.files, Owner: "us", MaxBytes: o.most})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.files.Close()) })
	directory := channels.NewDirectory()
	for _, a := range adapters {
		require.NoError(t, directory.Add(a, []conversations.Address{proxy(a)}))
	}
	if o.retry.Attempts == 0 {
		o.retry = bridge.RetryPolicy{First: time.Millisecond, Max: 10 * time.Millisecond, Attempts: 3, UnknownWait: 5 * time.Millisecond, ResendUnknown: true}
	}
	if o.close == 0 {
		o.close = 5 * time.Second
	}
	listeners := make(map[conversations.Address]conversations.Listener)
	for _, a := range adapters {
		if o.webhooks != nil {
			listeners[proxy(a)] = conversations.Listener{URL: "https://example.com", Method: "POST"}
		}
	}
	var wakeAt func(time.Time)
	w.bridge = bridge.New(bridge.Config{
		Commit:            bridge.Commits(w.db.Update),
		Channels:          directory,
		MessagingServices: []conversations.MessagingServiceID{"mg"},
		Retry:             o.retry,
		Webhooks:          listeners,
		Before:            o.before,
		Files:             w.files,
		Fitter:            media.NewFitter(w.files, true),
		FileURL:           func(id conversations.MediaID, _ time.Time) string { return "https://bridged.example.com/" + string(id) },
		Due:               func(t time.Time) { wakeAt(t) },
	})
	_, err = w.db.EnsureDefaults(t.Context(), store.Defaults{Service: conversations.Service{ID: service}})
	require.NoError(t, err)
	verbs := pipeline.Verbs(w.bridge)
	if o.verbs != nil {
		verbs = o.verbs(verbs)
	}
	p, err := pipeline.New(pipeline.Config{
		Verbs: verbs, Adapters: adapters,
		Subscriber: func(inFlight int) message.Subscriber {
			return store.NewSubscriber(w.db, store.SubscriberConfig{
				InFlight: inFlight, Aside: o.aside, Attempts: o.tasks, Backoff: func(int) time.Duration { return time.Millisecond }, SetAside: w.bridge.SetAside,
			})
		},
		InboundWebhooks: o.webhooks, Notices: o.notices,
		Files: w.files, Fetcher: o.fetch, FilePace: o.pace,
		SendTimeout: 5 * time.Second, CloseTimeout: o.close,
	})
	require.NoError(t, err)
	wakeAt, w.pipeline = p.WakeAt, p
	require.NoError(t, w.bridge.Recover(t.Context()))
	require.NoError(t, p.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return w
}

func proxy(a channels.Adapter) conversations.Address {
	if a.Type() == conversations.TypeSMS {
		return ourNumber
	}
	return conversations.Address(string(a.Type()) + ":proxy")
}

// converse makes a conversation with one person on each of the channels, called
// "<type>:person".
func (w *world) converse(adapters ...channels.Adapter) conversations.Conversation {
	w.t.Helper()
	c, err := w.bridge.CreateConversation(w.t.Context(), bridge.Caller{}, service, bridge.ConversationFields{})
	require.NoError(w.t, err)
	for _, a := range adapters {
		w.join(c, person(a), proxy(a))
	}
	return c
}

// join adds a participant outside chat.
func (w *world) join(c conversations.Conversation, person, our conversations.Address) {
	w.t.Helper()
	_, err := w.bridge.AddParticipant(w.t.Context(), bridge.Caller{}, service, conversations.ConversationKey{ID: c.ID},
		bridge.ParticipantFields{Address: &person, Proxy: &our})
	require.NoError(w.t, err)
}

func person(a channels.Adapter) conversations.Address {
	return conversations.Address(string(a.Type()) + ":person")
}

// writes has the person on the channel write something.
func (w *world) writes(a channels.Adapter, id, body string) {
	w.t.Helper()
	require.NoError(w.t, w.bridge.Accept(w.t.Context(), []conversations.Inbound{{
		Channel: a.Name(), ProviderID: id, From: person(a), To: proxy(a), Body: body,
	}}))
}

// delivery returns the only receipt of the conversation's first message, as far
// as there is one.
func (w *world) delivery(c conversations.Conversation) conversations.Delivery {
	list, err := w.db.Messages(context.Background(), c.ID, conversations.Page{Size: 1})
	if err != nil || len(list.Items) == 0 {
		return conversations.Delivery{}
	}
	receipts, err := w.db.Receipts(context.Background(), c.ID, list.Items[0].ID, conversations.Page{Size: 1})
	if err != nil || len(receipts.Items) == 0 {
		return conversations.Delivery{}
	}
	return receipts.Items[0]
}

func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, 20*time.Second, time.Millisecond, what)
}
