package config

import (
	"crypto/tls"
	"net"
)

// checkAll checks what concerns several keys. Each check looks only at keys that
// hold a usable value.
func (r *reader) checkAll(c *Config) {
	r.checkServer(c)
	r.checkKeys(c.Account.APIKeys)
	r.checkPool(c.Store)
	r.checkRetry(c.Retry)
	r.checkChannels(c.Channels)
	r.checkNumbers(c)
	r.checkServices(c)
	r.checkRelay(c)
	r.checkEvents(c.Events)
	r.checkRetention(c)
	r.checkSinks(c.Sinks)
	r.checkStudio(c.Studio)
}

func (r *reader) checkServer(c *Config) {
	if r.ok("server.listen") && r.ok("admin.listen") && c.Server.Listen == c.Admin.Listen {
		if _, port, _ := net.SplitHostPort(c.Admin.Listen); port != "0" {
			r.wrong("admin.listen", "is the address of server.listen: give it one of its own")
		}
	}
	r.checkTLS(c.Server.TLS)
	r.checkOrigins(c.Server.CORSOrigins)
	if c.Server.PublicURL == "" && r.ok("server.public_url") && r.ok("server.listen") {
		if SocketPath(c.Server.Listen) != "" {
			r.wrong("server.listen", "is a socket, which has no URL: write public_url, as carriers, webhooks and clients see it")
			return
		}
		c.Server.publicURLFollows = true
		c.Server.PublicURL = c.Server.urlOf(c.Server.Listen)
	}
}

func (r *reader) checkTLS(t TLS) {
	const cert, key = "server.tls.cert_file", "server.tls.key_file"
	switch {
	case !r.ok(cert) || !r.ok(key), t.CertFile == "" && t.KeyFile == "":
	case t.CertFile == "":
		r.wrong(cert, "is missing beside key_file: name the certificate, or remove key_file to serve without TLS")
	case t.KeyFile == "":
		r.wrong(key, "is missing beside cert_file: name the private key, or remove cert_file to serve without TLS")
	default:
		if _, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile); err != nil {
			r.wrong(cert, "cannot be used with key_file: %v; correct the paths, the permissions or the files", err)
		}
	}
}

func (r *reader) checkKeys(keys []APIKey) {
	sids := owners{}
	for i, key := range keys {
		r.unique(sids, member(element("account.api_keys", i), "sid"), key.SID)
	}
}

func (r *reader) checkRetry(retry Retry) {
	if r.ok("retry.first") && r.ok("retry.max") && retry.Max < retry.First {
		// One of the two may be a default: the mistake is told where a line is.
		path := "retry.max"
		if r.lines[path] == 0 && r.env[path] == "" {
			path = "retry.first"
		}
		r.wrong(path, "makes retry.max (%s) shorter than retry.first (%s): the waits grow from first to max",
			retry.Max, retry.First)
	}
}

func (r *reader) checkStudio(studio map[string]string) {
	for flow, url := range studio {
		path := member("studio", flow)
		switch sidErr, urlErr := checkSID("FW", flow), checkTarget(url); {
		case sidErr != nil:
			r.wrong(path, "%v", sidErr)
		case urlErr != nil:
			r.wrong(path, "%v", urlErr)
		}
	}
}

// owners remembers where a value that must be unique was seen first.
type owners map[string]string

// unique records a mistake where a value was seen before.
func (r *reader) unique(seen owners, path, value string) {
	if value == "" || !r.ok(path) {
		return
	}
	if first, again := seen[value]; again {
		r.wrong(path, "%q is already that of %s: give each a different one", value, first)
		return
	}
	seen[value] = path
}
