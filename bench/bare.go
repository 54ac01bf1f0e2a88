package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bridged/bridge"
	"bridged/channels"
	"bridged/conversations"
	"bridged/store"
)

// bareWorkers is how many messages the bare loop has under way at once. More do
// not make it faster.
const bareWorkers = 128

// capture is a transaction that tells which tasks were enqueued in it.
type capture struct {
	*store.Tx
	task *conversations.Task
}

// Enqueue implements bridge.Outbox.
func (c capture) Enqueue(t conversations.Task) error {
	*c.task = t
	return c.Tx.Enqueue(t)
}

type captureKey struct{}

// twoChannels is a directory of the channels that the daemon of the benchmark has.
type twoChannels struct{}

// Owner implements bridge.Channels.
func (twoChannels) Owner(proxy conversations.Address) (string, bool) {
	switch proxy {
	case smsProxy:
		return "sms", true
	case whatsappProxy:
		return "whatsapp", true
	default:
		return "", false
	}
}

func (twoChannels) MediaRules(conversations.Address) (none conversations.MediaRules) { return none }

func (twoChannels) Parse(a conversations.Address) (conversations.Address, error) { return a, nil }

func (twoChannels) CarriesGroups(conversations.Address) bool { return false }

func (twoChannels) HasGroups() bool { return false }

// bareLoop relays messages by the verbs alone: the statements of the whole way in
// the commits of the whole way, without HTTP, without the pipeline and without
// carriers. It returns messages per second. It is what the daemon is compared
// with.
func bareLoop(ctx context.Context, o options, dir string) (float64, error) {
	pairs, messages := makePairs(o.conversations), o.messages
	url, err := o.databases.fresh(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer o.databases.drop(context.WithoutCancel(ctx), url)
	db, err := o.databases.open(ctx, dir, url)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	b := newBareBridge(db)
	service, err := b.CreateService(ctx, "bare")
	if err != nil {
		return 0, err
	}
	if err := bareConversations(ctx, b, service.ID, pairs); err != nil {
		return 0, err
	}
	var next, tasks, sent atomic.Int64
	id := func(d conversations.Delivery) string {
		sent.Add(1)
		return "out" + string(d.ID)
	}
	start := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for range bareWorkers {
		group.Go(func() error {
			for n := next.Add(1); n <= int64(messages); n = next.Add(1) {
				if err := relayBare(ctx, b, &tasks, bareMessage(pairs[int(n)%len(pairs)], n), id); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	took := time.Since(start)
	if sent.Load() != int64(messages) {
		return 0, fmt.Errorf("only %d of %d messages went out of the bare loop", sent.Load(), messages)
	}
	return float64(messages) / took.Seconds(), nil
}

// capturing tells the caller of an update, by its context, which task it enqueued.
func capturing(update func(context.Context, func(*store.Tx) error) error) func(context.Context, func(capture) error) error {
	return func(ctx context.Context, op func(capture) error) error {
		task, _ := ctx.Value(captureKey{}).(*conversations.Task)
		if task == nil {
			task = new(conversations.Task)
		}
		return update(ctx, func(tx *store.Tx) error { return op(capture{tx, task}) })
	}
}

func newBareBridge(db *store.DB) *bridge.Bridge {
	return bridge.New(bridge.Config{
		Commit:            bridge.Commits(capturing(db.Update)),
		CommitBeside:      bridge.Commits(capturing(db.UpdateBeside)),
		Channels:          twoChannels{},
		MessagingServices: []conversations.MessagingServiceID{"bare"},
		Retry:             bridge.DefaultRetry(),
	})
}

func bareConversations(ctx context.Context, b *bridge.Bridge, service conversations.ServiceID, pairs []pair) error {
	for i := range pairs {
		if i%2 == 1 { // the two of a conversation stand beside each other
			continue
		}
		c, err := b.CreateConversation(ctx, bridge.Caller{}, service, bridge.ConversationFields{})
		if err != nil {
			return err
		}
		for _, p := range pairs[i : i+2] {
			fields := bridge.ParticipantFields{Address: &p.person, Proxy: &p.proxy}
			if _, err := b.AddParticipant(ctx, bridge.Caller{}, service, conversations.ConversationKey{ID: c.ID}, fields); err != nil {
				return err
			}
		}
	}
	return nil
}

// bareMessage is the n-th message, as it comes from its carrier.
func bareMessage(p pair, n int64) conversations.Inbound {
	channel, _ := twoChannels{}.Owner(p.proxy)
	return conversations.Inbound{Channel: channel, ProviderID: "in" + strconv.FormatInt(n, 10), From: p.person, To: p.proxy, Body: body(n)}
}

// relayBare carries one message through all its commits. The function says what the
// carrier calls what it took.
func relayBare(ctx context.Context, b *bridge.Bridge, tasks *atomic.Int64, m conversations.Inbound, id func(conversations.Delivery) string) error {
	var task conversations.Task
	ctx = context.WithValue(ctx, captureKey{}, &task)
	if err := b.Accept(ctx, []conversations.Inbound{m}); err != nil {
		return err
	}
	inbound, err := strconv.ParseInt(string(task.Payload), 10, 64)
	if err != nil {
		return fmt.Errorf("the task of an inbound message: %w", err)
	}
	if err := b.Route(ctx, tasks.Add(1), inbound); err != nil {
		return err
	}
	if !strings.HasPrefix(task.Topic, bridge.TopicOutbound("")) {
		return nil // the pair's line is busy: the delivery follows the one before it
	}
	out := &bridge.Outlet{Split: func(text string) []string { return channels.Split(text, 1600) }}
	for task.Topic != "" {
		delivery := task
		task = conversations.Task{}
		claim, err := b.Claim(ctx, tasks.Add(1), delivery.Key, conversations.DeliveryID(delivery.Payload), out)
		if err != nil || claim == nil {
			return err
		}
		result := bridge.Result{Outcome: conversations.OutcomeAccepted, ProviderID: id(claim.Delivery)}
		if _, err := b.Settle(ctx, *claim, result, out); err != nil {
			return err
		}
	}
	return nil
}
