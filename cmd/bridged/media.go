package main

import (
	"context"
	"fmt"
	"time"

	"bridged/conversations"
	"bridged/media"
	"bridged/twilio"
)

// openMedia opens the directory of files, and makes the signer of their URLs. The
// default service tells one installation from another.
func (d *daemon) openMedia(ctx context.Context, service conversations.ServiceID) (err error) {
	dir := d.cfg.Media.Dir
	d.files, err = media.OpenDirectory(media.Config{Path: dir, Owner: string(service), Tight: newDisk(dir).Tight, Now: d.now})
	if err != nil {
		return fmt.Errorf("media.dir: %w", err)
	}
	if d.files.Foreign() {
		d.log.WarnContext(ctx, "media.dir belongs to another installation: files that a crash leaves there are not removed", "dir", dir)
	}
	key, err := d.store.EnsureMediaKey(ctx, media.NewKey())
	if err != nil {
		return fmt.Errorf("read the key of the files' URLs: %w", err)
	}
	d.links, err = media.NewSigner(key, d.now)
	return err
}

// fileURL is the URL from which a carrier fetches a file, without credentials.
func (d *daemon) fileURL(id conversations.MediaID, expires time.Time) string {
	p := d.links.PermitUntil(id, expires)
	return twilio.DirectMediaURL(d.cfg.Server.PublicURL, id, p.Expires, p.Signature)
}
