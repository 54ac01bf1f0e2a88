package webhooks

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"bridged/conversations"
)

// The kinds of listeners, as operators are told them. A conversation's webhook is of
// the kind that its target says.
const (
	kindAccount = "account"
	kindService = "service"
)

// target is where a listener is called.
type target struct {
	kind         string
	method, url  string
	service      conversations.ServiceID
	conversation conversations.ConversationID
	webhook      *conversations.Webhook // of one conversation
}

// endpoint is the URL without its query and fragment, whose calls share a fate.
func (t target) endpoint() string {
	before, _, _ := strings.Cut(t.url, "#")
	before, _, _ = strings.Cut(before, "?")
	return before
}

// retries is how often one event is told again that was not taken (page 11); 0 where
// nothing but time bounds that.
func (t target) retries() int {
	if t.webhook == nil {
		return 0
	}
	return t.webhook.Retries
}

func (t target) host() string {
	u, err := url.Parse(t.url)
	if err != nil {
		return ""
	}
	return u.Host
}

const (
	// targetLife is how long it is believed where a listener is.
	targetLife = time.Second
	// mostTargets is of how many listeners that is kept.
	mostTargets = 10_000
)

// targets looks up where listeners are.
type targets struct {
	listeners Listeners
	flows     map[string]string
	now       func() time.Time

	mu   sync.Mutex
	kept map[conversations.WebhookListener]keptTarget
}

type keptTarget struct {
	target
	err   error
	until time.Time
}

// find returns where the listener of a notice is now. It returns
// conversations.NotFound where it listens no more.
func (t *targets) find(ctx context.Context, n conversations.Notice) (target, error) {
	now := t.now()
	t.mu.Lock()
	kept, ok := t.kept[n.Listener]
	t.mu.Unlock()
	if ok && now.Before(kept.until) {
		return kept.target, kept.err
	}
	found, err := t.look(ctx, n)
	if err != nil && !conversations.NotFound.Is(err) {
		return found, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept) >= mostTargets {
		for l, k := range t.kept {
			if !now.Before(k.until) {
				delete(t.kept, l)
			}
		}
	}
	if len(t.kept) < mostTargets || ok {
		t.kept[n.Listener] = keptTarget{found, err, now.Add(targetLife)}
	}
	return found, err
}

// look reads where the listener of a notice is.
func (t *targets) look(ctx context.Context, n conversations.Notice) (target, error) {
	switch {
	case n.Webhook != "":
		sites, err := t.listeners.HookSites(ctx, []conversations.ConversationID{n.Conversation})
		if err != nil {
			return target{}, err
		}
		for _, w := range sites[n.Conversation].Webhooks {
			if w.ID == n.Webhook {
				return t.ofWebhook(w)
			}
		}
		return target{}, nobody()
	case n.Listener == conversations.ServiceListener(n.Service):
		s, err := t.listeners.Service(ctx, n.Service)
		if err != nil {
			return target{}, err
		}
		return ofService(s)
	}
	c, err := t.listeners.Configuration(ctx)
	if err != nil {
		return target{}, err
	}
	return ofWebhooks(kindAccount, c.Webhooks)
}

func ofService(s conversations.Service) (target, error) {
	if s.Webhooks == nil {
		return target{}, nobody()
	}
	found, err := ofWebhooks(kindService, *s.Webhooks)
	found.service = s.ID
	return found, err
}

func ofWebhooks(kind string, w conversations.Webhooks) (target, error) {
	if w.PostURL == "" {
		return target{}, nobody()
	}
	method := w.Method
	if method == "" {
		method = http.MethodPost
	}
	return target{kind: kind, method: method, url: w.PostURL}, nil
}

// ofWebhook is the target of a conversation's webhook. A flow is called where the
// configuration says.
func (t *targets) ofWebhook(w conversations.Webhook) (target, error) {
	found := target{kind: string(w.Target), method: w.Method, url: w.URL, conversation: w.Conversation, webhook: &w}
	if w.Target == conversations.TargetStudio {
		found.method, found.url = http.MethodPost, t.flows[w.Flow]
	}
	if found.url == "" {
		return target{}, nobody()
	}
	return found, nil
}

func nobody() error { return conversations.Refuse(conversations.NotFound, "nobody listens") }
