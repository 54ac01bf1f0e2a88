package main

import (
	"context"
	"strconv"
	"strings"
)

// comparison is a load that is measured beside the flood without it.
type comparison struct {
	what, name string
	with       func(context.Context, options) (figures, error)
	head       []string // of further columns
	more       func(figures) []string
	each       func(figures) // is told of each run; optional
}

// compare measures the flood without and with something, in turn, so that both see the
// same machine. Which comes first changes from run to run.
func compare(ctx context.Context, o options, s *section, c comparison) error {
	var rows [][]string
	var ratios, work []float64
	for n := range o.runs {
		var plain, with figures
		err := inTurn(n,
			func() (err error) { plain, err = relay(ctx, o, "without-"+c.name); return err },
			func() (err error) { with, err = c.with(ctx, o); return err })
		if err != nil {
			return err
		}
		with.plain = plain.processor
		if c.each != nil {
			c.each(with)
		}
		ratios, work = append(ratios, with.relayed/plain.relayed), append(work, with.processor/plain.processor)
		rows = append(rows, append([]string{
			strconv.Itoa(n + 1), whole(plain.relayed), whole(with.relayed), two(with.relayed / plain.relayed),
			three(plain.each()), three(with.each()), millis(plain.accept.p(99)) + ", " + millis(with.accept.p(99)),
			millis(plain.relay.p(99)) + ", " + millis(with.relay.p(99)),
		}, c.more(with)...))
	}
	s.note("%d messages without and with %s, in turn:", o.messages, c.what)
	s.table(append([]string{
		"run", "relayed/s without", "with", "ratio", "daemon ms/message without", "with", "accept p99 ms", "inbound-to-send p99 ms",
	}, c.head...), rows...)
	s.note("Median: relayed with %s : without **%.2f**; the daemon's processor time %.2f times as much.",
		strings.TrimPrefix(c.name, "a "), median(ratios), median(work))
	return nil
}

// inTurn carries out what is compared in an order that changes from run to run.
func inTurn(run int, list ...func() error) error {
	for i := range list {
		if run%2 == 1 {
			i = len(list) - 1 - i
		}
		if err := list[i](); err != nil {
			return err
		}
	}
	return nil
}
