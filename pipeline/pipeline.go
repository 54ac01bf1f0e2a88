package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"bridged/bridge"
	"bridged/channels"
	"bridged/conversations"
)

// Verbs are what the pipeline needs of the bridge.
type Verbs interface {
	Route(ctx context.Context, task, inbound int64) error
	Advance(ctx context.Context, task, status int64) error
	Claim(ctx context.Context, task int64, key string, d conversations.DeliveryID, out *bridge.Outlet) (*bridge.Claim, error)
	Settle(ctx context.Context, c bridge.Claim, r bridge.Result, out *bridge.Outlet) (*bridge.Claim, error)
	Prepare(ctx context.Context, task int64, delivery []byte) error
	Arrivals
	Afterwards
	Calls
	Letters
	Upkeep
}

// Calls are the calls of inbound webhooks.
type Calls interface {
	OpenCall(ctx context.Context, task, call int64) (*conversations.InboundCall, conversations.Listener, error)
	CloseCall(ctx context.Context, task int64, c conversations.InboundCall, a conversations.CallAnswer) error
}

// InboundWebhooks calls the inbound webhooks over HTTP. An error says that nobody
// has taken the message.
type InboundWebhooks interface {
	Call(ctx context.Context, l conversations.Listener, c conversations.InboundCall) (conversations.CallAnswer, error)
}

// Arrivals are the files of inbound messages.
type Arrivals interface {
	BeginFetch(ctx context.Context, task int64, file conversations.MediaID) (*conversations.Fetch, error)
	SettleFetch(ctx context.Context, task int64, f conversations.Fetch, r bridge.Fetched) error
}

// Afterwards is what requests have left to be done after their answer.
type Afterwards interface {
	Populate(ctx context.Context, task int64, payload []byte) error
	PurgeService(ctx context.Context, task int64, payload []byte) error
	Reopen(ctx context.Context, task int64, payload []byte) error
}

// Upkeep is what has to be done at its time.
type Upkeep interface {
	Recover(ctx context.Context) error
	Resume(ctx context.Context) (next time.Time, err error)
	FireTimers(ctx context.Context) (next time.Time, err error)
	RemoveFiles(ctx context.Context, task int64, ids []byte) error
	Tidy(ctx context.Context) error
	ForgetEvents(ctx context.Context) (next time.Time, err error)
	Erase(ctx context.Context) (next time.Time, err error)
	Retain(ctx context.Context) (next time.Time, err error)
}

// Config is what a Pipeline needs. Fields are required unless their comment says
// otherwise.
type Config struct {
	Verbs    Verbs
	Adapters []channels.Adapter
	// Files keep what is fetched from carriers.
	Files Files
	// Fetcher fetches the files of channels that are no channels.MediaFetcher.
	// Optional; theirs are given up.
	Fetcher channels.MediaFetcher
	// FilePace says how slowly files may come. Optional; DefaultFilePace.
	FilePace FilePace
	// Subscriber makes a subscriber to the outbox that handles so many messages
	// of a topic at once.
	Subscriber func(inFlight int) message.Subscriber
	// Patient makes one for the tasks that wait for the servers of others, which
	// may be down for a while. Optional; Subscriber.
	Patient func(inFlight int) message.Subscriber
	// InboundWebhooks calls inbound webhooks. Optional where none is configured.
	InboundWebhooks InboundWebhooks
	// Notices tells the webhooks of accounts, services and conversations. Optional
	// where nothing makes tasks for them.
	Notices Notices
	// SendTimeout bounds one request to a carrier.
	SendTimeout time.Duration
	// Holds says whether this process may still act for a proxy address for some
	// time more. Optional; it always may.
	Holds func(proxy string, more time.Duration) bool
	// TookOver says when the work of another process has become this one's.
	// Optional.
	TookOver <-chan struct{}
	// CloseTimeout bounds how long Close waits for what is in flight.
	CloseTimeout time.Duration
	// Channels say how channels are used, by their names. Optional.
	Channels map[string]ChannelConfig
	// Paced is told of each send that had to wait for its turn, when it may go: how
	// long it waited, and the scope that it waited for last. Optional.
	Paced func(channel, by string, waited time.Duration)
	// Sending is told how long each request to a carrier took. Optional.
	Sending func(channel, verdict string, took time.Duration)
	Now     func() time.Time // optional; time.Now
	Log     *slog.Logger     // optional; discards
}

// ChannelConfig is how a channel is used.
type ChannelConfig struct {
	Pace Pace
	// SmartEncoding makes typographic marks plain where that keeps a text in fewer
	// segments, on a channel that has segments.
	SmartEncoding bool
}

