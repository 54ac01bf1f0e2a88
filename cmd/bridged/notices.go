package main

import (
	"context"
	"strings"
	"time"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/store"
	"bridged/twilio"
	"bridged/webhooks"
)

// How the events are followed for webhooks. A commit that makes tasks of many events
// costs little more than of one, so the reader lets some gather.
const (
	webhookReader = "webhooks" // whose cursor it is
	webhookBatch  = 256
	webhookLinger = 50 * time.Millisecond
	webhookRest   = 4
)

// newDispatcher makes what tells webhooks of events.
func (d *daemon) newDispatcher() *webhooks.Dispatcher {
	urls := make(map[string]string)
	for sid, url := range d.cfg.Studio {
		if flow, ok := twilio.ParseFlowSID(sid); ok {
			urls[flow] = url
		}
	}
	return webhooks.NewDispatcher(webhooks.DispatcherConfig{
		Account:   d.cfg.Account.SID,
		Client:    d.webhooks,
		Listeners: d.store,
		Flows:     urls,
		RetryFor:  d.cfg.Webhooks.RetryFor,
		Fallback:  d.cfg.Webhooks.FallbackURL,
		Hurry: func(listeners map[conversations.WebhookListener]bool) {
			d.store.Hurry(bridge.TopicWebhooks, func(key string) bool {
				listener, _, _ := strings.Cut(key, " ")
				return listeners[conversations.WebhookListener(listener)]
			})
		},
		Observe: d.metrics.told,
		Now:     d.now,
		Log:     d.log,
	})
}

// followForWebhooks makes a task for each webhook that is to hear of an event, in the
// commit that moves the reader's cursor. Where nobody listens it makes none.
func (d *daemon) followForWebhooks(ctx context.Context) error {
	expander := webhooks.NewExpander(d.cfg.Account.SID, d.store)
	_, err := d.store.FollowEvents(ctx, store.EventReaderConfig{
		Name: webhookReader, Wants: expander.Wants, Batch: webhookBatch, Linger: webhookLinger, Rest: webhookRest,
		Step: func(ctx context.Context, _ string, events []conversations.Event) (store.Step, error) {
			step := store.Step{Through: len(events)}
			notices, err := expander.Expand(ctx, events)
			if err != nil || len(notices) == 0 {
				return step, err
			}
			tasks := make([]conversations.Task, len(notices))
			for i, n := range notices {
				if tasks[i], err = bridge.NoticeTask(n); err != nil {
					return step, err
				}
			}
			step.Apply = func(tx *store.Tx) error { return tx.EnqueueAll(tasks) }
			return step, nil
		},
	})
	return err
}
