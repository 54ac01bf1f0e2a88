package storetest

import (
	"context"
	"sync"

	"bridged/store"
)

// Batch runs the operations so that they share a commit: the writer is held by
// an operation of its own until all of them are waiting.
func Batch(db *store.DB, operations ...func(*store.Tx) error) []error {
	var (
		held, release = make(chan struct{}), make(chan struct{})
		once          sync.Once
		wait          sync.WaitGroup
		errs          = make([]error, len(operations))
	)
	wait.Go(func() {
		_ = db.Update(context.Background(), func(*store.Tx) error {
			once.Do(func() { close(held) })
			<-release
			return nil
		})
	})
	<-held
	waiting := make(chan struct{}, len(operations))
	for i, op := range operations {
		wait.Go(func() { errs[i] = db.Update(Signal{Context: context.Background(), Asked: waiting}, op) })
		<-waiting
	}
	close(release)
	wait.Wait()
	return errs
}

// Signal is a context that says when somebody is about to wait on it: the
// operation that Update was given with it is then handed over, because there is
// room for it.
type Signal struct {
	context.Context //nolint:containedctx // it is one itself

	Asked chan<- struct{}
}

// Done implements context.Context.
func (s Signal) Done() <-chan struct{} {
	s.Asked <- struct{}{}
	return nil
}
