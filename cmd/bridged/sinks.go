package main

import (
	"context"
	"fmt"

	"bridged/conversations"
	"bridged/sinks"
	"bridged/store"
)

// sinkReaders begins the names of the readers of the sinks.
const sinkReaders = "sink/"

// startSinks lets the configured sinks follow the events. Those that are not in the
// configuration any more are forgotten, so that no event is kept for them.
func (d *daemon) startSinks(ctx context.Context) error {
	names := make([]string, len(d.cfg.Sinks))
	for i, c := range d.cfg.Sinks {
		names[i] = sinkReaders + c.Name
		sink, err := sinks.NewNATS(sinks.Config{
			Name: c.Name, URL: c.URL.Value(), Subject: c.Subject, CredentialsFile: c.CredentialsFile,
			Account: d.cfg.Account.SID, PublicURL: d.cfg.Server.PublicURL,
			Store: d.store, Log: d.log,
		})
		if err != nil {
			return fmt.Errorf("sink %s: %w", c.Name, err)
		}
		d.sinks = append(d.sinks, sink)
		_, err = d.store.FollowEvents(ctx, store.EventReaderConfig{
			Name: names[i], Wants: conversations.Event.Streamed, Step: publishTo(sink),
		})
		if err != nil {
			return err
		}
	}
	return d.store.ForgetReaders(ctx, sinkReaders, names)
}

// publishTo makes a reader's step of a sink. The cursor moves behind what the server
// has acknowledged.
func publishTo(sink *sinks.NATS) func(context.Context, string, []conversations.Event) (store.Step, error) {
	return func(ctx context.Context, state string, events []conversations.Event) (store.Step, error) {
		if len(events) == 0 {
			return store.Step{State: state}, nil
		}
		through, err := sink.Publish(ctx, events)
		if through == 0 {
			return store.Step{}, err
		}
		return store.Step{Through: through, State: state, Apply: func(*store.Tx) error { return nil }}, nil
	}
}
