package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Origin is where a page comes from, as browsers write it: scheme, host and the
// port where it is not the scheme's own. AnyOrigin stands for all.
type Origin string

// AnyOrigin stands for the pages of every origin.
const AnyOrigin Origin = "*"

// UnmarshalText reads an origin and brings it into the form in which browsers
// send it.
func (o *Origin) UnmarshalText(text []byte) error {
	if *o = Origin(text); *o == AnyOrigin {
		return nil
	}
	u, err := url.Parse(string(text))
	// A last slash is how people copy it; browsers do not send it.
	if err != nil || u.Hostname() == "" || strings.Contains(u.Host, "*") || !strings.EqualFold(strings.TrimSuffix(string(text), "/"), u.Scheme+"://"+u.Host) {
		return fmt.Errorf(`%q is no origin: write scheme and host like "https://app.example.com", and the port where there is one, or "*" alone`, text)
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	}
	*o = Origin(u.Scheme + "://" + host)
	return nil
}

// checkOrigins refuses a list that says two things.
func (r *reader) checkOrigins(list []Origin) {
	if i := slices.Index(list, AnyOrigin); i >= 0 && len(list) > 1 {
		r.wrong(element("server.cors_origins", i), `is for every page, and the list names some: leave "*" alone, or remove it`)
	}
}
