package bridge

import (
	"context"
	"slices"
	"sync"
	"time"

	"bridged/conversations"
)

const (
	// retainPage is how many messages or files are read at once, and retainBatch
	// how many of them one commit removes.
	retainPage  = 500
	retainBatch = 25
	// retainRest is how long nothing is removed after a commit, as a multiple of what the
	// commit took.
	retainRest = 4
	// retainSoon and retainLater bound how long something stays beyond its time.
	retainSoon  = time.Second
	retainLater = 10 * time.Minute
	// retainAnew is how often it is looked at from the first one: somebody may have
	// imported what is old.
	retainAnew = 24 * time.Hour
)

// Kept is how long things are kept; 0 for good.
type Kept struct {
	Messages time.Duration
	Media    time.Duration // the bytes of files
}

// Retention is how long the things of services are kept.
type Retention struct {
	Default  Kept
	Services map[conversations.ServiceID]Kept // those that have another one
}

func (r Retention) of(id conversations.ServiceID) Kept {
	if k, ok := r.Services[id]; ok {
		return k
	}
	return r.Default
}

// Aged are messages and files by their age. *store.DB lists them.
type Aged interface {
	// AgedMessages returns up to limit messages from before t, oldest first, from behind
	// one of them; AgedMedia files of messages whose bytes are here.
	AgedMessages(ctx context.Context, t time.Time, after conversations.Aged, limit int) ([]conversations.Aged, error)
	AgedMedia(ctx context.Context, t time.Time, after conversations.Aged, limit int) ([]conversations.Aged, error)
}

// AgedRows is what is asked of them within a commit.
type AgedRows interface {
	// IsUnfinished says whether a delivery of a message is, a dead letter of it waits, or
	// a file is being fetched.
	IsUnfinished(id conversations.MessageID) (bool, error)
	AnyFile(id conversations.MediaID) (conversations.MediaFile, error)
}

// RemovalObserver is an Observer that is also told what was removed because of its age.
type RemovalObserver interface {
	Removed(kind string, n int)
}

// walk goes through what is as old as one retention, oldest first.
type walk struct {
	kind   string // in metrics and logs
	kept   time.Duration
	list   func(ctx context.Context, t time.Time, after conversations.Aged, limit int) ([]conversations.Aged, error)
	is     func(Kept) time.Duration
	remove func(tx Tx, id string) (removed bool, files []conversations.MediaID, err error)

	after   conversations.Aged // what has been looked at
	waiting *conversations.Aged
	begun   time.Time
	removed int
}

// walks are those of one process.
type walks struct {
	mu   sync.Mutex
	list []*walk
}

// walksOf are a walk for each time that something is kept.
func (b *Bridge) walksOf() (list []*walk) {
	all := []Kept{b.cfg.Retention.Default}
	for _, k := range b.cfg.Retention.Services {
		all = append(all, k)
	}
	add := func(w walk) {
		if w.kept > 0 && !slices.ContainsFunc(list, func(other *walk) bool { return other.kind == w.kind && other.kept == w.kept }) {
			list = append(list, &w)
		}
	}
	for _, k := range all {
		add(walk{kind: "messages", kept: k.Messages, is: func(k Kept) time.Duration { return k.Messages }, remove: b.expireMessage})
		add(walk{kind: "media", kept: k.Media, is: func(k Kept) time.Duration { return k.Media }, remove: b.expireFile})
	}
	for _, w := range list {
		w.list = b.cfg.Aged.AgedMessages
		if w.kind == "media" {
			w.list = b.cfg.Aged.AgedMedia
		}
	}
	return list
}

// Retain removes some of the messages and files that are older than their service keeps
// them. It returns when it should be called again: soon, where there is more to remove.
func (b *Bridge) Retain(ctx context.Context) (next time.Time, err error) {
	if b.cfg.Aged == nil {
		return next, nil
	}
	b.walks.mu.Lock()
	defer b.walks.mu.Unlock()
	if b.walks.list == nil {
		b.walks.list = b.walksOf()
	}
	for _, w := range b.walks.list {
		again, err := b.step(ctx, w)
		if err != nil {
			return next, err
		}
		if next.IsZero() || again.Before(next) {
			next = again
		}
	}
	return next, nil
}

