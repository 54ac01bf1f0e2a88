package simulator

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"bridged/channels"
	"bridged/conversations"
)

// Acceptor is where the carrier's messages and status reports go. When a call
// returns without an error, what it was given is durably stored.
type Acceptor interface {
	Accept(ctx context.Context, messages []conversations.Inbound) error
	AcceptStatuses(ctx context.Context, reports []conversations.StatusReport) error
}

// Limits bounds the carrier's memory. Zero fields get defaults.
type Limits struct {
	Handsets int // 10,000: beyond it the idlest is forgotten, with its thread and behaviour
	Thread   int // 1,000: the newest messages that a handset keeps
	Bytes    int // 64 MiB in all threads: beyond it the idlest handset is forgotten
	Files    int // 64 MiB of files that handsets sent: beyond it the oldest is forgotten
	Pending  int // 100,000 messages with statuses to come: beyond it sends are throttled
}

func (l *Limits) setDefaults() {
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Handsets, 10_000}, {&l.Thread, 1000}, {&l.Bytes, 64 << 20}, {&l.Files, 64 << 20}, {&l.Pending, 100_000}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
}

// Config is what a Carrier can be given. All of it is optional.
type Config struct {
	Accept Acceptor         // where messages and statuses go; see also Connect
	Now    func() time.Time // stamps messages and reports; time.Now
	NewID  func() string    // 32 hexadecimal digits, never the same twice; random
	Limits Limits
	// Elsewhere fetches files that handsets send by a URL.
	Elsewhere channels.MediaFetcher
	Log       *slog.Logger // discards
}

func (c *Config) setDefaults() {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		now := c.Now
		c.NewID = func() string { return conversations.NewID[string](now()) }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Limits.setDefaults()
}

// errNotConnected is the answer of a carrier that has no Acceptor yet.
var errNotConnected = errors.New("the simulated carrier is not connected yet")

// Carrier is the simulated world. It is safe for concurrent use.
type Carrier struct {
	cfg      Config
	reporter *reporter

	// mu guards what follows. One lock for the world is enough: it is held for
	// well under the 200 µs that each of 5,000 messages a second may take.
	mu       sync.Mutex
	accept   Acceptor
	proxies  map[conversations.Address]string // proxy address → name of its channel
	handsets *handsets
	files    album
	order    uint64 // of messages, across all threads
}

// NewCarrier makes a carrier without channels and starts reporting statuses.
// Close stops it.
func NewCarrier(cfg Config) *Carrier {
	cfg.setDefaults()
	c := &Carrier{
		cfg:      cfg,
		accept:   cfg.Accept,
		proxies:  make(map[conversations.Address]string),
		handsets: newHandsets(cfg.Limits),
		files:    album{most: cfg.Limits.Files},
	}
	c.reporter = startReporter(reporterConfig{
		pending: cfg.Limits.Pending,
		now:     cfg.Now,
		log:     cfg.Log,
		accept: func(ctx context.Context, reports []conversations.StatusReport) error {
			acceptor := c.acceptor()
			if acceptor == nil {
				return errNotConnected
			}
			return acceptor.AcceptStatuses(ctx, reports)
		},
	})
	return c
}

// Connect says where messages and statuses go from now on. Until then handsets
// cannot send, and statuses wait.
func (c *Carrier) Connect(a Acceptor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accept = a
}

// Close stops reporting statuses and waits until nothing of the carrier runs.
// Statuses that are still to come are dropped, and sends are refused from now on.
func (c *Carrier) Close() { c.reporter.close() }

// Channel adds a channel that owns the given proxy addresses. The configuration
// has seen to it that no two channels share an address or a name.
func (c *Carrier) Channel(name string, t conversations.ChannelType, numbers []conversations.Address) *Adapter {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range numbers {
		c.proxies[n] = name
	}
	return &Adapter{carrier: c, name: name, kind: t}
}

func (c *Carrier) acceptor() Acceptor {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accept
}

// owner returns the channel that owns a proxy address, "" for an address that is
// not ours.
func (c *Carrier) owner(a conversations.Address) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.proxies[a]
}

// messageID makes an identifier as carriers of the type do.
func (c *Carrier) messageID(t conversations.ChannelType) string {
	if t == typeWhatsApp {
		return "wamid." + c.cfg.NewID()
	}
	return "SM" + c.cfg.NewID()
}

// nextOrder numbers a message. The caller holds mu.
func (c *Carrier) nextOrder() uint64 {
	c.order++
	return c.order
}
