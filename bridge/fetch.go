package bridge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"bridged/conversations"
	"bridged/receipts"
)

// codeNotFetched is the reference's "Media failed to download": of a delivery that
// has nothing to deliver because of that, and of the file's dead letter.
const codeNotFetched = 63019

// unknownType is the type of a file until anybody says more.
const unknownType = "application/octet-stream"

// fetchBatch bounds how many due files one commit takes up.
const fetchBatch = 200

// Fetched is how an attempt to fetch a file ended: its bytes are on disk, or there
// is a reason why not.
type Fetched struct {
	ContentType string
	Size        int64
	SHA256      string // of the bytes, in hexadecimal digits

	Reason string        // why the bytes are not here; empty when they are
	Retry  bool          // they may be later
	Ours   bool          // the fault is ours, such as a full disk: the attempt does not count
	After  time.Duration // the least to wait before the next one
}

// incomingFiles are the files that a message from a carrier will have. They are not
// stored yet.
func (b *Bridge) incomingFiles(m conversations.Inbound) (files []conversations.MediaFile) {
	now := b.now()
	for i, source := range m.Media {
		file := conversations.MediaFile{
			ID: conversations.NewID[conversations.MediaID](now), Category: conversations.CategoryMedia,
			ContentType: source.ContentType, Filename: source.Filename, State: conversations.MediaFetching, Created: now, Updated: now,
		}
		if file.ContentType == "" {
			file.ContentType = unknownType
		}
		if i >= conversations.MaxMediaOfMessage {
			file.State = conversations.MediaFailed
			file.Reason = fmt.Sprintf("a message may have %d files", conversations.MaxMediaOfMessage)
		}
		files = append(files, file)
	}
	return files
}

// receiveMedia gives a message the files that came with it. Its deliveries wait
// until they have been fetched, which begins after the commit.
func (b *Bridge) receiveMedia(tx Tx, r conversations.InboundRecord, c conversations.Conversation, m *conversations.Message, files []conversations.MediaFile) error {
	if len(files) == 0 {
		return nil
	}
	m.ID = conversations.NewID[conversations.MessageID](b.now())
	for i, file := range files {
		file.Service, file.Author, file.Conversation, file.Message = c.Service, m.Author, c.ID, m.ID
		if err := tx.InsertMedia(file); err != nil {
			return err
		}
		if file.State.Settled() {
			continue
		}
		fetch := conversations.Fetch{
			File: file.ID, Conversation: c.ID, Message: m.ID, Channel: r.Channel, Proxy: r.To, Source: r.Media[i],
		}
		if err := firstError(tx.InsertFetch(fetch), tx.Enqueue(fetchTask(fetch))); err != nil {
			return err
		}
	}
	return nil
}

// stored are the files whose bytes are here: what can be sent on.
func stored(files []conversations.Media) (list []conversations.Media) {
	for _, f := range files {
		if f.State == conversations.MediaKept {
			list = append(list, f)
		}
	}
	return list
}

// BeginFetch carries out the first half of a fetch's task: it says what is to be
// fetched, nil when there is nothing, because the message is gone or the file is
// here.
func (b *Bridge) BeginFetch(ctx context.Context, task int64, id conversations.MediaID) (*conversations.Fetch, error) {
	var begun *conversations.Fetch
	err := b.commitBeside(ctx, func(tx Tx) error {
		begun = nil
		f, err := tx.FindFetch(id)
		if conversations.NotFound.Is(err) || err == nil && !f.Due.IsZero() {
			return tx.Finish(task)
		}
		if err != nil {
			return err
		}
		files, err := tx.MediaOf(f.Conversation, f.Message)
		f.Room = roomBeside(files)
		begun = &f
		return err
	})
	return begun, err
}

// roomBeside is how many bytes one more file may have.
func roomBeside(files []conversations.MediaFile) int64 {
	room := int64(conversations.MaxMediaBytes)
	for _, f := range files {
		if f.State == conversations.MediaKept {
			room -= f.Size
		}
	}
	return max(room, 0)
}

