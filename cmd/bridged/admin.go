package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"time"
)

const (
	// stuckAfter is how old the oldest unfinished inbound message may be before
	// the queues count as not moving.
	stuckAfter = time.Minute
	readyTime  = 5 * time.Second // for one readiness check
)

// adminHandler serves admin.listen: /healthz says that the process lives, /readyz
// that it can do its work, /metrics how it does, /debug/pprof/ what it is busy with.
func (d *daemon) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := d.ready(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.Handle("GET /metrics", d.metrics.handler())
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	return mux
}

// ready says why the daemon cannot do its work now.
func (d *daemon) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	if err := d.store.CheckWritable(ctx); err != nil {
		return fmt.Errorf("the store is not writable: %w", err)
	}
	if reason := d.bridge.Overload(); reason != "" {
		return fmt.Errorf("carriers' messages are refused for now: %s", reason)
	}
	oldest, err := d.store.OldestPending(ctx)
	if err != nil {
		return fmt.Errorf("the store is not readable: %w", err)
	}
	if age := time.Since(oldest); !oldest.IsZero() && age > stuckAfter {
		return fmt.Errorf("the queues do not move: the oldest message has waited %s", age.Round(time.Second))
	}
	return nil
}
