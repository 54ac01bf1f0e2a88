package bridge

import "context"

type conditionKey struct{}

// WithCondition makes the verb that ctx is given to change something only if
// holds returns nil; its error is the verb's. It is asked within the commit,
// before the change, with a context whose queries of the store see what the
// change will see, so nothing can come between the two. It only reads, one query
// after the other, and may be asked more than once. What a repeat of an idempotency
// key has changed before needs no condition any more.
func WithCondition(ctx context.Context, holds func(context.Context) error) context.Context {
	return context.WithValue(ctx, conditionKey{}, holds)
}

// checkCondition asks the condition of the verb, if it has one.
func checkCondition(ctx context.Context, tx Tx) error {
	if holds, ok := ctx.Value(conditionKey{}).(func(context.Context) error); ok {
		return holds(tx.Reading(ctx))
	}
	return nil
}
