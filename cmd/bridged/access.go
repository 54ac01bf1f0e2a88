package main

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"bridged/cmd/bridged/internal/config"
)

// accessLog logs requests at the debug level: who asked for what, and how long it
// took. Of the path it logs the first two segments only, because what follows can
// hold an address or an identity.
type accessLog struct {
	next    http.Handler
	trusted []config.Network
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
		"client", a.client(r), "took", time.Since(start))
}

// head is the part of a path that holds nothing private.
func head(path string) string {
	segments := strings.SplitN(path, "/", 4)
	return strings.Join(segments[:min(len(segments), 3)], "/")
}

// unixClient stands for the address of a request that came through a Unix socket.
const unixClient = "unix"

// client is the address that a request came from. The proxies in
// server.trusted_proxies are believed when they name another: the last address of
// X-Forwarded-For that is not itself a trusted proxy's. So is whoever comes through
// a Unix socket, whose permissions say who may.
func (a accessLog) client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	switch {
	case err != nil:
		host = unixClient
	case !a.trusts(host):
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		if _, err := netip.ParseAddr(hop); err != nil {
			break
		}
		if host = hop; !a.trusts(hop) {
			break
		}
	}
	return host
}

func (a accessLog) trusts(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(a.trusted, func(n config.Network) bool { return n.Contains(addr.Unmap()) })
}
