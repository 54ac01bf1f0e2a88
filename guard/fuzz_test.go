package guard_test

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bridged/guard"
)

// FuzzPublic looks for a way to write an address of this machine, or of its network,
// that is taken for one of the public internet.
func FuzzPublic(f *testing.F) {
	for _, s := range []string{"127.0.0.1", "::1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fe80::1%eth0", "8.8.8.8", "::ffff:0:127.0.0.1", "2001::1", "0.0.0.0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := netip.ParseAddr(s)
		if err != nil || !guard.Public(a) {
			return
		}
		require.False(t, a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified(), s)
		plain := a.Unmap().WithZone("")
		require.False(t, plain.IsLoopback() || plain.IsPrivate() || plain.IsLinkLocalUnicast() || plain.IsUnspecified(), s)
		if plain.Is4() {
			mapped := netip.AddrFrom16(plain.As16())
			require.True(t, guard.Public(mapped), "however it is written")
		}
		if b := plain.As16(); plain.Is6() && b[0] == 0x20 && b[1] == 0x02 { // 6to4 holds an address of IPv4
			require.True(t, guard.Public(netip.AddrFrom4([4]byte(b[2:6]))), s)
		}
	})
}

// FuzzHostOf reads hosts of URLs, by which some are trusted.
func FuzzHostOf(f *testing.F) {
	for _, s := range []string{"https://a.example", "http://A.example.:80/b", "https://[::1]", "https://a@b:443", "ftp://a", "https://a:b", "//a:1", "https://a%2eb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host := guard.HostOf(s)
		if host == "" {
			return
		}
		require.Equal(t, strings.ToLower(host), host)
		u, err := url.Parse(s)
		require.NoError(t, err)
		require.Contains(t, host, strings.ToLower(u.Hostname()), "%q", s)
	})
}
