package bridge

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"bridged/conversations"
)

// Files are the bytes of the files that the store tells of. They are outside of
// it: a file is written before its row is committed, and removed after its row.
type Files interface {
	// Remove removes a file. One that is not there is removed already.
	Remove(id conversations.MediaID) error
	// Untouched gives the IDs of files, in portions, that were made after since
	// and that nobody has written to after until.
	Untouched(since, until time.Time, give func([]conversations.MediaID) error) error
}

const (
	// idDigits is the length of an ID in the payload of a task.
	idDigits = 32
	// discardBatch bounds how many files one task removes.
	discardBatch = 500
	// expireBatch bounds how many files one commit lets expire.
	expireBatch = 200

	// sweepEvery is how often strays are looked for.
	sweepEvery = time.Hour
	// strayAge is how old a file without a row has to be to count as a stray. A row
	// follows its file within seconds, and an upload that stands still is cut off
	// much earlier.
	strayAge = time.Hour
	// sweepBack is how far back the next sweep looks: what was written since the
	// last one, and what was being written then.
	sweepBack = 24 * time.Hour
)

// AddMedia stores that a file has been written (page 05). Unless a message takes
// it within Config.MediaLife, it is removed. When AddMedia fails there is no row,
// and the file is its writer's to remove.
func (b *Bridge) AddMedia(ctx context.Context, service conversations.ServiceID, f MediaFields) (conversations.MediaFile, error) {
	file, err := changeBy(ctx, b, b.commitBeside, func(tx Tx) (conversations.MediaFile, error) {
		now := b.now()
		file := conversations.MediaFile{
			ID: f.ID, Service: service, Author: f.Author, Category: f.Category, ContentType: f.ContentType,
			Filename: f.Filename, Size: f.Size, SHA256: f.SHA256, Created: now, Updated: now,
		}
		return file, tx.InsertMedia(file)
	})
	if err == nil {
		b.cfg.Due(file.Created.Add(b.cfg.MediaLife))
	}
	return file, err
}

// attachable finds the files that a new message is to have, which gets its ID by
// them, and locks them. Each has to be of the conversation's service, and no other
// message's. It stores nothing.
func (b *Bridge) attachable(tx Tx, c conversations.Conversation, m *conversations.Message, ids []conversations.MediaID) (files []conversations.MediaFile, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if m.Body != nil && *m.Body == "" {
		m.Body = nil // as the reference shows a message that is a file only (page 04)
	}
	m.ID = conversations.NewID[conversations.MessageID](b.now())
	if err := lockMedia(tx, ids); err != nil {
		return nil, err
	}
	var total int64
	for i, id := range ids {
		file, err := b.attachableFile(tx, c.Service, id)
		switch {
		case err != nil:
			return nil, err
		case slices.Contains(ids[:i], id):
			return nil, taken()
		}
		if total += file.Size; total > conversations.MaxMediaBytes {
			return nil, conversations.Refuse(conversations.MediaTooLarge,
				"the files of a message may have %d bytes together", conversations.MaxMediaBytes)
		}
		file.Conversation, file.Message, file.Updated = c.ID, m.ID, b.now()
		files, m.Media = append(files, file), append(m.Media, file.Media())
	}
	return files, nil
}

// attach stores that a message has these files.
func attach(tx Tx, files []conversations.MediaFile) error {
	for _, file := range files {
		if err := tx.AttachMedia(file); err != nil {
			return err
		}
	}
	return nil
}

// taken refuses a file that a message has already.
func taken() error {
	return conversations.Refuse(conversations.MediaTaken, "upload the file once for each message")
}

// attachableFile finds a file that a message may take.
func (b *Bridge) attachableFile(tx Tx, service conversations.ServiceID, id conversations.MediaID) (conversations.MediaFile, error) {
	file, err := tx.FindMedia(service, id)
	switch {
	case conversations.NotFound.Is(err), err == nil && !file.Attached() && !b.now().Before(file.Created.Add(b.cfg.MediaLife)):
		return file, conversations.Refuse(conversations.MediaUnknown,
			"upload the file to the conversation's service, at most %s before the message", b.cfg.MediaLife)
	case err == nil && file.Attached():
		return file, taken()
	}
	return file, err
}

// lockMedia locks files.
func lockMedia(tx Tx, ids []conversations.MediaID) error {
	locks := make([]string, len(ids))
	for i, id := range ids {
		locks[i] = lockOfMedia(id)
	}
	return tx.Lock(inOrder(locks)...)
}

// discard removes the rows of a message's files, or of all files of a
// conversation, and has the files themselves removed after the commit.
func discard(tx Tx, c conversations.ConversationID, m conversations.MessageID) error {
	ids, err := tx.DeleteMediaOf(c, m)
	if err != nil {
		return err
	}
	return enqueueRemoval(tx, ids)
}

func enqueueRemoval(tx Tx, ids []conversations.MediaID) error {
	for batch := range slices.Chunk(ids, discardBatch) {
		var payload strings.Builder
		for _, id := range batch {
			payload.WriteString(string(id))
		}
		task := conversations.Task{Topic: TopicMedia, Key: string(batch[0]), Payload: []byte(payload.String())}
		if err := tx.Enqueue(task); err != nil {
			return err
		}
	}
	return nil
}

// RemoveFiles carries out the task of removing files whose rows are gone. It is
// told their IDs one after the other, as the task's payload has them.
func (b *Bridge) RemoveFiles(ctx context.Context, task int64, ids []byte) error {
	for id := range slices.Chunk(ids, idDigits) {
		if err := b.cfg.Files.Remove(conversations.MediaID(id)); err != nil {
			return err
		}
	}
	return b.commitBeside(ctx, func(tx Tx) error { return tx.Finish(task) })
}

// expireMedia removes files that waited too long for a message. It returns when
// the next one has, zero when none waits.
func (b *Bridge) expireMedia(tx Tx) (next time.Time, err error) {
	gone, oldest, err := tx.ExpireMedia(b.now().Add(-b.cfg.MediaLife), expireBatch)
	if err != nil {
		return next, err
	}
	if !oldest.IsZero() {
		next = oldest.Add(b.cfg.MediaLife)
	}
	return next, enqueueRemoval(tx, gone)
}

// sweeps is when strays were looked for.
type sweeps struct {
	mu   sync.Mutex
	last time.Time // zero: never; then all files are looked at
}

// sweep removes files that no row tells of: what a crash left between writing a
// file and committing its row, or in the midst of writing it.
func (b *Bridge) sweep(ctx context.Context) error {
	b.sweeps.mu.Lock()
	defer b.sweeps.mu.Unlock()
	now := b.now()
	if !b.sweeps.last.IsZero() && now.Sub(b.sweeps.last) < sweepEvery {
		return nil
	}
	var since time.Time
	if !b.sweeps.last.IsZero() {
		since = b.sweeps.last.Add(-sweepBack)
	}
	removed := 0
	err := b.cfg.Files.Untouched(since, now.Add(-strayAge), func(ids []conversations.MediaID) error {
		n, err := b.removeStrays(ctx, ids)
		removed += n
		return err
	})
	if removed > 0 {
		b.cfg.Log.InfoContext(ctx, "removed files that belong to nothing", "files", removed)
	}
	if err == nil {
		b.sweeps.last = now
	}
	return err
}

func (b *Bridge) removeStrays(ctx context.Context, ids []conversations.MediaID) (removed int, err error) {
	var strays []conversations.MediaID
	err = b.commitBeside(ctx, func(tx Tx) (err error) {
		strays, err = tx.UnknownMedia(ids)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, id := range strays {
		if err := b.cfg.Files.Remove(id); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}
