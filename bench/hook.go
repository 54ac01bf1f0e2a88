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

// compareHooks measures the flood without and with a webhook that hears of every
// message, in turn, so that both see the same machine. The webhook's server is in this
// process and answers at once. Which comes first changes from run to run.
func compareHooks(ctx context.Context, o options) error {
	var ratios, lags, work []float64
	for n := range o.runs {
		var plain, hooked figures
		var err error
		measure := func(f *figures, with bool) {
			if err != nil {
				return
			}
			*f, err = relayHooked(ctx, o, with)
		}
		if n%2 == 0 {
			measure(&plain, false)
			measure(&hooked, true)
		} else {
			measure(&hooked, true)
			measure(&plain, false)
		}
		if err != nil {
			return err
		}
		ratio := hooked.relayed / plain.relayed
		fmt.Printf("run %d: relayed %.0f/s without, %.0f/s with a webhook on every message: ratio %.2f  told until %.1f s after the last was relayed  accept p99 %s and %s  commits/message %.3f and %.3f  processor %.2f and %.2f ms a message\n",
			n+1, plain.relayed, hooked.relayed, ratio, hooked.toldAfter.Seconds(), plain.accept.p(99), hooked.accept.p(99),
			plain.commits, hooked.commits, o.each(plain), o.each(hooked))
		ratios, lags = append(ratios, ratio), append(lags, hooked.toldAfter.Seconds())
		work = append(work, hooked.processor/plain.processor)
	}
	fmt.Printf("median: ratio %.2f  told until %.1f s after  processor of the daemon %.2f times as much\n", median(ratios), median(lags), median(work))
	return nil
}

// each is how many milliseconds of the processors a message has cost the daemon.
func (o options) each(f figures) float64 { return f.processor * 1000 / float64(o.messages) }

// relayHooked is the flood, with or without a webhook on every message.
func relayHooked(ctx context.Context, o options, with bool) (figures, error) {
	if !with {
		return relay(ctx, o, 0)
	}
	h := newHearer(o.messages)
	defer h.server.Close()
	o.hook = h
	f, err := relay(ctx, o, 0)
	f.toldAfter = h.after
	return f, err
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
