package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"bridged/bridge"
	"bridged/conversations"
	"bridged/store"
	"bridged/store/sqlite"
	"bridged/store/storetest/multiply"
)

// seedVersion is that of what seeds have in them: another one is made anew.
const seedVersion = "1"

const (
	// seedMessages is how many messages a conversation of a seed has. Each was relayed,
	// and reported as delivered.
	seedMessages = 10
	// seedAge is how old the newest of them are, which is longer than events are kept,
	// and seedStep how much later each conversation is than the one before.
	seedAge  = 5 * time.Hour
	seedStep = 500 * time.Millisecond
	// seedSerial and seedCarrier are in the numbers, words and carriers' identifiers of
	// the conversation of which all others are copies.
	seedSerial  = "9876543"
	seedCarrier = "feedfacefeedface"
)

// seeded is a store that many messages have gone through, in a file.
type seeded struct {
	conversations int
	file          string
}

// pairs are its participants but for those of the first conversation, which all others
// are copies of.
func (s *seeded) pairs() []pair { return makePairs(s.conversations - 1) }

func (s *seeded) messages() int { return s.conversations * seedMessages }

// copyTo copies the store into a folder, and waits until the disk has it, so that the
// writing is not a burden on what comes next.
func (s *seeded) copyTo(_ context.Context, dir string) (err error) {
	from, err := os.Open(s.file)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(filepath.Join(dir, "bridged.db"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Sync(), to.Close())
}

// size is how large the store is, in bytes.
func (s *seeded) size() int64 {
	info, err := os.Stat(s.file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// openSeed returns a store of so many conversations, from the folder that keeps them; it
// is made where it is missing.
func openSeed(ctx context.Context, o options, conversations int) (*seeded, error) {
	steps, err := store.Migrations()
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(steps, "*.sql")
	if err != nil {
		return nil, err
	}
	schema, _, _ := strings.Cut(names[len(names)-1], "_")
	name := fmt.Sprintf("%d-conversations-v%s-schema%s.db", conversations, seedVersion, schema)
	s := &seeded{conversations, filepath.Join(o.cache, name)}
	if _, err := os.Stat(s.file); err == nil {
		return s, nil
	}
	if err := os.MkdirAll(o.cache, 0o755); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.cache, "making-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	start := time.Now()
	file := filepath.Join(dir, "bridged.db")
	at := start.Add(-seedAge - time.Duration(conversations)*seedStep).UTC().Truncate(time.Millisecond)
	if err := seedOriginal(ctx, file, steps, at); err != nil {
		return nil, fmt.Errorf("make the first conversation: %w", err)
	}
	backend, err := sqlite.Open(ctx, file, steps)
	if err != nil {
		return nil, err
	}
	original := multiply.Original{IDs: fmt.Sprintf("%012x", at.UnixMilli()), Serial: seedSerial, Carrier: seedCarrier, At: at}
	err = multiply.Run(ctx, backend.Write, original, conversations, seedStep)
	if err := errors.Join(err, backend.Write.Close(), backend.Read.Close(), backend.Close()); err != nil {
		return nil, err
	}
	fmt.Printf("made %s, %d MB, in %s\n", name, fileSize(file)>>20, time.Since(start).Round(time.Second))
	return s, os.Rename(file, s.file)
}

func fileSize(file string) int64 { return (&seeded{file: file}).size() }

// seedOriginal makes the conversation that is copied: by the verbs, all at one moment, so
// that its identifiers begin alike.
func seedOriginal(ctx context.Context, file string, steps fs.FS, at time.Time) (err error) {
	backend, err := sqlite.Open(ctx, file, steps)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, backend, store.Config{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// What is not copied is of another moment, so that its identifiers begin otherwise.
	before := at.Add(-time.Hour)
	service, roles := conversations.NewService("Default Conversations Service", before)
	if _, err := db.EnsureDefaults(ctx, store.Defaults{
		Service: service, Roles: roles, MessagingService: conversations.NewID[conversations.MessagingServiceID](before),
	}); err != nil {
		return err
	}
	b := bridge.New(bridge.Config{
		Commit: bridge.Commits(capturing(db.Update)), CommitBeside: bridge.Commits(capturing(db.UpdateBeside)),
		Channels: twoChannels{}, MessagingServices: []conversations.MessagingServiceID{"bare"},
		Windows: map[string]bridge.WindowRule{"whatsapp": {Length: 100 * 365 * 24 * time.Hour}},
		Retry:   bridge.DefaultRetry(), Now: func() time.Time { return at },
	})
	pairs := []pair{{"+1557" + seedSerial, smsProxy}, {"whatsapp:+1558" + seedSerial, whatsappProxy}}
	if err := bareConversations(ctx, b, service.ID, pairs); err != nil {
		return err
	}
	if err := seedTalk(ctx, b, pairs); err != nil {
		return err
	}
	if err := db.KeepIndex(ctx); err != nil {
		return err
	}
	for {
		done, err := multiply.Indexed(ctx, backend.Read)
		if err != nil || done {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// seedTalk lets the two of a conversation write to each other.
func seedTalk(ctx context.Context, b *bridge.Bridge, pairs []pair) error {
	var tasks atomic.Int64
	for n := range seedMessages {
		from := pairs[(n+1)%2] // the one on WhatsApp begins, and opens the window
		var sent conversations.Delivery
		in := bareMessage(from, int64(n))
		in.ProviderID = fmt.Sprintf("SM%s%016x", seedCarrier, n)
		in.Body = fmt.Sprintf("%08d Order %s is on its way, it should be at your door in about ten minutes. Is the gate open?", n, seedSerial)
		if err := relayBare(ctx, b, &tasks, in, func(d conversations.Delivery) string {
			sent = d
			return fmt.Sprintf("SM%s%016x", seedCarrier, 1000+n)
		}); err != nil {
			return err
		}
		if sent.ID == "" {
			return errors.New("a message did not go out")
		}
		if err := reportSeed(ctx, b, &tasks, conversations.StatusReport{
			Channel: sent.Channel, ProviderID: fmt.Sprintf("SM%s%016x", seedCarrier, 1000+n), Address: sent.Address, Proxy: sent.Proxy,
			Status: conversations.StatusDelivered,
		}); err != nil {
			return err
		}
	}
	return nil
}

// reportSeed lets a carrier report the status of a message.
func reportSeed(ctx context.Context, b *bridge.Bridge, tasks *atomic.Int64, r conversations.StatusReport) error {
	var task conversations.Task
	if err := b.AcceptStatuses(context.WithValue(ctx, captureKey{}, &task), []conversations.StatusReport{r}); err != nil {
		return err
	}
	if task.Topic == "" {
		return nil // it was heeded at once
	}
	seq, err := strconv.ParseInt(string(task.Payload), 10, 64)
	if err != nil {
		return err
	}
	return b.Advance(ctx, tasks.Add(1), seq)
}
