package bridge

import (
	"context"
	"time"

	"bridged/conversations"
)

// answerLife is how long the answer to an idempotency key is kept (design,
// State 5).
const answerLife = 24 * time.Hour

// RepeatedError is the error of a verb that was carried out before under the same
// idempotency key: nothing was changed, and Answer is to be given again.
type RepeatedError struct{ Answer conversations.Answer }

// Error implements error.
func (*RepeatedError) Error() string { return "this request was carried out before" }

type answerRequest struct {
	key, fingerprint string
	render           func(result any) (status int, body []byte)
}

type answerKey struct{}

// WithAnswer makes the verb that ctx is given to carry out its change at most
// once for key. Render makes the answer of the verb's result; it is kept in the
// same commit, so that a crash cannot come between the two. It may be called
// more than once.
func WithAnswer(ctx context.Context, key, fingerprint string, render func(result any) (int, []byte)) context.Context {
	return context.WithValue(ctx, answerKey{}, answerRequest{key, fingerprint, render})
}

// change is the commit of a verb that a caller may repeat.
func change[T any](ctx context.Context, b *Bridge, op func(Tx) (T, error)) (T, error) {
	return changeBy(ctx, b, b.commit, op)
}

// remove is change for a verb that leaves nothing to show.
func remove(ctx context.Context, b *Bridge, op func(Tx) error) error {
	_, err := change(ctx, b, func(tx Tx) (struct{}, error) { return struct{}{}, op(tx) })
	return err
}

// changeBy is change by one of the two ways to commit.
func changeBy[T any](ctx context.Context, b *Bridge, commit Committer, op func(Tx) (T, error)) (T, error) {
	var result T
	request, once := ctx.Value(answerKey{}).(answerRequest)
	err := commit(ctx, func(tx Tx) error {
		if once {
			if err := tx.Lock(lockOfAnswer(request.key)); err != nil {
				return err
			}
			if err := b.checkRepeat(tx, request); err != nil {
				return err
			}
		}
		err := checkCondition(ctx, tx)
		if err != nil {
			return err
		}
		if result, err = op(tx); err != nil || !once {
			return err
		}
		status, body := request.render(result)
		return tx.KeepAnswer(request.key, conversations.Answer{
			Fingerprint: request.fingerprint, Status: status, Body: body, At: b.now(),
		})
	})
	return result, err
}

func (b *Bridge) checkRepeat(tx Tx, r answerRequest) error {
	kept, ok, err := tx.Answer(r.key)
	switch {
	case err != nil || !ok || b.now().Sub(kept.At) > answerLife:
		return err
	case kept.Fingerprint != r.fingerprint:
		return conversations.Refuse(conversations.Conflict,
			"this Idempotency-Key was used for a different request; use a new key for each request")
	}
	return &RepeatedError{Answer: kept}
}
