package proxies

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzForwarded looks for a header with which somebody is taken for somebody else.
func FuzzForwarded(f *testing.F) {
	for _, forwarded := range []string{"198.51.100.7", "203.0.113.9, 198.51.100.7, 10.1.2.3", "unknown", "::ffff:10.0.0.1,fe80::1%eth0", ",,", "10.1.2.3:80", "\"[2001:db8::1]\""} {
		f.Add("10.0.0.1:5", forwarded)
		f.Add("192.0.2.1:5", forwarded)
	}
	trusted := Trusted{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = remote
		peer := trusted.Client(r)
		if peer == unixClient {
			return // whoever may open the socket is believed
		}
		r.Header.Set("X-Forwarded-For", forwarded)
		client := trusted.Client(r)
		if !trusted.trusts(peer) {
			require.Equal(t, peer, client, "whoever is no proxy of ours is believed nothing")
			return
		}
		_, err := netip.ParseAddr(client)
		require.NoError(t, err)
		if client != peer {
			require.Contains(t, forwarded, client)
			_, behind, _ := strings.Cut(forwarded, client)
			for hop := range strings.SplitSeq(behind, ",") {
				hop = strings.TrimSpace(hop)
				require.True(t, hop == "" || trusted.trusts(hop) || trusted.trusts(client) || strings.Contains(behind, client), "%q is nearer", hop)
			}
		}
		// What a client writes itself stands before what the proxies write behind it.
		r.Header.Set("X-Forwarded-For", forwarded+", 198.51.100.7, 10.9.9.9")
		require.Equal(t, "198.51.100.7", trusted.Client(r))
	})
}
