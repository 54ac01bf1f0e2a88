// Package guard makes HTTP clients for URLs that others have named. A stranger
// could name an address of the operator's own network in one; such a client
// connects to public addresses only.
//
// An address is looked at when it is dialled, after its name was resolved. So a
// name that resolves to something else at the second time, and a redirect, change
// nothing. A proxy would dial for the client, which could not look then: these
// clients use none.
package guard

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// ErrPrivate means that an address is none of the public internet.
var ErrPrivate = errors.New("the address is not one of the public internet")

// ErrRedirect means that a redirect was not followed.
var ErrRedirect = errors.New("the redirect is not followed")

const (
	maxRedirects   = 5
	maxHeaderBytes = 64 << 10
	dialTimeout    = 15 * time.Second
	headerTimeout  = 60 * time.Second
	idleTimeout    = 30 * time.Second
)

// Config is what a client needs. All of it is optional.
type Config struct {
	// Trusted are the hosts that may have any address: "host:port", or "host" for
	// all of its ports. HostOf makes one of a URL.
	Trusted []string
	// Resolver finds the addresses of names; nil for the system's.
	Resolver *net.Resolver
	// Roots are the authorities whose certificates are believed; nil for the system's.
	Roots *x509.CertPool
}

// NewClient makes a client. It follows at most five redirects, to http and https
// only, and sends credentials to no host but the first. It has no timeout for a
// whole answer: its request's context has one.
func NewClient(c Config) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            newDialer(c).dial,
			ForceAttemptHTTP2:      true,
			DisableCompression:     true, // the bytes as they are, and no bomb in them
			TLSClientConfig:        &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    dialTimeout,
			ResponseHeaderTimeout:  headerTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			IdleConnTimeout:        idleTimeout,
		},
		CheckRedirect: checkRedirect,
	}
}

// HostOf is the host of a URL with its port, as Config.Trusted has it; empty for
// what is no http or https URL.
func HostOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	return hostOf(u)
}

func hostOf(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	case u.Scheme == "http":
		port = "80"
	default:
		return ""
	}
	return normal(net.JoinHostPort(u.Hostname(), port))
}

func normal(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// checkRedirect follows a redirect, but not everywhere and not with everything.
func checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("%w: there were %d before it", ErrRedirect, maxRedirects)
	}
	if next.URL.Scheme != "http" && next.URL.Scheme != "https" {
		return fmt.Errorf("%w: it leads to the scheme %q", ErrRedirect, next.URL.Scheme)
	}
	first := via[0].URL
	for _, r := range append(via[1:len(via):len(via)], next) {
		// Not what net/http takes for the same host: that looks at no port, and
		// trusts subdomains.
		if hostOf(r.URL) != hostOf(first) || r.URL.Scheme != first.Scheme {
			next.Header.Del("Authorization")
			next.Header.Del("Cookie")
			next.URL.User = nil
			break
		}
	}
	next.Header.Del("Referer") // a URL may be a secret
	return nil
}

// dialer dials public addresses, and any of trusted hosts.
type dialer struct {
	trusted         map[string]bool
	guarded, direct net.Dialer
}

func newDialer(c Config) *dialer {
	d := &dialer{
		trusted: make(map[string]bool, len(c.Trusted)),
		guarded: net.Dialer{Timeout: dialTimeout, Resolver: c.Resolver, Control: refusePrivate},
		direct:  net.Dialer{Timeout: dialTimeout, Resolver: c.Resolver},
	}
	for _, host := range c.Trusted {
		if host != "" {
			d.trusted[normal(host)] = true
		}
	}
	return d
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if d.trusted[normal(net.JoinHostPort(host, port))] || d.trusted[normal(host)] {
		return d.direct.DialContext(ctx, network, address)
	}
	return d.guarded.DialContext(ctx, network, address)
}

// refusePrivate is called with each address that is about to be connected to.
func refusePrivate(network, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || (network != "tcp4" && network != "tcp6") || !Public(at.Addr()) {
		return ErrPrivate
	}
	return nil
}
