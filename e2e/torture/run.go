package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"bridged/e2e/torture/history"
)

// outcome is what a run has come to.
type outcome struct {
	options

	plan     *plan
	began    time.Time
	took     time.Duration
	disk     string // how it filled up
	missing  []string
	history  *history.History
	results  []history.Result
	faults   map[string]int
	carriers map[string]int
	webhooks map[string]int
	tally    map[string]int
	during   int // structural checks while the run went on
	kept     string
}

// broken are all violations.
func (o *outcome) broken() (list []string) {
	for _, r := range o.results {
		for _, v := range r.Violations {
			list = append(list, r.Name+": "+v)
		}
	}
	return list
}

// every is after how many steps the structure of the store is looked at meanwhile.
const every = 20

// run plays a plan, and compares what has happened with what was promised.
func run(ctx context.Context, o options, say io.Writer) (_ *outcome, err error) {
	deck, missing := o.deck()
	out := &outcome{options: o, began: time.Now(), missing: missing, faults: make(map[string]int)}
	out.plan = newPlan(o.seed, o.crashes, deck, o.short)
	w, err := newWorld(ctx, o, out.plan)
	if err != nil {
		return nil, err
	}
	out.disk = w.disk.means()
	defer func() {
		keep := err != nil || len(out.broken()) > 0
		if keep {
			out.kept = w.dir
			fmt.Fprintf(say, "the data directory and bridged.log are kept in %s\n", w.dir)
		}
		err = errors.Join(err, w.close(keep))
	}()
	if err := errors.Join(w.start(ctx), w.furnish(ctx)); err != nil {
		return nil, err
	}
	for n, s := range out.plan.steps {
		if err := out.step(ctx, w, s); err != nil {
			return nil, fmt.Errorf("step %d (%s): %w", n+1, s.fault, err)
		}
		if n%every == every-1 {
			fmt.Fprintf(say, "%d of %d steps\n", n+1, len(out.plan.steps))
			if err := out.look(ctx, w); err != nil {
				return nil, err
			}
		}
		if len(out.broken()) > 0 {
			return out, nil
		}
	}
	if err := out.lastProcess(ctx, w); err != nil {
		return nil, err
	}
	return out, out.compare(ctx, w)
}

// step makes one fault, while people write.
func (o *outcome) step(ctx context.Context, w *world, s step) error {
	o.faults[s.fault]++
	wrote := make(chan error, 1)
	go func() { wrote <- w.write(ctx, s.lines) }()
	pause(ctx, s.at)
	err := faults[s.fault](ctx, w, s)
	if err != nil {
		return errors.Join(err, <-wrote)
	}
	if err := errors.Join(<-wrote, w.alive()); err != nil {
		return err
	}
	if s.close >= 0 {
		return w.closeStranger(ctx, w.plan.people[w.plan.rooms[s.close].people[0]])
	}
	return nil
}

// look compares the structure of the store as it is now with what holds always.
func (o *outcome) look(ctx context.Context, w *world) error {
	left, err := history.Read(ctx, w.url, false)
	if err != nil {
		return err
	}
	for _, c := range history.Structural() {
		r := c.Run(&history.History{Left: left})
		if o.during += r.Checked; len(r.Violations) > 0 {
			o.results = append(o.results, r)
		}
	}
	return nil
}

// lastProcess starts a process that lives to the end: through a warm-up without
// faults, and then those faults that do not end it.
func (o *outcome) lastProcess(ctx context.Context, w *world) error {
	// A process that is up for long may need half a minute to notice a jump.
	if err := errors.Join(w.shiftClock(furthest), stop(ctx, w, step{})); err != nil {
		return err
	}
	o.history = &history.History{}
	if err := w.rest(ctx); err != nil {
		return err
	}
	var err error
	if o.history.Warm, err = w.usage(ctx, nil); err != nil {
		return err
	}
	w.faults.mode.Store(usual)
	w.listener.mode.Store(usual)
	for _, s := range w.plan.last {
		if err := o.step(ctx, w, s); err != nil {
			return fmt.Errorf("the last process, %s: %w", s.fault, err)
		}
	}
	if err := w.rest(ctx); err != nil {
		return err
	}
	o.history.End, err = w.usage(ctx, &o.history.Warm)
	return err
}

