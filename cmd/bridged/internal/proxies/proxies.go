// Package proxies finds who sent a request that came through proxies of ours.
package proxies

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Trusted are the networks of the proxies that are believed
// (server.trusted_proxies).
type Trusted []netip.Prefix

// Client is the address that a request came from. Trusted proxies are believed when
// they name another: the last address of X-Forwarded-For that is not itself a trusted
// proxy's.
func (t Trusted) Client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || !t.trusts(host) {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		if _, err := netip.ParseAddr(hop); err != nil {
			break
		}
		if host = hop; !t.trusts(hop) {
			break
		}
	}
	return host
}

func (t Trusted) trusts(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(t, func(n netip.Prefix) bool { return n.Contains(addr.Unmap()) })
}
