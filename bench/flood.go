package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"
)

// relayHead is the head of a table with rows of relayRow.
func relayHead(first string) []string {
	return []string{first, "accepted/s", "relayed/s", "daemon ms/message", "commits/message", "accept p50 / p99 ms", "inbound-to-send p50 / p99 ms", "peak RSS MB"}
}

func relayRow(first string, f figures) []string {
	return []string{
		first, whole(f.accepted), whole(f.relayed), three(f.each()), three(f.commits),
		f.accept.both(), f.relay.both(), strconv.Itoa(f.rss >> 20),
	}
}

func whole(x float64) string { return fmt.Sprintf("%.0f", x) }
func two(x float64) string   { return fmt.Sprintf("%.2f", x) }
func three(x float64) string { return fmt.Sprintf("%.3f", x) }

// seconds is a duration in seconds, as tables have it.
func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

// millis is a duration in milliseconds, as tables have it.
func millis(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }

// both are the median and the 99th percentile.
func (l latencies) both() string { return millis(l.p(50)) + " / " + millis(l.p(99)) }

// medians takes the median of what a function says of each of several figures.
func medians(list []figures, of func(figures) float64) float64 {
	values := make([]float64, len(list))
	for i, f := range list {
		values[i] = of(f)
	}
	return median(values)
}

func relayed(f figures) float64 { return f.relayed }

// relayPart measures how many messages are relayed, and how that compares with the
// bare loop; then the latencies at a steady rate.
func relayPart(ctx context.Context, o options, s *section) error {
	var rows [][]string
	var all []figures
	for n := range o.runs {
		f, err := flood(ctx, o)
		if err != nil {
			return err
		}
		all = append(all, f)
		rows = append(rows, append(relayRow(strconv.Itoa(n+1), f), whole(f.bare), two(f.relayed/f.bare)))
	}
	s.note("%d messages over %d connections, in %d conversations, on %s:", o.messages, o.connections, o.conversations, o.store)
	s.table(append(relayHead("run"), "bare/s", "relayed : bare"), rows...)
	s.note("Median: %.0f relayed a second, %.3f ms of the daemon's processor time a message; relayed : bare **%.2f**.",
		medians(all, relayed), medians(all, figures.each), medians(all, func(f figures) float64 { return f.relayed / f.bare }))
	if o.rate == 0 {
		return nil
	}
	rows = nil
	for n := range o.runs {
		f, err := steady(ctx, o)
		if err != nil {
			return err
		}
		rows = append(rows, []string{
			strconv.Itoa(n + 1), f.accept.both(), f.relay.both(), three(f.each()), two(f.commits), strconv.Itoa(f.idle >> 20), strconv.Itoa(f.rss >> 20),
		})
	}
	s.note("At a steady %d messages a second for %s:", o.rate, o.steady)
	s.table([]string{"run", "accept p50 / p99 ms", "inbound-to-send p50 / p99 ms", "daemon ms/message", "commits/message", "RSS before MB", "peak RSS MB"}, rows...)
	return nil
}

// postgresPart is relayPart on PostgreSQL, with a fourth of the messages.
func postgresPart(ctx context.Context, o options, s *section) (err error) {
	if o.store != "postgres" {
		o.store = "postgres"
		if o.databases, err = openDatabases(ctx, o.store); err != nil {
			return err
		}
		defer o.databases.close() // a server of the benchmark's own, which keeps nothing
		o.messages, o.rate, o.steady = o.messages/4, o.rate/4, o.steady/2
	}
	return relayPart(ctx, o, s)
}

// burstMessages come within burstTime.
const (
	burstMessages = 10_000
	burstTime     = time.Second
)

// burstPart offers ten thousand messages within a second, whatever the daemon makes of
// it, and measures until they are acknowledged, and until they have gone out.
func burstPart(ctx context.Context, o options, s *section) error {
	var rows [][]string
	for n := range o.runs {
		f, err := burst(ctx, o)
		if err != nil {
			return err
		}
		rows = append(rows, []string{
			strconv.Itoa(n + 1), seconds(f.offered), seconds(f.acknowledged), seconds(f.drained), three(f.each()), strconv.FormatInt(f.connections, 10),
			f.accept.both(), f.relay.both(), strconv.Itoa(f.rss >> 20),
		})
	}
	s.note("%d messages offered within a second, each over a connection of its own where none is free:", burstMessages)
	s.table([]string{
		"run", "offered after s", "all acknowledged after s", "all sent after s", "daemon ms/message", "connections",
		"accept p50 / p99 ms", "inbound-to-send p50 / p99 ms", "peak RSS MB",
	}, rows...)
	return nil
}

// flood gives the daemon as many messages as the connections carry, after the bare
// loop.
func flood(ctx context.Context, o options) (f figures, err error) {
	dir, err := os.MkdirTemp("", "bridged-bare-")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(dir)
	bare, err := bareLoop(ctx, o, dir)
	if err != nil {
		return f, err
	}
	f, err = relay(ctx, o, "relay")
	f.bare = bare
	return f, err
}
