package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"bridged/bridge"
	"bridged/channels"
	"bridged/channels/hooks"
	"bridged/channels/simulator"
	"bridged/channels/web"
	"bridged/cmd/bridged/internal/config"
	"bridged/console"
	"bridged/conversations"
	"bridged/media"
	"bridged/pipeline"
	"bridged/sinks"
	"bridged/store"
	"bridged/twilio"
	"bridged/webhooks"
)

const (
	// closeTime is how long the pipeline may finish what is in flight at the stop.
	closeTime = 25 * time.Second
	// taskAttempts is how often a task of the pipeline may fail, by a fault of
	// ours, before it is put aside for the operator.
	taskAttempts = 10
	// tasksAside is how many tasks of a topic may wait for pre-action webhooks beside
	// those that are in flight. Each costs a connection, and is kept in memory as long.
	tasksAside = 2048
)

// daemon is the parts of bridged, wired together and running.
type daemon struct {
	cfg             *config.Config
	log             *slog.Logger
	now             func() time.Time
	metrics         *metrics
	store           *store.DB
	files           *media.Directory
	links           *media.Signer
	bridge          *bridge.Bridge
	pipeline        *pipeline.Pipeline
	carrier         *simulator.Carrier
	hooks           *hooks.Handler
	webhooks        *webhooks.Client // of events
	dispatcher      *webhooks.Dispatcher
	inboundWebhooks *webhooks.Inbound
	api             http.Handler
	console         *console.Console
	sinks           []*sinks.NATS

	stopping chan struct{} // closed when event streams are to end
	endFeeds func()
}

// newDaemon wires the parts, takes up what the last run left, and starts the
// pipeline. The servers are the caller's. The clock is what all of them live by.
func newDaemon(ctx context.Context, cfg *config.Config, now func() time.Time, log *slog.Logger) (_ *daemon, err error) {
	d := &daemon{cfg: cfg, log: log, now: now, metrics: newMetrics()}
	d.stopping = make(chan struct{})
	d.endFeeds = sync.OnceFunc(func() { close(d.stopping) })
	d.carrier = simulator.NewCarrier(simulator.Config{
		Now: now, Log: log, Elsewhere: web.NewFetcher(fileClient(cfg.Media.PrivateHosts, "")),
	})
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	directory, err := newDirectory(cfg, d.carrier)
	if err != nil {
		return nil, err
	}
	if err := d.openWebhooks(); err != nil {
		return nil, err
	}
	if d.store, err = openStore(ctx, cfg, d.metrics, log); err != nil {
		return nil, err
	}
	defaults, err := d.store.EnsureDefaults(ctx, freshDefaults(now()))
	if err != nil {
		return nil, fmt.Errorf("read the installation's defaults: %w", err)
	}
	if err := d.openMedia(ctx, defaults.Service.ID); err != nil {
		return nil, err
	}
	d.bridge = bridge.New(d.bridgeConfig(directory, defaults))
	d.metrics.watchBacklog(d.bridge.Backlog)
	d.dispatcher = d.newDispatcher()
	d.metrics.watchStreams(d.store.EventWatchers)
	d.metrics.watchNotices(d.store)
	if d.pipeline, err = pipeline.New(d.pipelineConfig(directory)); err != nil {
		return nil, err
	}
	d.metrics.watchWaiting(directory.Adapters(), d.pipeline.Waiting)
	if err := d.wireHandlers(directory, defaults); err != nil {
		return nil, err
	}
	if err := d.bridge.Recover(ctx); err != nil {
		return nil, fmt.Errorf("take up what the last run left: %w", err)
	}
	if err := d.store.KeepIndex(ctx); err != nil {
		return nil, fmt.Errorf("keep the search index: %w", err)
	}
	if err := d.followForWebhooks(ctx); err != nil {
		return nil, fmt.Errorf("follow the events for webhooks: %w", err)
	}
	if err := d.startSinks(ctx); err != nil {
		return nil, err
	}
	d.carrier.Connect(d.bridge)
	return d, d.pipeline.Start(ctx)
}

