package config

import (
	"fmt"
	"time"
)

// Retention says how long things are kept, and what of it is otherwise in single
// services.
type Retention struct {
	Messages Keep               `toml:"messages"`
	Media    Keep               `toml:"media"`
	Events   Keep               `toml:"events"`
	Services []ServiceRetention `toml:"services"`
}

// ServiceRetention is the retention of one service. What it leaves out is as for all.
type ServiceRetention struct {
	SID      string `toml:"sid" required:"true" check:"sid:IS"`
	Messages Keep   `toml:"messages"`
	Media    Keep   `toml:"media"`
}

// Keep is how long something is kept: a duration, forever, or empty for what holds
// otherwise.
type Keep string

// forever is how an operator writes that something is kept for good.
const forever = "forever"

// UnmarshalText reads a duration or "forever".
func (k *Keep) UnmarshalText(text []byte) error {
	*k = Keep(text)
	if *k == "" || *k == forever {
		return nil
	}
	if d, err := time.ParseDuration(string(text)); err != nil || d <= 0 {
		return fmt.Errorf(`%q is no time to keep something: write a duration like "720h" (30 days), or "forever"`, text)
	}
	return nil
}

// For is how long that is; 0 for good.
func (k Keep) For() time.Duration {
	d, err := time.ParseDuration(string(k))
	if err != nil {
		return 0
	}
	return d
}

// or is k, or the other where k says nothing.
func (k Keep) or(other Keep) Keep {
	if k == "" {
		return other
	}
	return k
}

// Of is what holds for a service.
func (r Retention) Of(sid string) (messages, media time.Duration) {
	for _, s := range r.Services {
		if s.SID == sid {
			return s.Messages.or(r.Messages).For(), s.Media.or(r.Media).For()
		}
	}
	return r.Messages.For(), r.Media.For()
}

// checkRetention refuses what contradicts itself: events tell of messages, and would
// keep those that are gone.
func (r *reader) checkRetention(c *Config) {
	const events = "retention.events"
	if k := c.Retention.Events; k != "" && r.ok(events) {
		switch {
		case k == forever || k.For() < time.Second || k.For() > longestRetention:
			r.wrong(events, "%s is out of bounds: write 1s or more, and no more than %s (7 days)", k, longestRetention)
		case r.written("events.retention") && c.Events.Retention != k.For():
			r.wrong(events, "contradicts events.retention (%s): remove one of the two", c.Events.Retention)
		default:
			c.Events.Retention = k.For()
		}
	}
	r.checkKept("retention.messages", c.Retention.Messages, c.Events.Retention)
	r.checkKept("retention.media", c.Retention.Media, c.Events.Retention)
	services := owners{}
	for i, s := range c.Retention.Services {
		at := element("retention.services", i)
		r.unique(services, member(at, "sid"), s.SID)
		r.checkKept(member(at, "messages"), s.Messages, c.Events.Retention)
		r.checkKept(member(at, "media"), s.Media, c.Events.Retention)
	}
}

func (r *reader) checkKept(path string, k Keep, events time.Duration) {
	if d := k.For(); d > 0 && r.ok(path) && d < events {
		r.wrong(path, "%s is shorter than what events are kept (%s), which tell of messages: write a longer one, or shorten events.retention", d, events)
	}
}

// written says whether somebody has written a key.
func (r *reader) written(path string) bool { return r.lines[path] != 0 || r.env[path] != "" }
