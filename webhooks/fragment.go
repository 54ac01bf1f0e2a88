package webhooks

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// overrides are what the fragment of a webhook's URL says of how it is called, after
// Twilio's page "Webhook connection overrides": "#ct=2000&rc=3&rp=ct,5xx". What is not
// written, or is outside of the bounds, is as if it were not there. The words of rp
// could not be verified there; docs/webhooks.md says so.
type overrides struct {
	connect time.Duration // ct: to reach the server, TLS included; 0 is no bound of its own
	read    time.Duration // rt: for the first part of the answer, and between parts; likewise
	total   time.Duration // tt: for everything, with what is repeated; likewise
	retries int           // rc: how often a call that failed is repeated at once
	policy  []string      // rp: the failures after which it is
}

// The failures of a call, in the words of the parameter rp.
const (
	failedConnect = "ct"
	failedRead    = "rt"
	failedClient  = "4xx"
	failedServer  = "5xx"
	failedAny     = "all"
)

// The bounds of the parameters, in milliseconds, and of retries.
const (
	leastTime   = 100
	mostConnect = 10_000
	mostTime    = 15_000
	mostRetries = 5
)

// overridesOf reads the fragment of a URL. A policy without a number of retries is
// for one, which is Twilio's number where none is written.
func overridesOf(target string) overrides {
	o := overrides{policy: []string{failedConnect}}
	_, fragment, _ := strings.Cut(target, "#")
	retries, counted := 0, false
	for pair := range strings.SplitSeq(fragment, "&") {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "ct":
			o.connect = milliseconds(value, mostConnect, o.connect)
		case "rt":
			o.read = milliseconds(value, mostTime, o.read)
		case "tt":
			o.total = milliseconds(value, mostTime, o.total)
		case "rc":
			if n, err := strconv.Atoi(value); err == nil && n >= 0 && n <= mostRetries {
				retries, counted = n, true
			}
		case "rp":
			if policy := policyOf(value); policy != nil {
				o.policy = policy
				if !counted {
					retries = 1
				}
			}
		}
	}
	o.retries = retries
	return o
}

// milliseconds reads a time; what is none within the bounds is as it was before.
func milliseconds(value string, most int, before time.Duration) time.Duration {
	n, err := strconv.Atoi(value)
	if err != nil || n < leastTime || n > most {
		return before
	}
	return time.Duration(n) * time.Millisecond
}

// policyOf reads a list of failures; nil where one of them is unknown.
func policyOf(value string) []string {
	policy := strings.Split(value, ",")
	for _, failure := range policy {
		if !slices.Contains([]string{failedConnect, failedRead, failedClient, failedServer, failedAny}, failure) {
			return nil
		}
	}
	return policy
}

// repeats says whether a call that has failed so is repeated after so many.
func (o overrides) repeats(failure string, calls int) bool {
	return failure != "" && calls <= o.retries && (slices.Contains(o.policy, failure) || slices.Contains(o.policy, failedAny))
}