// step looks at the next page of a walk.
func (b *Bridge) step(ctx context.Context, w *walk) (again time.Time, err error) {
	now := b.now()
	if w.begun.IsZero() || now.Sub(w.begun) >= retainAnew || now.Before(w.begun) {
		w.after, w.waiting, w.begun = conversations.Aged{}, nil, now
	}
	page, err := w.list(ctx, now.Add(-w.kept), w.after, retainPage)
	if err != nil {
		return again, err
	}
	var old []conversations.Aged
	for _, a := range page {
		if w.is(b.cfg.Retention.of(a.Service)) == w.kept {
			old = append(old, a)
		}
	}
	for batch := range slices.Chunk(old, retainBatch) {
		if err := b.expire(ctx, w, batch); err != nil {
			return again, err
		}
	}
	if len(page) > 0 {
		w.after = page[len(page)-1]
	}
	if len(page) == retainPage {
		return b.now(), nil
	}
	if w.removed > 0 {
		b.cfg.Log.InfoContext(ctx, "removed what is older than it is kept", "what", w.kind, "kept", w.kept, "removed", w.removed)
		w.removed = 0
	}
	if w.waiting != nil { // it is looked at again, and all that follows it
		w.after, w.waiting = conversations.Aged{Created: w.waiting.Created.Add(-time.Microsecond)}, nil
	}
	return b.now().Add(min(max(w.kept/64, retainSoon), retainLater)), nil
}

// expire removes some in one commit, as far as they are finished.
func (b *Bridge) expire(ctx context.Context, w *walk, batch []conversations.Aged) error {
	begun := time.Now()
	var (
		files   []conversations.MediaID
		removed int
		waiting *conversations.Aged
	)
	err := b.commit(ctx, func(tx Tx) error {
		files, removed, waiting = nil, 0, nil
		for _, a := range batch {
			gone, of, err := w.remove(tx, a.ID)
			switch {
			case conversations.NotFound.Is(err): // somebody else has removed it
			case err != nil:
				return err
			case gone:
				removed++
				files = append(files, of...)
			case waiting == nil:
				waiting = &a
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if w.waiting == nil {
		w.waiting = waiting
	}
	w.removed += removed
	if o, ok := b.cfg.Observer.(RemovalObserver); ok && removed > 0 {
		o.Removed(w.kind, removed)
	}
	for _, id := range files { // there is a task for them, which need not be waited for
		if err := b.cfg.Files.Remove(id); err != nil {
			return err
		}
	}
	return pause(ctx, retainRest*time.Since(begun))
}

// expireMessage removes a message with all that tells of it, unless something about it
// is unfinished.
func (b *Bridge) expireMessage(tx Tx, id string) (removed bool, files []conversations.MediaID, err error) {
	m, err := tx.AnyMessage(conversations.MessageID(id))
	if err != nil {
		return false, nil, err
	}
	unfinished, err := tx.IsUnfinished(m.ID)
	if err != nil || unfinished {
		return false, nil, err
	}
	files, err = b.removeMessage(tx, m)
	return err == nil, files, err
}

// expireFile removes the bytes of a file, which its message tells of.
func (b *Bridge) expireFile(tx Tx, id string) (removed bool, files []conversations.MediaID, err error) {
	f, err := tx.AnyFile(conversations.MediaID(id))
	if err != nil || f.State != conversations.MediaKept {
		return false, nil, err
	}
	unfinished, err := tx.IsUnfinished(f.Message)
	if err != nil || unfinished {
		return false, nil, err
	}
	f.State, f.Reason, f.SHA256, f.Updated = conversations.MediaRemoved, "", "", b.now()
	if err := tx.SettleMedia(f); err != nil {
		return false, nil, err
	}
	m, err := tx.AnyMessage(f.Message)
	if err != nil {
		return false, nil, err
	}
	for i := range m.Media {
		if m.Media[i].ID == f.ID {
			m.Media[i].State = conversations.MediaRemoved
		}
	}
	if err := tx.SetMedia(m); err != nil {
		return false, nil, err
	}
	files = []conversations.MediaID{f.ID}
	return true, files, enqueueRemoval(tx, files)
}
