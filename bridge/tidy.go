package bridge

import (
	"context"
	"errors"
	"time"
)

const (
	// tidyBatch bounds how many rows one commit removes, for which others wait.
	tidyBatch = 500
	// discardedLife is how long a dead letter is kept that somebody discarded. Those
	// that nobody has are kept for good: nothing that was accepted may be lost.
	discardedLife = 30 * 24 * time.Hour
)

// Tidy removes what is kept for a time only: answers to idempotency keys, status
// reports of messages that never became known, dead letters that were discarded, and
// what crashes left of files.
func (b *Bridge) Tidy(ctx context.Context) error {
	now := b.now()
	return errors.Join(
		b.removeInBatches(ctx, func(tx Tx) (int, error) { return tx.ForgetAnswers(now.Add(-answerLife), tidyBatch) }),
		b.dropStatuses(ctx, now.Add(-earlyLife)),
		b.removeInBatches(ctx, func(tx Tx) (int, error) { return tx.ForgetLetters(now.Add(-discardedLife), tidyBatch) }),
		b.sweep(ctx),
	)
}

// removeInBatches removes rows, a batch in each commit, until there are no more.
func (b *Bridge) removeInBatches(ctx context.Context, batch func(Tx) (removed int, err error)) error {
	for removed := tidyBatch; removed == tidyBatch; {
		err := b.commit(ctx, func(tx Tx) (err error) {
			removed, err = batch(tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dropStatuses removes the reports of unknown messages from before t, and tells of
// each.
func (b *Bridge) dropStatuses(ctx context.Context, t time.Time) error {
	for removed := tidyBatch; removed == tidyBatch; {
		var dropped map[string]int
		err := b.commit(ctx, func(tx Tx) (err error) {
			dropped, err = tx.DropStatuses(t, tidyBatch)
			return err
		})
		if err != nil {
			return err
		}
		removed = 0
		for channel, n := range dropped {
			removed += n
			for range n {
				b.cfg.Observer.Reported(channel, ReportDropped)
			}
		}
	}
	return nil
}
