// Command bench measures the whole way of a message over HTTP: signed inbound
// hooks on one side, fake carriers on loopback on the other, and the built
// binary in between with its store on disk, every commit of it synced.
//
// It has several parts, each with several runs: how many messages a second are relayed,
// compared with the bare group-commit loop of the same statements in this process, on
// SQLite and on PostgreSQL; a burst; webhooks; statuses; pictures; and a store with a
// million messages. It prints what it finds as Markdown, and can put it into a file.
//
// The machines that it runs on are noisy: what is compared is measured in turn, so go
// by ratios and medians, and by the processor's time that the daemon used for a
// message. docs/performance.md says how to read the numbers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	binary        string
	only          string
	report        string
	cache         string // folder of the big stores
	profiles      profiles
	runs          int
	conversations int
	connections   int
	messages      int
	rate          int
	steady        time.Duration
	perMinute     int    // status reports, where there are any
	store         string // sqlite or postgres
	databases     databases

	statuses int     // reports a minute
	hook     *hearer // that hears of every message; nil: nobody does
	seed     *seeded // what is in the store before; nil: it is empty
	config   string  // more of the daemon's configuration
}

// part is one of the measurements.
type part struct {
	name string
	run  func(context.Context, options, *section) error
}

// parts are all measurements, in the order in which they run.
func parts() []part {
	return []part{
		{"relay", relayPart},
		{"postgres", postgresPart},
		{"burst", burstPart},
		{"hooks", hooksPart},
		{"statuses", statusesPart},
		{"media", mediaPart},
		{"big", bigPart},
		{"backup", backupPart},
		{"overload", overloadPart},
	}
}

func main() {
	var o options
	flag.StringVar(&o.binary, "bridged", "bin/bridged", "the binary to measure")
	flag.StringVar(&o.only, "only", "", "the parts to measure, with commas between; all where it is empty: "+strings.Join(names(), ", "))
	flag.StringVar(&o.report, "report", "", "a Markdown file that gets what was found, between the marks of each part")
	flag.StringVar(&o.cache, "cache", "bin/bench-stores", "the folder that keeps the big stores from run to run")
	flag.StringVar(&o.profiles.dir, "profile", "", "a folder that gets a profile of the daemon's processor time and allocations for each load")
	flag.IntVar(&o.runs, "runs", 3, "how many runs; medians are printed at the end")
	flag.IntVar(&o.conversations, "conversations", 200, "conversations of two people, one on SMS and one on WhatsApp")
	flag.IntVar(&o.connections, "connections", 64, "connections that carry inbound messages")
	flag.IntVar(&o.messages, "messages", 20000, "messages of the flood; other parts take a fraction of it")
	flag.IntVar(&o.rate, "rate", 500, "messages per second at the steady rate; 0 leaves that out")
	flag.DurationVar(&o.steady, "steady", 15*time.Second, "how long the steady rate lasts")
	flag.IntVar(&o.perMinute, "statuses", 100000, "status reports a minute, where there are any")
	flag.StringVar(&o.store, "store", "sqlite", "sqlite, or postgres: on a server that the benchmark starts. The part postgres takes it always")
	probeOf := flag.String("probe", "", "only ask the admin.listen at this URL how it is until the input ends, as the part overload does")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // so that its daemon ends with it
	var err error
	if *probeOf != "" {
		err = probe(ctx, *probeOf, os.Stdin, os.Stdout)
	} else {
		err = run(ctx, o)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func names() (list []string) {
	for _, p := range parts() {
		list = append(list, p.name)
	}
	return list
}

func run(ctx context.Context, o options) (err error) {
	wanted := strings.FieldsFunc(o.only, func(r rune) bool { return r == ',' })
	for _, name := range wanted {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("-only %s: there are %s", name, strings.Join(names(), ", "))
		}
	}
	if o.databases, err = openDatabases(ctx, o.store); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.databases.close()) }()
	for _, p := range parts() {
		if len(wanted) > 0 && !slices.Contains(wanted, p.name) {
			continue
		}
		if err := runPart(ctx, o, p); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// runPart measures one part, and puts what it found into the file.
func runPart(ctx context.Context, o options, p part) error {
	fmt.Printf("\n== %s ==\n\n", p.name)
	start := time.Now()
	s := new(section)
	s.note("%s, %d cores, load average %s before; %s.", start.Format("2006-01-02 15:04"), runtime.NumCPU(), loadAverage(), runtime.Version())
	if err := p.run(ctx, o, s); err != nil {
		return err
	}
	fmt.Printf("%s took %s\n", p.name, time.Since(start).Round(time.Second))
	if o.report == "" {
		return nil
	}
	return rewrite(o.report, p.name, s.text.String())
}

// loadAverage is how busy the machine was in the last minute, as the kernel tells it.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
