package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"time"
)

// hooksPart measures the flood without and with a webhook that hears of every message.
// The webhook's server is in this process and answers at once.
func hooksPart(ctx context.Context, o options, s *section) error {
	o.messages /= 2
	return compare(ctx, o, s, comparison{
		what: "a webhook on every message", name: "webhook",
		with: func(ctx context.Context, o options) (figures, error) {
			h := newHearer(o.messages)
			defer h.server.Close()
			o.hook = h
			f, err := relay(ctx, o, "webhook")
			f.toldAfter = h.after
			return f, err
		},
		head: []string{"told until after s"},
		more: func(f figures) []string { return []string{seconds(f.toldAfter)} },
	})
}

// hearer is the server of a webhook.
type hearer struct {
	server *httptest.Server
	told   atomic.Int64
	wanted int64
	done   chan struct{}
	after  time.Duration // from the last message that was relayed to the last that was told
}

func newHearer(wanted int) *hearer {
	h := &hearer{wanted: int64(wanted), done: make(chan struct{})}
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // what cannot be read is told again
		w.WriteHeader(http.StatusNoContent)
		if h.told.Add(1) == h.wanted {
			close(h.done)
		}
	}))
	return h
}

// configure has the daemon tell the server of every message.
func (h *hearer) configure(ctx context.Context, s *stage) error {
	return s.post(ctx, "/v1/Configuration/Webhooks", url.Values{
		"PostWebhookUrl": {h.server.URL}, "Method": {http.MethodPost}, "Filters": {"onMessageAdded"},
	}, http.StatusOK, nil)
}

// drain waits until every message was told.
func (h *hearer) drain(ctx context.Context) error {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	select {
	case <-h.done:
		h.after = time.Since(start)
		return nil
	case <-ctx.Done():
		return fmt.Errorf("only %d of %d messages were told", h.told.Load(), h.wanted)
	}
}
