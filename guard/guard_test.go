package guard_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"bridged/guard"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "172.15.255.255": true, "172.32.0.0": true, "100.63.255.255": true,
		"100.128.0.0": true, "2606:4700::1111": true, "2a00:1450:4001::1": true, "64:ff9b::8.8.8.8": true,
		"::ffff:8.8.8.8": true, "2002:808:808::1": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "100.64.0.1": false, "100.127.255.255": false,
		"127.0.0.1": false, "127.255.255.254": false, "169.254.169.254": false, "172.16.0.1": false, "172.31.255.255": false,
		"192.0.0.8": false, "192.0.2.1": false, "192.168.1.1": false, "198.18.0.1": false, "198.19.255.255": false,
		"224.0.0.1": false, "239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd12::1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"64:ff9b::127.0.0.1": false, "64:ff9b::10.0.0.1": false, "64:ff9b:1::8.8.8.8": false,
		"2002:7f00:1::1": false, "2002:a00:1::1": false, "2001::1": false, "2001:db8::1": false, "fec0::1": false, "4000::1": false,
	} {
		assert.Equal(t, want, guard.Public(netip.MustParseAddr(address)), address)
	}
	assert.False(t, guard.Public(netip.Addr{}))
}

// However an address of IPv4 is written as one of IPv6, it is judged alike.
func TestPublicSeesThroughIPv6(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		four := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address"))
		want := guard.Public(netip.AddrFrom4(four))
		mapped := netip.AddrFrom16(netip.AddrFrom4(four).As16())
		nat64 := netip.MustParseAddr("64:ff9b::").As16()
		copy(nat64[12:], four[:])
		sixToFour := netip.MustParseAddr("2002::1").As16()
		copy(sixToFour[2:], four[:])
		for _, a := range []netip.Addr{mapped, netip.AddrFrom16(nat64), netip.AddrFrom16(sixToFour)} {
			assert.Equal(t, want, guard.Public(a), "%s", a)
		}
	})
}

// server counts its requests and answers with what reached it.
func server(t *testing.T, answer http.HandlerFunc) (url string, requests *atomic.Int32) {
	t.Helper()
	requests = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, error) {
	t.Helper()
	t.Cleanup(c.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	r.SetBasicAuth("user", "password")
	answer, err := c.Do(r)
	if err == nil {
		t.Cleanup(func() { _ = answer.Body.Close() })
	}
	return answer, err
}

func ok(http.ResponseWriter, *http.Request) {}

func TestAPrivateAddressIsNotConnectedTo(t *testing.T) {
	t.Parallel()
	url, requests := server(t, ok)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "[::1]", "[64:ff9b::7f00:1]"} {
		_, err := get(t, guard.NewClient(guard.Config{}), "http://"+host+":"+port)
		require.ErrorIs(t, err, guard.ErrPrivate, host)
	}
	assert.Zero(t, requests.Load())
}

func TestATrustedHostMayBePrivate(t *testing.T) {
	t.Parallel()
	url, requests := server(t, ok)
	other, others := server(t, ok)
	_, err := get(t, guard.NewClient(guard.Config{Trusted: []string{"", guard.HostOf(url)}}), url)
	require.NoError(t, err)
	_, err = get(t, guard.NewClient(guard.Config{Trusted: []string{"127.0.0.1"}}), url)
	require.NoError(t, err)
	assert.EqualValues(t, 2, requests.Load())
	_, err = get(t, guard.NewClient(guard.Config{Trusted: []string{guard.HostOf(url)}}), other)
	require.ErrorIs(t, err, guard.ErrPrivate, "another port is another host")
	assert.Zero(t, others.Load())
}

// Of a trusted host only the address is: its certificate has to be good all the same.
func TestRootsAreBelieved(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.HandlerFunc(ok))
	t.Cleanup(secure.Close)
	trusted := []string{guard.HostOf(secure.URL)}
	_, err := get(t, guard.NewClient(guard.Config{Trusted: trusted}), secure.URL)
	require.ErrorContains(t, err, "certificate")
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	_, err = get(t, guard.NewClient(guard.Config{Trusted: trusted, Roots: roots}), secure.URL)
	require.NoError(t, err)
	_, err = get(t, guard.NewClient(guard.Config{Roots: roots}), secure.URL)
	require.ErrorIs(t, err, guard.ErrPrivate)
}

func TestHostOf(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://API.example.com/v1": "api.example.com:443", "http://example.com": "example.com:80",
		"http://127.0.0.1:8080/x": "127.0.0.1:8080", "http://[::1]:1": "[::1]:1",
		"": "", "ftp://example.com": "", "http://": "", "%": "",
	} {
		assert.Equal(t, want, guard.HostOf(url), url)
	}
}

// rebinding is a name server that gives an address in turn.
func rebinding(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	listener, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		buffer, n := make([]byte, 512), 0
		for {
			size, from, err := listener.ReadFrom(buffer)
			if err != nil {
				return
			}
			reply, asked := answerName(buffer[:size], answers[n%len(answers)])
			if asked {
				n++
			}
			_, _ = listener.WriteTo(reply, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", listener.LocalAddr().String())
	}}
}