// arrival is what SettleFetch does and tells after its commit.
type arrival struct {
	due    time.Time // of the next attempt
	failed string    // why the file was given up
	stray  bool      // the bytes on disk belong to nothing
	empty  []conversations.Delivery
}

// SettleFetch carries out the second half of a fetch's task: it records how an
// attempt ended. With the last file of a message its deliveries go on. Bytes that
// came for nothing are removed. Settling a fetch again changes nothing.
func (b *Bridge) SettleFetch(ctx context.Context, task int64, f conversations.Fetch, r Fetched) error {
	var a arrival
	err := b.commitBeside(ctx, func(tx Tx) error {
		a = arrival{}
		err := firstError(tx.Lock(lockOfFiles(f.Message)), tx.Finish(task))
		if err == nil {
			a, err = b.settleFetch(tx, f, r)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !a.due.IsZero() {
		b.cfg.Due(a.due)
	}
	if a.failed != "" {
		b.cfg.Log.WarnContext(ctx, "a file of an inbound message could not be fetched",
			"channel", f.Channel, "file", string(f.File), "reason", a.failed)
	}
	for _, d := range a.empty {
		b.cfg.Observer.Settled(d.Channel, SettledFailed, b.lag(d.Created))
	}
	if a.stray {
		return b.cfg.Files.Remove(f.File)
	}
	return nil
}

func (b *Bridge) settleFetch(tx Tx, f conversations.Fetch, r Fetched) (a arrival, err error) {
	files, err := tx.MediaOf(f.Conversation, f.Message)
	if err != nil {
		return a, err
	}
	at := slices.IndexFunc(files, func(file conversations.MediaFile) bool { return file.ID == f.File })
	current, err := tx.FindFetch(f.File)
	if conversations.NotFound.Is(err) || err == nil && at < 0 {
		// The message is gone, or another process was faster; then it has the same bytes.
		a.stray = at < 0 || files[at].State == conversations.MediaFailed
		return a, nil
	}
	if err != nil {
		return a, err
	}
	if r.Reason == "" && r.Size > roomBeside(files) {
		a.stray = true
		r = Fetched{Reason: fmt.Sprintf("the files of a message may have %d bytes together", conversations.MaxMediaBytes)}
	}
	if r.Reason != "" && r.Retry {
		if !r.Ours {
			current.Attempts++
		}
		if r.Ours || current.Attempts < b.cfg.Retry.Attempts {
			pause := b.cfg.Retry.Wait(max(current.Attempts, 1), b.cfg.Jitter())
			// Deliveries wait for the file, so no carrier's word makes it days.
			current.Due = b.now().Add(max(min(r.After, b.cfg.Retry.Max), pause))
			a.due = current.Due
			return a, tx.UpdateFetch(current)
		}
	}
	a.failed = r.Reason
	a.empty, err = b.arrive(tx, current, files, at, r)
	return a, err
}

// arrive ends the fetching of a file, and with the last one that of its message.
func (b *Bridge) arrive(tx Tx, f conversations.Fetch, files []conversations.MediaFile, at int, r Fetched) (empty []conversations.Delivery, err error) {
	file := &files[at]
	file.Updated = b.now()
	if r.Reason == "" {
		file.State = conversations.MediaKept
		file.ContentType, file.Size, file.SHA256 = r.ContentType, r.Size, r.SHA256
	} else {
		file.State, file.Reason = conversations.MediaFailed, r.Reason
		letter, err := letterOfFetch(f, r.Reason, file.Updated)
		if err == nil {
			err = tx.InsertDeadLetter(letter)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := firstError(tx.SettleMedia(*file), tx.DeleteFetch(f.File)); err != nil {
		return nil, err
	}
	if fetching, err := tx.IsFetching(f.Conversation, f.Message); err != nil || fetching {
		return nil, err
	}
	return b.release(tx, f, files)
}

// release shows what became of a message's files, once nothing more is expected of
// any, and lets its deliveries go. It returns those that have nothing to deliver.
func (b *Bridge) release(tx Tx, f conversations.Fetch, files []conversations.MediaFile) (empty []conversations.Delivery, err error) {
	m, err := tx.FindMessage(f.Conversation, f.Message)
	if err != nil {
		return nil, err
	}
	before := m
	m.Media = slices.Clone(m.Media)
	for i := range m.Media {
		for _, file := range files {
			if file.ID == m.Media[i].ID {
				m.Media[i] = file.Media()
			}
		}
	}
	if err := tx.SetMedia(m); err != nil {
		return nil, err
	}
	err = b.record(tx, Caller{Source: f.Proxy.Type().Source(), By: m.Author}, conversations.MessageUpdated, m.Conversation,
		conversations.Resource{Message: &m}, conversations.Resource{Message: &before})
	if err != nil {
		return nil, err
	}
	held, err := tx.HeldDeliveries(m.Conversation, m.ID)
	if err != nil {
		return nil, err
	}
	var failed []conversations.Delivery
	if !m.Empty() {
		if failed, err = tx.EmptyDeliveries(m.Conversation, m.ID); err != nil {
			return nil, err
		}
	}
	var locks []string
	for _, d := range slices.Concat(held, failed) {
		locks = append(locks, lockOfLine(pairKey(d)))
	}
	if err := tx.Lock(inOrder(locks)...); err != nil {
		return nil, err
	}
	for _, d := range held {
		if err := b.letGo(tx, m, d); err != nil {
			return nil, err
		}
	}
	if !m.Empty() {
		held = nil
	}
	return held, b.sendEmpty(tx, failed)
}

// letGo lets a delivery go whose files are settled: when it is its turn, or not at
// all when nothing is left to deliver.
func (b *Bridge) letGo(tx Tx, m conversations.Message, d conversations.Delivery) error {
	key := pairKey(d)
	head, ok, err := tx.NextInLine(key)
	if err != nil {
		return err
	}
	isFirst := ok && head.ID == d.ID
	if m.Empty() {
		d.Progress, d.Reason = conversations.ProgressDone, "the message has no text, and none of its files could be fetched"
		err := b.updateReceipt(tx, d, receipts.Part{Status: conversations.StatusFailed, ErrorCode: codeNotFetched})
		if err == nil {
			err = b.followLead(tx, d)
		}
		if err == nil && isFirst {
			err = b.promote(tx, key)
		}
		return err
	}
	d.Progress = conversations.ProgressWaiting
	if err := tx.UpdateDelivery(d); err != nil || !isFirst {
		return err
	}
	return tx.Enqueue(sendTask(d, key))
}

// resumeFetches takes up the files whose next attempt is due. It returns when the
// one after them is.
func (b *Bridge) resumeFetches(tx Tx) (next time.Time, err error) {
	due, next, err := tx.DueFetches(b.now(), fetchBatch)
	if err != nil {
		return next, err
	}
	for _, f := range due {
		f.Due = time.Time{}
		if err := firstError(tx.UpdateFetch(f), tx.Enqueue(fetchTask(f))); err != nil {
			return next, err
		}
	}
	return next, nil
}

// recoverFetches takes up the files whose task was lost when a process ended.
func (b *Bridge) recoverFetches(tx Tx) error {
	stranded, err := tx.StrandedFetches(TopicFetch)
	if err != nil {
		return err
	}
	for _, f := range stranded {
		if err := tx.Enqueue(fetchTask(f)); err != nil {
			return err
		}
	}
	return nil
}

// earliest is the first of some times, of which zero ones are none.
func earliest(times ...time.Time) (first time.Time) {
	for _, t := range times {
		if first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}
