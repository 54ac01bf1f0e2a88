package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"bridged/e2e/fakecarrier"
)

// backupSize is how many conversations the store has of which a backup is made.
const backupSize = 25_000

// backedUp is what a run of the backup found.
type backedUp struct {
	before, during, after float64 // relayed a second
	took                  time.Duration
	database, file, log   int64 // bytes; log is the write-ahead log's afterwards
}

// backupPart measures the flood before, during and after a backup by the command that
// people use, which checks what it has written on the same machine.
func backupPart(ctx context.Context, o options, s *section) error {
	if o.store != "sqlite" {
		return errors.New("bridged backup is for SQLite")
	}
	seed, err := openSeed(ctx, o, backupSize)
	if err != nil {
		return err
	}
	o.seed = seed
	var rows [][]string
	var ratios []float64
	for n := range o.runs {
		f, err := backup(ctx, o)
		if err != nil {
			return err
		}
		ratio := 2 * f.during / (f.before + f.after)
		ratios = append(ratios, ratio)
		rows = append(rows, []string{
			strconv.Itoa(n + 1), whole(f.before), whole(f.during), whole(f.after), two(ratio), seconds(f.took),
			megabytes(f.database), megabytes(f.file), megabytes(f.log),
		})
	}
	s.note("A backup of %d messages, while messages come over %d connections without a pause:", seed.messages(), o.connections)
	s.table([]string{
		"run", "relayed/s before", "during", "after", "during : before and after", "backup s", "database MB", "backup MB", "write-ahead log afterwards MB",
	}, rows...)
	s.note("Median: relayed during a backup : without **%.2f**.", median(ratios))
	return nil
}

func megabytes(n int64) string { return strconv.FormatInt(n>>20, 10) }

// backup is one run.
func backup(ctx context.Context, o options) (found backedUp, err error) {
	var out atomic.Int64
	s, err := newStage(ctx, o, func(fakecarrier.Sent, bool) { out.Add(1) })
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	during := func(what func() error) (perSecond float64, err error) {
		start, before := time.Now(), out.Load()
		err = what()
		return float64(out.Load()-before) / time.Since(start).Seconds(), err
	}
	wait := func() error { return pause(ctx, o.steady/3) }
	stop := s.press(ctx, o.connections)
	defer func() { err = errors.Join(err, stop()) }()
	if err := wait(); err != nil { // until it is at its pace
		return found, err
	}
	if found.before, err = during(wait); err != nil {
		return found, err
	}
	file := filepath.Join(s.dir, "backup.tar")
	if found.during, err = during(func() error {
		start := time.Now()
		err := s.backUp(ctx, file)
		found.took = time.Since(start)
		return err
	}); err != nil {
		return found, err
	}
	if found.after, err = during(wait); err != nil {
		return found, err
	}
	for name, size := range map[string]*int64{"bridged.db": &found.database, "backup.tar": &found.file, "bridged.db-wal": &found.log} {
		info, err := os.Stat(filepath.Join(s.dir, name))
		if err != nil {
			return found, err
		}
		*size = info.Size()
	}
	return found, nil
}

// press posts messages over many connections, each as soon as the last is accepted,
// until it is stopped.
func (s *stage) press(ctx context.Context, connections int) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	var next atomic.Int64
	var group errgroup.Group
	for range connections {
		group.Go(func() error {
			for ctx.Err() == nil {
				err := s.send(ctx, next.Add(1))
				if errors.Is(err, errTurnedAway) { // a backlog of ten thousand is enough
					err = pause(ctx, againAfter)
				}
				if err != nil && ctx.Err() == nil {
					return err
				}
			}
			return nil
		})
	}
	return func() error {
		cancel()
		return group.Wait()
	}
}

// pause waits; it returns the context's error when that ends before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backUp makes a backup of the stage's daemon, as its operator would.
func (s *stage) backUp(ctx context.Context, file string) error {
	c := exec.CommandContext(ctx, s.options.binary, "backup", file, "--config", filepath.Join(s.dir, "bridged.toml"), "--url", s.URL)
	c.Env = append(os.Environ(), "BRIDGED_STORE_URL="+s.url)
	if output, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("bridged backup: %w: %s", err, output)
	}
	return nil
}
