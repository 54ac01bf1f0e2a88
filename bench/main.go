// Command bench measures the whole way of a message over HTTP: signed inbound
// hooks on one side, fake carriers on loopback on the other, and the built
// binary in between with its store on disk, every commit of it synced.
//
// It prints, for each of several runs, how many messages per second were
// accepted and relayed when as many come as 64 connections carry, and how that
// compares with the bare group-commit loop of the same statements, run in this
// process just before; and then the latencies and the memory at a steady rate.
// The machines that it runs on are noisy: compare ratios of one run, and medians
// of several. docs/performance.md says how to read the numbers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

// options are the command line.
type options struct {
	binary        string
	runs          int
	conversations int
	connections   int
	messages      int
	rate          int
	steady        time.Duration
	statuses      int
	hooks         bool
	hook          *hearer // that hears of every message; nil: nobody does
	store         string  // sqlite or postgres
	overload      bool
	config        string // more of the daemon's configuration
	databases     databases
}

func main() {
	var o options
	flag.StringVar(&o.binary, "bridged", "bin/bridged", "the binary to measure")
	flag.IntVar(&o.runs, "runs", 3, "how many runs; medians are printed at the end")
	flag.IntVar(&o.conversations, "conversations", 200, "conversations of two people, one on SMS and one on WhatsApp")
	flag.IntVar(&o.connections, "connections", 64, "connections that carry inbound messages")
	flag.IntVar(&o.messages, "messages", 20000, "messages of the flood")
	flag.IntVar(&o.rate, "rate", 500, "messages per second of the steady part; 0 leaves it out")
	flag.DurationVar(&o.steady, "steady", 15*time.Second, "how long the steady part takes")
	flag.IntVar(&o.statuses, "statuses", 0, "status reports per minute beside the flood: compares the flood with and without them, and does nothing else")
	flag.BoolVar(&o.hooks, "hooks", false, "compares the flood with and without a webhook that hears of every message, and does nothing else")
	flag.BoolVar(&o.overload, "overload", false, "gives far more than can be relayed for as long as -steady, and does nothing else")
	flag.StringVar(&o.store, "store", "sqlite", "sqlite, or postgres on a server that the benchmark starts")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	if o.databases, err = openDatabases(ctx, o.store); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.databases.close()) }()
	if o.statuses > 0 {
		return compareStatuses(ctx, o)
	}
	if o.overload {
		return overload(ctx, o)
	}
	if o.hooks {
		return compareHooks(ctx, o)
	}
	var accepted, relayed, ratios []float64
	for n := range o.runs {
		f, err := flood(ctx, o)
		if err != nil {
			return err
		}
		fmt.Printf("run %d: bare %.0f/s  accepted %.0f/s  relayed %.0f/s  ratio %.2f  commits/message %.3f  accept p50 %s p99 %s  inbound-to-send p50 %s p99 %s  peak RSS %d MB\n",
			n+1, f.bare, f.accepted, f.relayed, f.relayed/f.bare, f.commits,
			f.accept.p(50), f.accept.p(99), f.relay.p(50), f.relay.p(99), f.rss>>20)
		accepted, relayed, ratios = append(accepted, f.accepted), append(relayed, f.relayed), append(ratios, f.relayed/f.bare)
	}
	fmt.Printf("median: accepted %.0f/s  relayed %.0f/s  ratio %.2f\n", median(accepted), median(relayed), median(ratios))
	if o.rate == 0 {
		return nil
	}
	for n := range o.runs {
		s, err := steady(ctx, o)
		if err != nil {
			return err
		}
		fmt.Printf("steady %d: %d/s for %s  accept p50 %s p99 %s  inbound-to-send p50 %s p99 %s  commits/message %.2f  peak RSS %d MB\n",
			n+1, o.rate, o.steady, s.accept.p(50), s.accept.p(99), s.relay.p(50), s.relay.p(99), s.commits, s.rss>>20)
	}
	return nil
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
