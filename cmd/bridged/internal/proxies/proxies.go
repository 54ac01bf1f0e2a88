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

// unixClient stands for the address of a request that came through a Unix socket.
const unixClient = "unix"

// Client is the address that a request came from. Trusted proxies are believed when
// they name another: the last address of X-Forwarded-For that is not itself a trusted
// proxy's. So is whoever comes through a Unix socket, whose permissions say who may.
func (t Trusted) Client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	switch {
	case err != nil:
		host = unixClient
	case !t.trusts(host):
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
