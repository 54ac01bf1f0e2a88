package bridge

import (
	"context"
	"time"

	"bridged/conversations"
	"bridged/media"
)

// codeFileGone is the code of a delivery of which a file is gone from the media
// directory (docs/errors.md).
const codeFileGone = 12300

// Fitter makes the files of a message fit what a channel takes. A media.Fitter is
// one.
type Fitter interface {
	Fit(ctx context.Context, files []conversations.Media, rules conversations.MediaRules) (media.Fitted, error)
}

// FileLinks makes a URL that opens one file of ours until a time, to whoever has
// it.
type FileLinks func(id conversations.MediaID, expires time.Time) string

// needsPreparing says whether the files of a delivery have yet to be made to fit.
func needsPreparing(d conversations.Delivery, m conversations.Message) bool {
	return len(m.Media) > 0 && len(d.Files) == 0
}

// Prepare carries out the task of making a delivery's files fit its channel, after
// which the delivery goes out. It takes as long as pictures take, so it is done
// before the delivery is claimed. Preparing it again changes nothing.
func (b *Bridge) Prepare(ctx context.Context, task int64, payload []byte) error {
	id := conversations.DeliveryID(payload)
	var (
		d conversations.Delivery
		m conversations.Message
	)
	err := b.commitBeside(ctx, func(tx Tx) (err error) {
		if d, err = tx.FindDelivery(id); err == nil {
			m, err = tx.MessageOf(d)
			m.Media = stored(m.Media)
		}
		return err
	})
	if conversations.NotFound.Is(err) {
		return b.commitBeside(ctx, func(tx Tx) error { return tx.Finish(task) })
	}
	if err != nil {
		return err
	}
	files, made, err := b.fit(ctx, d, m)
	if err != nil {
		return err
	}
	return b.commitBeside(ctx, func(tx Tx) error { return b.prepared(tx, task, id, files, made) })
}

// fit decides what becomes of each file of a message, and returns those that were
// made for it.
func (b *Bridge) fit(ctx context.Context, d conversations.Delivery, m conversations.Message) (files []conversations.SentFile, made []conversations.MediaFile, err error) {
	if d.Conversation == "" { // its files are elsewhere, and go as they are
		return b.passed(d, m), nil, nil
	}
	rules := b.cfg.Channels.MediaRules(d.Proxy)
	fitted, err := b.cfg.Fitter.Fit(ctx, m.Media, rules)
	if conversations.NotFound.Is(err) {
		return gone(m), nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	expires := b.now().Add(b.cfg.FileURLLife)
	for i, f := range fitted.Files {
		sent := conversations.SentFile{
			File: m.Media[i].ID, Outcome: conversations.FileOutcome(f.Outcome), Sent: f.Media, Code: f.Code, Reason: f.Reason,
		}
		if f.Outcome == media.OutcomeLinked {
			sent.Link = b.cfg.FileURL(f.Media.ID, expires)
		}
		files = append(files, sent)
		if f.Made {
			made = append(made, conversations.MediaFile{
				ID: f.Media.ID, Author: conversations.AuthorOfUploads, Category: conversations.CategoryMedia, ContentType: f.Media.ContentType,
				Filename: f.Media.Filename, Size: f.Media.Size, SHA256: f.SHA256,
			})
		}
	}
	number(files, fitted.Messages)
	return files, made, nil
}

// number says in which of the carrier's messages each file goes.
func number(files []conversations.SentFile, messages []media.CarrierMessage) {
	i := 0
	for n, message := range messages {
		for range message.Media {
			for !files[i].Goes() {
				i++
			}
			files[i].Message, files[i].MaxText = n, message.MaxText
			i++
		}
	}
}

// passed are files that are not ours: their URLs are given to the carrier.
func (b *Bridge) passed(d conversations.Delivery, m conversations.Message) (files []conversations.SentFile) {
	rules := b.cfg.Channels.MediaRules(d.Proxy)
	for i, f := range m.Media {
		sent := conversations.SentFile{File: f.ID, Outcome: conversations.FileKept, Sent: f, MaxText: rules.MaxText}
		if rules.Count > 0 {
			sent.Message = i / rules.Count
		}
		files = append(files, sent)
	}
	return files
}

// gone are the files of a message of which one cannot be found.
func gone(m conversations.Message) (files []conversations.SentFile) {
	for _, f := range m.Media {
		files = append(files, conversations.SentFile{
			File: f.ID, Outcome: conversations.FileFailed, Sent: f, Code: codeFileGone, Reason: "it is not in the media directory any more",
		})
	}
	return files
}

// prepared stores what became of a delivery's files, and lets it go out.
func (b *Bridge) prepared(tx Tx, task int64, id conversations.DeliveryID, files []conversations.SentFile, made []conversations.MediaFile) error {
	if err := tx.Finish(task); err != nil {
		return err
	}
	d, err := tx.FindDelivery(id)
	if err != nil {
		return ignoreNotFound(err)
	}
	if err := b.keepMade(tx, d, made); err != nil {
		return err
	}
	key := pairKey(d)
	if err := tx.Lock(lockOfLine(key)); err != nil {
		return err
	}
	d, err = tx.FindDelivery(id) // as it is now that nothing else changes it
	if err != nil || d.Progress != conversations.ProgressWaiting || len(d.Files) > 0 {
		return ignoreNotFound(err)
	}
	d.Files = files
	if err := tx.SetFiles(d); err != nil {
		return err
	}
	return tx.Enqueue(sendTask(d, key))
}

// keepMade stores the files that were made of a message's own. They are the
// message's too, and go with it.
func (b *Bridge) keepMade(tx Tx, d conversations.Delivery, made []conversations.MediaFile) error {
	if len(made) == 0 {
		return nil
	}
	c, err := tx.ConversationByID(d.Conversation)
	if err != nil {
		return err
	}
	ids := make([]conversations.MediaID, len(made))
	for i, f := range made {
		ids[i] = f.ID
	}
	if err := lockMedia(tx, ids); err != nil {
		return err
	}
	for _, f := range made {
		_, err := tx.FindMedia(c.Service, f.ID)
		if err == nil {
			continue // another delivery got the same
		}
		if !conversations.NotFound.Is(err) {
			return err
		}
		f.Service, f.Conversation, f.Message, f.Created, f.Updated = c.Service, d.Conversation, d.Message, b.now(), b.now()
		if err := tx.InsertMedia(f); err != nil {
			return err
		}
	}
	return nil
}