func (d *daemon) bridgeConfig(directory *channels.Directory, defaults store.Defaults) bridge.Config {
	return bridge.Config{
		Commit:            bridge.Commits(d.store.Update),
		CommitBeside:      bridge.Commits(d.store.UpdateBeside),
		Channels:          directory,
		MessagingServices: messagingServices(d.cfg, defaults),
		Pools:             pools(d.cfg),
		Webhooks:          numberWebhooks(d.cfg, directory),
		Before:            d.asker(),
		Windows:           windowRules(d.cfg, directory),
		FallbackIn:        twilio.FallbackContent,
		Flows:             flows(d.cfg),
		Retry:             retryPolicy(d.cfg.Retry),
		OptOut:            optOutPolicy(d.cfg, directory),
		Relay:             relayPolicy(d.cfg.Relay),

		Backlog:    d.cfg.Limits.Backlog,
		SenderRate: bridge.SenderRate{PerSecond: d.cfg.Limits.SenderRate, Burst: d.cfg.Limits.SenderBurst},
		Shared:     d.cfg.Store.SQLitePath() == "",
		Space:      storeSpace(d.cfg.Store),
		Files:      d.files,
		MediaLife:  d.cfg.Media.UnattachedTTL,

		Retention:  retention(d.cfg.Retention),
		Aged:       d.store,
		Belongings: d.store,
		Types:      directory.Types(),
		Forget:     d.carrier.Forget,
		EraseNow:   func() { d.pipeline.EraseNow() },

		EventRetention: d.cfg.Events.Retention,
		Fitter:         media.NewFitter(d.files, d.cfg.Media.LinkFallback),
		FileURL:        d.fileURL, FileURLLife: d.cfg.Media.CarrierURLTTL,
		Observer:  d.metrics,
		Due:       func(t time.Time) { d.pipeline.WakeAt(t) },
		TimersDue: func(t time.Time) { d.pipeline.TimersAt(t) },
		Now:       d.now,
		Log:       d.log,
	}
}

// asker asks the pre-action webhooks.
func (d *daemon) asker() *webhooks.Asker {
	return webhooks.NewAsker(webhooks.AskerConfig{
		AccountSID: d.cfg.Account.SID,
		Client:     d.webhooks,
		Webhooks:   d.store.EventWebhooks,
		Shared:     d.cfg.Store.SQLitePath() == "",
		Log:        d.log,
	})
}

// retention is how long things are kept.
func retention(c config.Retention) bridge.Retention {
	kept := func(sid string) (k bridge.Kept) {
		k.Messages, k.Media = c.Of(sid)
		return k
	}
	r := bridge.Retention{Default: kept(""), Services: make(map[conversations.ServiceID]bridge.Kept)}
	for _, s := range c.Services {
		if id, ok := twilio.ParseSID[conversations.ServiceID](s.SID); ok {
			r.Services[id] = kept(s.SID)
		}
	}
	return r
}

// retryPolicy is how what others refuse is tried again.
func retryPolicy(c config.Retry) bridge.RetryPolicy {
	return bridge.RetryPolicy{
		First: c.First, Max: c.Max, Attempts: c.Attempts,
		UnknownWait: c.UnknownWait, ResendUnknown: c.ResendUnknown,
	}
}

func (d *daemon) pipelineConfig(directory *channels.Directory) pipeline.Config {
	return pipeline.Config{
		Verbs:    d.bridge,
		Adapters: directory.Adapters(),
		Channels: channelConfigs(d.cfg, directory),
		Paced:    d.metrics.paced,
		Subscriber: func(inFlight int) message.Subscriber {
			return store.NewSubscriber(d.store, store.SubscriberConfig{
				InFlight: inFlight, Aside: tasksAside, Attempts: taskAttempts, SetAside: d.bridge.SetAside,
			})
		},
		Patient:         d.patient,
		InboundWebhooks: d.inboundWebhooks,
		Notices:         d.dispatcher,
		Files:           d.files,
		Fetcher:         web.NewFetcher(fileClient(d.cfg.Media.PrivateHosts, "")),
		SendTimeout:     d.cfg.Retry.SendTimeout,
		Holds:           d.store.Holds,
		TookOver:        d.store.TookOver(),
		CloseTimeout:    closeTime,
		Sending:         d.metrics.sending,
		Now:             d.now,
		Log:             d.log,
	}
}

