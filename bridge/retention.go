package bridge

import (
	"context"
	"time"
)

const (
	// LongestRetention is how long an event is kept at the longest, for whatever
	// reader.
	LongestRetention = 7 * 24 * time.Hour
	// defaultRetention is that of the reference's event streams (page 33).
	defaultRetention = 4 * time.Hour

	// forgetAtOnce bounds how many events one commit removes: others wait for it.
	forgetAtOnce = 500
	// forgetRest is how long nothing is removed after a commit, as a multiple of what
	// the commit took.
	forgetRest = 4
	// forgetSoon and forgetLater bound how long an event stays beyond its time.
	forgetSoon  = time.Second
	forgetLater = 30 * time.Second
)

// ForgetEvents removes some of the events that are older than the configured
// retention and that no reader has still to read; those that are older than
// LongestRetention in any case. It returns when it should be called again: soon,
// where there is more to remove.
func (b *Bridge) ForgetEvents(ctx context.Context) (next time.Time, err error) {
	now := b.now()
	begun := time.Now()
	more := false
	err = b.commitBeside(ctx, func(tx Tx) (err error) {
		more, err = tx.ForgetEvents(now.Add(-b.cfg.EventRetention), now.Add(-LongestRetention), forgetAtOnce)
		return err
	})
	if err == nil && more {
		return b.now().Add(forgetRest * time.Since(begun)), nil
	}
	return b.now().Add(min(max(b.cfg.EventRetention/16, forgetSoon), forgetLater)), err
}
