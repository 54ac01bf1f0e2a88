package proxies_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"bridged/cmd/bridged/internal/proxies"
)

func TestOnlyTrustedProxiesAreBelieved(t *testing.T) {
	t.Parallel()
	trusted := proxies.Trusted{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")}
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"no proxy":              {"192.0.2.1:5", nil, "192.0.2.1"},
		"a liar":                {"192.0.2.1:5", []string{"198.51.100.7"}, "192.0.2.1"},
		"one proxy":             {"127.0.0.1:5", []string{"198.51.100.7"}, "198.51.100.7"},
		"two proxies":           {"127.0.0.1:5", []string{"198.51.100.7, 10.1.2.3"}, "198.51.100.7"},
		"a liar before a proxy": {"127.0.0.1:5", []string{"203.0.113.9", "198.51.100.7, 10.1.2.3"}, "198.51.100.7"},
		"nonsense":              {"127.0.0.1:5", []string{"unknown"}, "127.0.0.1"},
		"only proxies":          {"127.0.0.1:5", []string{"10.1.2.3"}, "10.1.2.3"},
		"an IPv6 client":        {"[2001:db8::1]:5", nil, "2001:db8::1"},
		"a socket":              {"@", nil, "unix"},
		"a proxy on a socket":   {"@", []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
		"two on a socket":       {"", []string{"198.51.100.7, 10.1.2.3"}, "198.51.100.7"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		assert.Equal(t, c.want, trusted.Client(r), name)
	}
}
