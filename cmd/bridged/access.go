package main

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"bridged/cmd/bridged/internal/config"
	"bridged/cmd/bridged/internal/proxies"
)

// accessLog logs requests at the debug level: who asked for what, and how long it
// took. Of the path it logs the first two segments only, because what follows can
// hold an address or an identity.
type accessLog struct {
	next    http.Handler
	proxies proxies.Trusted
	log     *slog.Logger
}

// ServeHTTP implements http.Handler.
func (a accessLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	a.next.ServeHTTP(w, r)
	if !a.log.Enabled(r.Context(), slog.LevelDebug) {
		return
	}
	a.log.DebugContext(r.Context(), "request", "method", r.Method, "path", head(r.URL.Path),
		"client", a.proxies.Client(r), "took", time.Since(start))
}

// head is the part of a path that holds nothing private.
func head(path string) string {
	segments := strings.SplitN(path, "/", 4)
	return strings.Join(segments[:min(len(segments), 3)], "/")
}

// trusted are the proxies that are configured.
func trusted(networks []config.Network) proxies.Trusted {
	list := make(proxies.Trusted, len(networks))
	for i, n := range networks {
		list[i] = n.Prefix
	}
	return list
}