func (c *Config) setDefaults() {
	if c.Paced == nil {
		c.Paced = func(string, string, time.Duration) {}
	}
	if c.Sending == nil {
		c.Sending = func(string, string, time.Duration) {}
	}
	if c.FilePace == (FilePace{}) {
		c.FilePace = DefaultFilePace()
	}
	if c.Holds == nil {
		c.Holds = func(string, time.Duration) bool { return true }
	}
	if c.Patient == nil {
		c.Patient = c.Subscriber
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Pipeline carries out tasks. Start it once, close it once.
type Pipeline struct {
	cfg    Config
	router *message.Router
	flight flight
	pacers map[string]*pacer // by channel

	deliveriesDue, timersDue, erasuresDue *alarm

	// life ends when Close gives up waiting.
	life    context.Context //nolint:containedctx // it is the pipeline's own
	endLife context.CancelFunc
	stop    context.CancelFunc
	// calls ends halfway: what waits for somebody else's server does not keep Close.
	calls    context.Context //nolint:containedctx // it is the pipeline's own
	endCalls context.CancelFunc
	running  sync.WaitGroup

	// fetching ends when Close begins: files and questions are cut off, to be asked for
	// anew.
	fetching     context.Context //nolint:containedctx // it is the pipeline's own
	stopFetching context.CancelFunc
}

// New makes a Pipeline.
func New(cfg Config) (*Pipeline, error) {
	cfg.setDefaults()
	// The router tells at Info what is routine here.
	log := watermill.NewSlogLoggerWithLevelMapping(cfg.Log, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: cfg.CloseTimeout}, log)
	if err != nil {
		return nil, fmt.Errorf("make the router: %w", err)
	}
	p := &Pipeline{cfg: cfg, router: router, pacers: map[string]*pacer{}, deliveriesDue: newAlarm(), timersDue: newAlarm(), erasuresDue: newAlarm()}
	for _, adapter := range cfg.Adapters {
		p.pacers[adapter.Name()] = newPacer(cfg.Channels[adapter.Name()].Pace, cfg.Now)
	}
	p.life, p.endLife = context.WithCancel(context.Background())
	p.calls, p.endCalls = context.WithCancel(p.life)
	p.fetching, p.stopFetching = context.WithCancel(context.Background())
	router.AddMiddleware(p.flight.landed, p.explainFailure, recoverPanic)
	for _, r := range p.routes() {
		subscriber := cfg.Subscriber
		if r.patient {
			subscriber = cfg.Patient
		}
		router.AddConsumerHandler(r.topic, r.topic, counted{subscriber(r.inFlight), &p.flight}, r.handle)
	}
	return p, nil
}

// errStillInFlight means that the router had ended before the last task had.
var errStillInFlight = errors.New("a task was begun while the router closed")

// Start begins to carry out tasks and returns when all topics are subscribed to.
func (p *Pipeline) Start(ctx context.Context) error {
	ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	failed := make(chan error, 1)
	p.running.Go(func() { failed <- p.router.Run(ctx) })
	select {
	case <-p.router.Running():
	case err := <-failed:
		return fmt.Errorf("start the router: %w", err)
	}
	p.running.Go(func() {
		p.doWhenDue(ctx, dueWork{name: "deliveries and files", alarm: p.deliveriesDue, take: p.cfg.Verbs.Resume})
	})
	p.running.Go(func() {
		p.doWhenDue(ctx, dueWork{name: "the timers of conversations", alarm: p.timersDue, take: p.cfg.Verbs.FireTimers})
	})
	p.running.Go(func() {
		p.doWhenDue(ctx, dueWork{name: "the removal of old events", alarm: newAlarm(), take: p.cfg.Verbs.ForgetEvents})
	})
	p.running.Go(func() {
		p.doWhenDue(ctx, dueWork{name: "the erasure of persons", alarm: p.erasuresDue, take: p.cfg.Verbs.Erase})
	})
	p.running.Go(func() {
		p.doWhenDue(ctx, dueWork{name: "the removal of old messages and files", alarm: newAlarm(), take: p.cfg.Verbs.Retain})
	})
	p.running.Go(func() { p.tidyRegularly(ctx) })
	p.running.Go(func() { p.recoverWhenTaken(ctx) })
	return nil
}

// Close stops taking up tasks, cuts off the files that are being fetched, waits for
// the tasks in flight as long as the configuration allows, and returns. What did not
// finish is taken up at the next start.
func (p *Pipeline) Close() error {
	defer p.endLife()
	defer p.endCalls()
	p.stopFetching()
	if p.stop == nil || p.router.IsClosed() {
		return nil // it was never started, or is closed
	}
	defer time.AfterFunc(p.cfg.CloseTimeout/2, p.endCalls).Stop()
	late := time.Now().Add(p.cfg.CloseTimeout) // not of the wall's clock, which may be set meanwhile
	err := p.router.Close()
	if err == nil && !p.flight.wait(time.Until(late)) {
		err = errStillInFlight
	}
	if err != nil {
		err = fmt.Errorf("not everything in flight finished in time: %w", err)
	}
	p.endLife()
	p.stop()
	p.running.Wait()
	return err
}

// WakeAt tells the pipeline that something is due at t. It is what a Bridge calls
// as its Config.Due.
func (p *Pipeline) WakeAt(t time.Time) { p.deliveriesDue.set(t) }

// TimersAt tells the pipeline that a timer of a conversation is due at t. It is what
// a Bridge calls as its Config.TimersDue. Nobody need tell it of a time more than
// half a minute ahead: by then it has asked the store.
func (p *Pipeline) TimersAt(t time.Time) { p.timersDue.set(t) }

// EraseNow says that there is somebody to be erased.
func (p *Pipeline) EraseNow() { p.erasuresDue.set(p.cfg.Now()) }

// Waiting counts the sends of a channel that wait for their turn.
func (p *Pipeline) Waiting(channel string) int {
	if pace := p.pacers[channel]; pace != nil {
		return pace.waitingNow()
	}
	return 0
}

// explainFailure leaves the text of a handler's error with the message, for the
// dead letter that it may become.
func (p *Pipeline) explainFailure(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		out, err := next(m)
		if err != nil {
			m.Metadata.Set(conversations.TaskError, err.Error())
			p.cfg.Log.Error("a task failed and will be tried again",
				"topic", message.SubscribeTopicFromCtx(m.Context()), "task", m.UUID, "error", err)
		}
		return out, err
	}
}

// recoverPanic makes an error of a handler's panic.
func recoverPanic(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) (out []*message.Message, err error) {
		defer func() {
			if v := recover(); v != nil {
				err = fmt.Errorf("the handler panicked: %v", v)
			}
		}()
		return next(m)
	}
}
