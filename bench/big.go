package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"bridged/e2e/fakecarrier"
)

// bigSizes are the stores that are compared, by their conversations.
func bigSizes() []int { return []int{100, 1_000, 100_000} }

// visit is what was found in a store of one size.
type visit struct {
	figures
	stopped, killed starting // the start after a clean stop, and after a kill in a flood
	pages           []pageFigure
}

// starting is how long a start took until /readyz, and how much of the processors.
type starting struct{ took, processor time.Duration }

// bigPart measures a store with a million messages against small ones, in turn: what is
// relayed, how long a start takes, how much memory it needs, and how quick pages are.
func bigPart(ctx context.Context, o options, s *section) error {
	if o.store != "sqlite" {
		return errors.New("the big store is measured on SQLite only")
	}
	o.messages /= 2
	var seeds []*seeded
	for _, n := range bigSizes() {
		seed, err := openSeed(ctx, o, n)
		if err != nil {
			return fmt.Errorf("make a store of %d conversations: %w", n, err)
		}
		seeds = append(seeds, seed)
	}
	visits := make([][]visit, len(seeds)) // by size and run
	for n := range o.runs {
		var list []func() error
		for i, seed := range seeds {
			list = append(list, func() error {
				v, err := pay(ctx, o, seed)
				visits[i] = append(visits[i], v)
				return err
			})
		}
		if err := inTurn(n, list...); err != nil {
			return err
		}
	}
	tellRelay(o, s, seeds, visits)
	tellStarts(s, seeds, visits)
	tellPages(s, seeds, visits)
	return nil
}

// pay visits a store: a flood that goes to all of its conversations, a clean stop, a
// start, pages, a kill in the middle of another flood, and a start.
func pay(ctx context.Context, o options, seed *seeded) (v visit, err error) {
	o.seed = seed
	var current atomic.Pointer[watch]
	w := newWatch(o.messages)
	current.Store(w)
	s, err := newStage(ctx, o, func(m fakecarrier.Sent, _ bool) {
		if w := current.Load(); w != nil {
			w.received(m)
		}
	})
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	name := fmt.Sprintf("big-%d", seed.conversations)
	start, err := w.measureOn(ctx, s, o, name, &v.figures, func(ctx context.Context, s *stage) error { return w.flood(ctx, o, s) })
	if err != nil {
		return v, err
	}
	v.accepted = float64(o.messages) / w.lastIn.Sub(start).Seconds()
	v.relayed = float64(o.messages) / w.lastOut.Sub(start).Seconds()
	if err := s.Stop(); err != nil {
		return v, err
	}
	if v.stopped, err = s.restart(ctx); err != nil {
		return v, err
	}
	if v.idle, err = s.memory("VmRSS"); err != nil {
		return v, err
	}
	if v.pages, err = measurePages(ctx, s); err != nil {
		return v, err
	}
	current.Store(nil) // nobody waits for what comes out
	if err := s.killInFlood(ctx, o, int64(o.messages)); err != nil {
		return v, err
	}
	v.killed, err = s.restart(ctx)
	return v, err
}

// killInFlood kills the daemon when it has taken some messages, the first after a
// number.
func (s *stage) killInFlood(ctx context.Context, o options, after int64) error {
	const some = 1000
	var given, taken atomic.Int64
	enough := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, o.connections)
	for range o.connections {
		go func() {
			for ctx.Err() == nil {
				if err := s.send(ctx, after+given.Add(1)); err != nil {
					failed <- err
					return
				}
				if taken.Add(1) == some {
					close(enough)
				}
			}
			failed <- nil
		}()
	}
	select {
	case <-enough:
	case err := <-failed:
		return err
	}
	err := s.Kill()
	cancel()
	for range o.connections {
		<-failed // what was under way is lost, and nobody minds
	}
	return err
}

// restart starts the daemon again, and waits until it says that it is ready.
func (s *stage) restart(ctx context.Context) (starting, error) {
	begin := time.Now()
	if err := s.start(ctx); err != nil {
		return starting{}, err
	}
	for {
		status, _, err := get(ctx, http.DefaultClient, s.Admin+"/readyz")
		if err != nil {
			return starting{}, err
		}
		if status == http.StatusOK {
			break
		}
	}
	took := time.Since(begin)
	u, err := s.used(ctx)
	return starting{took, time.Duration(u.processor * float64(time.Second))}, err
}

func tellRelay(o options, s *section, seeds []*seeded, visits [][]visit) {
	var rows [][]string
	last := len(seeds) - 1
	for n := range visits[0] {
		for i, seed := range seeds {
			v := visits[i][n]
			row := relayRow(strconv.Itoa(n+1), v.figures)
			rows = append(rows, append(row[:1], append([]string{thousands(seed.messages())}, row[1:]...)...))
		}
	}
	head := relayHead("run")
	s.note("%d messages over %d connections into all conversations of a store, each of which has %d messages; the store of %s messages is a file of %d MB:",
		o.messages, o.connections, seedMessages, thousands(seeds[last].messages()), seeds[last].size()>>20)
	s.table(append(head[:1], append([]string{"messages in the store"}, head[1:]...)...), rows...)
	for i := range last {
		var relayed, work []float64
		for n := range visits[last] {
			relayed = append(relayed, visits[last][n].relayed/visits[i][n].relayed)
			work = append(work, visits[last][n].each()/visits[i][n].each())
		}
		s.note("%s messages against %s, medians of the runs' ratios: relayed **%.2f**, the daemon's processor time a message %.2f.",
			thousands(seeds[last].messages()), thousands(seeds[i].messages()), median(relayed), median(work))
	}
}

func tellStarts(s *section, seeds []*seeded, visits [][]visit) {
	var rows [][]string
	for i, seed := range seeds {
		of := func(value func(visit) float64) float64 {
			var list []float64
			for _, v := range visits[i] {
				list = append(list, value(v))
			}
			return median(list)
		}
		rows = append(rows, []string{
			thousands(seed.messages()),
			whole(of(func(v visit) float64 { return v.stopped.took.Seconds() * 1000 })),
			whole(of(func(v visit) float64 { return v.killed.took.Seconds() * 1000 })),
			whole(of(func(v visit) float64 { return v.stopped.processor.Seconds() * 1000 })),
			whole(of(func(v visit) float64 { return v.killed.processor.Seconds() * 1000 })),
			whole(of(func(v visit) float64 { return float64(v.idle >> 20) })),
			whole(of(func(v visit) float64 { return float64(v.rss >> 20) })),
		})
	}
	s.note("From the start of the process until /readyz answers 200, and the memory, medians:")
	s.table([]string{
		"messages in the store", "after a clean stop ms", "after kill -9 in a flood ms", "processor ms", "after kill -9", "RSS after the start MB", "peak RSS in the flood MB",
	}, rows...)
}

// thousands writes a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