// rest ends all faults and waits until nothing is left to do.
func (w *world) rest(ctx context.Context) error {
	w.faults.mode.Store(calm)
	w.listener.mode.Store(calm)
	if err := w.shiftClock(furthest); err != nil { // whatever waits for a time is due
		return err
	}
	db, err := history.Open(w.url)
	if err != nil {
		return err
	}
	defer db.Close()
	for last, since := "", time.Now(); ; pause(ctx, 200*time.Millisecond) {
		left, err := w.left(ctx, db)
		if err != nil || left == "" {
			return err
		}
		if left != last {
			last, since = left, time.Now()
		}
		if time.Since(since) > patience {
			return fmt.Errorf("it does not come to rest: %s", left)
		}
	}
}

// left says what is left to do. It has the webhooks called that are left alone, and
// what waits for them.
func (w *world) left(ctx context.Context, db *sql.DB) (string, error) {
	if err := w.alive(); err != nil {
		return "", err
	}
	left, err := history.Unfinished(ctx, db)
	if n := w.reporter.waiting(); n > 0 {
		left += fmt.Sprintf("%d statuses of carriers; ", n)
	}
	if err != nil || !strings.Contains(left, "tasks") {
		return left, err
	}
	var list struct{ Webhooks []struct{ Target string } }
	if err := w.must(ctx, http.MethodGet, "/bridged/v1/webhooks", &list); err != nil {
		return left, nil //nolint:nilerr // it may not be able to answer yet
	}
	for _, hook := range list.Webhooks {
		_ = w.must(ctx, http.MethodPost, "/bridged/v1/webhooks/"+hook.Target+"/resume", nil) // likewise
	}
	return left, nil
}

const (
	// settled is how long a process may take to give back what it took.
	settled = 20 * time.Second
	// noise is how many goroutines come and go while nothing happens.
	noise = 3
)

// usage is what the process takes now that it has nothing to do: as soon as that is as
// little as before, where there is a before.
func (w *world) usage(ctx context.Context, before *history.Usage) (u history.Usage, err error) {
	for deadline := time.Now().Add(settled); ; pause(ctx, 500*time.Millisecond) {
		w.hangUp()
		text, err := w.main().Metrics(ctx)
		if err != nil {
			return u, err
		}
		u = history.Usage{
			Goroutines: int(metric(text, "go_goroutines")), Heap: int64(metric(text, "go_memstats_heap_alloc_bytes")),
			RSS: int64(metric(text, "process_resident_memory_bytes")),
		}
		if before != nil && u.Goroutines <= before.Goroutines+noise || time.Now().After(deadline) {
			return u, nil
		}
		if before == nil && time.Until(deadline) < settled-2*time.Second {
			return u, nil
		}
	}
}

// hangUp closes the connections that are kept open for later: each takes a goroutine or
// two.
func (w *world) hangUp() {
	for _, c := range w.carriers() {
		c.HangUp()
	}
	w.listener.CloseClientConnections()
	http.DefaultClient.CloseIdleConnections()
}

func metric(text, name string) float64 {
	found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	value, _ := strconv.ParseFloat(found[1], 64)
	return value
}

// compare collects what was seen and what is left, and runs all checks.
func (o *outcome) compare(ctx context.Context, w *world) error {
	h := o.history
	left, err := history.Read(ctx, w.url, true)
	if err != nil {
		return err
	}
	if h.Shown, err = w.show(ctx, left); err != nil {
		return err
	}
	if err := w.main().end(); err != nil {
		return err
	}
	if h.Left, err = history.Read(ctx, w.url, true); err != nil {
		return err
	}
	for _, p := range w.plan.people {
		h.People = append(h.People, history.Person{Name: p.name, Address: p.address})
	}
	h.Written, h.Reports = w.writtenSoFar(), w.reporter.reports()
	h.Told, o.webhooks = w.listener.heard()
	h.Sends = w.sends()
	if h.Log, err = lines(w.log.Name()); err != nil {
		return err
	}
	for _, c := range history.All() {
		o.results = append(o.results, c.Run(h))
	}
	o.carriers, o.tally = w.faults.counts(), maps.Clone(w.tally)
	o.took = time.Since(o.began)
	return nil
}

// sends are all requests to carriers, those to one carrier in order.
func (w *world) sends() (list []history.Send) {
	for channel, c := range w.carriers() {
		for _, s := range c.Sent() {
			to := strings.Split(s.To, ",")
			if channel == whatsappChannel {
				to[0] = "whatsapp:+" + strings.TrimPrefix(to[0], "+")
			}
			list = append(list, history.Send{
				Channel: channel, Sender: s.From, To: to, Group: len(to) > 1, Token: history.Token(s.Raw),
				Taken: s.ID != "", Provider: s.ID, Raw: s.Raw,
			})
		}
	}
	return list
}

func lines(path string) (list []string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		list = append(list, scanner.Text())
	}
	return list, scanner.Err()
}
