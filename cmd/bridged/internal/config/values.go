package config

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
)

// UnmarshalText reads an address or a network.
func (n *Network) UnmarshalText(text []byte) error {
	if prefix, err := netip.ParsePrefix(string(text)); err == nil {
		n.Prefix = prefix.Masked()
		return nil
	}
	addr, err := netip.ParseAddr(string(text))
	if err != nil || addr.Zone() != "" {
		return fmt.Errorf(`%q is neither an address nor a network: write "10.0.0.1" or "10.0.0.0/8"`, text)
	}
	n.Prefix = netip.PrefixFrom(addr, addr.BitLen())
	return nil
}

// Bound tells the server where it really listens, which the configuration does
// not say when its port is 0. A public_url that nobody wrote follows; one that
// was written stays.
func (s *Server) Bound(addr net.Addr) {
	if s.publicURLFollows {
		s.PublicURL = s.urlOf(addr.String())
	}
}

// urlOf is the URL under which a server that listens there is reached on this
// machine.
func (s *Server) urlOf(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return ""
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if s.TLS.Enabled() {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// Logger makes the logger that the table asks for, writing to w.
func (l Log) Logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// PrintCredentials writes what a person needs to call the API and to open the
// console, each on a line of its own. The console's link may be one that logs in.
func (c *Config) PrintCredentials(w io.Writer, console string) error {
	lines := [][2]string{
		{"Account SID", c.Account.SID},
		{"Auth token", c.Account.AuthToken.Value()},
	}
	for _, key := range c.Account.APIKeys {
		lines = append(lines, [2]string{"API key SID", key.SID}, [2]string{"API key secret", key.Secret.Value()})
	}
	lines = append(lines, [2]string{"Console", console})
	for _, line := range lines {
		if _, err := fmt.Fprintf(w, "%s: %s\n", line[0], line[1]); err != nil {
			return fmt.Errorf("print credentials: %w", err)
		}
	}
	return nil
}
