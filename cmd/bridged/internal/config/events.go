package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// longestRetention is how long events are kept at the longest.
const longestRetention = 7 * 24 * time.Hour

// Events says how long what has happened is kept for whoever has not asked for it
// yet.
type Events struct {
	Retention time.Duration `toml:"retention" default:"4h"`
}

// Sink is a system that is given what happens.
type Sink struct {
	Name string `toml:"name" required:"true" check:"name"`
	Type string `toml:"type" required:"true" check:"oneof:nats"`
	// URL is that of the server, or those of several with commas between. It may hold
	// a password.
	URL             Secret `toml:"url" required:"true" check:"nats" reload:"no"`
	Subject         string `toml:"subject" default:"bridged.events" check:"subject"`
	CredentialsFile string `toml:"credentials_file"`
}

// checkNATS does not quote what it refuses: it may hold a password.
func checkNATS(s string) error {
	for one := range strings.SplitSeq(s, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err != nil || u.Hostname() == "" || (u.Scheme != "nats" && u.Scheme != "tls" && u.Scheme != "ws" && u.Scheme != "wss") {
			return errors.New(`is no URL of a NATS server: write one like "nats://127.0.0.1:4222"`)
		}
	}
	return nil
}

func checkSubject(s string) error {
	if ok, _ := regexp.MatchString(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`, s); !ok {
		return fmt.Errorf(`%q is no subject to publish to: use letters, digits, "-" and "_", with "." between its parts`, s)
	}
	return nil
}

func (r *reader) checkEvents(e Events) {
	if r.ok("events.retention") && (e.Retention < time.Second || e.Retention > longestRetention) {
		r.wrong("events.retention", "%s is out of bounds: write 1s or more, and no more than %s (7 days)", e.Retention, longestRetention)
	}
}

func (r *reader) checkSinks(sinks []Sink) {
	names := owners{}
	for i := range sinks {
		path := element("sinks", i)
		r.unique(names, member(path, "name"), sinks[i].Name)
	}
}
