package webhooks

import (
	"context"
	"strings"

	"bridged/conversations"
)

// replay tells a webhook of messages that were there before it (page 13), in their
// order, and a page of them at most: what is left then is stored.
func (d *Dispatcher) replay(ctx context.Context, t target, n conversations.Notice, attempts int) conversations.Telling {
	messages, err := d.cfg.Listeners.MessagesBetween(ctx, n.Conversation, *n.Replay, replayPage)
	var sites map[conversations.ConversationID]conversations.HookSite
	if err == nil {
		sites, err = d.cfg.Listeners.HookSites(ctx, []conversations.ConversationID{n.Conversation})
	}
	if err != nil {
		d.cfg.Log.WarnContext(ctx, "cannot read the messages that a webhook is to hear anew", "error", err)
		return conversations.Telling{Wait: blindPause}
	}
	for i, m := range messages {
		from := *n.Replay
		if from.From = m.Index; i > 0 {
			// What was told is behind it: this one is new.
			n.Since, attempts = d.cfg.Now(), 0
		}
		n.Replay = &from
		told := d.retell(ctx, t, n, m, sites[n.Conversation].Scene, attempts)
		if !told.Over {
			if i > 0 || told.Failed || told.GivenUp != "" {
				told.Rest = &n
			}
			return told
		}
	}
	if len(messages) < replayPage {
		return conversations.Telling{Over: true}
	}
	rest := *n.Replay
	rest.From = messages[len(messages)-1].Index + 1
	n.Replay, n.Since = &rest, d.cfg.Now()
	return conversations.Telling{Rest: &n}
}

// retell tells of one message, if the webhook wants it.
func (d *Dispatcher) retell(ctx context.Context, t target, n conversations.Notice, m conversations.Message, scene conversations.Scene, attempts int) conversations.Telling {
	event := conversations.Event{
		Type: conversations.MessageAdded, Conversation: m.Conversation, At: m.Created,
		Source: sourceOf(m), After: conversations.Resource{Message: &m},
	}
	if !t.webhook.Hears(event) {
		return conversations.Telling{Over: true}
	}
	n.Event, n.At = event.Type, event.At
	n.Token = conversations.IdempotencyToken(string(n.Listener), string(m.ID))
	return d.tell(ctx, t, n, Parameters(d.cfg.Account, event, scene), attempts)
}

// sourceOf says through what a message came, as far as its author shows: by the
// channel of their address, or else over REST. The event, which knew, may be gone.
func sourceOf(m conversations.Message) conversations.Source {
	isAddress := strings.HasPrefix(m.Author, "+") || strings.Contains(m.Author, ":+")
	if m.Participant == nil || !isAddress {
		return conversations.SourceAPI
	}
	return conversations.Address(m.Author).Type().Source()
}
