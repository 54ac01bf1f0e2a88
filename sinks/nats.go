package sinks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill-nats/v2/pkg/nats"
	"github.com/ThreeDotsLabs/watermill/message"
	client "github.com/nats-io/nats.go"

	"bridged/conversations"
	"bridged/twilio"
)

const (
	// ackTime bounds how long the server may take to acknowledge an event.
	ackTime = 3 * time.Second
	// A refused event is tried again after firstPause, and then less and less often.
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	// reconnectTime is how often the server is looked for while it is away.
	reconnectTime = 500 * time.Millisecond
	// streamAge is how long a stream that this package makes keeps its messages.
	streamAge = 7 * 24 * time.Hour
)

// Store is what a sink has to know beside the events.
type Store interface {
	// EventServices returns the services of the conversations of events, as far as they
	// are known.
	EventServices(context.Context, []conversations.Event) (map[conversations.ConversationID]conversations.ServiceID, error)
	DefaultService(context.Context) (conversations.Service, error)
}

// Config is what a NATS sink needs. Fields are required unless their comment says
// otherwise.
type Config struct {
	// Name is the sink's in the log.
	Name string
	// URL is the server's, or those of several with commas between. It is in no error.
	URL string
	// Subject is what the events are published to.
	Subject string
	// CredentialsFile holds a user's JWT and key. Optional.
	CredentialsFile string
	// Account and PublicURL are those of the installation.
	Account, PublicURL string
	Store              Store
	Log                *slog.Logger // optional; discards
}

// NATS publishes events to JetStream.
type NATS struct {
	cfg       Config
	conn      *client.Conn
	streams   client.JetStreamManager
	publisher *nats.Publisher

	closing sync.Once
	closed  chan struct{}
}

// errClosing says that the sink was closed while an event was being published.
var errClosing = errors.New("the sink is closed")

// NewNATS makes a sink. The server need not be there yet.
func NewNATS(cfg Config) (*NATS, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	options := []client.Option{
		client.Name("bridged"),
		client.RetryOnFailedConnect(true), client.MaxReconnects(-1), client.ReconnectWait(reconnectTime),
		client.IgnoreAuthErrorAbort(), // an operator may mend it
		// What was not sent is sent again from the store, in its order.
		client.ReconnectBufSize(-1),
	}
	if cfg.CredentialsFile != "" {
		if _, err := os.ReadFile(cfg.CredentialsFile); err != nil {
			return nil, fmt.Errorf("read the credentials: %w", err)
		}
		options = append(options, client.UserCredentials(cfg.CredentialsFile))
	}
	conn, err := client.Connect(cfg.URL, options...)
	if err != nil {
		return nil, errors.New("url cannot be used: write nats://HOST:PORT, and what else the server asks for")
	}
	wait := client.MaxWait(ackTime)
	streams, err := conn.JetStream(wait)
	if err == nil {
		n := &NATS{cfg: cfg, conn: conn, streams: streams, closed: make(chan struct{})}
		n.publisher, err = nats.NewPublisherWithNatsConn(conn, nats.PublisherPublishConfig{
			Marshaler:         &nats.NATSMarshaler{},
			SubjectCalculator: nats.DefaultSubjectCalculator,
			JetStream:         nats.JetStreamConfig{TrackMsgId: true, ConnectOptions: []client.JSOpt{wait}},
		}, nil)
		if err == nil {
			return n, nil
		}
	}
	conn.Close()
	return nil, fmt.Errorf("use JetStream: %w", err)
}

// Close ends the sink. An event that is being published may have arrived.
func (n *NATS) Close() {
	n.closing.Do(func() {
		close(n.closed)
		n.conn.Close()
	})
}

// Publish publishes events in their order, and returns how many the server has
// acknowledged. While it cannot have them Publish waits, until ctx ends or the sink
// is closed.
func (n *NATS) Publish(ctx context.Context, events []conversations.Event) (through int, err error) {
	messages, err := n.messages(ctx, events)
	if err != nil {
		return 0, err
	}
	for i, m := range messages {
		if m == nil {
			continue // nobody outside is told of it
		}
		if err := n.publish(ctx, m); err != nil {
			return i, err
		}
	}
	return len(events), nil
}

// messages renders events as the event stream does.
func (n *NATS) messages(ctx context.Context, events []conversations.Event) ([]*message.Message, error) {
	services, err := n.cfg.Store.EventServices(ctx, events)
	if err != nil {
		return nil, err
	}
	service, err := n.cfg.Store.DefaultService(ctx)
	if err != nil {
		return nil, err
	}
	scope := twilio.Scope{PublicURL: n.cfg.PublicURL, Account: n.cfg.Account, Service: service.ID}
	list := make([]*message.Message, len(events))
	for i, e := range events {
		if !e.Type.Streamed() {
			continue
		}
		shown := scope.Event(e, services[e.Conversation])
		data, err := twilio.EncodeEvent(shown)
		if err != nil {
			return nil, err
		}
		// Several installations may use one stream, and their events have equal IDs.
		list[i] = message.NewMessage(n.cfg.Account+"."+shown.ID, data)
	}
	return list, nil
}

// publish returns when the server has acknowledged the message.
func (n *NATS) publish(ctx context.Context, m *message.Message) error {
	pause := firstPause
	for failures := 1; ; failures++ {
		err := n.publisher.Publish(n.cfg.Subject, m)
		if errors.Is(err, client.ErrNoStreamResponse) {
			if err = n.makeStream(); err == nil {
				err = n.publisher.Publish(n.cfg.Subject, m)
			}
		}
		if err == nil {
			if failures > 1 {
				n.cfg.Log.Info("the sink goes on", "sink", n.cfg.Name)
			}
			return nil
		}
		if failures&(failures-1) == 0 { // again and again, but less and less often
			n.cfg.Log.Warn("the sink cannot publish; it tries again", "sink", n.cfg.Name, "failures", failures, "error", err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-n.closed:
			timer.Stop()
			return errClosing
		}
		pause = min(2*pause, longestPause)
	}
}

// makeStream makes a stream for the subject where none takes it: without one the
// server keeps nothing and acknowledges nothing.
func (n *NATS) makeStream() error {
	_, err := n.streams.StreamNameBySubject(n.cfg.Subject)
	if !errors.Is(err, client.ErrNoMatchingStream) {
		return err
	}
	name := strings.ReplaceAll(n.cfg.Subject, ".", "-") // which no name may have
	_, err = n.streams.AddStream(&client.StreamConfig{Name: name, Subjects: []string{n.cfg.Subject}, MaxAge: streamAge})
	if err != nil {
		return fmt.Errorf("make the stream %s: %w", name, err)
	}
	n.cfg.Log.Info("made a stream, because none took the sink's subject", "sink", n.cfg.Name, "stream", name)
	return nil
}