// answerName answers a query for an A record, and with nothing to any other.
func answerName(query []byte, address string) (reply []byte, asked bool) {
	const header, typeA = 12, 1
	end := header
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5
	asked = binary.BigEndian.Uint16(query[end-4:]) == typeA
	reply = append([]byte{}, query[:end]...)
	reply[2], reply[3] = 0x81, 0x80
	binary.BigEndian.PutUint16(reply[6:], 0)
	binary.BigEndian.PutUint16(reply[8:], 0)
	binary.BigEndian.PutUint16(reply[10:], 0)
	if !asked {
		return reply, false
	}
	binary.BigEndian.PutUint16(reply[6:], 1)
	reply = append(reply, 0xc0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4)
	four := netip.MustParseAddr(address).As4()
	return append(reply, four[:]...), true
}

// What counts is the address that is dialled, not the one that somebody looked up
// before.
func TestANameThatChangesItsAddress(t *testing.T) {
	t.Parallel()
	url, requests := server(t, ok)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	resolver := rebinding(t, "8.8.8.8", "127.0.0.1")
	first, err := resolver.LookupNetIP(t.Context(), "ip4", "rebind.example.com")
	require.NoError(t, err)
	require.True(t, guard.Public(first[0].Unmap()), "who asks first is told a public address")
	_, err = get(t, guard.NewClient(guard.Config{Resolver: resolver}), "http://rebind.example.com:"+port)
	require.ErrorIs(t, err, guard.ErrPrivate)
	assert.Zero(t, requests.Load())
}

func TestARedirectToAPrivateAddressIsNotFollowed(t *testing.T) {
	t.Parallel()
	inside, requests := server(t, ok)
	outside, _ := server(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside, http.StatusFound) })
	_, err := get(t, guard.NewClient(guard.Config{Trusted: []string{guard.HostOf(outside)}}), outside)
	require.ErrorIs(t, err, guard.ErrPrivate)
	assert.Zero(t, requests.Load())
}

func TestCredentialsStayWithTheFirstHost(t *testing.T) {
	t.Parallel()
	var back string
	var leaked atomic.Int32
	cdn, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("Referer") != "" {
			leaked.Add(1)
		}
		http.Redirect(w, r, back, http.StatusFound)
	})
	carrier, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			http.Redirect(w, r, "/moved", http.StatusMovedPermanently)
		case "/moved":
			if _, _, with := r.BasicAuth(); !with {
				leaked.Add(100) // the same host needs them
			}
			http.Redirect(w, r, strings.Replace(cdn, "http://", "http://user:password@", 1), http.StatusTemporaryRedirect)
		default:
			if r.Header.Get("Authorization") != "" {
				leaked.Add(1)
			}
		}
	})
	back = carrier + "/end"
	c := guard.NewClient(guard.Config{Trusted: []string{guard.HostOf(carrier), guard.HostOf(cdn)}})
	answer, err := get(t, c, carrier)
	require.NoError(t, err)
	assert.Equal(t, "/end", answer.Request.URL.Path)
	assert.Zero(t, leaked.Load())
}

func TestRedirectsEnd(t *testing.T) {
	t.Parallel()
	url, requests := server(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		if n > 0 {
			http.Redirect(w, r, "/?n="+strconv.Itoa(n-1), http.StatusFound)
		}
	})
	c := guard.NewClient(guard.Config{Trusted: []string{guard.HostOf(url)}})
	_, err := get(t, c, url+"/?n=5")
	require.NoError(t, err)
	assert.EqualValues(t, 6, requests.Load())
	_, err = get(t, c, url+"/?n=6")
	require.ErrorIs(t, err, guard.ErrRedirect)

	file, _ := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(http.StatusFound)
	})
	_, err = get(t, guard.NewClient(guard.Config{Trusted: []string{guard.HostOf(file)}}), file)
	require.ErrorIs(t, err, guard.ErrRedirect)
}

// What a server packs stays packed: nobody has asked for that, and it could unpack to
// any size.
func TestAnAnswerIsNotUnpacked(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write(make([]byte, 10<<20))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	url, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	answer, err := get(t, guard.NewClient(guard.Config{Trusted: []string{guard.HostOf(url)}}), url)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, packed.Bytes(), body)
}

// However a host of this machine is spelled, it is not connected to.
func TestSpellingsOfAPrivateAddress(t *testing.T) {
	t.Parallel()
	url, requests := server(t, ok)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	for _, host := range []string{
		"127.1", "2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "0", "LOCALHOST.", "[::ffff:7f00:1]", "[fe80::1%25lo]",
		"public.example.com@127.0.0.1",
	} {
		_, err := get(t, guard.NewClient(guard.Config{}), "http://"+host+":"+port)
		require.Error(t, err, host)
	}
	assert.Zero(t, requests.Load())
}