// patient subscribes to tasks that wait for the servers of others: they are tried
// as often, and as far apart, as sends to carriers.
func (d *daemon) patient(inFlight int) message.Subscriber {
	policy := retryPolicy(d.cfg.Retry)
	return store.NewSubscriber(d.store, store.SubscriberConfig{
		InFlight: inFlight, Attempts: policy.Attempts, SetAside: d.bridge.SetAside,
		Backoff: func(attempts int) time.Duration { return policy.Wait(attempts, rand.Float64()) },
	})
}

// freshDefaults are the defaults of a new installation.
func freshDefaults(now time.Time) store.Defaults {
	service, roles := conversations.NewService("Default Conversations Service", now)
	return store.Defaults{
		Service: service, Roles: roles,
		MessagingService: conversations.NewID[conversations.MessagingServiceID](now),
	}
}

// messagingServices are those of the configuration, or the installation's own
// where it has none. The first is the default.
func messagingServices(cfg *config.Config, defaults store.Defaults) []conversations.MessagingServiceID {
	var list []conversations.MessagingServiceID
	for _, s := range cfg.MessagingServices {
		if id, ok := twilio.ParseSID[conversations.MessagingServiceID](s.SID); ok {
			list = append(list, id)
		}
	}
	if len(list) == 0 {
		list = append(list, defaults.MessagingService)
	}
	return list
}

// flows are the SIDs of the configured flows.
func flows(cfg *config.Config) (list []string) {
	for sid := range cfg.Studio {
		if flow, ok := twilio.ParseFlowSID(sid); ok {
			list = append(list, flow)
		}
	}
	return list
}

// pools are the senders of the configured messaging services.
func pools(cfg *config.Config) []bridge.Pool {
	list := make([]bridge.Pool, 0, len(cfg.MessagingServices))
	for _, s := range cfg.MessagingServices {
		id, ok := twilio.ParseSID[conversations.MessagingServiceID](s.SID)
		if !ok {
			continue
		}
		pool := bridge.Pool{Service: id, Autocreate: s.Autocreate, Webhook: conversations.Listener{URL: s.InboundWebhook, Method: http.MethodPost}}
		for _, sender := range s.Senders {
			pool.Senders = append(pool.Senders, conversations.Address(sender))
		}
		list = append(list, pool)
	}
	return list
}

// numberWebhooks are the inbound webhooks of single numbers.
func numberWebhooks(cfg *config.Config, directory *channels.Directory) map[conversations.Address]conversations.Listener {
	list := make(map[conversations.Address]conversations.Listener)
	for _, n := range cfg.Numbers {
		if n.InboundWebhook == "" {
			continue
		}
		// The configuration allows only what a channel owns.
		if number, err := directory.Parse(conversations.Address(n.Address)); err == nil {
			list[number] = conversations.Listener{URL: n.InboundWebhook, Method: n.InboundWebhookMethod, Fallback: n.InboundFallbackWebhook}
		}
	}
	return list
}

// close finishes what is in flight and closes the store, in the order in which
// the parts depend on one another.
func (d *daemon) close() error {
	var errs []error
	if d.pipeline != nil {
		errs = append(errs, d.pipeline.Close())
	}
	d.carrier.Close()
	for _, sink := range d.sinks {
		sink.Close()
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	if d.files != nil {
		errs = append(errs, d.files.Close())
	}
	return errors.Join(errs...)
}
